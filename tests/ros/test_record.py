"""`late_fusion record` against an rclpy robot; what it wrote is read by two independent readers."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from mcap.reader import SeekingReader
from peer import Peer
from program import Program
from rclpy.duration import Duration
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo
from readers import read_what_is_whole, read_with_mcap, read_with_rosbags, same
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader as RosbagsReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

PARAMETERS = """\
late_fusion:
  ros__parameters:
    use_sim_time: {use_sim_time}
    modalities:
      scene: {{topic: camera/image_raw, message: sensor_msgs/msg/Image}}
      instruction: {{topic: instruction, message: std_msgs/msg/String}}
      joints: {{topic: joint_states, message: sensor_msgs/msg/JointState}}
    action: {{message: trajectory_msgs/msg/JointTrajectory}}
    record: {record}
"""

TOPICS = {
    "/camera/image_raw": "sensor_msgs/msg/Image",
    "/instruction": "std_msgs/msg/String",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/expert_action": "trajectory_msgs/msg/JointTrajectory",
    "/episode": "std_msgs/msg/String",
}
JOINTS = ["hand_x", "hand_y", "hand_z", "gripper"]


def qos(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def matches(publisher: Publisher) -> bool:
    return publisher.get_subscription_count() > 0


@dataclass
class Robot:
    """Camera, joints, expert and operator; remembers everything it published, by full topic name."""

    peer: Peer
    camera: str = "camera/image_raw"
    sent: dict[str, list] = field(default_factory=dict)

    def __post_init__(self) -> None:
        create = self.peer.node.create_publisher
        self.publishers = {
            self.peer.node.resolve_topic_name(topic): create(kind, topic, profile)
            for kind, topic, profile in [
                (Image, self.camera, qos(5)),
                (String, "instruction", qos(1, latched=True)),
                (JointState, "joint_states", qos(5, reliable=False)),
                (JointTrajectory, "expert_action", qos(10)),
                (String, "episode", qos(10)),
            ]
        }
        self.sent = {topic: [] for topic in self.publishers}
        self.recorded: dict[str, int] = {}
        self.recorded_until = Time()
        self.peer.node.create_subscription(
            DiagnosticArray, "late_fusion_record/status", self._on_status, qos(1, latched=True)
        )
        self.camera = self.peer.node.resolve_topic_name(self.camera)

    def wait_for_recorder(self, recorder: Program) -> None:
        """Until every topic has its subscription."""
        for topic, publisher in self.publishers.items():
            matched = partial(matches, publisher)
            self.peer.wait_for(f"a subscription to {topic}", matched, recorder)

    def publish(self, topic: str, message: object) -> None:
        self.sent[topic].append(message)
        self.publishers[topic].publish(message)

    def _on_status(self, message: DiagnosticArray) -> None:
        [status] = message.status
        self.recorded = {pair.key: int(pair.value) for pair in status.values}
        self.recorded_until = message.header.stamp

    def say(self, text: str) -> None:
        self.publish("/instruction", String(data=text))

    def is_recorded(self) -> bool:
        """Whether the recorder says that everything published is in the bag."""
        return all(self.recorded.get(topic, 0) == len(sent) for topic, sent in self.sent.items())

    def mark(self, text: str, recorder: Program) -> None:
        """A marker, set apart from what comes before and after: topics have no order among themselves."""
        self.peer.wait_for("a bag with everything", self.is_recorded, recorder)
        self.publish("/episode", String(data=text))
        self.peer.wait_for("a bag with the marker", self.is_recorded, recorder)

    def step(self, index: int, width: int = 64, height: int = 48) -> None:
        """One observation with the expert's action; the pixels do not compress."""
        stamp = Time(sec=100 + index, nanosec=index)
        image = Image(height=height, width=width, encoding="rgb8", step=3 * width)
        image.header.stamp, image.header.frame_id = stamp, "camera_optical"
        image.data = np.random.default_rng(index).integers(0, 256, 3 * width * height, dtype=np.uint8).tobytes()
        self.publish(self.camera, image)
        joints = JointState(name=JOINTS, position=[index + 0.25 * joint for joint in range(4)])
        joints.header.stamp = stamp
        self.publish("/joint_states", joints)
        action = JointTrajectory(joint_names=JOINTS)
        action.header.stamp = stamp
        action.points = [JointTrajectoryPoint(velocities=[0.01 * index, -1.0, 0.5, 1.0])]
        self.publish("/expert_action", action)


@pytest.fixture
def robot(peer: Peer) -> Robot:
    return Robot(peer)


def parameters(folder: Path, use_sim_time: bool = False, record: str = "{max_bag_size: 0}") -> Path:
    path = folder / "node.param.yaml"
    path.write_text(PARAMETERS.format(use_sim_time=str(use_sim_time).lower(), record=record))
    return path


def named(recording: Path) -> list[str | Path]:
    """What makes a recorder write there."""
    return ["--out", recording.parent, "--name", recording.name]


def file_of(recording: Path) -> Path:
    """The only file of messages in a recording's folder."""
    [file] = recording.glob("*.mcap")
    return file


def test_what_was_published_is_read_back_equal_by_two_other_readers(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "demonstrations"
    robot.say("open the drawer")
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), "--out", out)
    robot.wait_for_recorder(recorder)
    for episode, ending in enumerate(["success", "failure 3 of 9"]):
        robot.mark("start", recorder)
        for step in range(15):
            robot.step(15 * episode + step)
            robot.peer.spin(1 / 30)
        robot.mark(ending, recorder)
    assert recorder.stop() == 0, recorder.log()
    [bag] = out.iterdir()

    assert "2 episodes (1 success, 1 failure)" in recorder.log()
    assert "warning" not in recorder.log()
    for read in (read_with_mcap(file_of(bag), TOPICS), read_with_rosbags(bag)):
        assert {topic: len(messages) for topic, messages in read.items()} == {
            topic: len(messages) for topic, messages in robot.sent.items()
        }
        for topic, sent in robot.sent.items():
            assert all(map(same, sent, read[topic])), topic


def qos_in_words(publisher: TopicEndpointInfo) -> dict:
    """A publisher's profile as rosbag2 writes it."""
    profile = publisher.qos_profile

    def time_of(duration: Duration) -> dict[str, int]:
        return {"sec": duration.nanoseconds // 10**9, "nsec": duration.nanoseconds % 10**9}

    return {
        "history": profile.history.name.lower(),
        "depth": profile.depth,
        "reliability": profile.reliability.name.lower(),
        "durability": profile.durability.name.lower(),
        "deadline": time_of(profile.deadline),
        "lifespan": time_of(profile.lifespan),
        "liveliness": profile.liveliness.name.lower(),
        "liveliness_lease_duration": time_of(profile.liveliness_lease_duration),
        "avoid_ros_namespace_conventions": profile.avoid_ros_namespace_conventions,
    }


def test_the_folder_says_for_rosbag2_what_is_in_it(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> None:
    bag = tmp_path / "monday"
    robot.say("open the drawer")
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), *named(bag))
    robot.wait_for_recorder(recorder)
    for step in range(10):
        robot.step(step)
        robot.peer.spin(1 / 30)
    robot.peer.wait_for("a bag with everything", robot.is_recorded, recorder)
    publishers = {topic: robot.peer.node.get_publishers_info_by_topic(topic) for topic in TOPICS}
    assert recorder.stop() == 0, recorder.log()

    assert sorted(file.name for file in bag.iterdir()) == ["metadata.yaml", "monday_0.mcap"]
    told = yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    logged = [log_time for _, log_time, _ in read_what_is_whole(file_of(bag))]
    begin = {"nanoseconds_since_epoch": min(logged)}
    duration = {"nanoseconds": max(logged) - min(logged)}
    topics = told.pop("topics_with_message_count")
    assert told == {
        "version": 9,
        "storage_identifier": "mcap",
        "duration": duration,
        "starting_time": begin,
        "message_count": 31,
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": ["monday_0.mcap"],
        "files": [{"path": "monday_0.mcap", "starting_time": begin, "duration": duration, "message_count": 31}],
        "custom_data": {},
        "ros_distro": "jazzy",
    }
    # A publisher without a word is there too: who plays the recording publishes the topic.
    assert {topic["topic_metadata"]["name"]: topic["message_count"] for topic in topics} == {
        topic: len(sent) for topic, sent in robot.sent.items()
    }
    with file_of(bag).open("rb") as stream:
        summary = SeekingReader(stream).get_summary()
    kept = {channel.topic: channel.metadata for channel in summary.channels.values()}
    for topic in (topic["topic_metadata"] for topic in topics):
        [publisher] = publishers[topic["name"]]
        assert topic["type"] == TOPICS[topic["name"]]
        assert topic["serialization_format"] == "cdr"
        assert topic["type_description_hash"] == str(publisher.topic_type_hash)
        assert topic["offered_qos_profiles"] == [qos_in_words(publisher)]
        if topic["name"] in kept:
            assert kept[topic["name"]]["topic_type_hash"] == topic["type_description_hash"]
            assert yaml.safe_load(kept[topic["name"]]["offered_qos_profiles"]) == topic["offered_qos_profiles"]

    with RosbagsReader(bag) as reader:
        assert (reader.start_time, reader.end_time) == (min(logged), max(logged) + 1)
        assert reader.message_count == 31
        [latched] = [connection for connection in reader.connections if connection.topic == "/instruction"]
        [offered] = latched.ext.offered_qos_profiles
        assert offered.durability == QosDurability.TRANSIENT_LOCAL
        assert latched.digest == str(publishers["/instruction"][0].topic_type_hash)


def test_a_recording_is_split_when_it_is_asked_for(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> None:
    bag = tmp_path / "split"
    file = parameters(tmp_path, record="{max_bag_size: 1000000}")
    recorder = start("late_fusion", "record", "--params-file", file, *named(bag))
    robot.wait_for_recorder(recorder)
    for step in range(30):
        robot.step(step, width=320, height=240)
        robot.peer.wait_for("the step in the bag", robot.is_recorded, recorder)
        robot.peer.spin(1 / 15)
    assert recorder.stop() == 0, recorder.log()
    assert len(list(bag.glob("split_*.mcap"))) >= 2
    read = read_with_rosbags(bag)
    for topic, sent in robot.sent.items():
        assert all(map(same, sent, read.get(topic, []))) and len(sent) == len(read.get(topic, [])), topic


def test_topics_are_recorded_under_the_names_they_have_on_the_robot(
    peer: Peer, start: Callable[..., Program], tmp_path: Path
) -> None:
    robot = Robot(peer, camera="/wrist/rgb")
    bag = tmp_path / "remapped"
    recorder = start(
        "late_fusion", "record", "--params-file", parameters(tmp_path), *named(bag),
        "--ros-args", "-r", "camera/image_raw:=/wrist/rgb",
    )  # fmt: skip
    robot.wait_for_recorder(recorder)
    robot.step(0)
    robot.peer.wait_for("a bag with everything", robot.is_recorded, recorder)
    assert recorder.stop(signal.SIGTERM) == 0, recorder.log()
    read = read_with_mcap(file_of(bag), TOPICS)
    assert same(robot.sent["/wrist/rgb"][0], read["/wrist/rgb"][0])
    assert "/camera/image_raw" not in read


def test_a_killed_recorder_has_lost_a_second_at_most(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    bag = tmp_path / "killed"
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), *named(bag))
    robot.wait_for_recorder(recorder)
    times = []
    for index in range(120):
        robot.step(index, width=320, height=240)
        times.append(time.monotonic())
        robot.peer.spin(1 / 40)
    killed = time.monotonic()
    recorder.process.kill()
    recorder.wait()

    safe = sum(killed - sent > 1.0 for sent in times)
    assert safe > 60
    images = [data for topic, _, data in read_what_is_whole(file_of(bag)) if topic == "/camera/image_raw"]
    assert len(images) >= safe
    for sent, data in zip(robot.sent["/camera/image_raw"], images, strict=False):
        assert data.endswith(bytes(sent.data))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB. Only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_the_recording_and_what_was_recorded_before_is_whole(
    robot: Robot, start: Callable[..., Program], tmp_path: Path, small_disk: Path
) -> None:
    bag = small_disk / "full"
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), *named(bag))
    robot.wait_for_recorder(recorder)
    for index in range(4):
        robot.step(index, width=320, height=240)
    robot.peer.wait_for("a bag with everything", robot.is_recorded, recorder)
    robot.peer.spin(1.5)
    for index in range(4, 200):
        if recorder.process.poll() is not None:
            break
        robot.step(index, width=320, height=240)
        robot.peer.spin(1 / 40)
    assert recorder.wait() == 1, recorder.log()
    assert str(bag) in recorder.log() and "No space left on device" in recorder.log(), recorder.log()
    assert "panicked" not in recorder.log()
    images = [data for topic, _, data in read_what_is_whole(file_of(bag)) if topic == "/camera/image_raw"]
    # As with a recorder that is killed, a second is lost at most.
    assert len(images) >= 4
    for sent, data in zip(robot.sent["/camera/image_raw"], images, strict=False):
        assert data.endswith(bytes(sent.data))


def test_simulated_time_stamps_the_log_and_keeps_the_instruction_that_came_before_it(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    bag = tmp_path / "simulated"
    clock = robot.peer.node.create_publisher(Clock, "/clock", qos(1, reliable=False))
    robot.say("push the button")
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path, use_sim_time=True), *named(bag))
    robot.wait_for_recorder(recorder)
    robot.peer.wait_for("a subscription to /clock", partial(matches, clock), recorder)
    robot.step(0)
    robot.peer.spin(0.5)
    for second in (7, 8):
        clock.publish(Clock(clock=Time(sec=second)))
        robot.peer.spin(0.3)
        robot.step(second)
        robot.peer.spin(0.3)
    assert recorder.stop() == 0, recorder.log()

    assert "3 messages came before the first /clock" in recorder.log()
    logged = [(topic, log_time // 10**9) for topic, log_time, _ in read_what_is_whole(file_of(bag))]
    assert logged[0] == ("/instruction", 7)
    assert [second for topic, second in logged if topic == "/camera/image_raw"] == [7, 8]


def test_the_recorder_says_up_to_which_time_it_has_recorded_what(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    bag = tmp_path / "ordered"
    clock = robot.peer.node.create_publisher(Clock, "/clock", qos(1))
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path, use_sim_time=True), *named(bag))
    robot.wait_for_recorder(recorder)
    robot.peer.wait_for("a subscription to /clock", partial(matches, clock), recorder)
    published = []
    for step in range(30):
        now = Time(sec=100 + step, nanosec=step)

        def is_told(time: Time = now) -> bool:
            clock.publish(Clock(clock=time))
            return robot.recorded_until == time

        robot.peer.wait_for("the new time", is_told, recorder)
        if step % 5 == 0:
            robot.say(f"sentence {step}")
            robot.peer.wait_for("the sentence in the bag", robot.is_recorded, recorder)
            robot.mark("start" if step % 10 == 0 else "success", recorder)
            published += ["/instruction", "/episode"]
        robot.step(step)
        robot.peer.wait_for("the step in the bag", robot.is_recorded, recorder)
        published += 3 * ["a step"]
    assert recorder.stop() == 0, recorder.log()

    read = list(read_what_is_whole(file_of(bag)))
    unstamped = ("/instruction", "/episode")
    assert [topic if topic in unstamped else "a step" for topic, _, _ in read] == published
    at = iter(log_time for topic, log_time, _ in read if topic == "/camera/image_raw")
    assert list(at) == [step * (10**9 + 1) + 100 * 10**9 for step in range(30)]
    assert [log_time for _, log_time, _ in read] == sorted(log_time for _, log_time, _ in read)


def test_a_clock_that_goes_back_is_warned_about(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> None:
    bag = tmp_path / "reset"
    clock = robot.peer.node.create_publisher(Clock, "/clock", qos(1, reliable=False))
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path, use_sim_time=True), *named(bag))
    robot.wait_for_recorder(recorder)
    robot.peer.wait_for("a subscription to /clock", partial(matches, clock), recorder)
    for second in (7, 8, 2, 3):
        clock.publish(Clock(clock=Time(sec=second)))
        robot.peer.spin(0.3)
        robot.step(second)
        robot.peer.spin(0.3)
    assert recorder.stop() == 0, recorder.log()
    assert recorder.log().count("warning: the clock went back by 6.0 s. Recordings are read in the order") == 1
    logged = [
        log_time // 10**9 for topic, log_time, _ in read_what_is_whole(file_of(bag)) if topic == "/camera/image_raw"
    ]
    assert logged == [7, 8, 2, 3]


def test_a_malformed_message_is_kept_and_warned_about_once(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    bag = tmp_path / "malformed"
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), *named(bag))
    robot.wait_for_recorder(recorder)
    wrong = Image(height=4, width=4, encoding="rgb8", step=12, data=bytes(47))
    for _ in range(3):
        robot.publish("/camera/image_raw", wrong)
        robot.peer.spin(0.1)
    robot.mark("begin", recorder)
    assert recorder.stop() == 0, recorder.log()
    assert recorder.log().count("/camera/image_raw: a message is malformed: data is 47 bytes") == 1
    assert "3 messages, 3 of them malformed" in recorder.log()
    assert 'the episode marker is "begin"; start, change, success and failure are understood' in recorder.log()
    assert all(same(wrong, image) for image in read_with_mcap(file_of(bag), TOPICS)["/camera/image_raw"])


def test_silent_topics_and_other_types_are_named(peer: Peer, start: Callable[..., Program], tmp_path: Path) -> None:
    peer.node.create_publisher(String, "camera/image_raw", 1)
    peer.node.create_publisher(JointState, "joint_states", 1)
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), "--out", tmp_path)
    for part in [
        "/camera/image_raw is published as std_msgs/msg/String, which cannot be recorded as sensor_msgs/msg/Image",
        "/expert_action: nothing has come for 5 s; no one publishes it as trajectory_msgs/msg/JointTrajectory",
        "/joint_states: nothing has come for 5 s; its publisher is there",
    ]:
        peer.wait_for(part, lambda p=part: p in recorder.log(), recorder, timeout_s=20)
    assert recorder.stop() == 0, recorder.log()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--params-file", "{folder}/none.yaml", "--out", "{folder}/new"], ["none.yaml", "No such file"]),
        (
            ["--params-file", "{folder}/node.param.yaml", "--out", "{folder}", "--name", "taken"],
            ["taken", "never replaces"],
        ),
        (["--params-file", "{folder}/node.param.yaml", "--out", "{folder}/taken/x"], ["taken/x"]),
        (["--params-file", "{folder}/node.param.yaml", "--out", "{folder}/new", "--name", "a/b"], ["a/b", "without /"]),
        (["--params-file", "{folder}/node.param.yaml", "--out", "{folder}/new/x.mcap"], ["x.mcap", "--name"]),
        (["--params-file", "{folder}/node.param.yaml", "--out", "{folder}/new", "more"], ["\"more\"", "--ros-args"]),
        (
            ["--params-file", "{folder}/node.param.yaml", "--out", "{folder}/new", "--ros-args", "-r", "x:x:x"],
            ["x:x:x", "--ros-args"],
        ),
        (["--params-file", "{folder}/empty.yaml", "--out", "{folder}/new"], ["modalities is empty"]),
        (
            [
                "--params-file", "{folder}/node.param.yaml", "--out", "{folder}/new",
                "--ros-args", "-r", "camera/image_raw:=joint_states",
            ],
            ["/joint_states", "sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"],
        ),
    ],
)  # fmt: skip
def test_a_problem_at_the_start_is_named_and_leaves_no_file(
    start: Callable[..., Program], tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    parameters(tmp_path)
    (tmp_path / "empty.yaml").write_text("late_fusion:\n  ros__parameters: {use_sim_time: false}\n")
    (tmp_path / "taken").write_bytes(b"something dear")
    recorder = start("late_fusion", "record", *(word.format(folder=tmp_path) for word in arguments))
    assert recorder.wait() == 1, recorder.log()
    for part in parts:
        assert part in recorder.log(), recorder.log()
    assert "panicked" not in recorder.log()
    assert (tmp_path / "taken").read_bytes() == b"something dear"
    assert not (tmp_path / "new").exists()
