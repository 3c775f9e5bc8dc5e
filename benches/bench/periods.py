"""How late commands are, period by period, those included in which none came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EDGE = 0.1
"""The part of a period within which commands count as of one beat, and by which one may be early."""


@dataclass(frozen=True)
class Lateness:
    """Of each period in the time that counts."""

    late_ns: list[int]
    """From when a command was due to when the next one left, whichever period that one was meant for."""

    missed: int
    """Periods in which no command left."""


def phase_of(left_ns: np.ndarray, period_ns: float) -> float:
    """Where in a period the beat is: where the most commands follow within a short time.

    A node does not say when it was due, and never is early; it is late by its best by definition. The earliest of all
    commands would not do: one that is late by more than half a period cannot be told from one that is early.
    """
    places = np.sort(left_ns % period_ns)
    around = np.concatenate([places, places + period_ns])
    followers = np.searchsorted(around, places + EDGE * period_ns) - np.arange(len(places))
    return float(places[followers.argmax()])


def lateness(left_ns: Sequence[int], period_ns: float, window_ns: tuple[int, int]) -> Lateness:
    """How late the command of every period was that was due in the window; commands after it answer its last periods.

    The beat stays where it is, whatever is missed: where a command is 25 ms late at 100 Hz, the next two periods are 15
    and 5 ms late.
    """
    begin, end = window_ns
    if period_ns <= 0 or end <= begin:
        raise ValueError(f"a period of {period_ns} ns in a window of {end - begin} ns; both must be positive")
    # Counted from the window's begin, so that no digits are lost.
    left = np.sort(np.array(left_ns, dtype=np.int64) - begin).astype(np.float64)
    inside = left[(left >= 0) & (left <= end - begin)]
    phase = phase_of(inside, period_ns) if len(inside) else 0.0
    due = np.arange(phase, end - begin, period_ns)
    places = np.searchsorted(left, due - EDGE * period_ns)
    # What never came is as late as the time that is left of the window, and missed however little that is.
    answered = np.append(left, max(end - begin, left[-1] if len(left) else 0))[places]
    late = np.maximum(answered - due, 0.0)
    missed = (late >= (1 - EDGE) * period_ns) | (places == len(left))
    return Lateness([round(each) for each in late], int(missed.sum()))
