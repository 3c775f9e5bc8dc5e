"""Who waits for whom.

*Lockstep*: the world waits for the command that answers its newest observation; a run depends on its seed
and the policy alone. *Realtime*: the world goes on at its rate whatever the node does, as a robot would.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from late_fusion_sim.bridge import Bridge, Command
from late_fusion_sim.latency import InFlight
from late_fusion_sim.operator import NodeStatus
from late_fusion_sim.robot import Observation, Robot, Scene
from late_fusion_sim.ros import Participant

Mode = Literal["lockstep", "realtime"]

HOLD_S = 0.2
"""Realtime: how long the world goes on with the last command when no new one comes."""

PHASE_S = 0.002
"""Realtime: how long after a command the world takes its first step. See `Realtime.begin`."""

LISTEN_S = 0.001
"""Realtime: how long a world that is late still listens for commands in each step."""


class Pace(Protocol):
    """How observations and commands follow each other."""

    late_steps: int
    """Steps for which the simulator itself was too slow."""

    def idle(self, scene: Scene) -> None:
        """Called every control period while the world stands still and the node is being instructed."""

    def ready(self, status: NodeStatus) -> bool:
        """Whether the episode may begin."""

    def begin(self, scene: Scene) -> None:
        """The episode begins."""

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        """Shows the scene as it is, and says what to do next: a command for each step of the period."""

    def time_ns(self, command: Command) -> int:
        """When a command came, by the clock that counts."""


class Lockstep:
    """Simulated time; see the module."""

    late_steps = 0

    def __init__(self, bridge: Bridge, check: Callable[[], None]) -> None:
        self._bridge = bridge
        self._check = check
        self._commands: InFlight[np.ndarray] = InFlight(bridge.latency.command_s)
        self._steps_ns = steps_ns(bridge.robot)
        self._in_effect = np.empty(0)

    def idle(self, scene: Scene) -> None:
        self._bridge.tell_time()

    def ready(self, status: NodeStatus) -> bool:
        # The node cannot be active before it has seen this scene, which it will when the episode begins.
        return True

    def begin(self, scene: Scene) -> None:
        self._commands.clear()
        self._in_effect = scene.at_rest

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        self._bridge.advance()
        observation = scene.observe(self._bridge.wanted_cameras)
        now_ns = self._bridge.now_ns
        self._commands.send(now_ns, self._bridge.ask(observation, self._check).values)
        return observation, np.array([self._at(now_ns + ahead_ns) for ahead_ns in self._steps_ns])

    def _at(self, time_ns: int) -> np.ndarray:
        """The command that is in effect at a time."""
        for _, command in self._commands.arrived(time_ns):
            self._in_effect = command
        return self._in_effect

    def time_ns(self, command: Command) -> int:
        return command.stamp_ns


class Realtime:
    """The system's time; see the module."""

    def __init__(self, participant: Participant, bridge: Bridge, check: Callable[[], None]) -> None:
        self._participant = participant
        self._bridge = bridge
        self._check = check
        self._steps_ns = steps_ns(bridge.robot)
        self._period_s = bridge.robot.control_period_s
        self._deadline = 0.0
        self.late_steps = 0

    def idle(self, scene: Scene) -> None:
        # The node sees the waiting scene, so that its first command rests on this scene and this sentence.
        self._show(scene)

    def ready(self, status: NodeStatus) -> bool:
        return status.active

    def begin(self, scene: Scene) -> None:
        # The first command shall not rest on a picture of the scene before.
        while not self._bridge.has_shown:
            self._check()
            self._show(scene)
            self._wait(self._period_s)
        # Both loops have one rate and no common beat: by chance a command could wait nearly a period for the step
        # that carries it out. So the world starts in step, like a camera that the control loop triggers; from then
        # on it goes by its own clock.
        known = len(self._bridge.commands)
        self._participant.spin_until(lambda: len(self._bridge.commands) > known, HOLD_S)
        self._deadline = time.monotonic() + PHASE_S
        self._participant.spin(PHASE_S)
        self.late_steps = 0

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        self._check()
        observation = self._show(scene)
        self._deadline += self._period_s
        left_s = self._deadline - time.monotonic()
        if left_s < 0:
            # A world that is late skips what it missed instead of hurrying, and keeps its beat.
            self.late_steps += 1
            self._deadline -= math.ceil(left_s / self._period_s) * self._period_s
        self._wait(max(left_s, LISTEN_S))
        held = [self._bridge.held_command(HOLD_S, ahead_ns / 1e9) for ahead_ns in self._steps_ns]
        return observation, np.array([scene.at_rest if command is None else command for command in held])

    def _wait(self, seconds: float) -> None:
        """Handles messages for so long, and publishes pictures as they arrive."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            arrival_ns = self._bridge.next_arrival_ns
            if arrival_ns is not None:
                left_s = min(left_s, (arrival_ns - self._bridge.now_ns) / 1e9)
            self._participant.spin(max(left_s, 0.0))
            self._bridge.deliver(self._bridge.now_ns)

    def time_ns(self, command: Command) -> int:
        return command.received_ns

    def _show(self, scene: Scene) -> Observation:
        # The stamp is that of the exposure, not of the finished picture.
        stamp_ns = self._bridge.now_ns
        observation = scene.observe(self._bridge.wanted_cameras)
        self._bridge.publish(observation, stamp_ns)
        return observation


def steps_ns(robot: Robot) -> tuple[int, ...]:
    """When the simulator's steps of a control period begin: a command takes effect at one of them."""
    return tuple(round(step * robot.step_s * 1e9) for step in range(robot.steps_per_command))


def pace_of(mode: Mode, participant: Participant, bridge: Bridge, check: Callable[[], None]) -> Pace:
    """The pace of a mode. `check` raises when the node is gone."""
    return Lockstep(bridge, check) if mode == "lockstep" else Realtime(participant, bridge, check)
