"""The system's clock beside the monotonic one: a clock that is being set would be measured as lateness."""

from __future__ import annotations

import time
from dataclasses import dataclass

from late_fusion_sim.ros import NodeTrouble

LARGEST_SHIFT_NS = 5_000_000


@dataclass(frozen=True)
class Reading:
    """Both clocks at one time."""

    system_ns: int
    ahead_ns: int
    """How far the system's clock is ahead of the monotonic one."""


def read() -> Reading:
    """Reads both, several times: of the readings the one between which the least time passed."""
    readings = []
    for _ in range(16):
        before, system, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        readings.append((after - before, Reading(system, system - (before + after) // 2)))
    return min(readings, key=lambda reading: reading[0])[1]


class Monotonic:
    """Stamps of the system's clock between two readings, by the monotonic clock."""

    def __init__(self, first: Reading, last: Reading) -> None:
        self._first = first
        shift_ns = last.ahead_ns - first.ahead_ns
        if abs(shift_ns) > LARGEST_SHIFT_NS:
            raise NodeTrouble(
                f"the system's clock was set by {shift_ns / 1e6:.1f} ms during a round; at most "
                f"{LARGEST_SHIFT_NS / 1e6:.0f} ms are allowed: measure again when it is in time"
            )
        self._drift = shift_ns / max(last.system_ns - first.system_ns, 1)

    def of(self, system_ns: int) -> int:
        """The same time by the monotonic clock."""
        since_ns = system_ns - self._first.system_ns
        return system_ns - self._first.ahead_ns - round(self._drift * since_ns)
