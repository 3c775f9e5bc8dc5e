"""Tests of what `scripts/bench` counts with, on stamps that are made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench.recording import Recording
from bench.robot import Command, Sent
from bench.usage import Memory

MS = 1_000_000
WINDOW_NS = (0, 1000 * MS)


@pytest.fixture
def recording() -> Callable[..., Recording]:
    """A second of a node at 100 Hz whose commands rest on the pictures that came a number of milliseconds before."""

    def make(
        node: str = "late_fusion", *, latency_ms: int = 12, processor_s: float = 0.4, number: int = 0
    ) -> Recording:
        sent = [Sent(stamp_ms * MS, index % 2) for index, stamp_ms in enumerate(range(0, 1000, 40))]
        commands = []
        for at_ms in range(0, 1100, 10):
            seen = [each for each in sent if each.stamp_ns <= (at_ms - latency_ms) * MS]
            if seen:
                commands.append(Command(at_ms * MS, at_ms * MS, (float(seen[-1].picture),)))
        return Recording(
            node, "idle", number, WINDOW_NS, sent, commands, processor_s, Memory(300.0, 280.0, 20), 0.7, 0.5
        )

    return make
