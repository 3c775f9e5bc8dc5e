"""Parameter files for the node under test."""

from __future__ import annotations

import json
from pathlib import Path

from policies import Policy

FLOATS = "std_msgs/msg/Float64MultiArray"
TWIST = "geometry_msgs/msg/Twist"
TWIST_STAMPED = "geometry_msgs/msg/TwistStamped"
TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
FEATURE = "sensor_msgs/msg/PointCloud2"

RATE_HZ = 20.0

SOURCES = {
    "joints": {"topic": "joint_states", "message": "sensor_msgs/msg/JointState"},
    "target": {"topic": "target", "message": FLOATS},
    "scene": {"topic": "camera/image_raw", "message": "sensor_msgs/msg/Image"},
    "instruction": {"topic": "instruction", "message": "std_msgs/msg/String"},
    "touch": {"topic": "touch", "message": FEATURE},
}
"""Where the modalities of the tests' policies come from."""

FIELDS = {"drive": "linear.x", "turn": "angular.z"}
"""What a twist has for the two actions; the other commands find places of their own."""


def wired(policy: Policy, command: str = FLOATS, /, **more: object) -> dict:
    """Parameters that fit the policy, which is written now. `more` replaces whole parameters."""
    action: dict[str, object] = {"message": command}
    if command in (TWIST, TWIST_STAMPED):
        action["fields"] = dict(FIELDS)
    modalities = {modality["name"]: dict(SOURCES[modality["name"]]) for modality in policy.modalities}
    parameters = {"policy": str(policy.write()), "control_rate_hz": RATE_HZ}
    return parameters | {"modalities": modalities, "action": action} | more


def write(path: Path, parameters: dict, section: str = "late_fusion") -> Path:
    """A parameter file; JSON is YAML."""
    path.write_text(json.dumps({section: {"ros__parameters": parameters}}, indent=1))
    return path
