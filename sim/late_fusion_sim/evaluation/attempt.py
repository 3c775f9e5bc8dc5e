"""One episode that is to be played, and the order of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.perturbation.base import UNDISTURBED, Perturbation


@dataclass(frozen=True)
class Attempt:
    """An episode of a policy: which one of a task, under what."""

    perturbation: str
    task: str
    number: int
    """Counted from 0: it decides the start and the sentence."""

    @property
    def is_undisturbed(self) -> bool:
        return self.perturbation == UNDISTURBED.name

    @property
    def start(self) -> tuple[str, int]:
        """What it has in common with the attempts that are disturbed otherwise."""
        return self.task, self.number


def attempts(conditions: Conditions, perturbations: tuple[Perturbation, ...]) -> list[Attempt]:
    """All that one policy is to play: undisturbed first."""
    return [
        Attempt(perturbation.name, task, number)
        for perturbation in (UNDISTURBED, *perturbations)
        for task in conditions.trials
        for number in range(conditions.episodes)
    ]
