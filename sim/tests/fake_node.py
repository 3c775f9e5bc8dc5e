"""A stand-in for `late_fusion_node` that keeps its contract on the topics and has a plain function for a policy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Float64MultiArray, String

from late_fusion_sim.commands import messages_of, trajectory_of, twist_of
from late_fusion_sim.robot import DIFF_DRIVE, SAWYER, SO101, Robot
from late_fusion_sim.ros import POLL_S, Participant, nanoseconds_of, reliable

Answer = Callable[[str, np.ndarray], np.ndarray]
"""From the instruction and the robot's state to a command."""

COMMANDS = {
    SAWYER.name: trajectory_of,
    SO101.name: lambda command, stamp_ns: Float64MultiArray(data=command.tolist()),
    DIFF_DRIVE.name: twist_of,
}
"""Commands as messages, by the robot."""


def state_of(robot: Robot, message: Any) -> np.ndarray:
    """The numbers of a robot's state message."""
    if robot == DIFF_DRIVE:
        return np.array([message.twist.twist.linear.x, message.twist.twist.angular.z])
    return np.array(message.position)


class FakeNode:
    """Lockstep: one command per new stamp that both camera and state have. Realtime: one per period."""

    def __init__(
        self,
        participant: Participant,
        answer: Answer,
        *,
        lockstep: bool = True,
        loses: Callable[[int], bool] = lambda count: False,
        image_topic: str = "camera/image_raw",
        robot: Robot = SAWYER,
    ) -> None:
        node = participant.node
        self._node = node
        self._answer = answer
        self._robot = robot
        self._lockstep = lockstep
        self._loses = loses
        self._received = 0
        self._instruction = ""
        self._image_ns = self._answered_ns = 0
        self._state: Any = None
        self.picture: np.ndarray | None = None
        messages = messages_of(robot)
        self._action = node.create_publisher(messages.command_message, robot.command_topic, reliable(1))
        self._status = node.create_publisher(DiagnosticArray, "late_fusion/status", reliable(1, latched=True))
        self._subscriptions = [
            node.create_subscription(String, "instruction", self._on_instruction, reliable(1, latched=True)),
            node.create_subscription(Image, image_topic, self._on_image, reliable(1)),
            node.create_subscription(messages.state_message, robot.state_topic, self._on_state, reliable(1)),
        ]
        if not lockstep:
            self._timer = node.create_timer(robot.control_period_s, self._act)

    def _on_instruction(self, message: String) -> None:
        self._instruction = message.data
        control = DiagnosticStatus(level=DiagnosticStatus.OK, name="late_fusion: control", message="active")
        control.values = [KeyValue(key="instruction", value=message.data)]
        self._status.publish(DiagnosticArray(status=[control]))

    def _on_image(self, message: Image) -> None:
        self._received += 1
        if not self._loses(self._received):
            self._image_ns = nanoseconds_of(message.header.stamp)
            self.picture = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
            self._act_if_new()

    def _on_state(self, message: Any) -> None:
        self._state = message
        self._act_if_new()

    def _act_if_new(self) -> None:
        if self._lockstep and self._state is not None:
            newest_ns = nanoseconds_of(self._state.header.stamp)
            if newest_ns == self._image_ns != self._answered_ns:
                self._answered_ns = newest_ns
                self._act()

    def _act(self) -> None:
        if self._state is not None:
            stamp_ns = self._answered_ns if self._lockstep else self._node.get_clock().now().nanoseconds
            command = self._answer(self._instruction, state_of(self._robot, self._state))
            self._action.publish(COMMANDS[self._robot.name](command, stamp_ns))


@contextmanager
def fake_node(answer: Answer, **options: Any) -> Iterator[FakeNode]:
    """Runs a fake node on a thread of its own, as another process would run beside the simulator."""
    over = threading.Event()
    with Participant("late_fusion") as participant:
        node = FakeNode(participant, answer, **options)

        def serve() -> None:
            while not over.is_set():
                participant.spin(POLL_S)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield node
        finally:
            over.set()
            thread.join()
