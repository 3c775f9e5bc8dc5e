"""Others in the ROS graph do what they should not."""

from __future__ import annotations

import subprocess
import sys

from parameters import write
from sensor_msgs.msg import CompressedImage
from stage import peer_in

from faults.behaviour import DrivesOn
from faults.bench import CAMERA, Bench
from faults.fault import Fault

PARTICIPANTS = """
import rclpy
contexts = [rclpy.Context() for _ in range(50)]
for number, context in enumerate(contexts):
    rclpy.init(context=context, domain_id=DOMAIN)
    rclpy.create_node(f"passer_by_{number}", context=context)
for context in contexts:
    rclpy.shutdown(context=context)
"""


def another_type(bench: Bench) -> None:
    """Somebody publishes compressed pictures on the camera's topic."""
    other = bench.until_end.enter_context(peer_in(bench.robot.peer.context.get_domain_id()))
    other.node.create_publisher(CompressedImage, CAMERA, 5)


def same_name(bench: Bench) -> None:
    """A second node with the node's own name, which commands something else."""
    path = write(bench.robot.folder / "second.param.yaml", bench.parameters)
    second = bench.robot._start("late_fusion_node", "--ros-args", "--params-file", path, "-r", "action:=elsewhere")
    bench.until_end.callback(second.end)


def passers_by(bench: Bench) -> None:
    """Fifty participants that come and go."""
    script = PARTICIPANTS.replace("DOMAIN", str(bench.robot.peer.context.get_domain_id()))
    crowd = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    bench.until_end.callback(crowd.wait)
    bench.until_end.callback(crowd.kill)
    bench.wait_for("everybody to be gone", lambda: crowd.poll() is not None, timeout_s=60.0)


FAULTS = [
    Fault("another type on the camera's topic", "say so, drive on", another_type, DrivesOn(says="CompressedImage")),
    Fault("a second node of the same name", "say so, drive on", same_name, DrivesOn(says="nodes have the name")),
    Fault("50 participants come and go", "drive on", passers_by, DrivesOn()),
]
