"""Messages that cannot be used are counted, named and dropped; the node lives, and the next good one counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from builtin_interfaces.msg import Time
from parameters import wired
from pictures import encoded, jpeg_that_claims, png_that_claims
from policies import STOP, joints_and_target_policy, sight_policy, spoken_policy
from rclpy.serialization import serialize_message
from robot import Robot, Status, joints, numbers, picture
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Float32MultiArray, Float64MultiArray, String


def image(**fields: Any) -> Image:
    """A good picture but for these fields."""
    return Image(**({"width": 4, "height": 2, "encoding": "rgb8", "step": 12, "data": bytes(24)} | fields))


def compressed(data: bytes, form: str = "jpeg") -> CompressedImage:
    return CompressedImage(format=form, data=data)


def with_nul(text: str) -> bytes:
    """A serialized instruction in which `#` became a NUL, which no ROS library lets a program publish."""
    return serialize_message(String(data=text)).replace(b"#", b"\0")


BAD = {
    "scene": [
        (image(data=bytes(23)), ["data is 23 bytes", "step 12 times height 2 makes 24"]),
        (image(step=11, data=bytes(22)), ["step is 11 bytes", "4 rgb8 pixels has 12 bytes"]),
        (image(step=2**32 - 1), ["data is 24 bytes", "8589934590"]),
        (image(encoding="own16"), ['encoding is "own16"', "rgb8, bgr8, mono8, rgba8, bgra8, ", "32FC1 are allowed"]),
        (image(encoding="16UC1", data=bytes(24)), ['encoding is "16UC1", a depth picture', "{max_m: 4.0}"]),
        (image(encoding="nv12"), ["data is 24 bytes", "times 3/2 for both planes makes 36"]),
        (image(width=0, height=0, step=0, data=b""), ["0 × 0", "1 × 1 to 64 megapixels are allowed"]),
        (image(width=10_000, height=10_000, step=30_000), ["10000 × 10000", "64 megapixels"]),
        (serialize_message(image())[:40], ["the message ends after"]),
    ],
    "compressed": [
        (compressed(encoded("jpeg")[:-60]), ["a jpeg of", "damaged", "a whole jpeg is allowed"]),
        (compressed(encoded("jpeg")[:-12] + b"\xff\xd9"), ["a jpeg of", "the data of scan 1 ends after"]),
        (compressed(encoded("png")[:-30], "png"), ["a png of", "damaged"]),
        (compressed(jpeg_that_claims(10_000, 10_000)), ["a jpeg of 10000 × 10000 pixels", "64 megapixels"]),
        (compressed(png_that_claims(10_000, 10_000), "png"), ["a png of 10000 × 10000 pixels", "64 megapixels"]),
        (compressed(b""), ["0 bytes", 'of format "jpeg"', "a jpeg or a png is allowed"]),
        (compressed(b"GIF89a", "gif"), ['of format "gif"', "a jpeg or a png is allowed"]),
    ],
    "joints": [
        (JointState(name=["left", "right"], position=[1.0]), ["position is 1 numbers long", "left is name 1 of 2"]),
        (JointState(name=["left", "right", "left"], position=[1.0, 2.0, 3.0]), ["left more than once"]),
        (
            JointState(name=["left", "right"], velocity=[1.0, 2.0]),
            ["position is 0 numbers long", "left is name 1"],
        ),
        (JointState(name=["left", "right"], position=[1.0, math.nan]), ["position of right is NaN", "finite"]),
        (JointState(name=["left", "right"], position=[-math.inf, 1.0]), ["position of left is -inf", "finite"]),
        (JointState(name=["left", "right"], position=[1.0, 1e39]), ["position of right is", "range of f32"]),
        (b"\x00\x07\x00\x00" + bytes(40), ["the message starts with [00, 07"]),
    ],
    "target": [
        (Float64MultiArray(data=[1.0]), ["data is 1 numbers long", "exactly 2 are needed: x, y"]),
        (Float64MultiArray(data=[1.0, 2.0, 3.0]), ["data is 3 numbers long"]),
        (Float64MultiArray(), ["data is 0 numbers long"]),
        (Float64MultiArray(data=[math.nan, 1.0]), ["data[0] (x) is NaN"]),
    ],
    "target32": [(Float32MultiArray(data=[1.0, math.inf]), ["data[1] (y) is inf", "finite"])],
    "instruction": [
        (with_nul("open the drawer#please"), ["data", "NUL"]),
        (serialize_message(String(data="open the drawer")).replace(b"drawer", b"dr\xff\xfeer"), ["data", "UTF-8"]),
        (serialize_message(String(data="open the drawer"))[:12], ["the message ends after"]),
        (String(data="open " * 20), ["the instruction", "22 tokens long", "at most 16 tokens"]),
    ],
}


@dataclass
class Input:
    """A modality under bad messages: its policy, the good message for it, and the streams of the others."""

    modality: str
    policy: Callable
    topic: str
    good: Callable[[Time], Any]
    inputs: list[float] | None
    others: dict[str, Callable[[Time], Any]] = field(default_factory=dict)
    message: str | None = None


INPUTS = {
    "scene": Input(
        "scene", sight_policy, "camera/image_raw", picture(128, 64, 7), [128, 64, 7, 1.0, 0.5],
        {"joint_states": joints(1.0, 0.5)},
    ),
    "compressed": Input(
        "scene", sight_policy, "camera/image_raw", lambda now: compressed(encoded("png"), "png"),
        [128, 64, 7, 1.0, 0.5], {"joint_states": joints(1.0, 0.5)}, "sensor_msgs/msg/CompressedImage",
    ),
    "joints": Input(
        "joints", joints_and_target_policy, "joint_states", joints(1.0, 0.5), [1.0, 0.5, 0.0, 0.25],
        {"target": lambda now: Float64MultiArray(data=[0.0, 0.25])},
    ),
    "target": Input(
        "target", joints_and_target_policy, "target", lambda now: Float64MultiArray(data=[0.0, 0.25]),
        [1.0, 0.5, 0.0, 0.25], {"joint_states": joints(1.0, 0.5)},
    ),
    "target32": Input(
        "target", joints_and_target_policy, "target", lambda now: Float32MultiArray(data=[0.0, 0.25]),
        [1.0, 0.5, 0.0, 0.25], {"joint_states": joints(1.0, 0.5)}, "std_msgs/msg/Float32MultiArray",
    ),
    "instruction": Input(
        "instruction", spoken_policy, "instruction", lambda now: String(data="open the drawer"), None,
        {"joint_states": joints(1.0, 0.5)},
    ),
}  # fmt: skip


def wait_for_the_reason(robot: Robot, modality: str, parts: list[str]) -> None:
    """Until the status says that the robot stands still for want of a modality, and what was wrong with its message."""

    def told(status: Status) -> bool:
        why = status.says()
        return why.startswith(f"{modality}: absent") and all(
            part in why and part in status.says(modality) for part in parts
        )

    robot.wait_for(f"{modality}: absent, for {parts}", lambda: robot.status_is(told))


@pytest.mark.parametrize("case", BAD)
def test_a_bad_message_is_counted_and_named_and_the_next_good_one_counts(robot: Robot, case: str) -> None:
    given = INPUTS[case]
    policy = given.policy(robot.folder / "policy")
    parameters = wired(policy)
    parameters["modalities"][given.modality]["max_age_s"] = math.inf
    if given.message is not None:
        parameters["modalities"][given.modality]["message"] = given.message
    robot.run(parameters)
    for topic, stream in given.others.items():
        robot.keep_sending(topic, stream)
    kind = type(given.good(robot.now()))

    def dropped(status: Status) -> int:
        return int(status.value("dropped", given.modality))

    robot.wait_for_status(f"waiting: {given.modality}: absent")
    for bad, parts in BAD[case]:
        before = dropped(robot.statuses[-1])
        more = lambda n=before: robot.status_is(lambda status: dropped(status) > n)  # noqa: E731
        robot.send_until(given.topic, bad, more, kind)
        told = robot.statuses[-1].says(given.modality)
        assert all(part in told for part in parts), told
        assert f"modality {given.modality}: message dropped: " in robot.program.log()
    assert robot.commands == [], "nothing that was bad is a first observation"
    assert robot.statuses[-1].value("encoded", given.modality) == "0"

    robot.send_until(given.topic, given.good(robot.now()), lambda: bool(robot.commands), kind)
    robot.wait_for_status("active")
    acting = numbers(robot.commands[-1])
    if given.inputs is not None:
        assert acting == pytest.approx(policy.action(*given.inputs), abs=0.02)

    # What was understood before holds until the next message, which this is.
    for bad, parts in BAD[case]:
        robot.send_until(given.topic, bad, lambda: numbers(robot.commands[-1]) == STOP, kind)
        wait_for_the_reason(robot, given.modality, parts)
        robot.send_until(given.topic, given.good(robot.now()), lambda: numbers(robot.commands[-1]) == acting, kind)
        robot.wait_for_status("active")
    assert "panicked" not in robot.program.log()


def test_a_bad_message_of_what_streams_leaves_the_one_before_it_in_use_while_that_is_fresh(robot: Robot) -> None:
    policy = joints_and_target_policy(robot.folder / "policy")
    parameters = wired(policy)
    parameters["modalities"]["target"]["max_age_s"] = 60.0
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    good = Float64MultiArray(data=[0.0, 0.25])
    robot.send_until("target", good, lambda: bool(robot.commands))
    acting = policy.action(1.0, 0.5, 0.0, 0.25)
    robot.wait_for_action(acting)
    bad = Float64MultiArray(data=[math.nan, 1.0])
    robot.send_until("target", bad, lambda: robot.status_is(lambda s: s.value("dropped", "target") != "0"))
    before = len(robot.commands)
    robot.wait_for("ten more commands", lambda: len(robot.commands) >= before + 10)
    assert [numbers(command) for command in robot.commands[before:]] == [acting] * (len(robot.commands) - before)


@pytest.mark.parametrize(("bad", "parts"), BAD["instruction"], ids=["NUL", "no UTF-8", "cut", "too long"])
def test_an_instruction_that_cannot_be_used_ends_the_one_before_it(robot: Robot, bad: Any, parts: list[str]) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.say("open the drawer", latched=False)
    robot.wait_for("a command", lambda: bool(robot.commands) and numbers(robot.commands[-1]) != STOP)
    robot.send_until("instruction", bad, lambda: numbers(robot.commands[-1]) == STOP, String)
    wait_for_the_reason(robot, "instruction", parts)
    assert robot.statuses[-1].value("instruction") == "", "no sentence is in use"
    robot.say("close the drawer", latched=False)
    robot.wait_for("a command", lambda: numbers(robot.commands[-1]) != STOP)


def test_a_camera_that_sends_only_bad_pictures_stops_the_robot_and_says_both(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", picture(128, 64, 7))
    robot.wait_for_status("active")
    robot.keep_sending("camera/image_raw", lambda now: image(encoding="own16"))
    status = robot.wait_for_status("scene: ")
    assert "s old, allowed 0.500 s" in status.says()
    # Its age says that the robot stopped; the error says what to mend.
    assert 'encoding is "own16"' in status.value("last_error", "scene")


def test_a_storm_of_bad_messages_is_logged_once_a_second(robot: Robot) -> None:
    robot.run(wired(joints_and_target_policy(robot.folder / "policy")))
    robot.keep_sending("target", lambda now: Float64MultiArray(data=[1.0]))
    robot.wait_for(
        "a hundred dropped messages",
        lambda: robot.status_is(lambda status: int(status.value("dropped", "target")) > 100),
    )
    lines = [line for line in robot.program.log().splitlines() if "message dropped" in line]
    assert 2 <= len(lines) <= 12
    assert "more since the last such line" in lines[-1]
