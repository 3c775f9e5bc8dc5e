"""Numbers of any message, by paths to its fields: what rclpy publishes is what the policy gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Vector3
from nav_msgs.msg import Odometry
from parameters import wired, write
from policies import STOP, Policy, vector
from program import Program, refused
from robot import Robot, joints
from sensor_msgs.msg import JointState, LaserScan
from std_msgs.msg import Int16


def odometry(now: Time) -> Odometry:
    """A base that drives."""
    message = Odometry()
    message.header.stamp = now
    message.child_frame_id = "base_link"
    message.twist.twist.linear = Vector3(x=1.5, y=7.0, z=7.0)
    message.pose.covariance = np.arange(36.0) / 16
    return message


def scan(now: Time) -> LaserScan:
    """Nothing seen ahead, something to the right, and one reading that is none."""
    message = LaserScan(range_min=0.25, range_max=3.0)
    message.header.stamp = now
    message.ranges = [float("inf"), 2.5, 1.25, float("nan"), 0.5]
    return message


def moving(now: Time) -> JointState:
    """Joints of which the velocities are known."""
    message = JointState(name=["wrist", "left", "right"], position=[9.0] * 3, velocity=[9.0, -0.5, 2.0])
    message.header.stamp = now
    return message


def count(now: Time) -> Int16:
    """A number without a header."""
    return Int16(data=-2)


CASES: dict[str, tuple[Callable[[Time], Any], list[str], list[float]]] = {
    "nav_msgs/msg/Odometry": (odometry, ["twist.twist.linear.x", "pose.covariance[35]"], [1.5, 2.1875]),
    "sensor_msgs/msg/LaserScan": (scan, ["ranges[0]", "min(ranges[1:4])"], [3.0, 1.25]),
    "sensor_msgs/msg/JointState": (moving, ["velocity[right]", "velocity[left]"], [2.0, -0.5]),
    "std_msgs/msg/Int16": (count, ["data", "data"], [-2.0, -2.0]),
}


def policy(robot: Robot, names: list[str]) -> Policy:
    """Two numbers are the action."""
    return Policy(robot.folder / "policy", [vector("joints", *names)], np.eye(2))


@pytest.mark.parametrize("message", CASES)
def test_a_number_is_found_by_its_path(robot: Robot, message: str) -> None:
    make, names, action = CASES[message]
    if len(set(names)) == 1:
        one = Policy(robot.folder / "policy", [vector("joints", names[0])], np.ones((2, 1)))
        parameters = wired(one)
    else:
        parameters = wired(policy(robot, names))
    parameters["modalities"]["joints"]["message"] = message
    robot.run(parameters)
    robot.keep_sending("joint_states", make)
    robot.wait_for_action(action)
    assert robot.wait_for_status("active").value("last_error", "joints") == ""


def short(now: Time) -> LaserScan:
    """A reading less."""
    message = scan(now)
    message.ranges = message.ranges[:4]
    return message


def blind(now: Time) -> LaserScan:
    """A reading that is none, which is not that nothing is there."""
    message = scan(now)
    message.ranges[4] = float("nan")
    return message


@pytest.mark.parametrize(("make", "reason"), [(short, "without ranges[4]"), (blind, "ranges[4] is NaN")])
def test_a_scan_without_a_reading_is_dropped_with_the_reason_and_the_robot_stops(
    robot: Robot, make: Callable[[Time], LaserScan], reason: str
) -> None:
    parameters = wired(policy(robot, ["ranges[0]", "ranges[4]"]))
    parameters["modalities"]["joints"]["message"] = "sensor_msgs/msg/LaserScan"
    robot.run(parameters)
    robot.keep_sending("joint_states", scan)
    robot.wait_for_action([3.0, 0.5])
    robot.keep_sending("joint_states", make)
    robot.wait_for("the reason", lambda: robot.status_is(lambda s: reason in s.value("last_error", "joints")))
    robot.wait_for("a stop", lambda: robot.status_is(lambda s: s.says().startswith("joints: ")))


def test_a_command_of_any_type_has_the_action_where_its_paths_say(robot: Robot) -> None:
    parameters = wired(policy(robot, ["left", "right"]))
    fields = {"drive": "velocity[drive]", "turn": "velocity[turn]"}
    parameters["action"] = {"message": "sensor_msgs/msg/JointState", "fields": fields, "frame_id": "base"}
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.5, -0.25))
    command = robot.wait_for_action([1.5, -0.25])
    assert list(command.name) == ["drive", "turn"]
    assert (list(command.position), list(command.effort)) == ([], [])
    assert command.header.frame_id == "base" and command.header.stamp.sec > 0
    # Velocities: the stop is the policy's.
    robot.silence("joint_states")
    robot.wait_for_action(STOP)


REFUSALS: dict[str, tuple[str, list[str], list[str]]] = {
    "path": (
        "nav_msgs/msg/Odometry",
        ["twist.twist.linear.w", "twist.twist"],
        ["modalities.joints.message", "has no field w; it has x, y, z", "inside it are linear, angular"],
    ),
    "type": (
        "nav_msgs/msg/Odometer",
        ["data"],
        ['modalities.joints.message is "nav_msgs/msg/Odometer"', "nav_msgs/Odometer is not there"],
    ),
    "no type": ("Odometry", ["data"], ['"Odometry" is not a message type', "nav_msgs/msg/Odometry"]),
    "range": ("sensor_msgs/msg/LaserScan", ["ranges[0:4]"], ["stands for 4 numbers where one is needed"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_found_is_told_before_anything_moves(
    start: Callable[..., Program], tmp_path: Path, case: str
) -> None:
    message, names, parts = REFUSALS[case]
    policy = Policy(tmp_path / "policy", [vector("joints", *names)], np.ones((2, len(names))))
    parameters = wired(policy)
    parameters["modalities"]["joints"]["message"] = message
    file = write(tmp_path / "node.param.yaml", parameters)
    for told in (
        refused(start("late_fusion_node", "--ros-args", "--params-file", file)),
        refused(start("late_fusion", "check", "--params-file", file)),
    ):
        for part in parts:
            assert part in told, told
