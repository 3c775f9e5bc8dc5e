"""How far the joints have moved since the picture was taken, as a policy with `moved_since` is told."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from parameters import wired
from policies import Policy, colour, vector
from robot import Robot, numbers, picture, seconds
from sensor_msgs.msg import Image, JointState

LATE_S = 0.3
COMMANDS = 40


def moving_policy(robot: Robot) -> Policy:
    """drive = how far the left joint has moved since the picture, turn = where the right one is."""
    folder = robot.folder / "policy"
    joints = vector("joints", "left", "right") | {"moved_since": "scene"}
    weight = np.zeros((2, 7))
    weight[0, 5] = weight[1, 4] = 1.0
    policy = Policy(folder, [colour("scene", folder), joints], weight)
    for part, number in (("mean", 0.0), ("std", 1.0)):
        policy.tensors[f"standardize.joints.{part}"] = np.full(4, number)
    return policy


def moved(robot: Robot, *, stamped_late_s: float, stamp_delay_s: float) -> float:
    """The policy's word for it, where the left joint moves by 1 per second."""
    parameters = wired(moving_policy(robot))
    parameters["modalities"]["scene"]["stamp_delay_s"] = stamp_delay_s
    robot.run(parameters)
    start = seconds(robot.now())

    def joints(now: Time) -> JointState:
        message = JointState(name=["left", "right"], position=[seconds(now) - start, 0.25])
        message.header.stamp = now
        return message

    def late(now: Time) -> Image:
        message = picture(10, 20, 30)(now)
        stamp_ns = now.sec * 10**9 + now.nanosec - round(stamped_late_s * 1e9)
        message.header.stamp = Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
        return message

    robot.keep_sending("joint_states", joints)
    robot.wait_for("joints from before the pictures", lambda: seconds(robot.now()) - start > 2 * LATE_S)
    robot.keep_sending("camera/image_raw", late)
    # The first second aside: until then the machine may be busy with the start.
    robot.wait_for("commands", lambda: len(robot.commands) > 3 * COMMANDS)
    drives, turns = zip(*map(numbers, robot.commands[-COMMANDS:]))
    assert set(turns) == {0.25}
    return median(drives)


@pytest.mark.parametrize(
    ("stamped_late_s", "stamp_delay_s", "least", "most"),
    [
        (0.0, 0.0, 0.0, 0.12),
        (LATE_S, 0.0, LATE_S - 0.03, LATE_S + 0.12),
        (0.0, LATE_S, LATE_S - 0.03, LATE_S + 0.12),
    ],
    ids=["a picture of now", "a picture stamped at its exposure", "a picture stamped when it came"],
)
def test_a_policy_is_told_how_far_the_joints_have_moved_since_the_picture(
    robot: Robot, stamped_late_s: float, stamp_delay_s: float, least: float, most: float
) -> None:
    assert least <= moved(robot, stamped_late_s=stamped_late_s, stamp_delay_s=stamp_delay_s) <= most
