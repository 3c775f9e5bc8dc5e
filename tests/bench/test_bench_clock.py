"""A clock that is being set is no lateness."""

import time

import pytest
from bench.clock import Monotonic, Reading, read
from late_fusion_sim.ros import NodeTrouble


def test_both_clocks_are_read_at_one_time() -> None:
    before, reading, after = time.monotonic_ns(), read(), time.monotonic_ns()
    assert before <= reading.system_ns - reading.ahead_ns <= after


def test_a_clock_that_is_slewed_is_followed() -> None:
    # In a second the system's clock gains a millisecond.
    at = Monotonic(Reading(10_000_000_000, 9_000_000_000), Reading(11_001_000_000, 9_001_000_000)).of
    assert at(10_000_000_000) == 1_000_000_000 and at(11_001_000_000) == 2_000_000_000
    assert at(10_500_500_000) == pytest.approx(1_500_000_000, abs=1)


def test_a_clock_that_jumps_spoils_the_round() -> None:
    with pytest.raises(NodeTrouble, match=r"set by -20\.0 ms .* at most 5 ms"):
        Monotonic(Reading(10_000_000_000, 0), Reading(11_000_000_000, -20_000_000))
