"""A report beside an earlier one: which ratios became worse by more than their own noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from late_fusion_sim.ros import NodeTrouble

from bench.conditions import Conditions
from bench.figure import FIGURES
from bench.ratio import Ratio
from bench.report import Report

ERRORS = 3.0
"""A change counts from so many standard errors on: of a few dozen figures one beyond two is nothing."""

LEAST_CHANGE = 0.03
"""And from this part of the ratio on: less would not matter, however sure it is."""


@dataclass(frozen=True)
class Change:
    """One ratio, earlier and now."""

    load: str
    label: str
    before: Ratio
    now: Ratio

    @property
    def verdict(self) -> str:
        """Whether it became worse."""
        if not (self.before.rounds and self.now.rounds):
            return "not comparable: nothing positive to divide"
        before, now = self.before.log_error, self.now.log_error
        if before is None or now is None:
            return "not comparable: fewer than 3 rounds"
        change = self.now.log_mean - self.before.log_mean
        if abs(change) <= max(ERRORS * math.hypot(before, now), math.log1p(LEAST_CHANGE)):
            return "the same"
        return "worse" if change > 0 else "better"


def check_conditions(earlier: Report, conditions: Conditions) -> None:
    """Raises NodeTrouble where the earlier report is of other conditions."""
    differences = conditions.differences(earlier["conditions"])
    if differences:
        raise NodeTrouble(f"the earlier report was made under other conditions: {'; '.join(differences)}")


def compare(earlier: Report, now: Report) -> list[Change]:
    """Every ratio that both have; they must have been measured under the same conditions."""
    check_conditions(earlier, Conditions(**now["conditions"]))
    changes = list(changes_of(earlier, now))
    if not changes:
        raise NodeTrouble("there is no ratio to compare: one of the reports has one node only")
    return changes


def changes_of(earlier: Report, now: Report) -> Iterator[Change]:
    """Load by load."""
    for load, of_load in now["loads"].items():
        before = earlier["loads"][load].get("ratios", {})
        for figure in FIGURES:
            if figure.key in before and figure.key in of_load.get("ratios", {}):
                rounds = Ratio(before[figure.key]), Ratio(of_load["ratios"][figure.key])
                yield Change(load, figure.label, *rounds)


def table(changes: list[Change]) -> str:
    """What became of every ratio."""
    lines = ["| load | ratio of | earlier | now | |", "|---|---|---|---|---|"]
    for each in changes:
        verdict = f"**{each.verdict}**" if each.verdict == "worse" else each.verdict
        lines.append(f"| {each.load} | {each.label} | {each.before.median:.2f} | {each.now.median:.2f} | {verdict} |")
    return "\n".join(lines) + "\n"
