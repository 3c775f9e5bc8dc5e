"""Which picture each command rests on, found the same way for every node: by its action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.robot import Command, Sent

NEAR = 1 / 3
"""An action counts as a picture's within this part of the distance between the two pictures that are most alike."""


@dataclass(frozen=True)
class Matched:
    """What commands rest on, of the time that counts."""

    latencies_ns: list[int]
    """Of each picture sent: from its stamp to when the first command left that rests on it or on a newer one."""

    reached: int
    """Pictures that a command rests on."""

    unmatched: int
    """Commands that are no picture's, stops among them."""

    stops: int
    """Commands that stop the robot: the node found its inputs too old."""

    difference: float
    """The largest difference of a matched command to the action that was expected of its picture."""

    actions: dict[int, tuple[float, ...]]
    """What was done at each picture."""


def match(
    sent: Sequence[Sent], commands: Sequence[Command], actions: np.ndarray, apart: float, window_ns: tuple[int, int]
) -> Matched:
    """Finds the picture of every command, and the command that answers every picture stamped in the window.

    A picture is shown again and again: a command rests on the last time before it left. One that no command rests on
    is answered by the first that rests on a newer one: left out, it would flatter whoever drops the most.
    """
    begin, end = window_ns
    by_picture: dict[int, list[int]] = {}
    for each in sent:
        by_picture.setdefault(each.picture, []).append(each.stamp_ns)
    # The stamp that each command rests on, and when that left.
    rests_on: list[int] = []
    left_ns: list[int] = []
    done: dict[int, tuple[float, ...]] = {}
    unmatched, stops, difference = 0, 0, 0.0
    for command in sorted(commands, key=lambda command: command.left_ns):
        distances = np.abs(actions - np.array(command.action)).max(axis=1)
        picture = int(distances.argmin())
        stamps = [stamp for stamp in by_picture.get(picture, []) if stamp <= command.left_ns]
        if distances[picture] > NEAR * apart or not stamps:
            counts = begin <= command.left_ns <= end
            unmatched += counts
            stops += counts and not any(command.action)
            continue
        difference = max(difference, float(distances[picture]))
        done.setdefault(picture, command.action)
        rests_on.append(stamps[-1])
        left_ns.append(command.left_ns)
    shown = sorted(each.stamp_ns for each in sent if begin <= each.stamp_ns <= end)
    places = np.searchsorted(np.maximum.accumulate(rests_on), shown) if rests_on else np.zeros(len(shown), int)
    # What is never answered waits until the end, and longer than that.
    answers = [*left_ns, max([end, *(command.left_ns for command in commands)])]
    latencies = [answers[place] - stamp for place, stamp in zip(places, shown)]
    reached = len(set(rests_on).intersection(shown))
    return Matched(latencies, reached, unmatched, stops, difference, done)
