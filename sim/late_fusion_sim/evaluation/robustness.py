"""How much of its success a method keeps under each perturbation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from late_fusion_sim.episode import Episode
from late_fusion_sim.evaluation.counts import counted, with_interval
from late_fusion_sim.evaluation.pool import Work
from late_fusion_sim.perturbation.base import UNDISTURBED, Perturbation
from late_fusion_sim.perturbation.catalogue import Selection
from late_fusion_sim.robot import Robot


@dataclass(frozen=True)
class Row:
    """One perturbation and all seeds of one method."""

    perturbation: Perturbation
    words: str
    episodes: list[Episode]
    common_successes: tuple[int, int]
    """Disturbed and undisturbed, of the starts that were played both ways."""

    @property
    def share(self) -> float:
        """Of successes."""
        return sum(episode.outcome == "success" for episode in self.episodes) / len(self.episodes)

    @property
    def ratio(self) -> float | None:
        """Successes over those of the undisturbed run of the same starts; None where that has none."""
        disturbed, undisturbed = self.common_successes
        return disturbed / undisturbed if undisturbed else None

    def as_json(self) -> dict:
        """The row for machines."""
        tasks = {episode.name: None for episode in self.episodes}
        return {
            "perturbation": self.perturbation.name,
            "kind": self.perturbation.kind,
            "words": self.words,
            "proof": self.perturbation.proof,
            **with_interval(counted(self.episodes)),
            "ratio": self.ratio,
            "tasks": {task: dict(counted(each for each in self.episodes if each.name == task)) for task in tasks},
        }


@dataclass(frozen=True)
class Robustness:
    """One method under all perturbations of an evaluation."""

    undisturbed: Row | None
    rows: tuple[Row, ...]
    skipped: tuple[tuple[Perturbation, str], ...]

    @property
    def graded(self) -> tuple[Row, ...]:
        """Those under which a policy is to succeed."""
        return tuple(row for row in self.rows if not row.perturbation.proof)

    @property
    def mean_share(self) -> float | None:
        """The mean of the shares of successes, each perturbation counting alike; None without any."""
        return float(np.mean([row.share for row in self.graded])) if self.graded else None

    @property
    def mean_ratio(self) -> float | None:
        """The mean of the ratios; None where one is missing."""
        ratios = [row.ratio for row in self.graded]
        known = [ratio for ratio in ratios if ratio is not None]
        return float(np.mean(known)) if known and len(known) == len(ratios) else None

    def as_json(self) -> dict:
        """All rows for machines."""
        return {
            "undisturbed": self.undisturbed.as_json() if self.undisturbed else None,
            "rows": [row.as_json() for row in self.rows],
            "mean_success": self.mean_share,
            "mean_ratio": self.mean_ratio,
            "skipped": {perturbation.name: reason for perturbation, reason in self.skipped},
        }


def robustness_of(works: Sequence[Work], selection: Selection, robot: Robot) -> Robustness:
    """Gathers the seeds of one method. A perturbation under which nothing was played has no row."""
    rows = {each.name: row_of(works, each, robot) for each in (UNDISTURBED, *selection.chosen)}
    return Robustness(
        rows[UNDISTURBED.name],
        tuple(row for each in selection.chosen if (row := rows[each.name])),
        selection.skipped,
    )


def row_of(works: Sequence[Work], perturbation: Perturbation, robot: Robot) -> Row | None:
    """One perturbation's row; None where nothing was played under it."""
    episodes = [episode for work in works for episode in work.episodes(perturbation.name)]
    if not episodes:
        return None
    disturbed = undisturbed = 0
    for work in works:
        before = {attempt.start: episode for attempt, episode in work.played.items() if attempt.is_undisturbed}
        for attempt, episode in work.played.items():
            if attempt.perturbation == perturbation.name and attempt.start in before:
                disturbed += episode.outcome == "success"
                undisturbed += before[attempt.start].outcome == "success"
    return Row(perturbation, perturbation.words_for(robot), episodes, (disturbed, undisturbed))
