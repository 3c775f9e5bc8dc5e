"""What the node is given fails: a camera, an instruction, joints."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from robot import SEND_EVERY_S, joints, picture
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String

from faults.behaviour import DrivesOn, Recovers, Stops
from faults.bench import CAMERA, INSTRUCTION, JOINTS, MAX_FROZEN_S, SENTENCE, Bench, noisy, swinging
from faults.fault import Fault

OLD = r"[\d.]+ s old, allowed"


def silence(topic: str) -> Callable[[Bench], None]:
    """Nothing comes any more."""
    return lambda bench: bench.robot.silence(topic)


def instead(topic: str, make: Callable[[Time], Any]) -> Callable[[Bench], None]:
    """Something else comes."""
    return lambda bench: bench.robot.keep_sending(topic, make)


def stall(bench: Bench) -> None:
    """The camera is silent for half of the age that is allowed."""
    bench.robot.silence(CAMERA)
    bench.spin(0.2)
    bench.restore()


def every(nth: int, make: Callable[[Time], Any]) -> Callable[[Time], Any]:
    """A slower stream."""
    turn = 0

    def sometimes(now: Time) -> Any:
        nonlocal turn
        turn += 1
        return make(now) if turn % nth == 0 else None

    return sometimes


def flood(topic: str, make: Callable[[Time], Any], times: int = 10) -> Callable[[Bench], None]:
    """Ten times as many messages as there should be."""

    def begin(bench: Bench) -> None:
        def many(now: Time) -> Any:
            for _ in range(times - 1):
                bench.robot.send(topic, make(now))
            return make(now)

        bench.robot.keep_sending(topic, many)

    return begin


def end_of_flood(bench: Bench) -> None:
    """The operator says something only when there is something to say."""
    bench.robot.silence(INSTRUCTION)
    bench.restore()


def random_bytes(now: Time) -> bytes:
    """No message at all."""
    return bytes([0, 1, 0, 0]) + random.randbytes(200)


def huge(bench: Bench) -> None:
    """One picture of 100 MB."""
    bench.robot.send(CAMERA, Image(width=6100, height=5500, encoding="rgb8", step=18300, data=bytes(18300 * 5500)))


def shifted(make: Callable[[Time], Any], by_s: float) -> Callable[[Time], Any]:
    """Stamps of a clock that is off."""

    def later(now: Time) -> Any:
        message = make(now)
        stamp = message.header.stamp
        nanos = stamp.sec * 10**9 + stamp.nanosec + round(by_s * 1e9)
        message.header.stamp = Time(sec=nanos // 10**9, nanosec=nanos % 10**9)
        return message

    return later


def stamped(make: Callable[[Time], Any], stamp: Time) -> Callable[[Time], Any]:
    """Always the same stamp."""

    def fixed(now: Time) -> Any:
        message = make(now)
        message.header.stamp = stamp
        return message

    return fixed


def said(text: str | bytes) -> Callable[[Bench], None]:
    """Something that cannot be obeyed."""
    return lambda bench: bench.say(text)


def without_one(now: Time) -> JointState:
    """A joint is gone."""
    message = JointState(name=["right"], position=[0.25])
    message.header.stamp = now
    return message


NOT_UTF8 = serialize_message(String(data=SENTENCE)).replace(b"drawer", b"dr\xff\xfeer")

CAMERA_FAULTS = [
    Fault("dies", "stop once the picture is too old", silence(CAMERA), Stops(rf"^scene: {OLD}")),
    Fault("stalls for less than `max_age_s`", "drive on", stall, DrivesOn()),
    Fault(
        "freezes: the same picture again and again",
        "stop after `max_frozen_s`",
        instead(CAMERA, picture(128, 64, 32)),
        Stops("^scene: the picture has not changed", MAX_FROZEN_S + SEND_EVERY_S),
    ),
    Fault(
        "slows to 2 Hz",
        "stop whenever the picture is too old",
        instead(CAMERA, every(25, noisy())),
        Stops(rf"^scene: {OLD}", 0.5 + 0.4, stays=False),
    ),
    Fault("floods at 500 Hz", "drive on", flood(CAMERA, noisy()), DrivesOn()),
    Fault("changes its size", "drive on", instead(CAMERA, noisy(width=64, height=48)), DrivesOn()),
    Fault("changes its frame", "drive on: frames are not used", instead(CAMERA, noisy(frame="wrist")), DrivesOn()),
    Fault("changes to bgr8", "drive on", instead(CAMERA, noisy("bgr8")), DrivesOn()),
    Fault("changes to an unknown encoding", "stop", instead(CAMERA, noisy("own16")), Stops(rf"^scene: {OLD}")),
    Fault("sends malformed messages", "stop", instead(CAMERA, random_bytes), Stops(rf"^scene: {OLD}")),
    Fault("sends one picture of 100 MB", "drive on afterwards", huge, Recovers()),
    Fault(
        "sends black pictures, for which the encoder outputs −∞",
        "stop",
        instead(CAMERA, picture(0, 0, 0)),
        Stops("^scene: "),
    ),
    Fault("has a clock 10 s ahead", "stop", instead(CAMERA, shifted(noisy(), 10.0)), Stops("^scene: .*(ahead|future)")),
    Fault("has a clock 10 s behind", "stop", instead(CAMERA, shifted(noisy(), -10.0)), Stops(rf"^scene: {OLD}")),
    Fault(
        "stamps with its uptime", "stop", instead(CAMERA, stamped(noisy(), Time(sec=1234))), Stops(rf"^scene: {OLD}")
    ),
]

INSTRUCTION_FAULTS = [
    Fault(
        "500 times a second", "drive on", flood(INSTRUCTION, lambda _: String(data=SENTENCE)), DrivesOn(), end_of_flood
    ),
    Fault("of 1 MB", "stop until the next one", said("open " * 200_000), Stops("^instruction: ", 0.1)),
    Fault("is not UTF-8", "stop until the next one", said(NOT_UTF8), Stops("^instruction: ", 0.1)),
    Fault(
        "is truncated",
        "stop until the next one",
        said(serialize_message(String(data=SENTENCE))[:12]),
        Stops("^instruction: ", 0.1),
    ),
    Fault("is blank", "stop until the next one", said("   "), Stops("^instruction: ", 0.1)),
]

JOINT_FAULTS = [
    Fault("die", "stop once they are too old", silence(JOINTS), Stops(r"^joints: ")),
    Fault("lose a joint", "stop once that joint is too old", instead(JOINTS, without_one), Stops(r"^joints: ")),
    Fault("are not numbers", "stop", instead(JOINTS, joints(math.nan, 0.0)), Stops(rf"^joints: {OLD}")),
    Fault(
        "are so large that the policy overflows",
        "stop at once",
        instead(JOINTS, joints(3e38, 3e38)),
        Stops("the policy's output is not finite", 0.04),
    ),
    Fault("exceed all limits", "drive on within the limits", instead(JOINTS, joints(1e6, -1e6)), DrivesOn()),
    Fault("carry no stamp", "drive on, using arrival times", instead(JOINTS, stamped(swinging, Time())), DrivesOn()),
    Fault(
        "have a clock 10 s ahead", "stop", instead(JOINTS, shifted(swinging, 10.0)), Stops("^joints: .*(ahead|future)")
    ),
]
