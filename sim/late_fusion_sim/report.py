"""What came of it, in numbers: per task, and for the control loop."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from late_fusion_sim.episode import Episode, command_intervals_s, control_rate_hz
from late_fusion_sim.judge import OUTCOMES
from late_fusion_sim.latency import NO_LATENCY, Latency
from late_fusion_sim.pace import Mode
from late_fusion_sim.robot import SAWYER, Robot


@dataclass(frozen=True)
class Row:
    """All episodes of one task (or of one scene, with a sentence of the user's own)."""

    name: str
    sentence: str
    episodes: list[Episode]

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(episode.outcome for episode in self.episodes)

    @property
    def mean_steps(self) -> float:
        return float(np.mean([episode.steps for episode in self.episodes]))


@dataclass(frozen=True)
class Report:
    """All rows of a demo."""

    mode: Mode
    rows: list[Row]
    judged: bool = True
    """False for a sentence of the user's own, of which only the happening is known."""
    latency: Latency = NO_LATENCY
    """How late pictures came and commands took effect, on purpose."""
    robot: Robot = SAWYER

    @classmethod
    def of(
        cls,
        mode: Mode,
        episodes: list[Episode],
        *,
        judged: bool = True,
        latency: Latency = NO_LATENCY,
        robot: Robot = SAWYER,
    ) -> Report:
        """Gathers episodes by name, in the order of their first appearance."""
        rows: dict[str, Row] = {}
        for episode in episodes:
            row = rows.setdefault(episode.name, Row(episode.name, episode.sentence, []))
            row.episodes.append(episode)
        return cls(mode, list(rows.values()), judged, latency, robot)

    @property
    def episodes(self) -> list[Episode]:
        return [episode for row in self.rows for episode in row.episodes]

    @property
    def achieved_rate_hz(self) -> float | None:
        return control_rate_hz(self.episodes)

    @property
    def interval_p99_ms(self) -> float | None:
        """The 99th percentile of the time between two commands; on a simulated clock it says nothing."""
        intervals = command_intervals_s(self.episodes)
        if self.mode == "lockstep" or not len(intervals):
            return None
        return float(np.percentile(intervals, 99)) * 1e3

    def outcome_names(self) -> list[str]:
        """The columns of the count: the three outcomes, or whatever happened to a sentence of one's own."""
        if self.judged:
            return list(OUTCOMES)
        happened = {episode.outcome for episode in self.episodes} - {"timeout"}
        return [*sorted(happened), "timeout"]

    def as_json(self) -> dict:
        """The report for machines."""
        rate = {"asked": self.robot.control_rate_hz, "achieved": self.achieved_rate_hz}
        if self.interval_p99_ms is not None:
            rate["interval_p99_ms"] = self.interval_p99_ms
        rows = {row.name: self._row(row) for row in self.rows}
        latency = {"latency": asdict(self.latency)} if self.latency else {}
        return {"mode": self.mode, **latency, "control_rate_hz": rate, "tasks" if self.judged else "scenes": rows}

    def _row(self, row: Row) -> dict:
        """The counts of one row, and those of each sentence where there were several."""

        def counts(episodes: list[Episode]) -> dict:
            outcomes = Counter(episode.outcome for episode in episodes)
            return {"episodes": len(episodes), **{name: outcomes[name] for name in self.outcome_names()}}

        sentences: dict[str, list[Episode]] = {}
        for episode in row.episodes:
            sentences.setdefault(episode.template or episode.sentence, []).append(episode)
        novel = {
            name: counts([episode for episode in row.episodes if episode.novel is is_novel])
            for name, is_novel in (("named_in_training", False), ("never_named", True))
            if any(episode.novel is is_novel for episode in row.episodes)
        }
        several = {sentence: counts(episodes) for sentence, episodes in sentences.items()}
        successes = [each.steps for each in row.episodes if each.outcome == "success"]
        return {
            "instruction": row.sentence,
            **counts(row.episodes),
            **({"success_after_commands": successes} if self.judged else {}),
            **({"sentences": several} if len(several) > 1 else {}),
            **({"targets": novel} if novel else {}),
        }

    def write(self, path: Path) -> None:
        """Writes the JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
