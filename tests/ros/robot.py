"""The other side of the node's topics: cameras, joints, an operator and a simulator's clock, and a robot that listens.

Inputs that a real robot sends all the time are kept coming by a timer while a test waits for something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from parameters import write
from peer import MATCH_S, Peer
from program import Program
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.task import Future
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Float32MultiArray, Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

SEND_EVERY_S = 0.02
"""Streams come at 50 Hz."""

AGAIN_EVERY_S = 1.0
"""Best-effort messages get lost; what must arrive is sent again."""

MESSAGES = {
    f"{package}/msg/{kind.__name__}": kind
    for package, kinds in {
        "sensor_msgs": [CompressedImage, Image, JointState],
        "std_msgs": [Float32MultiArray, Float64MultiArray, String],
        "geometry_msgs": [Twist, TwistStamped],
        "trajectory_msgs": [JointTrajectory],
    }.items()
    for kind in kinds
}


def seconds(stamp: Time) -> float:
    """A stamp as a number."""
    return stamp.sec + stamp.nanosec * 1e-9


def numbers(command: Any) -> list[float]:
    """The action in a command as these tests map it: drive and turn."""
    if isinstance(command, Float64MultiArray):
        return list(command.data)
    if isinstance(command, TwistStamped):
        command = command.twist
    if isinstance(command, Twist):
        return [command.linear.x, command.angular.z]
    if isinstance(command, JointState):
        velocities = dict(zip(command.name, command.velocity, strict=True))
        return [velocities["drive"], velocities["turn"]]
    [point] = command.points
    positions = dict(zip(command.joint_names, point.positions))
    return [positions["drive"], positions["turn"]]


@dataclass
class Status:
    """One message on `~/status`, and when it was published by this machine's clock, whatever time the node lives in."""

    parts: dict[str, DiagnosticStatus]
    published_ns: int = 0

    @classmethod
    def of(cls, message: DiagnosticArray, published_ns: int = 0) -> Status:
        """By the part's own name, without the node's."""
        return cls({part.name.rsplit(": ", 1)[1]: part for part in message.status}, published_ns)

    def says(self, part: str = "control") -> str:
        """The message of a part."""
        return self.parts[part].message

    def value(self, key: str, part: str = "control") -> str:
        """One of its values."""
        return {pair.key: pair.value for pair in self.parts[part].values}[key]


@dataclass
class Change:
    """What became of a parameter that was to be changed."""

    success: bool
    message: str


class Changing:
    """A request to change parameters."""

    def __init__(self, future: Future) -> None:
        self._future = future

    def done(self) -> bool:
        """Whether it is answered."""
        return self._future.done()

    def result(self) -> Change:
        """The answer for its first parameter."""
        return self.results()[0]

    def results(self) -> list[Change]:
        """The answers for all of them."""
        return [Change(result.successful, result.reason) for result in self._future.result().results]


class Robot:
    """Everything that a running node has around it."""

    def __init__(self, peer: Peer, start: Callable[..., Program], folder: Path) -> None:
        self.peer = peer
        self.commands: list[Any] = []
        self.statuses: list[Status] = []
        self.program: Program
        self.simulated: Time | None = None
        self.published: list[tuple[int, Any]] = []
        """Every command ever heard, with the nanosecond at which it was published."""
        self._changed_ns = 0
        self._clients: dict[str, Client] = {}
        self.sent_ns: list[int] = []
        """When streams were sent; a busy machine may keep the test itself waiting."""
        self._start = start
        self.folder = folder
        self._publishers: dict[str, Publisher] = {}
        self._streams: dict[str, Callable[[Time], Any]] = {}
        peer.node.create_timer(SEND_EVERY_S, self._send_streams)

    def run(
        self,
        parameters: dict,
        *arguments: str,
        section: str = "late_fusion",
        status: str = "late_fusion/status",
        action: str = "action",
    ) -> Program:
        """Starts the node with these parameters, and listens to it once it is up."""
        commands = self.listen(MESSAGES[parameters["action"]["message"]], status, action)
        path = write(self.folder / "node.param.yaml", parameters, section)
        self.program = self._start("late_fusion_node", "--ros-args", "--params-file", path, *arguments)
        # From here on no command is missed: a test that sees none has seen that there was none.
        self.wait_for("the command topic", lambda: commands.get_publisher_count() > 0)
        return self.program

    def begin(self, parameters: dict, *arguments: str) -> Program:
        """Starts the node with these parameters, for those who expect it to end by itself."""
        path = write(self.folder / "node.param.yaml", parameters)
        return self._start("late_fusion_node", "--ros-args", "--params-file", path, *arguments)

    def listen(
        self, kind: type = Float64MultiArray, status: str = "late_fusion/status", action: str = "action"
    ) -> Subscription:
        """Hears commands and status from here on; returns the subscription to the commands."""
        create = self.peer.node.create_subscription
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

        def tell(message: DiagnosticArray, info: dict) -> None:
            self.statuses.append(Status.of(message, info["source_timestamp"]))

        def command(message: Any, info: dict) -> None:
            self.commands.append(message)
            self.published.append((info["source_timestamp"], message))

        create(DiagnosticArray, status, tell, latched)
        return create(kind, action, command, 200)

    def commands_since(self, published_ns: int) -> list[Any]:
        """The commands that were published after this moment: on a busy machine, others are heard after it, too."""
        return [message for at_ns, message in self.published if at_ns > published_ns]

    def now(self) -> Time:
        """The robot's time: the simulator's where there is one."""
        return self.simulated or self.peer.node.get_clock().now().to_msg()

    def wait_for(self, what: str, condition: Callable[[], bool], timeout_s: float = MATCH_S) -> None:
        """Serves the graph until the condition holds."""
        self.peer.wait_for(what, condition, self.program, timeout_s)

    def keep_sending(self, topic: str, make: Callable[[Time], Any]) -> None:
        """Sends what `make` gives for the time now, 50 times a second, until told otherwise; None is not sent."""
        self._streams[topic] = make
        self._changed_ns = time.time_ns()

    def silence(self, topic: str) -> None:
        """Ends a stream."""
        self._streams.pop(topic, None)
        self._changed_ns = time.time_ns()

    def send(self, topic: str, message: Any, kind: type | None = None, latched: bool = False) -> None:
        """Sends once; bytes are a serialized message of `kind`."""
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        profile = QoSProfile(depth=5, durability=durability)
        if topic not in self._publishers:
            self._publishers[topic] = self.peer.node.create_publisher(kind or type(message), topic, profile)
        self._publishers[topic].publish(message)

    def send_until(
        self,
        topic: str,
        message: Any,
        condition: Callable[[], bool],
        kind: type | None = None,
        latched: bool = False,
    ) -> None:
        """Sends, and again when nothing has come of it, until the condition holds."""
        self._repeat(lambda: self.send(topic, message, kind, latched), condition, topic)

    def send_all_until(self, messages: Iterable[tuple[str, Any]], condition: Callable[[], bool]) -> None:
        """The same for messages that belong together."""
        messages = list(messages)

        def send() -> None:
            for topic, message in messages:
                self.send(topic, message)

        self._repeat(send, condition, " and ".join(topic for topic, _ in messages))

    def _repeat(self, send: Callable[[], None], condition: Callable[[], bool], topics: str) -> None:
        sent = float("-inf")

        def answered() -> bool:
            nonlocal sent
            if time.monotonic() - sent > AGAIN_EVERY_S:
                send()
                sent = time.monotonic()
            return condition()

        self.wait_for(f"an answer to {topics}", answered)

    def meanwhile(self, work: Callable[[], Any], timeout_s: float = 60.0) -> Any:
        """What comes of work that waits for others, while the graph is served."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            self.wait_for("its work", future.done, timeout_s)
            return future.result()

    def say(self, text: str, latched: bool = True, topic: str = "instruction") -> None:
        """Gives an instruction, and waits until it is the one in use."""
        in_use = text if text.strip() else ""

        def understood() -> bool:
            return self.status_is(lambda status: status.value("instruction") == in_use)

        self.send_until(topic, String(data=text), understood, latched=latched)

    def status_is(self, condition: Callable[[Status], bool]) -> bool:
        """Whether the newest status is as described, and from after the last change of what is sent."""
        if not self.statuses or self.statuses[-1].published_ns < self._changed_ns:
            return False
        return condition(self.statuses[-1])

    def status_says(self, text: str, part: str = "control") -> Callable[[], bool]:
        """A condition: the newest status says this."""
        return lambda: self.status_is(lambda status: text in status.says(part))

    def has_acted_at(self, stamp: Time) -> Callable[[], bool]:
        """A condition: a command carries this stamp."""
        return lambda: any(command.header.stamp == stamp for command in self.commands)

    def wait_for_status(self, text: str, part: str = "control") -> Status:
        """The newest status, once it says this."""
        self.wait_for(f"{part}: {text}", self.status_says(text, part))
        return self.statuses[-1]

    def wait_for_action(self, expected: list[float], tolerance: float = 0.0) -> Any:
        """The newest command, once it is the expected action."""

        def arrived() -> bool:
            return bool(self.commands) and all(
                abs(number - wanted) <= tolerance for number, wanted in zip(numbers(self.commands[-1]), expected)
            )

        self.wait_for(f"the action {expected}", arrived)
        return self.commands[-1]

    def client(self, kind: type, service: str) -> Client:
        """A client of a service of the node, which is there; the same one every time."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self.peer.node.create_client(kind, f"late_fusion/{service}")
        self.wait_for(f"the service {service}", client.service_is_ready)
        return client

    def call(self, kind: Any, service: str, request: Any = None) -> Any:
        """The answer of a service of the node."""
        answer = self.client(kind, service).call_async(request or kind.Request())
        self.wait_for(f"an answer of {service}", answer.done)
        return answer.result()

    def ask_to_set(self, **values: Any) -> Changing:
        """Asks for other values of parameters (`__` for a dot); the answers come while the graph is served."""
        client = self.client(SetParameters, "set_parameters")
        parameters = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
        request = SetParameters.Request(parameters=[each.to_parameter_msg() for each in parameters])
        return Changing(client.call_async(request))

    def set(self, **values: Any) -> Change:
        """The answer to a request for other values; of several parameters, that of the first."""
        answer = self.ask_to_set(**values)
        self.wait_for(f"an answer to the request for {values}", answer.done)
        return answer.result()

    def ask_to_load(self, folder: Path) -> Changing:
        """Asks for another policy; the answer comes while the graph is served."""
        return self.ask_to_set(policy=str(folder))

    def load(self, folder: Path) -> Change:
        """The answer to a request for another policy."""
        return self.set(policy=str(folder))

    def advance(self, by_s: float) -> Time:
        """Turns the simulator's clock on and tells it."""
        now = self.simulated or Time(sec=100)
        nanos = now.sec * 10**9 + now.nanosec + round(by_s * 1e9)
        self.simulated = Time(sec=nanos // 10**9, nanosec=nanos % 10**9)
        self.send("/clock", Clock(clock=self.simulated))
        return self.simulated

    def _send_streams(self) -> None:
        self.sent_ns.append(time.time_ns())
        for topic, make in list(self._streams.items()):
            message = make(self.now())
            if message is not None:
                self.send(topic, message)


def joints(left: float, right: float) -> Callable[[Time], JointState]:
    """A stream of joint states, with a joint more than the policy asks for and another order than its own."""

    def make(now: Time) -> JointState:
        message = JointState(name=["right", "wrist", "left"], position=[right, 99.0, left])
        message.header.stamp = now
        return message

    return make


def picture(red: int, green: int, blue: int, width: int = 32, height: int = 24) -> Callable[[Time], Image]:
    """A stream of pictures of one colour."""

    def make(now: Time) -> Image:
        message = Image(width=width, height=height, encoding="rgb8", step=3 * width)
        message.header.stamp = now
        message.data = bytes([red, green, blue]) * (width * height)
        return message

    return make


def halves(now: Time) -> Image:
    """A picture that shows something, unlike one of one colour; its mean is 128, 0, 0."""
    message = Image(width=32, height=24, encoding="rgb8", step=3 * 32)
    message.header.stamp = now
    message.data = (bytes([96, 0, 0]) * 16 + bytes([160, 0, 0]) * 16) * 24
    return message
