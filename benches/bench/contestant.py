"""The nodes that are compared."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.conditions import Conditions
from bench.parameters import POLICY, ROOT, parameters

OURS = "late_fusion"
PEER = "rclpy"
NAMES = (OURS, PEER)
PEER_NODE = ROOT / "benches/peer_rclpy.py"


def command_of(name: str, node: Path, conditions: Conditions, folder: Path) -> list[str]:
    """The command that starts one of them; `node` is the executable of ours, `folder` is for its parameters."""
    if name == OURS:
        file = folder / "bench.param.yaml"
        file.write_text(parameters(conditions.rate_hz))
        return [str(node), "--ros-args", "--params-file", str(file)]
    values = {"policy": POLICY, "control_rate_hz": float(conditions.rate_hz), "resize": conditions.peer_resize}
    given = [word for key, value in values.items() for word in ("-p", f"{key}:={value}")]
    return [sys.executable, str(PEER_NODE), "--ros-args", *given]
