"""Who waits for whom.

*Lockstep*: the world waits for the command that answers its newest observation; a run depends on its seed
and the policy alone. *Realtime*: the world goes on at its rate whatever the node does, as a robot would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from late_fusion_sim.bridge import Bridge, Command
from late_fusion_sim.operator import NodeStatus
from late_fusion_sim.ros import Participant
from late_fusion_sim.scene import CONTROL_PERIOD_S, Observation, Scene

Mode = Literal["lockstep", "realtime"]

HOLD_S = 0.2
"""Realtime: how long the world goes on with the last command when no new one comes."""


class Pace(Protocol):
    """How observations and commands follow each other."""

    late_steps: int
    """Steps for which the simulator itself was too slow."""

    def idle(self, scene: Scene) -> None:
        """Called every control period while the world stands still and the node is being instructed."""

    def ready(self, status: NodeStatus) -> bool:
        """Whether the episode may begin."""

    def begin(self) -> None:
        """The episode begins."""

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        """Shows the scene as it is, and says what to do next."""

    def time_ns(self, command: Command) -> int:
        """When a command came, by the clock that counts."""


class Lockstep:
    """Simulated time; see the module."""

    late_steps = 0

    def __init__(self, bridge: Bridge, check: Callable[[], None]) -> None:
        self._bridge = bridge
        self._check = check

    def idle(self, scene: Scene) -> None:
        self._bridge.tell_time()

    def ready(self, status: NodeStatus) -> bool:
        # The node cannot be active before it has seen this scene, which it will when the episode begins.
        return True

    def begin(self) -> None:
        pass

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        self._bridge.advance()
        observation = scene.observe()
        return observation, self._bridge.ask(observation, self._check).values

    def time_ns(self, command: Command) -> int:
        return command.stamp_ns


class Realtime:
    """The system's time; see the module."""

    def __init__(self, participant: Participant, bridge: Bridge, check: Callable[[], None]) -> None:
        self._participant = participant
        self._bridge = bridge
        self._check = check
        self._deadline = 0.0
        self.late_steps = 0

    def idle(self, scene: Scene) -> None:
        # The node sees the waiting scene, so that its first command rests on this scene and this sentence.
        self._show(scene)

    def ready(self, status: NodeStatus) -> bool:
        return status.active

    def begin(self) -> None:
        self._deadline = time.monotonic()
        self.late_steps = 0

    def exchange(self, scene: Scene) -> tuple[Observation, np.ndarray]:
        self._check()
        observation = self._show(scene)
        self._deadline += CONTROL_PERIOD_S
        now = time.monotonic()
        if now > self._deadline:
            # A world that is late stays late: catching up would be a world that runs too fast.
            self.late_steps += 1
            self._deadline = now
        self._participant.spin(self._deadline - now)
        return observation, self._bridge.held_command(HOLD_S)

    def time_ns(self, command: Command) -> int:
        return command.received_ns

    def _show(self, scene: Scene) -> Observation:
        # The stamp is that of the exposure, not of the finished picture.
        stamp_ns = self._bridge.now_ns
        observation = scene.observe()
        self._bridge.publish(observation, stamp_ns)
        return observation


def pace_of(mode: Mode, participant: Participant, bridge: Bridge, check: Callable[[], None]) -> Pace:
    """The pace of a mode. `check` raises when the node is gone."""
    return Lockstep(bridge, check) if mode == "lockstep" else Realtime(participant, bridge, check)
