#!/usr/bin/env python3
"""Makes fields.json: messages of many types, and every number in each by its path; of some, their definition in IDL.

rosbags makes them, which shares no code with ours.

    python3 tests/golden/fields.py

Run it with the Python of .deps/venv (any with rosbags and numpy) and a sourced ROS 2, whose packages have the IDL.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)

TYPES = [
    "nav_msgs/msg/Odometry",
    "sensor_msgs/msg/Imu",
    "sensor_msgs/msg/JointState",
    "sensor_msgs/msg/LaserScan",
    "sensor_msgs/msg/Range",
    "sensor_msgs/msg/BatteryState",
    "sensor_msgs/msg/Joy",
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/TransformStamped",
    "geometry_msgs/msg/TwistStamped",
    "geometry_msgs/msg/WrenchStamped",
    "tf2_msgs/msg/TFMessage",
    "trajectory_msgs/msg/JointTrajectory",
    "std_msgs/msg/Bool",
    "std_msgs/msg/Int8",
    "std_msgs/msg/Int16",
    "std_msgs/msg/Int64",
    "std_msgs/msg/UInt16",
    "std_msgs/msg/UInt64",
    "std_msgs/msg/Float32",
    "std_msgs/msg/Float64MultiArray",
    "std_msgs/msg/Empty",
]

IN_IDL = [
    "nav_msgs/msg/Odometry",
    "sensor_msgs/msg/BatteryState",
    "trajectory_msgs/msg/JointTrajectory",
    "std_msgs/msg/Float64MultiArray",
    "std_msgs/msg/Empty",
]
"""Whose definition is there in IDL as well."""

LENGTH = 3
"""Elements of every sequence."""


def number(kind: str, rng: random.Random) -> float | int | bool:
    """Any number of a kind that JSON can hold."""
    if kind == "bool":
        return rng.random() < 0.5
    if kind.startswith("float"):
        value = rng.uniform(-100, 100)
        return float(np.float32(value)) if kind == "float32" else value
    bits = int(kind.removeprefix("uint").removeprefix("int")) if "int" in kind else 8
    bits = min(bits, 53)
    return (
        rng.randrange(2**bits)
        if kind.startswith(("uint", "byte", "octet", "char"))
        else rng.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    )


def filled(name: str, rng: random.Random) -> Any:
    """A message of a type, full of numbers."""
    content: dict[str, Any] = {}
    for field, (node, detail) in STORE.fielddefs[name][1]:
        content[field] = value_of(node, detail, rng)
    return STORE.types[name](**content)


def value_of(node: Any, detail: Any, rng: random.Random) -> Any:
    """The value of a field, by rosbags' description of it."""
    match node.name:
        case "BASE":
            kind = detail[0]
            return f"text {rng.randrange(100)}" if kind == "string" else number(kind, rng)
        case "NAME":
            return filled(detail, rng)
        case "ARRAY" | "SEQUENCE":
            (inner, what), count = detail
            count = count if node.name == "ARRAY" else LENGTH
            values = [value_of(inner, what, rng) for _ in range(count)]
            is_numbers = inner.name == "BASE" and what[0] != "string"
            return np.array(values, dtype=what[0]) if is_numbers else values
    raise AssertionError(node)


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number inside, with its path."""
    if kind := getattr(value, "__msgtype__", None):
        for name, _ in STORE.fielddefs[kind][1]:
            yield from numbers(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, list | np.ndarray):
        for i, each in enumerate(value):
            yield from numbers(each, f"{path}[{i}]")
    elif not isinstance(value, str):
        yield path, float(value)


def idl_of(name: str) -> str:
    """The definition in IDL of a type and of all types inside it, as rosbag2 embeds it in a recording."""
    sections: dict[str, str] = {}
    wanted = [name]
    for each in wanted:
        folders = map(Path, os.environ["AMENT_PREFIX_PATH"].split(":"))
        file = next(path for folder in folders if (path := folder / "share" / f"{each}.idl").exists())
        sections[each] = text = file.read_text()
        inside = re.findall(r'#include "(.*)\.idl"', text)
        wanted += [other for other in inside if other not in wanted]
    return "\n".join(f"{'=' * 80}\nIDL: {each}\n{text}" for each, text in sections.items())


def main() -> None:
    """Writes the file."""
    rng = random.Random(7)
    cases = []
    for name in TYPES:
        message = filled(name, rng)
        definition, _ = STORE.generate_msgdef(name, ros_version=2)
        little, big = (STORE.serialize_cdr(message, name, little_endian=order) for order in (True, False))
        cases.append(
            {
                "type": name,
                "definition": definition,
                **({"idl": idl_of(name)} if name in IN_IDL else {}),
                "little": base64.b64encode(little).decode(),
                "big": base64.b64encode(big).decode(),
                "numbers": dict(numbers(message)),
            }
        )
    file = Path(__file__).with_suffix(".json")
    file.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
