"""A base and an arm from one policy: every number on its own topic, at its own rate, and stopped in its own way."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from frozen_thread import frozen_thread
from geometry_msgs.msg import Twist, TwistStamped, Vector3
from parameters import TRAJECTORY, TWIST_STAMPED, wired, write
from policies import ACTIONS, Policy, vector
from program import Program, refused
from robot import Robot, joints, seconds
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

RATE_HZ, ARM_HZ = 100.0, 20.0
LEFT, RIGHT = 1.5, -0.25


def parameters_of(folder: Path) -> dict:
    """The left joint drives the base, the right one is where the elbow is to be."""
    actions = [ACTIONS[0], {"name": "elbow", "unit": "rad", "min": -4.0, "max": 4.0}]
    policy = Policy(folder / "policy", [vector("joints", "left", "right")], np.eye(2), actions=actions)
    commands = {
        "base": {
            "topic": "base/cmd_vel",
            "message": TWIST_STAMPED,
            "frame_id": "base_link",
            "fields": {"drive": "linear.x"},
        },
        "arm": {
            "topic": "arm/joint_trajectory",
            "message": TRAJECTORY,
            "rate_hz": ARM_HZ,
            "stamp": "zero",
            "fields": {"elbow": "positions.elbow_joint"},
        },
    }
    return wired(policy) | {"control_rate_hz": RATE_HZ, "action": {"commands": commands}}


class BaseAndArm:
    """What arrives at a base and at an arm."""

    def __init__(self, robot: Robot, program: Program) -> None:
        self.base: list[TwistStamped] = []
        self.arm: list[JointTrajectory] = []
        self._robot = robot
        self._program = program
        create = robot.peer.node.create_subscription
        create(TwistStamped, "base/cmd_vel", self.base.append, 500)
        create(JointTrajectory, "arm/joint_trajectory", self.arm.append, 500)

    def newest(self) -> tuple[float, float] | None:
        """The speed and the position that were commanded last."""
        if not (self.base and self.arm):
            return None
        return self.base[-1].twist.linear.x, self.arm[-1].points[0].positions[0]

    def wait_for(self, speed: float, position: float) -> None:
        """Until both are commanded."""
        self._robot.wait_for(f"{speed} and {position}", lambda: self.newest() == (speed, position))

    def forget(self) -> None:
        """Only what arrives from now on."""
        self.base.clear()
        self.arm.clear()


@pytest.fixture
def driven(robot: Robot) -> BaseAndArm:
    """A base and an arm that a policy drives."""
    path = write(robot.folder / "node.param.yaml", parameters_of(robot.folder))
    robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", path)
    both = BaseAndArm(robot, robot.program)
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    both.wait_for(LEFT, RIGHT)
    return both


def stamps(commands: list[Any]) -> list[float]:
    return [seconds(command.header.stamp) for command in commands]


def test_each_topic_has_its_own_numbers_rate_and_layout(robot: Robot, driven: BaseAndArm) -> None:
    driven.forget()
    robot.wait_for("two seconds of commands", lambda: len(driven.arm) > 2 * ARM_HZ)
    base, arm = driven.base[-1], driven.arm[-1]
    assert base.header.frame_id == "base_link"
    assert (base.twist.linear.y, base.twist.angular.z) == (0.0, 0.0)
    assert list(arm.joint_names) == ["elbow_joint"]
    [point] = arm.points
    # It is there until the next one.
    assert point.time_from_start.nanosec == 10**9 / ARM_HZ
    # "At once", whatever the controller's clock says.
    assert set(stamps(driven.arm)) == {0.0}
    assert median(b - a for a, b in pairwise(stamps(driven.base))) == pytest.approx(1 / RATE_HZ, rel=0.1)
    assert len(driven.base) / len(driven.arm) == pytest.approx(RATE_HZ / ARM_HZ, rel=0.2)


def test_a_stop_stops_the_base_and_holds_the_arm(robot: Robot, driven: BaseAndArm) -> None:
    robot.silence("joint_states")
    driven.wait_for(0.0, RIGHT)
    driven.forget()
    robot.wait_for("more stops", lambda: len(driven.base) > 10 and len(driven.arm) > 10)
    assert {command.twist.linear.x for command in driven.base} == {0.0}
    assert {command.points[0].positions[0] for command in driven.arm} == {RIGHT}


def test_the_supervisor_stops_both(robot: Robot, driven: BaseAndArm) -> None:
    with frozen_thread(robot.program.process.pid, "control"):
        driven.wait_for(0.0, RIGHT)
        driven.forget()
        robot.wait_for("more stops", lambda: len(driven.base) > 10 and len(driven.arm) > 10)
    driven.wait_for(LEFT, RIGHT)


def test_the_end_of_the_node_stops_both(robot: Robot, driven: BaseAndArm) -> None:
    driven.forget()
    robot.program.stop(signal.SIGTERM)
    robot.peer.spin(0.5)
    assert driven.newest() == (0.0, RIGHT)


def test_both_are_recorded_and_explained(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> None:
    path = write(tmp_path / "node.param.yaml", parameters_of(tmp_path))
    recorder = start("late_fusion", "record", "--params-file", path, "--out", tmp_path, "--name", "bag")

    def drive(now: Time) -> TwistStamped:
        return TwistStamped(header=Header(stamp=now), twist=Twist(linear=Vector3(x=0.75)))

    def reach(now: Time) -> JointTrajectory:
        point = JointTrajectoryPoint(positions=[-0.5])
        return JointTrajectory(header=Header(stamp=now), joint_names=["elbow_joint"], points=[point])

    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    robot.keep_sending("base/cmd_vel", drive)
    robot.keep_sending("arm/joint_trajectory", reach)
    robot.peer.wait_for("the recorder", lambda: "recording" in recorder.log().lower(), recorder)
    robot.peer.spin(1.5)
    assert recorder.stop() == 0, recorder.log()
    explained = start(
        "late_fusion", "explain", "--params-file", path, "--bag", tmp_path / "bag", "--out", tmp_path / "why"
    )
    assert explained.wait() == 0, explained.log()
    [numbers] = (tmp_path / "why").glob("*.json")
    samples = json.loads(numbers.read_text())["samples"]
    shown = [sample["expert"] for sample in samples if "expert" in sample]
    assert len(shown) > 10 and all(expert == [0.75, -0.5] for expert in shown)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"arm": {"message": TRAJECTORY, "fields": {"elbow": "positions.elbow", "drive": "positions.drive"}}},
            "action drive is in action.commands.arm and in action.commands.base; it can be in one message only",
        ),
        (
            {"arm": {"message": TRAJECTORY, "fields": {"knee": "positions.knee"}}},
            "action elbow is in none of action.commands.arm, action.commands.base",
        ),
        ({"arm": {"message": TRAJECTORY}}, "action.commands.arm.fields is missing"),
        (
            {"arm": {"message": TRAJECTORY, "fields": {"elbow": "positions.elbow"}, "rate_hz": 200.0}},
            "action.commands.arm.rate_hz is 200; allowed: up to control_rate_hz, which is 100",
        ),
    ],
)
def test_what_leaves_an_action_without_its_place_is_refused(
    start: Callable[..., Program], tmp_path: Path, change: dict, told: str
) -> None:
    parameters = parameters_of(tmp_path)
    parameters["action"]["commands"] |= change
    path = write(tmp_path / "node.param.yaml", parameters)
    assert told in refused(start("late_fusion_node", "--ros-args", "--params-file", path))


def test_one_command_topic_or_several_but_not_both(start: Callable[..., Program], tmp_path: Path) -> None:
    parameters = parameters_of(tmp_path)
    parameters["action"]["topic"] = "cmd_vel"
    path = write(tmp_path / "node.param.yaml", parameters)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", path))
    assert "parameters action.topic and action.commands are both given" in told
