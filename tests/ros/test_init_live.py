"""`late_fusion init --live`: a running robot, listened to, becomes a training and a parameter file."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import sin
from pathlib import Path

import pytest
import yaml
from builtin_interfaces.msg import Time
from nav_msgs.msg import Odometry
from policies import ENCODERS
from program import Program, problems
from robot import Robot, picture, seconds
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header

JOINTS = ["pan", "lift"]


def arm(delay_s: float, name: list[str] = JOINTS) -> Callable[[Time], JointState]:
    """An arm that swings."""

    def make(now: Time) -> JointState:
        angle = sin(2.0 * (seconds(now) - delay_s))
        return JointState(header=Header(stamp=now), name=name, position=[angle, -angle / 2])

    return make


@pytest.fixture
def listen(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> Callable[..., Program]:
    """Listens to the robot until the tool has ended."""

    def listen(*more: str) -> Program:
        out = tmp_path / "mine"
        robot.program = start("late_fusion", "init", "--live", "4", "--out", out, "--encoders", ENCODERS, *more)
        end = time.monotonic() + 60.0
        while robot.program.process.poll() is None and time.monotonic() < end:
            robot.peer.spin(0.1)
        return robot.program

    return listen


def parameters_in(folder: Path) -> dict:
    return yaml.safe_load((folder / "mine" / "node.param.yaml").read_text())["/**/late_fusion"]["ros__parameters"]


def test_an_arm_that_is_led_is_proposed_with_the_command_that_it_awaits(
    robot: Robot, start: Callable[..., Program], listen: Callable[..., Program], tmp_path: Path
) -> None:
    robot.peer.node.create_subscription(Float64MultiArray, "arm_controller/commands", lambda _: None, 10)
    robot.keep_sending("wrist/image_raw", picture(96, 128, 160))
    robot.keep_sending("leader/joint_states", arm(0.0))
    robot.keep_sending("joint_states", arm(0.1))
    robot.keep_sending("odom", lambda now: Odometry(header=Header(stamp=now)))
    told = listen("--action", "leader/joint_states")
    assert told.wait() == 0, told.log()
    assert "the robot subscribes to commands on /arm_controller/commands (std_msgs/msg/Float64MultiArray)" in told.log()
    assert "late_fusion record --params-file" in told.log()

    parameters = parameters_in(tmp_path)
    assert {each["topic"] for each in parameters["modalities"].values()} == {
        "/wrist/image_raw",
        "/joint_states",
        "/odom",
    }
    assert parameters["action"]["message"] == "std_msgs/msg/Float64MultiArray"
    assert parameters["action"]["fields"] == {"pan": "data.0", "lift": "data.1"}
    assert parameters["record"]["expert_action_topic"] == "/leader/joint_states"
    # As often as the labels came: the test sends as often as a busy machine lets it.
    assert 20.0 <= parameters["control_rate_hz"] <= 60.0
    training = yaml.safe_load((tmp_path / "mine" / "training.yaml").read_text())
    assert training["action"]["topic"] == "/leader/joint_states"
    [odometry] = [each for each in training["modalities"] if each["topic"] == "/odom"]
    assert odometry["names"] == ["twist.twist.linear.x", "twist.twist.angular.z"]
    assert training["episodes"] == {"each": "bag"}

    # What was written is what `record` takes.
    file = tmp_path / "mine" / "node.param.yaml"
    recorder = start("late_fusion", "record", "--params-file", file, "--out", tmp_path, "--name", "bag")
    robot.peer.wait_for("the recorder", lambda: "recording" in recorder.log().lower(), recorder)
    robot.peer.spin(1.0)
    assert recorder.stop() == 0, recorder.log()


def test_a_command_message_that_is_asked_for_wins(listen: Callable[..., Program], robot: Robot, tmp_path: Path) -> None:
    robot.peer.node.create_subscription(Float64MultiArray, "arm_controller/commands", lambda _: None, 10)
    robot.keep_sending("joint_states", arm(0.0))
    told = listen("--positions-by", "trajectory_msgs/msg/JointTrajectory")
    assert told.wait() == 0, told.log()
    action = parameters_in(tmp_path)["action"]
    assert action["message"] == "trajectory_msgs/msg/JointTrajectory"
    assert action["fields"] == {"pan": "positions.pan", "lift": "positions.lift"}


def test_silence_is_told(listen: Callable[..., Program]) -> None:
    told = listen()
    assert told.wait() == 1
    assert any("no topic can provide labels" in problem for problem in problems(told.log())), told.log()
