"""The scene's topics: cameras, state, time and markers out; commands in."""

from __future__ import annotations

import array
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from PIL import Image as Picture
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from late_fusion_sim.commands import messages_of
from late_fusion_sim.faults import Fault
from late_fusion_sim.latency import NO_LATENCY, InFlight, Latency
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.robot import SAWYER, Observation, Robot
from late_fusion_sim.ros import NodeTrouble, Participant, reliable, stamp_of

JPEG_QUALITY = 90

TIME_AT_START_NS = 1_000_000_000
"""Simulated time does not start at zero, which ROS reads as 'no time yet'."""

ASK_AGAIN_S = 0.5
"""After this long without an answer the observation is taken for lost and published again."""

GIVE_UP_S = 10.0
"""After this long without an answer the node is taken for silent."""


@dataclass(frozen=True)
class Command:
    """What the node wants the robot to do."""

    values: np.ndarray
    """In the order of `Robot.axes`."""
    stamp_ns: int
    """The node's stamp: in lockstep that of the observation it answers. Of a type without one, that of the newest
    observation: the node answers each once."""
    received_ns: int
    """System time of its arrival in this process, however late it is looked at."""


class ImageTopics:
    """One camera's pictures, raw and, only while somebody subscribes to them, as JPEG."""

    def __init__(self, participant: Participant, topic: str, frame_id: str) -> None:
        self._frame_id = frame_id
        self._raw = participant.publisher(Image, topic, reliable(5))
        self._jpeg = participant.publisher(CompressedImage, f"{topic}/compressed", reliable(5))

    @property
    def name(self) -> str:
        return self._raw.topic

    @property
    def wanted(self) -> bool:
        """Whether anybody subscribes to either."""
        return self._raw.listeners > 0 or self._jpeg.listeners > 0

    def publish(self, picture: np.ndarray, stamp: Time) -> None:
        """Publishes an rgb picture of shape (height, width, 3)."""
        height, width, channels = picture.shape
        image = Image(height=height, width=width, encoding="rgb8", step=width * channels)
        image.header.stamp, image.header.frame_id = stamp, self._frame_id
        # An array of bytes is copied as a whole; anything else rclpy checks byte by byte.
        image.data = array.array("B", picture.tobytes())
        self._raw.publish(image)
        if self._jpeg.listeners > 0:
            jpeg = CompressedImage(format="jpeg")
            jpeg.header = image.header
            jpeg.data = array.array("B", encode_jpeg(picture))
            self._jpeg.publish(jpeg)


class Bridge:
    """Publishes what a robot's drivers would, and keeps every command that comes back."""

    def __init__(
        self,
        participant: Participant,
        *,
        simulated_time: bool,
        latency: Latency = NO_LATENCY,
        robot: Robot = SAWYER,
    ) -> None:
        node = participant.node
        self.robot = robot
        self._messages = messages_of(robot)
        self._asked_ns = 0
        self.latency = latency
        self._pictures: InFlight[Observation] = InFlight(latency.camera_s)
        self._newest: Observation | None = None
        self._participant = participant
        self._simulated_ns = TIME_AT_START_NS if simulated_time else None
        self._beginnings = 0
        self._cameras = {
            name: ImageTopics(participant, topic, f"{topic.partition('/')[0]}_optical")
            for name, topic in robot.cameras.items()
        }
        self._state = participant.publisher(self._messages.state_message, robot.state_topic, reliable(5))
        self._expert = participant.publisher(self._messages.label_message, robot.label_topic, reliable(10))
        self._episode = participant.publisher(String, "episode", reliable(10))
        # Time that stands still is published again and again; real time is everybody's own.
        self._clock = participant.publisher(Clock, "/clock", reliable(1)) if simulated_time else None
        self._action = node.create_subscription(
            self._messages.command_message, robot.command_topic, self._on_action, reliable(100)
        )
        self.commands: list[Command] = []
        self.faults: tuple[Fault, ...] = ()
        self.kept_cameras: frozenset[str] = frozenset()
        """Those whose pictures somebody in this process wants."""
        self._disturbed: Disturbed | None = None
        self.step = 0
        """Commands that the world has carried out in this episode."""

    @property
    def now_ns(self) -> int:
        """The time that stamps are taken from."""
        return time.time_ns() if self._simulated_ns is None else self._simulated_ns

    def begin_anew(self) -> None:
        """Simulated time, where there is one, goes back to its start: what was before it is another time."""
        if self._simulated_ns is not None:
            # Never quite the same start: a node answers an observation of one stamp once.
            self._beginnings += 1
            self._simulated_ns = TIME_AT_START_NS + self._beginnings
            self.tell_time()

    def advance(self) -> None:
        """Moves simulated time on by one control period."""
        if self._simulated_ns is None:
            raise RuntimeError("real time goes on by itself")
        self._simulated_ns += self.robot.control_period_ns
        self.tell_time()

    def tell_time(self) -> None:
        """Publishes `/clock`, where there is one, also for those who have just come."""
        if self._clock is not None:
            self._clock.publish(Clock(clock=stamp_of(self.now_ns)))

    def publish(self, observation: Observation, stamp_ns: int) -> None:
        """Publishes the state, and those pictures that have arrived by now, each under the stamp of its exposure."""
        self.tell_time()
        observation = self._measured(observation)
        self._pictures.send(stamp_ns, observation)
        self.deliver(stamp_ns)
        self._publish_state(observation, stamp_ns)

    def deliver(self, now_ns: int) -> None:
        """Publishes the pictures that have arrived since the last time."""
        for exposed_ns, pictures in self._pictures.arrived(now_ns):
            self._newest = pictures
            self._publish_pictures(pictures, exposed_ns)

    @property
    def next_arrival_ns(self) -> int | None:
        """When the next picture arrives."""
        return self._pictures.next_ns

    @property
    def has_shown(self) -> bool:
        """Whether a picture has arrived since the scene was set."""
        return self._newest is not None

    def set_scene(self, disturbed: Disturbed | None = None) -> None:
        """The scene was set anew: what the cameras have seen of the one before, they have not seen.

        What is to be published from now on goes through `disturbed` first.
        """
        self._disturbed = disturbed
        self._pictures.clear()
        self._newest = None

    def _measured(self, observation: Observation) -> Observation:
        """What cameras and joints tell of an observation; to be asked once for each."""
        if self._disturbed is not None:
            observation = self._disturbed.observed(observation)
        for fault in self.faults:
            observation = fault.apply(observation, self.step)
        return observation

    def _publish_pictures(self, pictures: Observation, stamp_ns: int) -> None:
        stamp = stamp_of(stamp_ns)
        for name, picture in pictures.pictures.items():
            self._cameras[name].publish(picture, stamp)

    def _publish_state(self, observation: Observation, stamp_ns: int) -> None:
        self._state.publish(self._messages.state(observation.state, stamp_ns))

    def ask(self, observation: Observation, check: Callable[[], None]) -> Command:
        """Lockstep: publishes an observation and waits for the command that answers it.

        An observation is what has arrived by now, and its stamp is its name: a picture that comes late carries that of
        its arrival, as from a driver that stamps what it receives. The node awaits one stamp on all topics, and would
        wait for ever for an exposure that is yet to come. Before the first picture arrives the scene stood still, and
        the first exposure is what the cameras have seen all the while.

        `check` is called while waiting and raises when waiting has become pointless.
        """
        stamp_ns = self._asked_ns = self.now_ns
        exposed = self._measured(observation)
        self._pictures.send(stamp_ns, exposed)
        for _, pictures in self._pictures.arrived(stamp_ns):
            self._newest = pictures
        self._newest = self._newest or exposed
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            self.tell_time()
            self._publish_pictures(self._newest, stamp_ns)
            self._publish_state(exposed, stamp_ns)
            self._participant.spin_until(lambda: self._answer(stamp_ns) is not None, ASK_AGAIN_S)
            if (answer := self._answer(stamp_ns)) is not None:
                return answer
            check()
        raise NodeTrouble(
            f"no command on '{self._action.topic_name}' with the stamp {stamp_ns / 1e9:.3f} s of the newest "
            f"observation within {GIVE_UP_S:.0f} s"
        )

    def held_command(self, hold_s: float, ahead_s: float = 0.0) -> np.ndarray | None:
        """Realtime: the newest command in effect, now or so much later; None when it is older than `hold_s`."""
        at_ns = time.time_ns() + round((ahead_s - self.latency.command_s) * 1e9)
        newest = next((each for each in reversed(self.commands) if each.received_ns <= at_ns), None)
        if newest is not None and at_ns - newest.received_ns <= hold_s * 1e9:
            return newest.values
        return None

    def label(self, action: np.ndarray, stamp_ns: int) -> None:
        """Publishes what the demonstrator wants at the observation of this stamp."""
        self._expert.publish(self._messages.label(action, stamp_ns))

    def mark(self, text: str) -> None:
        """Publishes an episode marker: `start`, `change`, `success` or `failure`."""
        self._episode.publish(String(data=text))

    def missing_subscribers(self, *, recording: bool, senses: frozenset[str] | None = None) -> list[str]:
        """Topics that nobody listens to although somebody with these senses, or a recorder, needs them.

        Where nothing is said, the senses are all but the optional cameras.
        """
        if senses is None:
            senses = frozenset(self.robot.cameras) - self.robot.optional_cameras | {self.robot.state_modality}
        missing = [topics.name for name, topics in self._cameras.items() if name in senses and not topics.wanted]
        needed = [self._state] if self.robot.state_modality in senses else []
        needed += [self._expert, self._episode] if recording else []
        return missing + [each.topic for each in needed if each.listeners == 0]

    @property
    def wanted_cameras(self) -> frozenset[str]:
        """Those that anybody will look through at the next observation; drawing a picture is not free."""
        if self._disturbed is not None and not self._disturbed.exposes:
            return self.kept_cameras
        return self.kept_cameras | {name for name, topics in self._cameras.items() if topics.wanted}

    @property
    def commander_present(self) -> bool:
        """Whether anybody publishes commands."""
        return self._participant.node.count_publishers(self._action.topic_name) > 0

    def _answer(self, stamp_ns: int) -> Command | None:
        return next((each for each in reversed(self.commands) if each.stamp_ns == stamp_ns), None)

    def _on_action(self, message: Any, info: dict) -> None:
        # Some middlewares do not tell when a message arrived; then now is the best that is known.
        received_ns = info["received_timestamp"] or time.time_ns()
        stamp_ns = self._messages.stamp_ns(message)
        values = self._messages.command(message)
        self.commands.append(Command(values, self._asked_ns if stamp_ns is None else stamp_ns, received_ns))


def encode_jpeg(image: np.ndarray) -> bytes:
    """An rgb picture as JPEG."""
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
