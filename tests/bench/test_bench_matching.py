"""An action tells the picture that it rests on."""

from __future__ import annotations

import numpy as np
from bench.matching import Matched, match
from bench.robot import Command, Sent

ACTIONS = np.array([[0.0, 0.0], [0.6, 0.0], [0.0, 0.9]])
APART = 0.6
WINDOW_NS = (100, 1000)


def commands(*given: tuple[int, float, float]) -> list[Command]:
    """Commands from when they left and what they are."""
    return [Command(left, left + 3, (first, second)) for left, first, second in given]


def found(sent: list[tuple[int, int]], given: list[Command]) -> Matched:
    """What of pictures by stamp and index, and commands, is found."""
    return match([Sent(*each) for each in sent], given, ACTIONS, APART, WINDOW_NS)


def test_the_first_command_of_each_picture_counts() -> None:
    matched = found([(100, 0), (200, 1)], commands((130, 0, 0), (140, 0, 0), (250, 0.6, 0), (260, 0.6, 0)))
    assert matched.latencies_ns == [30, 50] and matched.reached == 2 and matched.unmatched == 0


def test_commands_are_taken_in_the_order_in_which_they_left() -> None:
    assert found([(100, 0)], commands((140, 0, 0), (130, 0, 0))).latencies_ns == [30]


def test_a_picture_that_comes_again_is_another_one() -> None:
    matched = found([(100, 0), (200, 1), (300, 0)], commands((130, 0, 0), (230, 0.6, 0), (345, 0, 0)))
    assert matched.latencies_ns == [30, 30, 45]


def test_a_picture_that_no_command_rests_on_waits_for_one_that_rests_on_a_newer_picture() -> None:
    matched = found([(100, 0), (200, 1), (300, 2)], commands((130, 0, 0), (345, 0, 0.9)))
    assert matched.latencies_ns == [30, 145, 45] and matched.reached == 2


def test_a_picture_that_nothing_answers_waits_until_the_end() -> None:
    matched = found([(100, 0), (200, 1)], commands((130, 0, 0), (1200, 0, 0)))
    assert matched.latencies_ns == [30, 1000] and matched.reached == 1
    assert found([(100, 0)], []).latencies_ns == [900]


def test_what_is_no_pictures_action_is_counted() -> None:
    # Beyond a third of 0.6 from each.
    matched = found([(100, 0), (200, 1)], commands((130, 0, 0), (150, 0.3, 0.0), (250, -0.5, -0.5)))
    assert matched.reached == 1 and matched.unmatched == 2


def test_a_stop_is_told_from_other_commands_without_a_picture() -> None:
    actions = np.array([[0.5, 0.0], [0.0, 0.9]])
    matched = match([Sent(100, 0)], commands((130, 0.5, 0), (700, 0, 0), (710, 0.2, 0.3)), actions, APART, WINDOW_NS)
    assert (matched.unmatched, matched.stops) == (2, 1)


def test_an_action_before_its_picture_rests_on_nothing() -> None:
    matched = found([(200, 1)], commands((150, 0.6, 0)))
    assert matched.reached == 0 and matched.unmatched == 1


def test_pictures_outside_the_window_do_not_count() -> None:
    matched = found([(90, 0), (990, 1), (1010, 2)], commands((120, 0, 0), (1040, 0.6, 0), (1050, 0, 0.9)))
    assert matched.latencies_ns == [50] and matched.reached == 1


def test_how_far_actions_are_from_what_was_expected_is_kept() -> None:
    matched = found([(100, 0), (200, 1)], commands((130, 0.02, 0), (250, 0.6, -0.05)))
    assert matched.difference == 0.05 and matched.actions == {0: (0.02, 0), 1: (0.6, -0.05)}
