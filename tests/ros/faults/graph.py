"""Others in the ROS graph do what they should not."""

from __future__ import annotations

import subprocess
import sys

from parameters import write
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage
from stage import peer_in
from std_msgs.msg import String

from faults.behaviour import DrivesOn
from faults.bench import CAMERA, INSTRUCTION, Bench
from faults.fault import Fault

ANOTHER_SENTENCE = "close the drawer"

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


def best_effort(bench: Bench) -> None:
    """An operator whose publisher a reliable subscription is incompatible with; what is said all the same is heard."""
    other = bench.until_end.enter_context(peer_in(bench.robot.peer.context.get_domain_id()))
    operator = other.node.create_publisher(String, INSTRUCTION, qos_profile_sensor_data)

    def heard() -> bool:
        operator.publish(String(data=ANOTHER_SENTENCE))
        return bench.robot.status_is(lambda status: status.value("instruction") == ANOTHER_SENTENCE)

    bench.wait_for("the best-effort operator", heard)


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
    Fault("another type on the camera's topic", "report it, drive on", another_type, DrivesOn(says="CompressedImage")),
    Fault(
        "an operator publishes with an incompatible quality of service (best effort)",
        "report it, accept its messages, drive on",
        best_effort,
        DrivesOn(says="best-effort"),
    ),
    Fault("a second node of the same name", "report it, drive on", same_name, DrivesOn(says="nodes have the name")),
    Fault("50 participants come and go", "drive on", passers_by, DrivesOn()),
]
