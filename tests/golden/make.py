#!/usr/bin/env python3
"""Makes the golden messages of this folder with rosbags, a CDR implementation that shares no code with ours.

Run it with the Python of .deps/venv (any with rosbags and numpy):

    python3 tests/golden/make.py

Each message is written little-endian as NAME.cdr; those that others send to us also big-endian as NAME.be.cdr.
The tests in src/message/ name the values that are in them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

FOLDER = Path(__file__).parent
STORE = get_typestore(Stores.ROS2_JAZZY)


def message(name: str, /, **fields: Any) -> Any:
    """A message of the type `package/Name` with these fields."""
    package, short = name.split("/")
    return STORE.types[f"{package}/msg/{short}"](**fields)


def header(frame_id: str) -> Any:
    """The header that all golden messages carry: stamped 12.345678901 s."""
    stamp = message("builtin_interfaces/Time", sec=12, nanosec=345678901)
    return message("std_msgs/Header", stamp=stamp, frame_id=frame_id)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def write(file: str, content: Any, both: bool = True) -> None:
    """Writes one message, big-endian too where `both` says so."""
    for suffix, little in [(".cdr", True), (".be.cdr", False)][: 1 + both]:
        data = STORE.serialize_cdr(content, content.__msgtype__, little_endian=little)
        (FOLDER / f"{file}{suffix}").write_bytes(data)


def image(encoding: str, width: int, height: int, channels: int, step: int) -> Any:
    """A picture whose bytes count upwards."""
    return message(
        "sensor_msgs/Image",
        header=header("camera_optical"),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=step,
        data=np.arange(step * height, dtype=np.uint8),
    )


def multi_array(name: str, kind: type, offset: int) -> Any:
    dimension = message("std_msgs/MultiArrayDimension", label="joints", size=3, stride=3)
    layout = message("std_msgs/MultiArrayLayout", dim=[dimension], data_offset=offset)
    return message(f"std_msgs/{name}", layout=layout, data=np.array([9, 0.5, -1.25, 3], dtype=kind))


def feature(frame_id: str, values: list[float], big: bool) -> Any:
    """A feature: one row of numbers, and one field named by what made them."""
    encoder = "late_fusion/1/image/6ff7eab7/3/00112233445566778899aabbccddeeff"
    data = np.array(values, dtype=">f4" if big else "<f4")
    return message(
        "sensor_msgs/PointCloud2",
        header=header(frame_id),
        height=1,
        width=len(values),
        fields=[message("sensor_msgs/PointField", name=encoder, offset=0, datatype=7, count=1)],
        is_bigendian=big,
        point_step=4,
        row_step=4 * len(values),
        data=data.view(np.uint8),
        is_dense=True,
    )


def twist(*values: float) -> Any:
    linear = message("geometry_msgs/Vector3", **dict(zip("xyz", values[:3], strict=True)))
    angular = message("geometry_msgs/Vector3", **dict(zip("xyz", values[3:], strict=True)))
    return message("geometry_msgs/Twist", linear=linear, angular=angular)


def trajectory() -> Any:
    point = message(
        "trajectory_msgs/JointTrajectoryPoint",
        positions=floats(),
        velocities=floats(0.25, -0.5, 0.75, -1.0),
        accelerations=floats(),
        effort=floats(),
        time_from_start=message("builtin_interfaces/Duration", sec=0, nanosec=25_000_000),
    )
    return message(
        "trajectory_msgs/JointTrajectory",
        header=header(""),
        joint_names=["hand_x", "hand_y", "hand_z", "gripper"],
        points=[point],
    )


def diagnostics() -> Any:
    pair = message("diagnostic_msgs/KeyValue", key="age_s", value="0.61")
    statuses = [
        message(
            "diagnostic_msgs/DiagnosticStatus",
            level=2,
            name="late_fusion: control",
            message="scene: 0.61 s old, allowed 0.50 s",
            hardware_id="",
            values=[],
        ),
        message(
            "diagnostic_msgs/DiagnosticStatus",
            level=1,
            name="late_fusion: scene",
            message="",
            hardware_id="",
            values=[pair],
        ),
    ]
    return message("diagnostic_msgs/DiagnosticArray", header=header(""), status=statuses)


def contributions() -> Any:
    dimension = [
        message("std_msgs/MultiArrayDimension", label="modality: scene, words", size=2, stride=6),
        message("std_msgs/MultiArrayDimension", label="action: x, y, z", size=3, stride=3),
    ]
    layout = message("std_msgs/MultiArrayLayout", dim=dimension, data_offset=0)
    return message("std_msgs/Float64MultiArray", layout=layout, data=floats(0.5, -1, 2, 0, 1e-3, sys.float_info.max))


def main() -> None:
    write("image_rgb8", image("rgb8", width=3, height=2, channels=3, step=12))
    write("image_mono8", image("mono8", width=5, height=3, channels=1, step=5), both=False)
    write(
        "compressed_image",
        message(
            "sensor_msgs/CompressedImage",
            header=header("camera_optical"),
            format="jpeg",
            data=np.array([0xFF, 0xD8, 0xFF, 0xD9], dtype=np.uint8),
        ),
    )
    write("string", message("std_msgs/String", data="Öffne die Schublade 🤖"))
    write("string_empty", message("std_msgs/String", data=""))
    write(
        "joint_state",
        message(
            "sensor_msgs/JointState",
            header=header(""),
            name=["hand_x", "hand_y", "hand_z", "gripper"],
            position=floats(0.1, -0.2, 0.3, float("nan")),
            velocity=floats(),
            effort=floats(),
        ),
    )
    write("float32_multi_array", multi_array("Float32MultiArray", np.float32, offset=0))
    write("float64_multi_array", multi_array("Float64MultiArray", np.float64, offset=1))
    write("feature", feature("camera_optical", [0.5, -1.25, 3], big=False))
    write("feature_big", feature("camera_optical", [0.5, -1.25, 3], big=True))
    write("feature_absent", feature("", [], big=False))
    write("twist", twist(0.5, 0, 0, 0, 0, -1.5))
    write(
        "twist_stamped",
        message("geometry_msgs/TwistStamped", header=header("base_link"), twist=twist(0.5, 0, 0, 0, 0, -1.5)),
    )
    write("joint_trajectory", trajectory())
    write("clock", message("rosgraph_msgs/Clock", clock=header("").stamp))
    write("bool", message("std_msgs/Bool", data=True))
    axes, buttons = np.array([0.5, -1.0, 0.25], dtype=np.float32), np.array([0, 0, 1, -1], dtype=np.int32)
    write("joy", message("sensor_msgs/Joy", header=header("joy"), axes=axes, buttons=buttons))
    write("diagnostics", diagnostics(), both=False)
    write("contributions", contributions(), both=False)
    write(
        "log",
        message(
            "rcl_interfaces/Log",
            stamp=header("").stamp,
            level=30,
            name="late_fusion",
            msg="scene: 0.61 s old",
            file="src/ros/node.rs",
            function="",
            line=42,
        ),
        both=False,
    )


if __name__ == "__main__":
    main()
