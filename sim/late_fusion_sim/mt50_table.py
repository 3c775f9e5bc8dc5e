"""Meta-World's fifty tasks as they are compared: by groups of difficulty, and by when time is up."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from late_fusion_sim import mt50
from late_fusion_sim.wilson import interval

CUTS = (100, 400, mt50.STEPS)
"""Simulator steps after which time is up in published tables."""

Rows = list[dict]
"""Of one task, what `Report` has of it, of each seed of a method."""


def tables(reports: Iterable[dict]) -> list[str]:
    """The lines of the table, and of what failed most; none where not all fifty tasks were played."""
    tasks: dict[str, Rows] = {}
    for report in reports:
        for name, row in report["tasks"].items():
            tasks.setdefault(name, []).append(row)
    if not set(mt50.names()) <= tasks.keys():
        return []
    heads = [
        f"{difficulty.replace('_', ' ')} ({len(mt50.sentences()[difficulty])})" for difficulty in mt50.DIFFICULTIES
    ]
    lines = [
        f"| time is up after | {' | '.join(heads)} | mean of the groups | mean of the tasks [Wilson 95 %] |",
        "|---" * (len(heads) + 3) + "|",
    ]
    for cut in CUTS:
        groups = [[_share(tasks[name], cut) for name in mt50.sentences()[each]] for each in mt50.DIFFICULTIES]
        means = [fmean(group) for group in groups]
        everything = [row for name in mt50.names() for row in tasks[name]]
        low, high = interval(_successes(everything, cut), _episodes(everything))
        numbers = [*means, fmean(means)]
        cells = " | ".join(f"{100 * number:.1f}" for number in numbers)
        average = fmean(share for group in groups for share in group)
        lines.append(f"| {cut} steps | {cells} | {100 * average:.1f} [{100 * low:.1f}, {100 * high:.1f}] |")
    shares = sorted((_share(tasks[name], mt50.STEPS), name) for name in mt50.names())
    weak = ", ".join(f"{name} {100 * share:.0f}" for share, name in shares if share < 0.8)
    return [*lines, "", f"Success in % of the episodes. Tasks below 80 %: {weak or 'none'}."]


def _successes(rows: Rows, steps: int) -> int:
    """How many episodes succeeded before so many simulator steps had passed."""
    commands = steps // mt50.ROBOT.steps_per_command
    return sum(needed <= commands for row in rows for needed in row["success_after_commands"])


def _episodes(rows: Rows) -> int:
    return sum(row["episodes"] for row in rows)


def _share(rows: Rows, steps: int) -> float:
    return _successes(rows, steps) / _episodes(rows)
