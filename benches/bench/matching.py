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
    """What commands rest on."""

    latencies_ns: list[int]
    """From the stamp of each picture that got so far to when the first command that rests on it left."""

    unmatched: int
    """Commands that are no picture's, stops among them."""

    stops: int
    """Commands that stop the robot: the node found its inputs too old."""

    difference: float
    """The largest difference of a matched command to the action that was expected of its picture."""

    actions: dict[int, tuple[float, ...]]
    """What was done at each picture."""

    pictures: int
    """Pictures sent in the time that counts."""


def match(
    sent: Sequence[Sent], commands: Sequence[Command], actions: np.ndarray, apart: float, window_ns: tuple[int, int]
) -> Matched:
    """Finds the picture of every command, and the first command of every picture that was stamped in the window.

    A picture is shown again and again: a command rests on the last time before it left.
    """
    begin, end = window_ns
    by_picture: dict[int, list[int]] = {}
    for each in sent:
        by_picture.setdefault(each.picture, []).append(each.stamp_ns)
    first: dict[int, int] = {}
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
        first.setdefault(stamps[-1], command.left_ns)
    latencies = [left - stamp for stamp, left in first.items() if begin <= stamp <= end]
    shown = sum(begin <= each.stamp_ns <= end for each in sent)
    return Matched(latencies, unmatched, stops, difference, done, shown)
