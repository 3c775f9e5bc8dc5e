"""Ratios of two nodes that were measured side by side, and how far the rounds of a run scatter."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One figure of ours over the peer's."""

    rounds: list[float]
    """Of each round in which both are positive."""

    @property
    def median(self) -> float:
        """Of the rounds; not a number where there are none."""
        return statistics.median(self.rounds) if self.rounds else math.nan

    @property
    def log_mean(self) -> float:
        """The mean of their logarithms, which is what can be averaged of ratios."""
        return statistics.fmean(map(math.log, self.rounds))

    @property
    def log_error(self) -> float | None:
        """The standard error of that mean; None where fewer than three rounds say nothing of their spread."""
        if len(self.rounds) < 3:
            return None
        return statistics.stdev(map(math.log, self.rounds)) / math.sqrt(len(self.rounds))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Round by round."""
    return Ratio([mine / other for mine, other in zip(ours, theirs) if mine > 0 and other > 0])
