"""From a bag that somebody has to a robot that drives: `late_fusion init`, `train`, `check`, and the node."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TwistStamped
from policies import ENCODERS
from program import executable
from robot import Robot, joints
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image
from std_msgs.msg import String

STORE = get_typestore(Stores.ROS2_JAZZY)
TOPICS = {
    "/front/image_raw": "sensor_msgs/msg/Image",
    "/instruction": "std_msgs/msg/String",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/cmd_vel": "geometry_msgs/msg/TwistStamped",
    "/battery": "sensor_msgs/msg/BatteryState",
}
PERIOD_NS = 50_000_000
STEPS = 200
PIXELS = (np.arange(12 * 16 * 3) % 251).astype(np.uint8)
"""What the camera sees."""


def message(kind: str, /, **fields: Any) -> Any:
    """A message with these fields, and nothing in the others."""
    return STORE.types[kind](**fields)


def drive(folder: Path, *, also: str | None = None) -> Path:
    """A recording of somebody who drives a base by two joints, as rosbag2 compresses it."""
    topics = TOPICS | ({also: "geometry_msgs/msg/TwistStamped"} if also else {})
    writer = RosbagsWriter(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    rng = np.random.default_rng(3)
    with writer:
        connections = {topic: writer.add_connection(topic, kind, typestore=STORE) for topic, kind in topics.items()}
        for step in range(STEPS):
            now = 1_700_000_000_000_000_000 + step * PERIOD_NS
            stamp = message("builtin_interfaces/msg/Time", sec=now // 10**9, nanosec=now % 10**9)
            header = message("std_msgs/msg/Header", stamp=stamp, frame_id="base")
            left, right = rng.uniform(-1, 1, 2)
            vector = [message("geometry_msgs/msg/Vector3", x=x, y=0.0, z=z) for x, z in ((left, 0.0), (0.0, -right))]
            twist = message("geometry_msgs/msg/Twist", linear=vector[0], angular=vector[1])
            image = {"height": 12, "width": 16, "encoding": "rgb8", "is_bigendian": 0, "step": 48, "data": PIXELS}
            state = {"name": ["left", "right"], "position": np.array([left, right])}
            messages = {
                "/front/image_raw": message("sensor_msgs/msg/Image", header=header, **image),
                "/instruction": message("std_msgs/msg/String", data="drive"),
                "/joint_states": message(
                    "sensor_msgs/msg/JointState", header=header, velocity=np.array([]), effort=np.array([]), **state
                ),
                "/cmd_vel": message("geometry_msgs/msg/TwistStamped", header=header, twist=twist),
            }
            if also:
                messages[also] = messages["/cmd_vel"]
            for i, (topic, content) in enumerate(messages.items()):
                data = bytes(STORE.serialize_cdr(content, topics[topic]))
                writer.write(connections[topic], now + i * 1_000_000, data)
    return folder


def seen(now: Time) -> Image:
    """What the camera saw."""
    image = Image(height=12, width=16, encoding="rgb8", step=48, data=PIXELS.tobytes())
    image.header.stamp = now
    return image


def init(bag: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Looks through a bag."""
    return tool("init", bag, "--out", out, "--encoders", ENCODERS, *more)


def tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a tool that nobody answers."""
    command = [executable("late_fusion"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def learn(bag: Path, mine: Path) -> Path:
    """Trains what was proposed, and returns the parameter file that goes with it, checked."""
    # So small a recording is learned by heart.
    training = mine / "training.yaml"
    text = training.read_text().replace("input_noise: 0.3", "input_noise: 0.0")
    training.write_text(text.replace("batch_size: 128", "batch_size: 16"))
    done = tool("train", training, bag, "--out", mine / "policy")
    assert done.returncode == 0, done.stderr
    parameters = mine / "node.param.yaml"
    done = tool("check", "--params-file", parameters)
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout + done.stderr
    return parameters


def test_a_bag_becomes_a_robot_that_drives(robot: Robot) -> None:
    bag, mine = drive(robot.folder / "bag"), robot.folder / "mine"
    done = init(bag, mine)
    assert done.returncode == 0, done.stderr
    for part in ("cameras: /front/image_raw", f"labels: /cmd_vel ({STEPS} messages, 20 Hz)", "late_fusion train"):
        assert part in done.stdout, done.stdout
    training = yaml.safe_load((mine / "training.yaml").read_text())
    assert [action["unit"] for action in training["actions"]] == ["m/s", "rad/s"]
    parameters = learn(bag, mine)

    loaded = yaml.safe_load(parameters.read_text())["/**/late_fusion"]["ros__parameters"]
    robot.run(loaded, action="late_fusion/command")
    robot.keep_sending("front/image_raw", seen)
    robot.keep_sending("joint_states", joints(0.8, -0.8))
    robot.say("drive")
    robot.wait_for_status("active")
    robot.wait_for(
        "it drives as it was shown", lambda: bool(robot.commands) and robot.commands[-1].twist.linear.x > 0.3
    )
    assert robot.commands[-1].twist.angular.z > 0.0
    robot.keep_sending("joint_states", joints(-0.8, 0.8))
    robot.wait_for("and back", lambda: robot.commands[-1].twist.linear.x < -0.3)


def test_what_is_ambiguous_or_there_already_is_told_with_what_to_add(tmp_path: Path) -> None:
    bag, mine = drive(tmp_path / "bag", also="/teleop/cmd_vel"), tmp_path / "mine"
    done = init(bag, mine)
    assert done.returncode == 1 and not mine.exists()
    assert "/cmd_vel, /teleop/cmd_vel; name one with --action" in done.stderr
    done = init(bag, mine, "--action", "teleop/cmd_vel")
    assert done.returncode == 0 and 'topic: "/teleop/cmd_vel"' in (mine / "training.yaml").read_text()
    done = init(bag, mine, "--action", "cmd_vel")
    assert done.returncode == 1 and "already exists; --force overwrites it" in done.stderr
    done = init(tmp_path / "nowhere", tmp_path / "other")
    assert done.returncode == 1 and "nowhere" in done.stderr


def test_a_robot_with_two_controllers_gets_a_command_topic_for_each(robot: Robot) -> None:
    bag, mine = drive(robot.folder / "bag", also="/trailer/cmd_vel"), robot.folder / "mine"
    done = init(bag, mine, "--action", "cmd_vel", "--action", "trailer/cmd_vel")
    assert done.returncode == 0, done.stderr
    parameters = learn(bag, mine)
    commands = yaml.safe_load(parameters.read_text())["/**/late_fusion"]["ros__parameters"]["action"]["commands"]
    assert [command["rate_hz"] for command in commands.values()] == [20.0, 20.0]
    heard: dict[str, list[TwistStamped]] = {command["topic"]: [] for command in commands.values()}
    for topic, messages in heard.items():
        robot.peer.node.create_subscription(TwistStamped, topic, messages.append, 10)
    robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", parameters)
    robot.keep_sending("front/image_raw", seen)
    robot.keep_sending("joint_states", joints(0.8, -0.8))
    robot.send_until("instruction", String(data="drive"), lambda: all(heard.values()), latched=True)
    robot.wait_for("both to drive", lambda: all(m[-1].twist.linear.x > 0.3 for m in heard.values()))
