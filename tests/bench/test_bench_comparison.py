"""A run beside an earlier one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from bench.comparison import Change, compare, table
from bench.conditions import Conditions
from bench.ratio import Ratio, ratio
from late_fusion_sim.ros import NodeTrouble

CONDITIONS = Conditions(100.0, 30.0, 640, 480, "antialiased", 0)


def report(rounds: list[float], conditions: Conditions = CONDITIONS) -> dict[str, Any]:
    """One with a single ratio."""
    return {"conditions": asdict(conditions), "loads": {"idle": {"ratios": {"rss_mb": rounds}}}}


def verdict(before: list[float], now: list[float]) -> str:
    """On one ratio."""
    [change] = compare(report(before), report(now))
    return change.verdict


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([0.50, 0.51, 0.49, 0.50], [0.60, 0.61, 0.59, 0.60], "worse"),
        ([0.60, 0.61, 0.59, 0.60], [0.50, 0.51, 0.49, 0.50], "better"),
        # The same step, inside the rounds' own spread.
        ([0.30, 0.80, 0.45, 0.60], [0.40, 0.90, 0.50, 0.75], "the same"),
        # However sure, one part in a hundred does not matter.
        ([0.500, 0.500, 0.500], [0.505, 0.505, 0.505], "the same"),
    ],
)
def test_a_ratio_is_worse_when_it_rose_by_more_than_its_noise(before: list, now: list, expected: str) -> None:
    assert verdict(before, now) == expected


def test_two_rounds_say_nothing_of_their_noise() -> None:
    assert verdict([0.5, 0.5, 0.5], [0.9, 0.9]) == "not comparable: fewer than 3 rounds"


def test_a_ratio_that_could_not_be_formed_is_said() -> None:
    assert verdict([], [0.9, 0.9, 0.9]).startswith("not comparable: nothing positive")
    assert ratio([0.0, 2.0, 3.0], [1.0, 4.0, 0.0]).rounds == [0.5]


def test_other_conditions_are_not_compared() -> None:
    other = Conditions(100.0, 30.0, 224, 224, "antialiased", 2)
    with pytest.raises(NodeTrouble, match=r"width is 224, and was 640; height .*; busy_programs is 2, and was 0"):
        compare(report([0.5]), report([0.5], other))


def test_a_report_of_one_node_is_not_compared() -> None:
    alone = {"conditions": asdict(CONDITIONS), "loads": {"idle": {}}}
    with pytest.raises(NodeTrouble, match="no ratio to compare"):
        compare(alone, report([0.5]))


def test_the_table_marks_what_became_worse() -> None:
    rows = table([Change("idle", "threads", Ratio([1.0, 1.0, 1.0]), Ratio([2.0, 2.0, 2.0]))])
    assert "| idle | threads | 1.00 | 2.00 | **worse** |" in rows
