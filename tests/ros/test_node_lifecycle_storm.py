"""Transitions asked for at random, hundreds of them: the node is always in a defined state, sends nothing that it
should not, and keeps nothing of what it has freed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from lifecycle_msgs.msg import TransitionEvent
from manager import ACTIVE, INACTIVE, UNCONFIGURED, Manager
from parameters import SOURCES, wired
from policies import STOP, sight_policy
from rclpy.task import Future
from robot import Changing, Robot, joints, numbers, picture

ROUNDS = 300

AT_ONCE = 3
"""So many are asked for before the first is answered: most of them come in the middle of another one."""

SWAP_EVERY = 5
"""In one of so many rounds a policy is to take over as well, in the middle of whatever happens."""

LABELS = ["configure", "activate", "deactivate", "cleanup"]

LEADS_TO = {
    (UNCONFIGURED, "configure"): INACTIVE,
    (INACTIVE, "activate"): ACTIVE,
    (ACTIVE, "deactivate"): INACTIVE,
    (INACTIVE, "cleanup"): UNCONFIGURED,
}

DRIVES = [1.0, 0.5]


def descriptors(robot: Robot) -> int:
    """How many files and sockets the node has open."""
    return len(list(Path(f"/proc/{robot.program.process.pid}/fd").iterdir()))


ENDPOINTS = {
    "/action": 2,
    "/camera/image_raw": 0,
    "/joint_states": 0,
    "/target": 1,
    "/late_fusion/status": 1,
    "/late_fusion/fusion": 1,
}
"""Publishers and subscriptions of a node that was cleaned up: publishers stay, and subscriptions to silent topics."""


def endpoints(robot: Robot) -> dict[str, int]:
    """How many publishers and subscriptions the node has, by topic."""
    node = robot.peer.node

    def of(topic: str) -> int:
        ends = node.get_publishers_info_by_topic(topic) + node.get_subscriptions_info_by_topic(topic)
        return sum(end.node_name == "late_fusion" for end in ends)

    return {topic: of(topic) for topic in ENDPOINTS}


def settle(robot: Robot, manager: Manager) -> None:
    """From whichever primary state back to unconfigured."""
    for label in ["deactivate", "cleanup"]:
        manager.change(label)
    assert manager.state() == UNCONFIGURED


def cycle(robot: Robot, manager: Manager) -> None:
    """Through every state once, and back."""
    manager.bring_to(ACTIVE)
    robot.commands.clear()
    robot.wait_for_action(DRIVES)
    settle(robot, manager)


def all_are_done(futures: Sequence[Future | Changing]) -> bool:
    """Whether all of them are answered."""
    return all(future.done() for future in futures)


def test_a_storm_of_transitions_leaves_nothing_behind(robot: Robot) -> None:
    manager = Manager(robot)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", picture(0, 0, 0))
    policy = sight_policy(robot.folder / "policy")
    parameters = wired(policy)
    parameters["modalities"]["target"] = SOURCES["target"] | {"required": False}
    manager.run(parameters)
    # What is made once and stays is there after the first round.
    cycle(robot, manager)
    robot.wait_for("the subscriptions to go", lambda: endpoints(robot) == ENDPOINTS)
    threads, files = robot.program.threads(), descriptors(robot)
    manager.events.clear()
    seed = random.SystemRandom().randint(0, 2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    state, succeeded, loads = UNCONFIGURED, 0, []
    for turn in range(ROUNDS):
        if turn % SWAP_EVERY == 0:
            loads.append(robot.ask_to_load(policy.folder))
        asked = [chance.choice(LABELS) for _ in range(AT_ONCE)]
        futures = [manager.ask_for(label) for label in asked]
        robot.wait_for("all answers", partial(all_are_done, futures), 30.0)
        for future in futures:
            succeeded += future.result().success
        state = manager.state()
        assert state in (UNCONFIGURED, INACTIVE, ACTIVE)
    assert succeeded > ROUNDS / 4
    robot.wait_for("all answers to swaps", partial(all_are_done, loads))
    # One event where it begins, one where it ends.
    robot.wait_for("every event", lambda: len(manager.events) >= 2 * succeeded)
    assert len(manager.events) == 2 * succeeded
    assert manager.events[-1].goal_state.label == state
    follows_the_design(manager.events)
    assert all(numbers(command) in (DRIVES, STOP) for command in robot.commands)

    settle(robot, manager)
    robot.wait_for("the threads to end", lambda: robot.program.threads() == threads)
    assert descriptors(robot) <= files
    robot.wait_for("the subscriptions to go", lambda: endpoints(robot) == ENDPOINTS)
    cycle(robot, manager)
    assert robot.program.stop() == 0
    assert "panicked" not in robot.program.log()


def follows_the_design(events: list[TransitionEvent]) -> None:
    """Every event begins where the one before it ended, and every transition led where it should."""
    for before, after in pairwise(events):
        assert before.goal_state.label == after.start_state.label
    for asked, ended in zip(events[::2], events[1::2]):
        assert LEADS_TO[asked.start_state.label, asked.transition.label] == ended.goal_state.label
