"""Demonstrations as `rosbags` writes them, with what each label should be learned with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
MODELS = Path(__file__).resolve().parents[1] / "models"
START_NS = 1_700_000_000_000_000_000
RATE_HZ = 20
PERIOD_NS = 10**9 // RATE_HZ
SENTENCES = ("open the drawer", "close the drawer")
LENGTHS = (9, 40, 11, 12)

TRAINING = """\
name: demonstrated
modalities:
  - name: scene
    topic: {scene}
    kind: image
    encoder:
      model: {models}/image_u8_nhwc.onnx
      input: {{name: image, type: u8, layout: nhwc, width: 48, height: 32}}
      output: features
      pooling: flatten
  - name: instruction
    topic: {instruction}
    kind: text
    projection: 4
    encoder:
      model: {models}/text_i32.onnx
      tokenizer: {models}/tokenizer.json
      max_tokens: 16
      output: last_hidden_state
      pooling: masked_mean
  - {{name: joints, topic: {joints}, kind: vector, names: {names}, history: 2}}
action: {action}
actions:
  - {{name: drive, unit: m/s, min: -1, max: 1}}
  - {{name: turn, unit: rad/s, min: -1, max: 1}}
episodes: {{topic: episode}}
fusion: {{method: concat}}
head: {{kind: mlp, hidden: [8]}}
training: {{epochs: 3, batch_size: 16, learning_rate: 0.01, weight_decay: 0.0, validation_fraction: 0.25, seed: 3}}
"""

OF_THE_BAG = {
    "scene": "camera/image_raw",
    "instruction": "instruction",
    "joints": "joint_states",
    "names": "[left, right]",
    "action": "{topic: expert_action, message: std_msgs/msg/Float64MultiArray}",
}
"""What a training file says of where things are, for the bag."""

OF_ITS_DATASET = {
    "scene": "observation/images/scene",
    "instruction": "task",
    "joints": "observation/state",
    "names": "[left, right]",
    "action": "{topic: action, message: trajectory_msgs/msg/JointTrajectory}",
}
"""The same for the LeRobot dataset that it is exported as."""


def training_file(path: Path, places: dict[str, str]) -> Path:
    """Writes a training file."""
    path.write_text(TRAINING.format(models=MODELS, **places))
    return path


@dataclass
class Frame:
    """A label with what had been recorded before it."""

    pixels: np.ndarray
    joints: np.ndarray
    action: np.ndarray
    task: str
    episode: int
    index: int


def make(kind: str, /, **fields: Any) -> Any:
    """A message with these fields."""
    return STORE.types[kind](**fields)


def record(folder: Path) -> list[Frame]:
    """Writes a bag of episodes with a camera of half the labels' rate, and returns what an export should have of it."""
    random = np.random.default_rng(7)
    frames: list[Frame] = []
    nothing = np.array([])
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections: dict[str, Connection] = {}

        def add(topic: str, at_ns: int, message: Any) -> None:
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connections[topic], at_ns, bytes(STORE.serialize_cdr(message, kind)))

        def header(at_ns: int) -> Any:
            stamp = make("builtin_interfaces/msg/Time", sec=at_ns // 10**9, nanosec=at_ns % 10**9)
            return make("std_msgs/msg/Header", stamp=stamp, frame_id="base")

        now = START_NS
        for episode, length in enumerate(LENGTHS):
            task = SENTENCES[episode % 2]
            add("/instruction", now, make("std_msgs/msg/String", data=task))
            add("/episode", now + 1_000, make("std_msgs/msg/String", data="start"))
            pixels = np.zeros((24, 32, 3), dtype=np.uint8)
            for index in range(length):
                now += PERIOD_NS
                if index % 2 == 0:
                    pixels = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
                    shape = {"height": 24, "width": 32, "encoding": "bgr8", "is_bigendian": 0, "step": 96}
                    data = pixels[:, :, ::-1].reshape(-1)
                    add("/camera/image_raw", now, make("sensor_msgs/msg/Image", header=header(now), data=data, **shape))
                joints = random.uniform(-1.0, 1.0, 2)
                fields = {
                    "name": ["right", "left"],
                    "position": joints[::-1].copy(),
                    "velocity": nothing,
                    "effort": nothing,
                }
                add("/joint_states", now, make("sensor_msgs/msg/JointState", header=header(now), **fields))
                action = random.uniform(-1.0, 1.0, 2)
                layout = make("std_msgs/msg/MultiArrayLayout", dim=[], data_offset=0)
                label = make("std_msgs/msg/Float64MultiArray", layout=layout, data=action)
                add("/expert_action", now + 1_000_000, label)
                seen = (joints.astype(np.float32), action.astype(np.float32))
                frames.append(Frame(pixels, *seen, task, episode, index))
            now += PERIOD_NS
            add("/episode", now, make("std_msgs/msg/String", data="success"))
            now += 10 * PERIOD_NS
    return frames
