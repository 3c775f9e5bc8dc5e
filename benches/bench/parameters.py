"""The parameters under which benches run the node."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "models/policies/tabletop"
NODE = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/late_fusion_node"
ACTIONS = ("hand_x", "hand_y", "hand_z", "gripper")
"""The shipped policy's, and so its joints."""


def parameters(rate_hz: float, max_age_s: float = 0.5, **more: Any) -> str:
    """Those of the shipped policy on the topics that `Robot` plays, as JSON, which is YAML; `more` is added to them."""
    values: dict[str, Any] = {
        "policy": str(POLICY),
        "control_rate_hz": float(rate_hz),
        "modalities": {
            "scene": {"topic": "camera/image_raw", "message": "sensor_msgs/msg/Image", "max_age_s": max_age_s},
            "instruction": {"topic": "instruction", "message": "std_msgs/msg/String", "accept_earlier": True},
            "joints": {"topic": "joint_states", "message": "sensor_msgs/msg/JointState", "max_age_s": max_age_s},
        },
        "action": {
            "message": "trajectory_msgs/msg/JointTrajectory",
            "fields": {action: f"velocities.{action}" for action in ACTIONS},
        },
    }
    return json.dumps({"late_fusion": {"ros__parameters": values | more}})
