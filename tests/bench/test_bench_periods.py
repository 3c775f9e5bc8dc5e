"""Every period counts, those included in which no command came."""

from __future__ import annotations

import pytest
from bench.percentiles import percentile
from bench.periods import lateness

MS = 1_000_000
PERIOD_NS = 10 * MS
WINDOW_NS = (7_000 * MS, 8_000 * MS)
PHASE_NS = 3 * MS
"""Where in the window's periods the commands are due."""


def beat(*, without: tuple[int, ...] = (), late_ms: dict[int, float] | None = None, periods: int = 130) -> list[int]:
    """Commands on time but for some; with one before the window and some after."""
    delays = late_ms or {}
    due = [WINDOW_NS[0] + PHASE_NS + k * PERIOD_NS for k in range(-1, periods)]
    return [at + round(delays.get(k, 0) * MS) for k, at in enumerate(due, start=-1) if k not in without]


def test_commands_on_time_are_not_late() -> None:
    found = lateness(beat(), PERIOD_NS, WINDOW_NS)
    assert found.late_ns == [0] * 100 and found.missed == 0


def test_a_late_command_is_late_by_that_and_the_next_is_not() -> None:
    found = lateness(beat(late_ms={40: 4.0}), PERIOD_NS, WINDOW_NS)
    assert [each / MS for each in found.late_ns[39:42]] == [0.0, 4.0, 0.0] and found.missed == 0


def test_a_period_without_a_command_is_as_late_as_the_next_command() -> None:
    found = lateness(beat(without=(40,)), PERIOD_NS, WINDOW_NS)
    assert [each / MS for each in found.late_ns[39:42]] == [0.0, 10.0, 0.0] and found.missed == 1


def test_lateness_never_begins_anew_after_what_was_missed() -> None:
    # The command of period 42 comes 5 ms late, and those of 40 and 41 never do.
    found = lateness(beat(without=(40, 41), late_ms={42: 5.0}), PERIOD_NS, WINDOW_NS)
    assert [each / MS for each in found.late_ns[39:44]] == [0.0, 25.0, 15.0, 5.0, 0.0]
    assert len(found.late_ns) == 100 and found.missed == 2


def test_a_command_that_is_late_by_a_whole_period_and_more_leaves_one_missed() -> None:
    found = lateness(beat(late_ms={40: 12.0}, without=(41,)), PERIOD_NS, WINDOW_NS)
    assert [each / MS for each in found.late_ns[40:43]] == [12.0, 2.0, 0.0] and found.missed == 1


def test_many_late_commands_do_not_move_the_beat() -> None:
    delays = {k: 6.0 + k % 3 for k in range(0, 100, 3)}
    found = lateness(beat(late_ms=delays), PERIOD_NS, WINDOW_NS)
    assert [found.late_ns[k] / MS for k in range(100)] == [delays.get(k, 0.0) for k in range(100)]


def test_commands_a_little_early_are_on_time_and_no_other_period_is_missed() -> None:
    found = lateness(beat(late_ms={40: -0.5, 60: -0.4}), PERIOD_NS, WINDOW_NS)
    assert found.missed == 0 and max(found.late_ns) <= 0.5 * MS


def test_a_node_that_falls_silent_is_ever_later() -> None:
    found = lateness(beat(periods=50), PERIOD_NS, WINDOW_NS)
    assert len(found.late_ns) == 100 and found.missed == 50
    assert found.late_ns[50] / MS == pytest.approx(497.0) and found.late_ns[99] / MS == pytest.approx(7.0)


def test_a_node_that_says_nothing_misses_all() -> None:
    found = lateness([], PERIOD_NS, WINDOW_NS)
    assert len(found.late_ns) == found.missed == 100 and max(found.late_ns) == 1000 * MS


def test_the_beat_is_found_across_the_border_of_a_period() -> None:
    shifted = [at - PHASE_NS + (k % 3) * 200_000 - 300_000 for k, at in enumerate(beat())]
    found = lateness(shifted, PERIOD_NS, WINDOW_NS)
    assert found.missed == 0 and percentile(found.late_ns, 0.99) <= 0.4 * MS


@pytest.mark.parametrize(("period_ns", "window_ns"), [(0, WINDOW_NS), (-1, WINDOW_NS), (PERIOD_NS, (5, 5))])
def test_no_time_is_refused(period_ns: int, window_ns: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        lateness([1], period_ns, window_ns)
