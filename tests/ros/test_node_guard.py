"""The last stage before the topic: limits, rate limits, numbers that are not finite, and the stop at the end."""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import numpy as np
import pytest
from frozen_thread import frozen_thread
from parameters import RATE_HZ, TWIST_STAMPED, wired
from policies import STOP, joints_policy
from robot import Robot, joints, numbers, seconds

ENDS_WITHIN_S = 2.0


def test_the_policys_own_limits_hold(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1000.0, 1000.0))
    robot.wait_for_action([4.0, -4.0])
    assert robot.wait_for_status("active").value("limited") != "0"


def test_narrower_limits_hold_and_wider_ones_change_nothing(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    parameters["action"]["limits"] = {"drive": {"min": -1.0, "max": 0.75}, "turn": {"min": -100.0, "max": 100.0}}
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(2.0, 0.5))
    robot.wait_for_action([0.75, -1.0])
    robot.keep_sending("joint_states", joints(-9.0, 9.0))
    robot.wait_for_action([-1.0, -4.0])
    assert {number for command in robot.commands for number in numbers(command)} == {0.75, -1.0, -4.0}


def test_a_rate_limit_is_kept_by_every_command_but_never_delays_a_stop(robot: Robot) -> None:
    rate = 1.0
    parameters = wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED)
    parameters["action"]["limits"] = {"drive": {"max_rate": rate}}
    robot.run(parameters)
    robot.wait_for_status("waiting: joints: absent")
    robot.keep_sending("joint_states", joints(0.75, 0.0))
    robot.wait_for_action([1.0, 0.0])
    drive = [(seconds(command.header.stamp), numbers(command)[0]) for command in robot.commands]
    # The robot is at rest before the first command.
    assert drive[0][1] <= rate / RATE_HZ + 1e-6
    assert len({value for _, value in drive}) > 10
    for (earlier, before), (later, after) in pairwise(drive):
        # The limit follows the monotonic clock, which is read a moment before the stamp.
        assert after - before <= rate * min(later - earlier + 1e-3, 1 / RATE_HZ) + 1e-6

    robot.silence("joint_states")
    robot.wait_for_action(STOP)
    values = [numbers(command)[0] for command in robot.commands]
    assert set(values[values.index(1.0) :]) == {1.0, STOP[0]}


def test_an_output_that_is_not_finite_is_a_stop_with_its_reason(robot: Robot) -> None:
    policy = joints_policy(robot.folder / "policy")
    policy.tensors["head.0.weight"] = np.array([[1.0, 0.0], [3e38, 3e38]])
    robot.run(wired(policy))
    robot.keep_sending("joint_states", joints(8.0, 8.0))
    robot.wait_for_action(STOP)
    assert robot.wait_for_status("turn").says() == "action turn: the policy's output is not finite"
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_action([0.25, 0.0])
    robot.keep_sending("joint_states", joints(8.0, 8.0))
    robot.wait_for_action(STOP)
    assert all(np.isfinite(numbers(command)).all() for command in robot.commands)


@pytest.mark.parametrize("given", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_last_command_is_the_stop_action(robot: Robot, given: signal.Signals) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    robot.wait_for_status("active")
    told = time.monotonic()
    robot.program.process.send_signal(given)
    while robot.program.process.poll() is None and time.monotonic() < told + 2 * ENDS_WITHIN_S:
        robot.peer.spin(0.02)
    assert time.monotonic() - told < ENDS_WITHIN_S, robot.program.log()
    assert robot.program.wait() == 0, robot.program.log()
    robot.peer.spin(0.3)
    assert numbers(robot.commands[-1]) == STOP
    assert robot.statuses[-1].says() == "the node is shutting down"
    # One subscriber may miss one message; the end is said more than once.
    last = [numbers(command) for command in robot.commands]
    assert last[last.index(STOP) :].count(STOP) == len(last) - last.index(STOP) > 1


def test_the_supervisor_stands_in_for_a_control_thread_that_hangs(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    with frozen_thread(robot.program.process.pid, "control"):
        robot.wait_for_action(STOP)
        robot.peer.spin(0.5)
        assert numbers(robot.commands[-1]) == STOP
        robot.wait_for_status("has decided nothing")
    robot.wait_for_action([1.5, -1.0])
    robot.wait_for_status("active")
    assert "supervisor sends the stop action" in robot.program.log()


def test_a_node_that_never_commanded_ends_without_a_command(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.wait_for_status("waiting: joints: absent")
    assert robot.program.stop() == 0, robot.program.log()
    robot.peer.spin(0.3)
    assert robot.commands == []
