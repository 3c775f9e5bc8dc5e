"""The folder of a recording, as rosbag2 has it: what metadata.yaml says, and its files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from demonstrated import TOPICS, Robot, file_of, named, parameters
from mcap.reader import SeekingReader
from peer import Peer
from program import Program
from rclpy.duration import Duration
from rclpy.topic_endpoint_info import TopicEndpointInfo
from readers import read_what_is_whole, read_with_rosbags, same
from rosbags.interfaces import ConnectionExtRosbag2, QosDurability
from rosbags.rosbag2 import Reader as RosbagsReader


@pytest.fixture
def robot(peer: Peer) -> Robot:
    return Robot(peer)


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
        "ros_distro": os.environ["ROS_DISTRO"],
    }
    # A publisher without a word is there too: who plays the recording publishes the topic.
    assert {topic["topic_metadata"]["name"]: topic["message_count"] for topic in topics} == {
        topic: len(sent) for topic, sent in robot.sent.items()
    }
    with file_of(bag).open("rb") as stream:
        summary = SeekingReader(stream).get_summary()
    assert summary
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
        assert isinstance(latched.ext, ConnectionExtRosbag2)
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
