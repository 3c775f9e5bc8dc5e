"""A camera, joints and an operator as benches play them, and the commands that come back with their stamps."""

from __future__ import annotations

import array
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from late_fusion_sim.ros import Participant, reliable
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from bench.parameters import ACTIONS

CAMERA_HZ = 30.0
JOINTS_HZ = 100.0
POSITIONS = (0.0, 0.6, 0.2, 1.0)
SENTENCE = "open the drawer"
COMMANDS_KEPT = 5000
"""The middleware keeps so many commands for a robot that is busy with its pictures."""

LISTEN_S = 0.0005
"""A robot that cannot keep up with its camera still listens for so long between two messages."""


@dataclass(frozen=True)
class Sent:
    """A picture that left: its stamp, and which of the pictures it was."""

    stamp_ns: int
    picture: int


@dataclass(frozen=True)
class Command:
    """A command: when its publisher wrote it and when it arrived, both by the middleware and the system's clock."""

    left_ns: int
    arrived_ns: int
    action: tuple[float, ...]


class Robot:
    """Plays its part only while its owner waits in `play` or `play_until`."""

    def __init__(
        self,
        pictures: Sequence[np.ndarray],
        *,
        camera_hz: float = CAMERA_HZ,
        domain: int | None = None,
        jitter_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """With `jitter_s` each picture leaves up to so much later than the camera's beat, by chance: two beats with a
        common multiple would meet in the same few phases for as long as they last.
        """
        self._participant = Participant("robot", domain=domain)
        self.node = self._participant.node
        self._camera = self.node.create_publisher(Image, "camera/image_raw", 5)
        self._arm = self.node.create_publisher(JointState, "joint_states", 5)
        operator = self.node.create_publisher(String, "instruction", reliable(1, latched=True))
        operator.publish(String(data=SENTENCE))
        self.node.create_subscription(JointTrajectory, "action", self._hear, reliable(COMMANDS_KEPT))
        self._pictures = [image_of(picture) for picture in pictures]
        self._state = JointState(name=list(ACTIONS), position=list(POSITIONS))
        self._chance = random.Random(seed)
        self._jitter_s = jitter_s
        self._camera_s, self._joints_s = 1 / camera_hz, 1 / JOINTS_HZ
        self._camera_beat = self._camera_due = self._joints_due = time.monotonic()
        self._next_picture = 0
        self.sent: list[Sent] = []
        self.commands: list[Command] = []

    def _hear(self, message: Any, info: Any) -> None:
        velocities = dict(zip(message.joint_names, message.points[0].velocities))
        action = tuple(velocities[name] for name in ACTIONS)
        self.commands.append(Command(info["source_timestamp"], info["received_timestamp"], action))

    def play(self, seconds: float) -> None:
        """Plays its part for so long."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now >= self._camera_due:
                self._see()
            if now >= self._joints_due:
                self._feel()
            due = min(self._camera_due, self._joints_due, end)
            self._participant.spin(max(due - time.monotonic(), LISTEN_S))

    def play_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Plays its part until the condition holds (true) or the time is over (false)."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.play(0.02)
        return True

    def _see(self) -> None:
        message = self._pictures[self._next_picture]
        now = self.node.get_clock().now()
        message.header.stamp = now.to_msg()
        self._camera.publish(message)
        self.sent.append(Sent(now.nanoseconds, self._next_picture))
        self._next_picture = (self._next_picture + 1) % len(self._pictures)
        self._camera_beat = after(self._camera_beat, self._camera_s)
        self._camera_due = self._camera_beat + self._chance.uniform(0.0, self._jitter_s)

    def _feel(self) -> None:
        self._state.header.stamp = self.node.get_clock().now().to_msg()
        self._arm.publish(self._state)
        self._joints_due = after(self._joints_due, self._joints_s)

    def close(self) -> None:
        """Leaves."""
        self._participant.close()

    def __enter__(self) -> Robot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def after(beat: float, period_s: float) -> float:
    """The next beat; one that is late by more than a period skips what it missed."""
    return max(beat + period_s, time.monotonic() - period_s)


def image_of(picture: np.ndarray) -> Any:
    """The message of a picture, red first."""
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, step=3 * width, encoding="rgb8")
    message.data = array.array("B", picture.tobytes())
    return message
