"""The scene's topics: cameras, arm, time and markers out; commands in."""

from __future__ import annotations

import array
import io
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Duration as DurationMessage
from builtin_interfaces.msg import Time
from PIL import Image as Picture
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from late_fusion_sim.faults import Fault
from late_fusion_sim.latency import NO_LATENCY, InFlight, Latency
from late_fusion_sim.ros import NodeTrouble, Participant, nanoseconds_of, reliable, stamp_of
from late_fusion_sim.scene import CONTROL_PERIOD_S, HAND_NAMES, Observation

ALL_SENSES = frozenset({"scene", "joints", "instruction"})
"""What a policy usually has."""

JPEG_QUALITY = 90
CONTROL_PERIOD_NS = round(CONTROL_PERIOD_S * 1e9)

TIME_AT_START_NS = 1_000_000_000
"""Simulated time does not start at zero, which ROS reads as 'no time yet'."""

ASK_AGAIN_S = 0.5
"""After this long without an answer the observation is taken for lost and published again."""

GIVE_UP_S = 10.0
"""After this long without an answer the node is taken for silent."""


@dataclass(frozen=True)
class Command:
    """What the node wants the arm to do."""

    values: np.ndarray
    """Normalized velocities in the order of `HAND_NAMES`."""
    stamp_ns: int
    """The node's stamp: in lockstep that of the observation it answers."""
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

    def __init__(self, participant: Participant, *, simulated_time: bool, latency: Latency = NO_LATENCY) -> None:
        node = participant.node
        self.latency = latency
        self._pictures: InFlight[Observation] = InFlight(latency.camera_s)
        self._newest: Observation | None = None
        self._participant = participant
        self._simulated_ns = TIME_AT_START_NS if simulated_time else None
        self._scene = ImageTopics(participant, "camera/image_raw", "camera_optical")
        self._side = ImageTopics(participant, "side_camera/image_raw", "side_camera_optical")
        self._joints = participant.publisher(JointState, "joint_states", reliable(5))
        self._expert = participant.publisher(JointTrajectory, "expert_action", reliable(10))
        self._episode = participant.publisher(String, "episode", reliable(10))
        # Time that stands still is published again and again; real time is everybody's own.
        self._clock = participant.publisher(Clock, "/clock", reliable(1)) if simulated_time else None
        self._action = node.create_subscription(JointTrajectory, "action", self._on_action, reliable(100))
        self.commands: list[Command] = []
        self.faults: tuple[Fault, ...] = ()
        self.step = 0
        """Commands that the world has carried out in this episode."""

    @property
    def now_ns(self) -> int:
        """The time that stamps are taken from."""
        return time.time_ns() if self._simulated_ns is None else self._simulated_ns

    def advance(self) -> None:
        """Moves simulated time on by one control period."""
        if self._simulated_ns is None:
            raise RuntimeError("real time goes on by itself")
        self._simulated_ns += CONTROL_PERIOD_NS
        self.tell_time()

    def tell_time(self) -> None:
        """Publishes `/clock`, where there is one, also for those who have just come."""
        if self._clock is not None:
            self._clock.publish(Clock(clock=stamp_of(self.now_ns)))

    def publish(self, observation: Observation, stamp_ns: int) -> None:
        """Publishes the arm, and those pictures that have arrived by now, each under the stamp of its exposure."""
        self.tell_time()
        self._pictures.send(stamp_ns, self._with_faults(observation))
        self.deliver(stamp_ns)
        self._publish_joints(observation, stamp_ns)

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

    def set_scene(self) -> None:
        """The scene was set anew: what the cameras have seen of the one before, they have not seen."""
        self._pictures.clear()
        self._newest = None

    def _with_faults(self, observation: Observation) -> Observation:
        for fault in self.faults:
            observation = fault.apply(observation, self.step)
        return observation

    def _publish_pictures(self, pictures: Observation, stamp_ns: int) -> None:
        stamp = stamp_of(stamp_ns)
        if pictures.image is not None:
            self._scene.publish(pictures.image, stamp)
        if pictures.side is not None:
            self._side.publish(pictures.side, stamp)

    def _publish_joints(self, observation: Observation, stamp_ns: int) -> None:
        joints = JointState(name=list(HAND_NAMES), position=observation.hand.tolist())
        joints.header.stamp = stamp_of(stamp_ns)
        self._joints.publish(joints)

    def ask(self, observation: Observation, check: Callable[[], None]) -> Command:
        """Lockstep: publishes an observation and waits for the command that answers it.

        An observation is what has arrived by now, and its stamp is its name: a picture that comes late carries that of
        its arrival, as from a driver that stamps what it receives. The node awaits one stamp on all topics, and would
        wait for ever for an exposure that is yet to come. Before the first picture arrives the scene stood still, and
        the first exposure is what the cameras have seen all the while.

        `check` is called while waiting and raises when waiting has become pointless.
        """
        stamp_ns = self.now_ns
        exposed = self._with_faults(observation)
        self._pictures.send(stamp_ns, exposed)
        for _, pictures in self._pictures.arrived(stamp_ns):
            self._newest = pictures
        self._newest = self._newest or exposed
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            self.tell_time()
            self._publish_pictures(self._newest, stamp_ns)
            self._publish_joints(observation, stamp_ns)
            self._participant.spin_until(lambda: self._answer(stamp_ns) is not None, ASK_AGAIN_S)
            if (answer := self._answer(stamp_ns)) is not None:
                return answer
            check()
        raise NodeTrouble(
            f"no command on '{self._action.topic_name}' with the stamp {stamp_ns / 1e9:.3f} s of the newest "
            f"observation within {GIVE_UP_S:.0f} s"
        )

    def held_command(self, hold_s: float, ahead_s: float = 0.0) -> np.ndarray:
        """Realtime: the newest command in effect, now or so much later; the stop when it is older than `hold_s`."""
        at_ns = time.time_ns() + round((ahead_s - self.latency.command_s) * 1e9)
        newest = next((each for each in reversed(self.commands) if each.received_ns <= at_ns), None)
        if newest is not None and at_ns - newest.received_ns <= hold_s * 1e9:
            return newest.values
        return np.zeros(len(HAND_NAMES))

    def label(self, action: np.ndarray, stamp_ns: int) -> None:
        """Publishes what the expert would do at the observation of this stamp."""
        self._expert.publish(trajectory_of(action, stamp_ns))

    def mark(self, text: str) -> None:
        """Publishes an episode marker: `start`, `change`, `success` or `failure`."""
        self._episode.publish(String(data=text))

    def missing_subscribers(self, *, recording: bool, senses: frozenset[str] = ALL_SENSES) -> list[str]:
        """Topics that nobody listens to although somebody with these senses, or a recorder, needs them."""
        missing = [] if self._scene.wanted or "scene" not in senses else [self._scene.name]
        if "side" in senses and not self._side.wanted:
            missing.append(self._side.name)
        needed = [self._joints] if "joints" in senses else []
        needed += [self._expert, self._episode] if recording else []
        return missing + [each.topic for each in needed if each.listeners == 0]

    @property
    def side_wanted(self) -> bool:
        """Whether anybody looks through the second camera; drawing it is not free."""
        return self._side.wanted

    @property
    def commander_present(self) -> bool:
        """Whether anybody publishes commands."""
        return self._participant.node.count_publishers(self._action.topic_name) > 0

    def _answer(self, stamp_ns: int) -> Command | None:
        return next((each for each in reversed(self.commands) if each.stamp_ns == stamp_ns), None)

    def _on_action(self, message: JointTrajectory, info: dict) -> None:
        # Some middlewares do not tell when a message arrived; then now is the best that is known.
        received_ns = info["received_timestamp"] or time.time_ns()
        values = command_of(message)
        self.commands.append(Command(values, nanoseconds_of(message.header.stamp), received_ns))


def trajectory_of(action: np.ndarray, stamp_ns: int) -> JointTrajectory:
    """A command as a message: velocities to hold for one control period."""
    message = JointTrajectory(joint_names=list(HAND_NAMES))
    message.header.stamp = stamp_of(stamp_ns)
    point = JointTrajectoryPoint(velocities=[float(value) for value in action])
    point.time_from_start = DurationMessage(nanosec=CONTROL_PERIOD_NS)
    message.points = [point]
    return message


def command_of(message: JointTrajectory) -> np.ndarray:
    """The four numbers of a command, in the order of `HAND_NAMES`; a message that has others is an error."""
    velocities = message.points[0].velocities if message.points else []
    by_name = dict(zip(message.joint_names, velocities))
    if sorted(by_name) != sorted(HAND_NAMES) or len(message.joint_names) != len(velocities):
        raise NodeTrouble(
            f"a command names the joints {list(message.joint_names)} with {len(velocities)} velocities; "
            f"the arm takes {list(HAND_NAMES)}, one velocity each in points[0]"
        )
    values = np.array([by_name[name] for name in HAND_NAMES])
    if not np.all(np.isfinite(values)):
        raise NodeTrouble(f"a command holds velocities that are not finite: {values.tolist()}")
    return values


def encode_jpeg(image: np.ndarray) -> bytes:
    """An rgb picture as JPEG."""
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
