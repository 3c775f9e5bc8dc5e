"""Recordings as other tools write them, learned from: the writers of `rosbags` and `mcap`, and their compressions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from program import executable, problems
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter
from rosbags.typesys import Stores, get_typestore
from zstandard import ZstdDecompressor

TRAINING = """\
name: joints
modalities:
  - {name: joints, topic: joint_states, kind: vector, names: [left, right]}
action: {topic: expert_action, message: std_msgs/msg/Float64MultiArray}
actions:
  - {name: drive, unit: m/s, min: -4, max: 4}
  - {name: turn, unit: rad/s, min: -4, max: 4}
episodes: {topic: episode}
fusion: {method: concat}
head: {kind: mlp, hidden: [4]}
training: {epochs: 1, batch_size: 16, learning_rate: 0.01, weight_decay: 0.0, validation_fraction: 0.25, seed: 0}
"""

TOPICS = {
    "/episode": "std_msgs/msg/String",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/expert_action": "std_msgs/msg/Float64MultiArray",
}
EPISODES, LABELS = 4, 10
STORE = get_typestore(Stores.ROS2_JAZZY)


def recording() -> list[tuple[str, int, bytes]]:
    """Topic, time and message of a few episodes, all of which succeed."""
    types = STORE.types
    messages: list[tuple[str, int, bytes]] = []
    start = 1_700_000_000_000_000_000

    def add(topic: str, **fields: Any) -> None:
        kind = TOPICS[topic]
        serialized = bytes(STORE.serialize_cdr(types[kind](**fields), kind))
        messages.append((topic, start + 20_000_000 * len(messages), serialized))

    for episode in range(EPISODES):
        add("/episode", data="start")
        for label in range(LABELS):
            now = start + 20_000_000 * len(messages)
            stamp = types["builtin_interfaces/msg/Time"](sec=now // 10**9, nanosec=now % 10**9)
            header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="base")
            position, nothing = np.array([episode, 0.1 * label]), np.array([])
            add(
                "/joint_states",
                header=header,
                name=["left", "right"],
                position=position,
                velocity=nothing,
                effort=nothing,
            )
            layout = types["std_msgs/msg/MultiArrayLayout"](dim=[], data_offset=0)
            add("/expert_action", layout=layout, data=np.array([0.1 * label, 0.5]))
        add("/episode", data="success")
    return messages


def rosbags(storage: StoragePlugin, mode: CompressionMode) -> Callable[[Path], Path]:
    """Writes a folder as rosbag2 does."""

    def write(path: Path) -> Path:
        writer = RosbagsWriter(path, version=9, storage_plugin=storage)
        writer.set_compression(mode, CompressionFormat.ZSTD)
        with writer:
            connections = {topic: writer.add_connection(topic, kind, typestore=STORE) for topic, kind in TOPICS.items()}
            for topic, time, message in recording():
                writer.write(connections[topic], time, message)
        return path

    return write


def mcap(compression: CompressionType, *, use_chunking: bool = True) -> Callable[[Path], Path]:
    """Writes one file, the messages of the second half before those of the first."""

    def write(path: Path) -> Path:
        with path.open("wb") as stream:
            writer = McapWriter(stream, chunk_size=2000, compression=compression, use_chunking=use_chunking)
            writer.start(profile="ros2", library="another")
            channels = {}
            for topic, kind in TOPICS.items():
                schema = writer.register_schema(name=kind, encoding="ros2msg", data=b"")
                channels[topic] = writer.register_channel(topic=topic, message_encoding="cdr", schema_id=schema)
            messages = recording()
            half = len(messages) // 2
            for topic, time, message in messages[half:] + messages[:half]:
                writer.add_message(channels[topic], log_time=time, publish_time=time, data=message)
            writer.finish()
        return path

    return write


def train(bag: Path, folder: Path) -> subprocess.CompletedProcess:
    training = folder / "train.yaml"
    training.write_text(TRAINING)
    command: list[str | Path] = [executable("late_fusion"), "train", training, bag, "--out", folder / "policy"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "write",
    [
        rosbags(StoragePlugin.MCAP, CompressionMode.NONE),
        rosbags(StoragePlugin.MCAP, CompressionMode.MESSAGE),
        rosbags(StoragePlugin.MCAP, CompressionMode.FILE),
        rosbags(StoragePlugin.SQLITE3, CompressionMode.NONE),
        rosbags(StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
        mcap(CompressionType.NONE),
        mcap(CompressionType.NONE, use_chunking=False),
        mcap(CompressionType.LZ4),
        mcap(CompressionType.ZSTD),
    ],
    ids=[
        "rosbag2",
        "rosbag2 message",
        "rosbag2 file",
        "sqlite3",
        "sqlite3 message",
        "mcap",
        "mcap unchunked",
        "mcap lz4",
        "mcap zstd",
    ],
)
def test_what_others_write_is_learned_from(write: Callable[[Path], Path], tmp_path: Path) -> None:
    done = train(write(tmp_path / "recording.mcap"), tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "policy" / "report.json").read_text())
    assert [bag["used"] for bag in report["bags"]] == [EPISODES]
    assert report["labels"]["samples"] == EPISODES * LABELS
    assert "WARNING: bag" not in done.stderr


def test_a_database_that_was_compressed_as_a_whole_is_read_once_it_was_unpacked(tmp_path: Path) -> None:
    folder = rosbags(StoragePlugin.SQLITE3, CompressionMode.FILE)(tmp_path / "monday")
    [file] = folder.glob("*.db3.zstd")
    for named in (folder, file, tmp_path):
        done = train(named, tmp_path)
        [problem] = problems(done.stderr)
        assert done.returncode != 0
        assert f"`zstd -d {file}`" in problem
    with file.open("rb") as packed, file.with_suffix("").open("wb") as unpacked:
        ZstdDecompressor().copy_stream(packed, unpacked)
    assert train(folder, tmp_path).returncode == 0
