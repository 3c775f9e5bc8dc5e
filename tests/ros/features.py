"""Features on a topic: what late_fusion_encoder publishes, and what another program could."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from parameters import FEATURE, SOURCES, write
from program import Program
from robot import Robot
from sensor_msgs.msg import PointCloud2, PointField


def cloud(encoder: str, values: Sequence[float], **changed: Any) -> Callable[[Time], PointCloud2]:
    """A feature as any program can make one; `changed` replaces fields of the message."""
    data = np.asarray(values, dtype="<f4").tobytes()
    fields = {"height": 1, "width": len(values), "point_step": 4, "row_step": len(data), "data": data}
    fields["fields"] = [PointField(name=encoder, datatype=PointField.FLOAT32, count=1)]

    def make(now: Time) -> PointCloud2:
        message = PointCloud2(**(fields | {"is_dense": True} | changed))
        message.header.stamp = now
        return message

    return make


def values(message: PointCloud2) -> np.ndarray:
    """The numbers of a feature."""
    return np.frombuffer(bytes(message.data), "<f4")


def elsewhere(parameters: dict, *names: str) -> dict:
    """The same parameters with these modalities ready-made, from encoder nodes named after them."""
    modalities = dict(parameters["modalities"])
    for name in names:
        modalities[name] = {"topic": f"{name}_encoder/feature", "message": FEATURE}
        if name == "instruction":
            modalities[name] |= {"max_age_s": math.inf, "accept_earlier": True}
    return parameters | {"modalities": modalities}


def start_encoder(robot: Robot, start: Callable[..., Program], policy: Path, modality: str, **more: object) -> Program:
    """An encoder node named after its modality, once its features are offered."""
    name = f"{modality}_encoder"
    parameters = {"policy": str(policy), "modality": modality, **SOURCES[modality], **more}
    path = write(robot.folder / f"{name}.param.yaml", parameters, section=name)
    arguments = ["--ros-args", "-r", f"__node:={name}", "--params-file", path]
    program = start("late_fusion_encoder", *arguments)

    def offered() -> bool:
        return robot.peer.node.count_publishers(f"{name}/feature") > 0

    robot.peer.wait_for(f"{name}/feature", offered, program)
    return program
