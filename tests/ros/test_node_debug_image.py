"""The picture of what the node sees, is told and does."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from manager import Manager
from parameters import wired
from PIL import Image as Picture
from policies import sight_policy
from rclpy.subscription import Subscription
from robot import Robot, joints, picture
from sensor_msgs.msg import CompressedImage

TOPIC = "late_fusion/debug/image/compressed"


def pictures(robot: Robot) -> tuple[Subscription, list[np.ndarray]]:
    """What will have come of it, as arrays of red, green and blue."""
    heard: list[np.ndarray] = []

    def hear(message: CompressedImage) -> None:
        assert message.format == "jpeg"
        heard.append(np.asarray(Picture.open(io.BytesIO(bytes(message.data))).convert("RGB"), dtype=int))

    return robot.peer.node.create_subscription(CompressedImage, TOPIC, hear, 5), heard


def share_of(shown: np.ndarray, colour: tuple[int, int, int]) -> float:
    """How much of a picture has about this colour."""
    return float(np.mean(np.all(np.abs(shown - colour) < 16, axis=2)))


def cpu_ticks(robot: Robot) -> int:
    """What its thread has used of a CPU, in hundredths of a second."""
    for task in Path(f"/proc/{robot.program.process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "debug_image":
            after_name = (task / "stat").read_text().rpartition(")")[2].split()
            return int(after_name[11]) + int(after_name[12])
    raise AssertionError("there is no such thread")


def drive(robot: Robot, **more: object) -> None:
    """Starts a robot that sees red and acts."""
    robot.run(wired(sight_policy(robot.folder / "policy"), **more))
    robot.keep_sending("joint_states", joints(0.5, 0.25))
    robot.keep_sending("camera/image_raw", picture(200, 20, 20))
    robot.wait_for_status("active")


def test_it_shows_what_the_camera_sees_and_whether_the_robot_is_stopped(robot: Robot) -> None:
    drive(robot)
    _, heard = pictures(robot)
    robot.wait_for("red", lambda: bool(heard) and share_of(heard[-1], (200, 20, 20)) > 0.2)
    assert heard[-1].shape == (480, 640, 3)
    green = heard[-1][:30, 300:].mean(axis=(0, 1))
    assert green[1] > green[0], "an active robot has a green head"
    robot.keep_sending("camera/image_raw", picture(20, 40, 220))
    robot.wait_for("blue", lambda: share_of(heard[-1], (20, 40, 220)) > 0.2)
    robot.silence("camera/image_raw")
    robot.wait_for_status("scene: ")
    robot.wait_for("a red head", lambda: heard[-1][:30, 500:, 0].mean() > 2 * heard[-1][:30, 500:, 1].mean())


def test_it_costs_nothing_while_nobody_looks_and_ends_with_those_who_do(robot: Robot) -> None:
    drive(robot)
    before = cpu_ticks(robot)
    robot.peer.spin(1.5)
    assert cpu_ticks(robot) - before <= 2
    subscription, heard = pictures(robot)
    robot.wait_for("drawing to be seen in the same count", lambda: cpu_ticks(robot) - before > 5, 30.0)
    assert len(heard) >= 5
    robot.peer.node.destroy_subscription(subscription)
    robot.wait_for("nobody", lambda: robot.peer.node.count_subscribers(TOPIC) == 0)
    robot.peer.spin(0.5)
    before = cpu_ticks(robot)
    robot.peer.spin(1.5)
    assert cpu_ticks(robot) - before <= 2


def test_it_shows_a_node_that_does_not_drive(manager: Manager) -> None:
    robot = manager.robot
    manager.run(wired(sight_policy(robot.folder / "policy")))
    _, heard = pictures(robot)
    robot.wait_for("a picture", lambda: bool(heard))
    assert heard[-1].shape == (480, 640, 3)
    head = heard[-1][:30, 500:].mean(axis=(0, 1))
    assert np.ptp(head) < 40, "the head of an inactive node is grey"


def test_who_wants_none_has_none(robot: Robot) -> None:
    drive(robot, debug_image_rate_hz=0.0)
    assert robot.peer.node.count_publishers(TOPIC) == 0
    assert "debug_image" not in robot.program.threads()
