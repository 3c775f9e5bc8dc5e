"""`late_fusion record` against an rclpy robot; what it wrote is read by two independent readers."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from demonstrated import TOPICS, Robot, file_of, matches, named, parameters, qos
from peer import Peer
from program import Program
from readers import read_what_is_whole, read_with_mcap, read_with_rosbags, same
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String


@pytest.fixture
def robot(peer: Peer) -> Robot:
    return Robot(peer)


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

    assert "3 messages arrived before the first /clock" in recorder.log()
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


def says(program: Program, part: str) -> bool:
    """Whether a program has said this."""
    return part in program.log()


def test_silent_topics_and_other_types_are_named(peer: Peer, start: Callable[..., Program], tmp_path: Path) -> None:
    peer.node.create_publisher(String, "camera/image_raw", 1)
    peer.node.create_publisher(JointState, "joint_states", 1)
    recorder = start("late_fusion", "record", "--params-file", parameters(tmp_path), "--out", tmp_path)
    for part in [
        "/camera/image_raw is published as std_msgs/msg/String, which cannot be recorded as sensor_msgs/msg/Image",
        "/expert_action: nothing has come for 5 s; no one publishes it as trajectory_msgs/msg/JointTrajectory",
        "/joint_states: nothing has come for 5 s; its publisher is there",
    ]:
        peer.wait_for(part, partial(says, recorder, part), recorder, timeout_s=20)
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
