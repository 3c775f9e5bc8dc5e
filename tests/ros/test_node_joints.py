"""Joint states as robots have them: arm and gripper on one topic, each from a driver of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from builtin_interfaces.msg import Time
from parameters import TWIST_STAMPED, wired
from policies import STOP, Policy, joints_policy, vector
from rclpy.publisher import Publisher
from robot import Robot, numbers, seconds
from sensor_msgs.msg import JointState

CYCLES = 200


def part(**positions: float) -> Callable[[Time], JointState]:
    """A driver's message: its own joints alone."""

    def make(now: Time) -> JointState:
        message = JointState(name=list(positions), position=list(positions.values()))
        message.header.stamp = now
        return message

    return make


def drivers(robot: Robot) -> tuple[Publisher, Publisher]:
    """Two publishers of `joint_states`, both matched."""
    left, right = [robot.peer.node.create_publisher(JointState, "joint_states", 10) for _ in range(2)]
    robot.wait_for("the subscription", lambda: all(p.get_subscription_count() > 0 for p in (left, right)))
    return left, right


def both_are_heard(robot: Robot, left: Publisher, right: Publisher) -> None:
    """Sends until the node has a position of each: a best-effort subscription may miss the first messages."""

    def heard() -> bool:
        right.publish(part(right=0.5)(robot.now()))
        left.publish(part(left=1.0)(robot.now()))
        robot.peer.spin(0.02)
        return bool(robot.commands)

    robot.wait_for("both drivers", heard)
    robot.wait_for_action([1.5, -1.0])


def test_the_newest_of_each_joint_counts(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    left, right = drivers(robot)
    for position in (1.0, -1.0, 2.0):

        def both_drive(at: float = position) -> bool:
            left.publish(part(left=at)(robot.now()))
            right.publish(part(right=0.5, wrist=9.0)(robot.now()))
            robot.peer.spin(0.005)
            return bool(robot.commands) and numbers(robot.commands[-1]) == [at + 0.5, -1.0]

        robot.wait_for(f"the action for left {position}", both_drive)
    robot.wait_for_status("active")


def test_a_joint_that_never_came_is_named_and_nothing_is_commanded(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", part(left=1.0, wrist=0.0))
    said = robot.wait_for_status("no position of joint right").says()
    assert said.startswith("waiting: joints: absent") and "left, wrist" in said, said
    assert "no position of joint right" in robot.statuses[-1].says("joints")
    assert robot.statuses[-1].value("dropped", "joints") == "0"
    assert robot.commands == []
    robot.keep_sending("joint_states", part(left=1.0, right=0.5))
    robot.wait_for_action([1.5, -1.0])


def test_a_joint_that_stopped_stops_the_robot_and_is_named(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED))
    left, right = drivers(robot)
    both = robot.peer.node.create_timer(0.02, lambda: left.publish(part(left=1.0)(robot.now())))
    last: list[float] = []

    def move_right() -> None:
        now = robot.now()
        right.publish(part(right=0.5)(now))
        last.append(seconds(now))

    gripper = robot.peer.node.create_timer(0.02, move_right)
    robot.wait_for_action([1.5, -1.0])
    gripper.cancel()
    robot.wait_for_action(STOP)
    said = robot.wait_for_status("joints: ").says()
    assert "s old, allowed 0.500 s" in said and "joint right" in said and "left" not in said, said
    assert "joint right" in robot.statuses[-1].says("joints")
    acting = [seconds(c.header.stamp) for c in robot.commands if numbers(c) != STOP]
    assert max(acting) - last[-1] <= 0.5, "the arm's messages do not keep the gripper's fresh"
    gripper.reset()
    robot.wait_for_action([1.5, -1.0])
    both.cancel()


def test_no_message_is_lost_because_another_came_right_behind_it(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    robot.run(parameters)
    left, right = drivers(robot)

    def counted() -> int:
        # A driver's message may take the place of its own former one, when the machine is busy.
        return sum(int(robot.statuses[-1].value(key, "joints")) for key in ("received", "superseded"))

    both_are_heard(robot, left, right)
    statuses = len(robot.statuses)
    robot.wait_for("all that was sent to be counted", lambda: len(robot.statuses) > statuses + 3)
    before = counted()
    for cycle in range(1, CYCLES + 1):
        left.publish(part(left=1.0 + cycle / 256)(robot.now()))
        robot.peer.spin(0.001)
        right.publish(part(right=cycle / 256)(robot.now()))
        robot.peer.spin(0.01)
    robot.wait_for(f"{CYCLES} messages of each", lambda: counted() - before == 2 * CYCLES)
    last = CYCLES / 256
    robot.wait_for_action([1.0 + last + last / 2 + 0.25, -2 * last])
    seen = {tuple(numbers(command)) for command in robot.commands}
    assert len(seen) > CYCLES / 20, "the robot follows both all the way"


def test_a_burst_of_both_leaves_the_newest_of_each(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    robot.run(parameters)
    left, right = drivers(robot)
    both_are_heard(robot, left, right)
    # The gripper speaks once, the arm goes on in the same breath.
    right.publish(part(right=0.25)(robot.now()))
    for cycle in range(50):
        left.publish(part(left=cycle / 64)(robot.now()))
    robot.wait_for_action([49 / 64 + 0.125 + 0.25, -0.5])


def test_joint_states_of_another_robot_are_none_of_ours(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED))
    left, right = drivers(robot)

    def alone() -> bool:
        left.publish(part(left=1.0, right=0.5)(robot.now()))
        robot.peer.spin(0.02)
        return bool(robot.commands) and numbers(robot.commands[-1]) == [1.5, -1.0]

    robot.wait_for("the action", alone)
    wheels = robot.peer.node.create_timer(0.02, lambda: right.publish(part(wheel=3.0)(robot.now())))
    robot.wait_for_action(STOP)
    assert "s old, allowed 0.500 s" in robot.wait_for_status("joints: ").says()
    assert robot.statuses[-1].value("dropped", "joints") == "0"
    wheels.cancel()


@pytest.mark.parametrize("names", [["left", "left", "right"], ["left", "right", "right"]])
def test_a_joint_that_is_named_twice_is_refused(robot: Robot, names: list[str]) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", lambda now: JointState(name=names, position=[1.0, 2.0, 0.5]))
    error = robot.wait_for_status("more than once", "joints").value("last_error", "joints")
    assert names[1] in error
    assert robot.commands == []


def test_in_lockstep_an_observation_is_whole_when_all_joints_are_there(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=True)
    robot.run(parameters)
    left, right = drivers(robot)
    for step in range(1, 6):
        now = robot.advance(0.05)
        received = int(robot.statuses[-1].value("received", "joints")) if robot.statuses else 0

        def arm_is_heard(step: int = step, now: Time = now, received: int = received) -> bool:
            left.publish(part(left=step / 4)(now))
            robot.peer.spin(0.02)
            return robot.status_is(lambda status: int(status.value("received", "joints")) > received)

        robot.wait_for("the arm", arm_is_heard)
        assert all(command.header.stamp != now for command in robot.commands), "the gripper is yet to come"

        def answered(now: Time = now) -> bool:
            return any(command.header.stamp == now for command in robot.commands)

        def send(now: Time = now) -> bool:
            right.publish(part(right=0.5)(now))
            robot.peer.spin(0.05)
            return answered(now)

        robot.wait_for("the answer", send)
        [command] = [command for command in robot.commands if command.header.stamp == now]
        assert numbers(command) == [step / 4 + 0.5, -1.0]


def test_another_policy_knows_the_joints_that_came_before_it(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "first"))
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    robot.run(parameters)
    left, right = drivers(robot)
    both_are_heard(robot, left, right)
    second: Policy = joints_policy(robot.folder / "second")
    second.tensors["head.0.bias"] += 0.5
    assert second.modalities == [vector("joints", "left", "right")]
    # Neither driver ever speaks again.
    answer = robot.load(second.write())
    assert answer.success, answer.message
    robot.wait_for_action([2.0, -0.5])
