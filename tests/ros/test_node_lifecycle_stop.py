"""Transitions when something is in their way, such as a clock that stands still, and what a cleanup frees."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from frozen_thread import frozen_thread
from manager import ACTIVE, DRIVES, INACTIVE, LEFT, RIGHT, Manager, drives, is_silent, with_joints
from parameters import RATE_HZ, wired
from patterns import groups
from policies import STOP, joints_and_target_policy, shipped_encoders_policy
from robot import Robot, joints, numbers


def drives_on_simulated_time(robot: Robot) -> None:
    """Turns the clock on until a command comes, and lets it stand still then."""
    robot.commands.clear()

    def turned_on() -> bool:
        robot.advance(1 / RATE_HZ)
        return bool(robot.commands)

    robot.wait_for("a command", turned_on)
    assert numbers(robot.commands[-1]) == DRIVES


def simulated(robot: Robot, **more: object) -> dict:
    """Parameters on a clock of the test's, with joints that hold for good."""
    robot.simulated = Time(sec=100)
    parameters = with_joints(robot) | {"use_sim_time": True} | more
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    return parameters


@pytest.mark.parametrize("lockstep", [False, True])
def test_while_simulated_time_stands_still_the_robot_is_stopped_all_the_same(
    robot: Robot, manager: Manager, lockstep: bool
) -> None:
    manager.run(simulated(robot, lockstep=lockstep))
    manager.bring_to(ACTIVE)
    for _ in range(2):
        drives_on_simulated_time(robot)
        assert manager.change("deactivate")
        robot.wait_for_action(STOP)
        is_silent(robot)
        robot.advance(1.0)
        is_silent(robot)
        assert manager.change("activate")
    assert robot.program.stop() == 0


@pytest.mark.parametrize("is_simulated", [False, True])
def test_a_control_thread_that_hangs_does_not_keep_a_deactivation_from_stopping_the_robot(
    robot: Robot, manager: Manager, is_simulated: bool
) -> None:
    manager.run(simulated(robot) if is_simulated else with_joints(robot))
    manager.bring_to(ACTIVE)
    (drives_on_simulated_time if is_simulated else drives)(robot)
    with frozen_thread(robot.program.process.pid, "control"):
        answer = manager.ask_for("deactivate")
        robot.wait_for("stops", lambda: [numbers(c) for c in robot.commands[-3:]] == [STOP] * 3)
        assert manager.state() == "deactivating"
        assert not manager.change("activate"), "that is still under way"
        assert not answer.done()
    robot.wait_for("the answer", answer.done)
    assert answer.result().success
    assert manager.state() == INACTIVE
    is_silent(robot)


def test_a_topic_that_is_published_is_given_up_with_a_cleanup(robot: Robot, manager: Manager) -> None:
    manager.run(wired(joints_and_target_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))

    def has(topic: str, count: int) -> bool:
        found = robot.peer.node.get_subscriptions_info_by_topic(topic)
        return sum(end.node_name == "late_fusion" for end in found) == count

    for turn in range(3):
        expected = {"/joint_states": 0, "/target": min(turn, 1)}
        for topic, count in expected.items():
            robot.wait_for(f"{count} on {topic}", partial(has, topic, count))
        manager.bring_to(INACTIVE)
        for topic in expected:
            robot.wait_for(f"one on {topic}", partial(has, topic, 1))
        robot.wait_for("joints", lambda: robot.status_is(lambda s: s.parts.get("joints") is not None))
        robot.wait_for("joints", lambda: robot.status_is(lambda s: s.value("encoded", "joints") != "0"))
        assert manager.change("cleanup")


def memory_mb(robot: Robot) -> float:
    """What the node itself has in memory, without what it shares with others."""
    rollup = Path(f"/proc/{robot.program.process.pid}/smaps_rollup").read_text()
    return int(groups(r"(?m)^Anonymous: +(\d+) kB", rollup)[0]) / 1024


def test_a_cleanup_frees_models_and_threads(robot: Robot, manager: Manager) -> None:
    manager.run(wired(shipped_encoders_policy(robot.folder / "policy")))
    ours = {"control", "supervisor", "explainer", "loader", "encode scene", "encode instruct"}
    after: list[str] = []
    for _ in range(3):
        manager.bring_to(INACTIVE)
        loaded_mb = memory_mb(robot)
        # A thread has its name only once it runs.
        robot.wait_for("its threads", lambda: ours <= set(robot.program.threads()))
        assert manager.change("cleanup")
        robot.wait_for("its threads to end", lambda: not ours & set(robot.program.threads()))
        # Both encoders' weights are 36 MB.
        assert loaded_mb - memory_mb(robot) > 25
        # The inference library itself stays, and a thread of its own.
        left = robot.program.threads()
        assert left == (after or left)
        after = left
