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
from late_fusion_sim.operator import NodeStatus
from late_fusion_sim.ros import Participant
from late_fusion_sim.scene import CONTROL_PERIOD_S, Observation, Scene

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
        observation = scene.observe(side=self._bridge.side_wanted)
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
        self._deadline += CONTROL_PERIOD_S
        left_s = self._deadline - time.monotonic()
        if left_s < 0:
            # A world that is late skips what it missed instead of hurrying, and keeps its beat.
            self.late_steps += 1
            self._deadline -= math.ceil(left_s / CONTROL_PERIOD_S) * CONTROL_PERIOD_S
        self._participant.spin(max(left_s, LISTEN_S))
        return observation, self._bridge.held_command(HOLD_S)

    def time_ns(self, command: Command) -> int:
        return command.received_ns

    def _show(self, scene: Scene) -> Observation:
        # The stamp is that of the exposure, not of the finished picture.
        stamp_ns = self._bridge.now_ns
        observation = scene.observe(side=self._bridge.side_wanted)
        self._bridge.publish(observation, stamp_ns)
        return observation


def pace_of(mode: Mode, participant: Participant, bridge: Bridge, check: Callable[[], None]) -> Pace:
    """The pace of a mode. `check` raises when the node is gone."""
    return Lockstep(bridge, check) if mode == "lockstep" else Realtime(participant, bridge, check)
