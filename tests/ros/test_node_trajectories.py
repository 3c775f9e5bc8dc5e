"""Trajectories of several points: what follows a command if nothing new is seen, inside every limit, and at a stop the
stop."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from parameters import FLOATS, RATE_HZ, TRAJECTORY, wired, write
from policies import joints_policy
from program import Program, refused
from robot import Robot, joints
from trajectory_msgs.msg import JointTrajectory

POINTS = 4
MAX_RATE = 1.0


def positions(command: JointTrajectory) -> list[list[float]]:
    """The positions of each point."""
    return [list(point.positions) for point in command.points]


@pytest.fixture
def parameters(robot: Robot) -> dict:
    parameters = wired(joints_policy(robot.folder / "policy"), TRAJECTORY)
    parameters["stop"] = {"behaviour": "hold"}
    parameters["action"] |= {"points": POINTS, "limits": {"drive": {"max_rate": MAX_RATE}}}
    return parameters


def test_every_point_is_inside_the_limits_and_due_a_period_after_the_one_before(robot: Robot, parameters: dict) -> None:
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for("the first position", lambda: bool(robot.commands))
    robot.commands.clear()
    robot.keep_sending("joint_states", joints(0.75, 0.0))
    robot.wait_for("the other one", lambda: bool(robot.commands) and positions(robot.commands[-1])[0] == [1.0, 0.0])
    on_the_way = 0
    for command in robot.commands:
        due = [point.time_from_start.sec + point.time_from_start.nanosec / 1e9 for point in command.points]
        assert due == pytest.approx([(number + 1) / RATE_HZ for number in range(POINTS)])
        drive = [point[0] for point in positions(command)]
        for before, after in pairwise(drive):
            assert -1e-9 <= after - before <= MAX_RATE / RATE_HZ + 1e-9
        on_the_way += drive[-1] - drive[0] > 2.5 * MAX_RATE / RATE_HZ
    assert on_the_way > 10
    assert positions(robot.commands[-1]) == [positions(robot.commands[-1])[0]] * POINTS


def test_a_stop_holds_at_every_point(robot: Robot, parameters: dict) -> None:
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.75, 0.0))
    robot.wait_for("some commands", lambda: len(robot.commands) > 3)
    robot.silence("joint_states")
    robot.wait_for_status("joints: ")
    robot.commands.clear()
    robot.wait_for("stops", lambda: len(robot.commands) > 5)
    held = positions(robot.commands[-1])[0]
    for command in robot.commands:
        assert positions(command) == [held] * POINTS


def test_only_a_trajectory_has_points(start: Callable[..., Program], tmp_path: Path) -> None:
    parameters = wired(joints_policy(tmp_path / "policy"), FLOATS)
    parameters["action"]["points"] = 2
    path = write(tmp_path / "node.param.yaml", parameters)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", path))
    assert (
        "parameter action.points is 2; allowed: 1, for std_msgs/msg/Float64MultiArray has no points; only "
        "trajectory_msgs/msg/JointTrajectory has" in told
    )
