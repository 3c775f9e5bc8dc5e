"""What came of it, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from late_fusion_sim.episode import Episode
from late_fusion_sim.judge import OUTCOMES
from late_fusion_sim.tasks import Task
from late_fusion_sim.wilson import interval

COUNTED = ("episodes", *OUTCOMES)


def counted(episodes: Iterable[Episode]) -> Counter[str]:
    """How many there are, and how many ended in each way."""
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    for episode in episodes:
        counts.update(("episodes", episode.outcome))
    return counts


def with_interval(counts: Counter[str]) -> dict:
    """The counts with Wilson's interval of the share of successes."""
    low, high = interval(counts["success"], counts["episodes"])
    return {**counts, "success_low": low, "success_high": high}


def summary(name: str, reports: list[dict]) -> dict:
    """The counts of all seeds of one method together."""
    counts: Counter[str] = Counter()
    for report in reports:
        for row in report["tasks"].values():
            counts.update({key: row[key] for key in COUNTED})
    return {"policy": name, "seeds": len(reports), **with_interval(counts)}


def pairs_of(tasks: dict[str, dict], known: dict[str, Task]) -> dict[str, dict]:
    """The rows of same-scene pairs, by scene, by direction, by sentence."""
    pairs: dict[str, dict] = {}
    for name, row in tasks.items():
        task = known[name]
        if task.end is not None:
            sentences = row.get("sentences", {row["instruction"]: row})
            pairs.setdefault(task.scene, {})[task.end] = {
                sentence: {outcome: counts[outcome] for outcome in OUTCOMES} for sentence, counts in sentences.items()
            }
    return pairs


def by_sentence(reports: list[dict]) -> dict[tuple[str, str], Counter[str]]:
    """The counts of all seeds of one method together, by task and sentence, and by what a sentence names."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for report in reports:
        for task, row in report["tasks"].items():
            each = {**row.get("sentences", {row["instruction"]: row}), **row.get("targets", {})}
            for sentence, counts in each.items():
                rows.setdefault((task, sentence), Counter()).update({key: counts[key] for key in COUNTED})
    return rows
