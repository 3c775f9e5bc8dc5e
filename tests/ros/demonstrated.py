"""A robot that is demonstrated to, its parameters, and what becomes of it: for the tests of `late_fusion record`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from peer import Peer
from program import Program
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

PARAMETERS = """\
late_fusion:
  ros__parameters:
    use_sim_time: {use_sim_time}
    modalities:
      scene: {{topic: camera/image_raw, message: sensor_msgs/msg/Image}}
      instruction: {{topic: instruction, message: std_msgs/msg/String}}
      joints: {{topic: joint_states, message: sensor_msgs/msg/JointState}}
    action: {{message: trajectory_msgs/msg/JointTrajectory}}
    record: {record}
"""

TOPICS = {
    "/camera/image_raw": "sensor_msgs/msg/Image",
    "/instruction": "std_msgs/msg/String",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/expert_action": "trajectory_msgs/msg/JointTrajectory",
    "/episode": "std_msgs/msg/String",
}
JOINTS = ["hand_x", "hand_y", "hand_z", "gripper"]


def qos(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def matches(publisher: Publisher) -> bool:
    return publisher.get_subscription_count() > 0


@dataclass
class Robot:
    """Camera, joints, expert and operator; remembers everything it published, by full topic name."""

    peer: Peer
    camera: str = "camera/image_raw"
    sent: dict[str, list] = field(default_factory=dict)

    def __post_init__(self) -> None:
        create = self.peer.node.create_publisher
        self.publishers = {
            self.peer.node.resolve_topic_name(topic): create(kind, topic, profile)
            for kind, topic, profile in [
                (Image, self.camera, qos(5)),
                (String, "instruction", qos(1, latched=True)),
                (JointState, "joint_states", qos(5, reliable=False)),
                (JointTrajectory, "expert_action", qos(10)),
                (String, "episode", qos(10)),
            ]
        }
        self.sent = {topic: [] for topic in self.publishers}
        self.recorded: dict[str, int] = {}
        self.recorded_until = Time()
        self.peer.node.create_subscription(
            DiagnosticArray, "late_fusion_record/status", self._on_status, qos(1, latched=True)
        )
        self.camera = self.peer.node.resolve_topic_name(self.camera)

    def wait_for_recorder(self, recorder: Program) -> None:
        """Until every topic has its subscription."""
        for topic, publisher in self.publishers.items():
            matched = partial(matches, publisher)
            self.peer.wait_for(f"a subscription to {topic}", matched, recorder)

    def publish(self, topic: str, message: object) -> None:
        self.sent[topic].append(message)
        self.publishers[topic].publish(message)

    def _on_status(self, message: DiagnosticArray) -> None:
        [status] = message.status
        self.recorded = {pair.key: int(pair.value) for pair in status.values}
        self.recorded_until = message.header.stamp

    def say(self, text: str) -> None:
        self.publish("/instruction", String(data=text))

    def is_recorded(self) -> bool:
        """Whether the recorder says that everything published is in the bag."""
        return all(self.recorded.get(topic, 0) == len(sent) for topic, sent in self.sent.items())

    def mark(self, text: str, recorder: Program) -> None:
        """A marker, set apart from what comes before and after: topics have no order among themselves."""
        self.peer.wait_for("a bag with everything", self.is_recorded, recorder)
        self.publish("/episode", String(data=text))
        self.peer.wait_for("a bag with the marker", self.is_recorded, recorder)

    def step(self, index: int, width: int = 64, height: int = 48) -> None:
        """One observation with the expert's action; the pixels do not compress."""
        stamp = Time(sec=100 + index, nanosec=index)
        image = Image(height=height, width=width, encoding="rgb8", step=3 * width)
        image.header.stamp, image.header.frame_id = stamp, "camera_optical"
        image.data = np.random.default_rng(index).integers(0, 256, 3 * width * height, dtype=np.uint8).tobytes()
        self.publish(self.camera, image)
        joints = JointState(name=JOINTS, position=[index + 0.25 * joint for joint in range(4)])
        joints.header.stamp = stamp
        self.publish("/joint_states", joints)
        action = JointTrajectory(joint_names=JOINTS)
        action.header.stamp = stamp
        action.points = [JointTrajectoryPoint(velocities=[0.01 * index, -1.0, 0.5, 1.0])]
        self.publish("/expert_action", action)


def parameters(folder: Path, use_sim_time: bool = False, record: str = "{max_bag_size: 0}") -> Path:
    path = folder / "node.param.yaml"
    path.write_text(PARAMETERS.format(use_sim_time=str(use_sim_time).lower(), record=record))
    return path


def named(recording: Path) -> list[str | Path]:
    """What makes a recorder write there."""
    return ["--out", recording.parent, "--name", recording.name]


def file_of(recording: Path) -> Path:
    """The only file of messages in a recording's folder."""
    [file] = recording.glob("*.mcap")
    return file
