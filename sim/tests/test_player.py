"""One episode after the other with one node, none of which knows of those before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_node import FakeNode, fake_node
from lifecycle_msgs.srv import ChangeState

from late_fusion_sim import node_states
from late_fusion_sim.bridge import TIME_AT_START_NS
from late_fusion_sim.pace import Mode
from late_fusion_sim.player import Player
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.ros import NodeTrouble, Participant
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.trial import trials

[TRIAL] = trials([load_tasks()["drawer-open"]], None, None)
SENSES = frozenset({"scene", "joints", "instruction"})


@contextmanager
def player(participant: Participant, mode: Mode = "lockstep") -> Iterator[Player]:
    node: Any = SimpleNamespace(check=lambda: None)
    with Player(participant, node, mode, senses=SENSES) as made:
        yield made


def with_states(node: FakeNode, passes: Callable[[int], bool]) -> None:
    """Gives a fake node states."""

    def change(request: ChangeState.Request, answer: ChangeState.Response) -> ChangeState.Response:
        answer.success = passes(request.transition.id)
        return answer

    node._node.create_service(ChangeState, "late_fusion/change_state", change)


def has_states(playing: Player) -> bool:
    """Whether the node's states can be asked for."""
    assert playing._states
    return playing._states._change.service_is_ready()


def test_before_every_episode_the_node_rests_and_time_begins_anew(
    participant: Participant, episodes_last: Callable[[int], None]
) -> None:
    episodes_last(2)
    passed: list[int] = []

    def passes(transition: int) -> bool:
        passed.append(transition)
        return True

    with fake_node(lambda instruction, hand: np.zeros(4)) as node:
        with_states(node, passes)
        with player(participant) as playing:
            assert participant.spin_until(lambda: has_states(playing), 10.0)
            times = []
            for number in range(3):
                episode = playing.begin(TRIAL, 100_000 + number, number)
                assert passed == [4, 3] * (number + 1), "deactivate, activate"
                playing.play(TRIAL, episode)
                times.append(episode.command_times_ns)
    period = SAWYER.control_period_ns
    assert times == [[TIME_AT_START_NS + start + step * period for step in (1, 2)] for start in (1, 2, 3)]


def test_a_node_that_is_still_activating_is_asked_again(participant: Participant) -> None:
    asked: list[int] = []

    def passes(transition: int) -> bool:
        asked.append(transition)
        return len(asked) > 2

    with fake_node(lambda instruction, hand: np.zeros(4)) as node:
        with_states(node, passes)
        with player(participant) as playing:
            assert participant.spin_until(lambda: has_states(playing), 10.0)
            playing.begin(TRIAL, 100_000, 0)
    assert asked == [4, 4, 4, 3]


def test_a_node_that_does_not_rest_is_told_of(participant: Participant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_states, "CHANGE_S", 1.0)
    with fake_node(lambda instruction, hand: np.zeros(4)) as node:
        with_states(node, lambda transition: transition == 4)
        with player(participant) as playing:
            assert participant.spin_until(lambda: has_states(playing), 10.0)
            with pytest.raises(NodeTrouble, match="did not make the transition 3 of late_fusion/change_state"):
                playing.begin(TRIAL, 100_000, 0)
