"""`late_fusion check --bag`: recordings that each lack something, as `rosbags` writes them."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import Writer as McapWriter
from PIL import Image
from policies import TEST_MODELS
from program import executable
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 100_000_000
EPISODES, STEPS = 12, 10
RED = np.full((24, 32, 3), (200, 10, 30), dtype=np.uint8)

TRAINING = f"""\
name: checked
modalities:
  - name: scene
    topic: camera/image_raw
    kind: image
    max_age_s: 0.5
    encoder:
      model: {TEST_MODELS}/image_log.onnx
      input: {{name: pixel_values, width: 16, height: 12, rescale: 1.0}}
      output: mean
  - {{name: joints, topic: joint_states, kind: vector, names: [left, right], max_age_s: 0.5}}
action: {{topic: expert_action, message: std_msgs/msg/Float64MultiArray}}
actions:
  - {{name: drive, unit: m/s, min: -1, max: 1}}
  - {{name: turn, unit: rad/s, min: -1, max: 1}}
episodes: {{topic: episode}}
fusion: {{method: concat}}
head: {{kind: mlp, hidden: [4]}}
training: {{epochs: 1, batch_size: 16, learning_rate: 0.01, weight_decay: 0.0, validation_fraction: 0.25, seed: 0}}
"""


def make(kind: str, /, **fields: Any) -> Any:
    """A message with these fields."""
    return STORE.types[kind](**fields)


def header(now_ns: int) -> Any:
    """A header of that time."""
    stamp = make("builtin_interfaces/msg/Time", sec=now_ns // 10**9, nanosec=now_ns % 10**9)
    return make("std_msgs/msg/Header", stamp=stamp, frame_id="base")


def image(now_ns: int, pixels: np.ndarray = RED) -> Any:
    """A picture from a camera."""
    height, width, _ = pixels.shape
    shape = {"height": height, "width": width, "encoding": "rgb8", "is_bigendian": 0, "step": 3 * width}
    return make("sensor_msgs/msg/Image", header=header(now_ns), data=pixels.reshape(-1), **shape)


def joints(now_ns: int, names: tuple[str, ...] = ("left", "right")) -> Any:
    """What the joints measure."""
    nothing, position = np.array([]), np.linspace(0.0, 1.0, len(names))
    fields = {"name": list(names), "position": position, "velocity": nothing, "effort": nothing}
    return make("sensor_msgs/msg/JointState", header=header(now_ns), **fields)


def action(drive: float = 0.5) -> Any:
    """What should be done."""
    layout = make("std_msgs/msg/MultiArrayLayout", dim=[], data_offset=0)
    return make("std_msgs/msg/Float64MultiArray", layout=layout, data=np.array([drive, 0.25]))


@dataclass
class Recorded:
    """The messages of a recording: topic, time, and message. Tests take some away, or change them."""

    messages: list[tuple[str, int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = START_NS
        for _ in range(EPISODES):
            self.mark(now, "start")
            for _ in range(STEPS):
                now += PERIOD_NS
                self.messages.append(("/camera/image_raw", now, image(now - 5_000_000)))
                self.messages.append(("/joint_states", now + 1_000_000, joints(now)))
                self.messages.append(("/expert_action", now + 20_000_000, action()))
            now += PERIOD_NS
            self.mark(now, "success")

    def mark(self, now: int, word: str) -> None:
        """A marker of an episode."""
        self.messages.append(("/episode", now, make("std_msgs/msg/String", data=word)))

    def change(self, topic: str, change: Callable[[int, int, Any], tuple[int, Any] | None]) -> None:
        """Makes another of every message of a topic, from its number and its time; None leaves it out."""
        changed, number = [], 0
        for name, at, message in self.messages:
            if name != topic:
                changed.append((name, at, message))
                continue
            other = change(number, at, message)
            number += 1
            changed.extend([(name, *other)] if other else [])
        self.messages = sorted(changed, key=lambda entry: entry[1])

    def write(self, folder: Path) -> Path:
        """Writes it as rosbag2 does."""
        with RosbagsWriter(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            connections: dict[str, Connection] = {}
            for topic, at, message in self.messages:
                kind = message.__msgtype__
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
                writer.write(connections[topic], at, bytes(STORE.serialize_cdr(message, kind)))
        return folder


def check(folder: Path, recorded: Recorded, *more: str | Path, training: bool = True) -> tuple[int, str]:
    """The exit status of `late_fusion check` on a recording, and what it says."""
    bag = recorded.write(folder / "bag")
    file = folder / "training.yaml"
    file.write_text(TRAINING)
    words = [executable("late_fusion"), "check", *([file] if training else []), "--bag", bag, *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "panicked" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def cells(told: str, first: str) -> list[str]:
    """The cells of the line that begins so."""
    [line] = [line for line in told.splitlines() if line.startswith(first + " ")]
    return line.split()


def test_a_good_recording_is_told_at_a_glance(tmp_path: Path) -> None:
    status, told = check(tmp_path, Recorded(), "--pictures", tmp_path / "seen")
    assert status == 0, told
    assert "WARNING" not in told
    camera = ["/camera/image_raw", "sensor_msgs/msg/Image", "120", "10.0", "0.200", "0.005", "rgb8", "32×24"]
    assert cells(told, "/camera/image_raw") == camera
    assert cells(told, "/expert_action")[2:4] == ["120", "10.0"]
    assert "12 success, 0 failure, 0 without an end; 12 used, 0.9 to 0.9 s long (median 0.9 s)" in told
    assert "labels    120 of 120 have every modality, 10.0 Hz" in told
    # A picture is recorded 20 ms before its label, and was taken 5 ms before that.
    assert cells(told, "scene") == ["scene", "camera/image_raw", "0.025", "0.025", "0.500", "0", "0", "0"]
    assert cells(told, "joints") == ["joints", "joint_states", "0.020", "0.020", "0.500", "0", "0", "0"]
    [picture] = (tmp_path / "seen").iterdir()
    assert picture.name == "camera_image_raw.jpg"
    np.testing.assert_allclose(np.asarray(Image.open(picture)), RED, atol=6)


def test_a_recording_alone_says_what_could_be_learned_from_it(tmp_path: Path) -> None:
    status, told = check(tmp_path, Recorded(), training=False)
    assert status == 0, told
    for line in ["cameras       /camera/image_raw", "sentences     none", "markers       /episode"]:
        assert line in told, told


def test_compressed_pictures_are_told_and_written(tmp_path: Path) -> None:
    def compress(_: int, at: int, __: object) -> tuple[int, object]:
        file = BytesIO()
        Image.fromarray(RED).save(file, "jpeg")
        data = np.frombuffer(file.getvalue(), dtype=np.uint8)
        return at, make("sensor_msgs/msg/CompressedImage", header=header(at), format="jpeg", data=data)

    recorded = Recorded()
    recorded.change("/camera/image_raw", compress)
    status, told = check(tmp_path, recorded, "--pictures", tmp_path / "seen")
    assert status == 0, told
    assert cells(told, "/camera/image_raw")[-2:] == ["jpeg", "32×24"]
    picture = Image.open(tmp_path / "seen" / "camera_image_raw.jpg")
    np.testing.assert_allclose(np.asarray(picture), RED, atol=8)


def left_out(topic: str) -> Callable[[Recorded], None]:
    """Nothing comes on a topic."""
    return lambda recorded: recorded.change(topic, lambda *_: None)


def other_type(recorded: Recorded) -> None:
    recorded.change("/expert_action", lambda _, at, __: (at, make("std_msgs/msg/String", data="forward")))


def no_end(recorded: Recorded) -> None:
    recorded.change("/episode", lambda number, at, message: None if number % 2 else (at, message))


def never_fresh(recorded: Recorded) -> None:
    recorded.change("/joint_states", lambda number, at, message: None if number else (at - PERIOD_NS * 100, message))


def another_joint(recorded: Recorded) -> None:
    recorded.change("/joint_states", lambda _, at, __: (at, joints(at, ("left", "wrist"))))


def not_finite(recorded: Recorded) -> None:
    recorded.change("/expert_action", lambda _, at, __: (at, action(float("nan"))))


def torn(recorded: Recorded) -> None:
    def tear(_: int, at: int, __: object) -> tuple[int, object]:
        data = np.frombuffer(b"\xff\xd8\xff\xe0 no picture", dtype=np.uint8)
        return at, make("sensor_msgs/msg/CompressedImage", header=header(at), format="jpeg", data=data)

    recorded.change("/camera/image_raw", tear)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (left_out("/camera/image_raw"), ["modality scene: there is no message on topic camera/image_raw"]),
        (left_out("/episode"), ["episodes: there is no message on topic episode"]),
        (other_type, ["topic expert_action has the type std_msgs/msg/String"]),
        (no_end, ["there is no episode to learn from", "12 had no end"]),
        (never_fresh, ["none of the 120 labels", "joints: 110 before its first message", "10 with one too old"]),
        (another_joint, ["none of the 120 labels", "right"]),
        (not_finite, ["action drive is NaN; only finite numbers are allowed"]),
        (torn, ["topic camera/image_raw: none of the first 50 pictures can be decoded", "damaged"]),
    ],
)
def test_what_no_training_could_learn_from_fails(
    tmp_path: Path, change: Callable[[Recorded], None], parts: list[str]
) -> None:
    recorded = Recorded()
    change(recorded)
    status, told = check(tmp_path, recorded)
    assert status == 1, told
    for part in parts:
        assert part in told, told
    # What there is is told all the same.
    assert "longest gap s" in told


def a_pause(recorded: Recorded) -> None:
    recorded.change("/camera/image_raw", lambda number, at, message: None if 20 <= number < 40 else (at, message))


def too_far(recorded: Recorded) -> None:
    recorded.change("/expert_action", lambda number, at, message: (at, action(2.0) if number < 3 else message))


def another_size(recorded: Recorded) -> None:
    recorded.change(
        "/camera/image_raw", lambda number, at, message: (at, image(at, RED[:12]) if number == 7 else message)
    )


def late(recorded: Recorded) -> None:
    recorded.change("/camera/image_raw", lambda _, at, __: (at, image(at - 300_000_000)))


def another_clock(recorded: Recorded) -> None:
    recorded.change("/camera/image_raw", lambda _, at, __: (at, image(at - START_NS + 10**9)))


def ahead(recorded: Recorded) -> None:
    recorded.change("/camera/image_raw", lambda _, at, __: (at, image(at + 150_000_000)))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            a_pause,
            ["/camera/image_raw: nothing came for 2.", "labels are left out because a modality has no message"],
        ),
        (too_far, ["3 label values lie outside the limits", "the first: action drive is 2; allowed: -1 to 1"]),
        (another_size, ["/camera/image_raw: its pictures differ: 1 rgb8 32×12, 119 rgb8 32×24"]),
        (late, ["/camera/image_raw: messages are recorded 0.300 s after their stamps"]),
        (another_clock, ["/camera/image_raw: its stamps and recording times come from different clocks"]),
        (ahead, ["/camera/image_raw: stamps are up to 0.150 s ahead"]),
    ],
)
def test_what_would_hurt_a_training_is_warned_about(
    tmp_path: Path, change: Callable[[Recorded], None], parts: list[str]
) -> None:
    recorded = Recorded()
    change(recorded)
    status, told = check(tmp_path, recorded)
    assert status in (0, 1), told
    for part in parts:
        assert any("WARNING: " in line and part in line for line in told.splitlines()), told


UNREADABLE = "my_msgs/msg/Battery came without a definition that can be read (encoding ros2msg, or ros2idl"


@pytest.mark.parametrize(
    ("idl", "is_read"),
    [("module my_msgs { module msg { struct Battery { double level; }; }; };", True), ("module my_msgs {};", False)],
)
def test_numbers_are_found_by_a_definition_in_idl(tmp_path: Path, idl: str, is_read: bool) -> None:
    bag, file = tmp_path / "bag.mcap", tmp_path / "training.yaml"
    file.write_text(
        TRAINING.replace("names: [left, right]", "names: [level]").replace("topic: joint_states", "topic: battery")
    )
    with bag.open("wb") as stream:
        writer = McapWriter(stream)
        writer.start(profile="ros2")
        schema = writer.register_schema(name="my_msgs/msg/Battery", encoding="ros2idl", data=idl.encode())
        channel = writer.register_channel(topic="/battery", message_encoding="cdr", schema_id=schema)
        writer.add_message(channel, log_time=1, publish_time=1, data=b"\0\1\0\0" + struct.pack("<d", 12.5))
        writer.finish()
    words: list[str | Path] = [executable("late_fusion"), "check", file, "--bag", bag]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    # There is nothing to learn in it either way.
    assert done.returncode == 1
    assert (UNREADABLE not in done.stderr) == is_read, done.stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--bag", "{folder}/none"], "none"),
        (["--bag", "{folder}", "--params-file", "x.yaml"], "cannot be used with"),
        (["{folder}/none.yaml", "--bag", "{folder}/bag"], "none.yaml"),
        ([], "--params-file"),
        (["--params-file", "x.yaml", "more"], '"more"'),
    ],
)
def test_a_wrong_command_line_is_told(tmp_path: Path, words: list[str], part: str) -> None:
    Recorded().write(tmp_path / "bag")
    command: list[str | Path] = [executable("late_fusion"), "check"]
    command += [word.format(folder=tmp_path) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert part in done.stderr, done.stderr
