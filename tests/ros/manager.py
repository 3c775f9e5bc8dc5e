"""A lifecycle manager as Nav2's or launch_ros' is one: asks for transitions, and hears of them."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from lifecycle_msgs.msg import State, Transition, TransitionDescription, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from parameters import RATE_HZ, wired, write
from policies import joints_policy
from rclpy.task import Future
from robot import MESSAGES, Robot, joints, numbers

NODE = "late_fusion"

UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = "unconfigured", "inactive", "active", "finalized"

ANSWER_S = 20.0
"""A transition loads a policy or waits for an encoder; on a machine that is busy that takes a while."""


LEFT, RIGHT = 1.0, 0.5
DRIVES = [1.5, -1.0]
"""What `joints_policy` makes of these joints."""

SILENCE_S = 10 / RATE_HZ
"""Ten commands' time, in which there is none."""


def in_words(transition: TransitionDescription) -> tuple[int, str, int, str, int, str]:
    """A transition as rclpy's state machine gives it."""
    start, goal = transition.start_state, transition.goal_state
    return (transition.transition.id, transition.transition.label, start.id, start.label, goal.id, goal.label)


class Manager:
    """Asks the robot's node for transitions."""

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.events: list[TransitionEvent] = []
        node = robot.peer.node
        self._clients = {
            name: node.create_client(kind, f"{NODE}/{name}")
            for name, kind in {
                "change_state": ChangeState,
                "get_state": GetState,
                "get_available_states": GetAvailableStates,
                "get_available_transitions": GetAvailableTransitions,
                "get_transition_graph": GetAvailableTransitions,
            }.items()
        }
        self._heard = node.create_subscription(TransitionEvent, f"{NODE}/transition_event", self.events.append, 100)
        self._numbers = count()

    def run(self, parameters: dict, *arguments: str) -> None:
        """Starts the node, unconfigured unless the parameters say otherwise, and waits until it can be managed."""
        robot = self.robot
        self.commands = robot.listen(MESSAGES[parameters["action"]["message"]])
        path = write(robot.folder / "node.param.yaml", {"autostart": False} | parameters)
        robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", path, *arguments)
        for client in self._clients.values():
            robot.wait_for("the lifecycle services", client.service_is_ready)
        robot.wait_for("the events", lambda: self._heard.get_publisher_count() > 0)
        robot.wait_for("a status", lambda: bool(robot.statuses))

    def ask(self, service: str, request: Any = None) -> Future:
        """An answer that comes while the graph is served."""
        client = self._clients[service]
        return client.call_async(request or client.srv_type.Request())

    def answer(self, service: str, request: Any = None) -> Any:
        """The answer of a service."""
        future = self.ask(service, request)
        self.robot.wait_for(f"an answer of {service}", future.done, ANSWER_S)
        return future.result()

    def ask_for(self, transition: str | int) -> Future:
        """Asks for a transition by its label or its number."""
        asked = Transition(label=transition) if isinstance(transition, str) else Transition(id=transition)
        return self.ask("change_state", ChangeState.Request(transition=asked))

    def change(self, transition: str | int) -> bool:
        """Whether a transition succeeded."""
        future = self.ask_for(transition)
        self.robot.wait_for(f"an answer to {transition}", future.done, ANSWER_S)
        return future.result().success

    def state(self) -> str:
        """The state that the node says it is in."""
        current: State = self.answer("get_state").current_state
        return current.label

    def bring_to(self, state: str) -> None:
        """Makes every transition from unconfigured to this state."""
        steps = {UNCONFIGURED: [], INACTIVE: ["configure"], ACTIVE: ["configure", "activate"]}[state]
        for step in steps:
            assert self.change(step), self.robot.program.log()
        assert self.state() == state

    def is_connected(self) -> None:
        """Waits until commands would be heard: from here on one that is not heard was not sent."""
        self.robot.wait_for("the command topic", lambda: self.commands.get_publisher_count() > 1)


def with_joints(robot: Robot) -> dict:
    """Parameters of a robot that drives as soon as it may."""
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    return wired(joints_policy(robot.folder / "policy"))


def drives(robot: Robot) -> None:
    """Waits for a command of the policy that comes from now on."""
    robot.commands.clear()
    now_ns = time.time_ns()

    def drives() -> bool:
        commands = robot.commands_since(now_ns)
        return bool(commands) and numbers(commands[-1]) == DRIVES

    robot.wait_for("a command of the policy", drives)


def is_silent(robot: Robot) -> None:
    """No command comes, though everything is there that one could be made of."""
    now_ns = time.time_ns()
    robot.peer.spin(SILENCE_S)
    assert [numbers(command) for command in robot.commands_since(now_ns)] == []
    robot.commands.clear()
