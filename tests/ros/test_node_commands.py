"""What the node sends to a robot: nothing too early, then exact commands of every type at the rate asked for."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from parameters import FLOATS, RATE_HZ, TRAJECTORY, TWIST, TWIST_STAMPED, wired
from policies import STOP, joints_and_target_policy, joints_policy, shipped_encoders_policy, sight_policy
from robot import Robot, joints, numbers, picture, seconds
from std_msgs.msg import Float32MultiArray, Float64MultiArray


def test_nothing_is_commanded_before_everything_required_was_fresh(robot: Robot) -> None:
    policy = joints_and_target_policy(robot.folder / "policy")
    robot.run(wired(policy))
    robot.wait_for_status("waiting: joints: absent")
    robot.keep_sending("joint_states", joints(0.5, -1.0))
    robot.wait_for_status("waiting: target: absent")
    robot.peer.spin(0.5)
    assert robot.commands == []

    robot.keep_sending("target", lambda now: Float64MultiArray(data=[2.0, 0.25]))
    robot.wait_for_status("active")
    robot.wait_for_action(policy.action(0.5, -1.0, 2.0, 0.25))
    assert all(numbers(command) == numbers(robot.commands[0]) for command in robot.commands)


def test_an_input_that_is_not_required_is_not_waited_for(robot: Robot) -> None:
    policy = joints_and_target_policy(robot.folder / "policy")
    parameters = wired(policy)
    parameters["modalities"]["target"] |= {"required": False, "message": "std_msgs/msg/Float32MultiArray"}
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 2.0))
    robot.wait_for_action(policy.action(1.0, 2.0, 0.0, 0.0))
    robot.keep_sending("target", lambda now: Float32MultiArray(data=[1.0, -0.5]))
    robot.wait_for_action(policy.action(1.0, 2.0, 1.0, -0.5))


@pytest.mark.parametrize("command", [FLOATS, TWIST, TWIST_STAMPED, TRAJECTORY])
def test_every_command_type_carries_the_numbers_where_they_belong(robot: Robot, command: str) -> None:
    policy = joints_policy(robot.folder / "policy")
    parameters = wired(policy, command)
    stamped = command in (TWIST_STAMPED, TRAJECTORY)
    if stamped:
        parameters["action"]["frame_id"] = "tool"
    if command == TRAJECTORY:
        # Positions, and a policy with a stop value for one.
        parameters["stop"] = {"behaviour": "named"}
        for action in policy.actions:
            action.setdefault("stop", 0.0)
        policy.write()
    began = seconds(robot.now())
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.5, 0.5))
    newest = robot.wait_for_action([2.0, -1.0])
    if stamped:
        assert newest.header.frame_id == "tool"
        assert began < seconds(newest.header.stamp) <= seconds(robot.now())
    if command == TRAJECTORY:
        assert list(newest.joint_names) == ["drive", "turn"]
        [point] = newest.points
        assert list(point.positions) == [2.0, -1.0]
        assert not (point.velocities or point.accelerations or point.effort)
        assert point.time_from_start.nanosec == 10**9 / RATE_HZ


def test_an_action_goes_to_the_field_that_the_parameters_name(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"), TRAJECTORY)
    parameters["action"]["fields"] = {"drive": "velocities.wheel", "turn": "velocities.rudder"}
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.5, 0.5))
    robot.wait_for("a command", lambda: bool(robot.commands))
    newest = robot.commands[-1]
    [point] = newest.points
    assert dict(zip(newest.joint_names, point.velocities)) == {"wheel": 2.0, "rudder": -1.0}
    assert not point.positions


def test_commands_come_at_the_rate_asked_for(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_status("active")
    robot.commands.clear()
    robot.peer.spin(4.0)
    stamps = [seconds(command.header.stamp) for command in robot.commands]
    rate_hz = (len(stamps) - 1) / (stamps[-1] - stamps[0])
    # Never faster than asked; slower only as far as a loaded machine excuses it.
    assert 0.6 * RATE_HZ < rate_hz < 1.05 * RATE_HZ
    assert all(earlier < later for earlier, later in pairwise(stamps))
    told_hz = float(robot.statuses[-1].value("rate_hz"))
    assert told_hz == pytest.approx(rate_hz, rel=0.3)


def test_a_picture_and_joints_make_one_action(robot: Robot) -> None:
    policy = sight_policy(robot.folder / "policy")
    robot.run(wired(policy))
    robot.keep_sending("joint_states", joints(0.25, -0.5))
    robot.keep_sending("camera/image_raw", picture(128, 64, 7))
    robot.wait_for_action(policy.action(128, 64, 7, 0.25, -0.5), tolerance=0.01)
    robot.keep_sending("camera/image_raw", picture(0, 192, 255))
    robot.wait_for_action(policy.action(0, 192, 255, 0.25, -0.5), tolerance=0.01)


def has_commanded(robot: Robot, count: int) -> bool:
    """Whether there are more commands than these."""
    return len(robot.commands) > count


def test_the_encoders_that_ship_act_on_picture_and_sentence(robot: Robot) -> None:
    parameters = wired(shipped_encoders_policy(robot.folder / "policy"))
    parameters["modalities"]["scene"]["max_age_s"] = 5.0
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(200, 40, 90, 320, 240))
    actions = []
    for text in ["open the drawer", "close the faucet", "open the drawer"]:
        robot.say(text)
        robot.wait_for_status("active")
        answered = len(robot.commands) + 5
        robot.wait_for("commands for this sentence", partial(has_commanded, robot, answered))
        actions.append(numbers(robot.commands[-1]))
    assert actions[0] == pytest.approx(actions[2], abs=1e-6)
    assert max(abs(a - b) for a, b in zip(actions[0], actions[1])) > 0.01
    assert STOP not in actions
    robot.say("   ")
    robot.wait_for_action(STOP)
