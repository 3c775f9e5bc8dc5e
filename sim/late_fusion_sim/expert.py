"""The scripted experts of all tasks. Meta-World's own know where the object is, and so need no eyes.

They are tuned for a world that answers at 80 Hz and at once. Behind a camera, an encoder and a control loop
an answer comes one to two periods of 25 ms late; at full gain the hand then swings about the faucet's handle
until time is up. So most are used at half their gain, which stands twice the delay.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from metaworld.policies import ENV_POLICY_MAP

from late_fusion_sim.diff_drive_expert import DrivingExpert
from late_fusion_sim.robot import SO101
from late_fusion_sim.scene import Scene
from late_fusion_sim.so101_expert import PushingExpert
from late_fusion_sim.tasks import Task

OBSERVATION_SIZE = 39
"""Length of a Meta-World observation, of which the experts used here read the first seven numbers."""

# Meta-World's experts warn that their commands exceed [−1, 1]; they are clipped here.
warnings.filterwarnings("ignore", message="Constant", module=r"metaworld\.policies\.policy")


class Expert(Protocol):
    """Plays one task in its scene."""

    def act(self, scene: Any) -> np.ndarray:
        """The command for the present state of its scene."""


def expert_of(task: Task) -> Expert:
    """The expert of a task."""
    if task.metaworld == task.scene:
        return BenchmarkExpert(task)
    if task.metaworld:
        return MetaWorldExpert(task)
    if task.end is None:
        return ReachingExpert(task)
    return PushingExpert(task.end) if task.robot == SO101.name else DrivingExpert(task.end)


class ReachingExpert:
    """Goes above the shape that is meant, then down to it: on the way it passes over all others."""

    GAIN = 10.0
    """Of commands, per metre."""
    CRUISE_M = 0.12
    """Height of the fingers above the shape while it is not yet below them."""
    ABOVE_M = 0.03
    """The shape is below when it is at most this far aside."""

    def __init__(self, task: Task) -> None:
        self._gain = self.GAIN * task.gain

    def act(self, scene: Scene) -> np.ndarray:
        shape = scene.table.positions[scene.table.target]
        way = shape - scene.fingers
        aside = float(np.linalg.norm(way[:2]))
        # Comes down along a funnel, so that nothing hangs on the last millimetre aside.
        way[2] += min(self.CRUISE_M, max(0.0, 3.0 * (aside - self.ABOVE_M)))
        return np.append(np.clip(self._gain * way, -1.0, 1.0), 1.0)


class BenchmarkExpert:
    """One of Meta-World's own, in the environment that it was written for."""

    def __init__(self, task: Task) -> None:
        self._policy = ENV_POLICY_MAP[task.metaworld]()

    def act(self, scene: Scene) -> np.ndarray:
        return np.clip(self._policy.get_action(scene.whole_state), -1.0, 1.0)


class MetaWorldExpert:
    """One of Meta-World's own, in the common scene of a pair."""

    def __init__(self, task: Task) -> None:
        self._policy = ENV_POLICY_MAP[task.metaworld]()
        self._gain = np.array([task.gain, task.gain, task.gain, 1.0])
        # Opening and closing share the opener's environment, but the closer looks for the handle where
        # its own class would report it.
        self._object_position = ALL_V3_ENVIRONMENTS[task.metaworld]._get_pos_objects

    def act(self, scene: Scene) -> np.ndarray:
        observation = np.zeros(OBSERVATION_SIZE)
        observation[:4] = scene.state
        observation[4:7] = self._object_position(scene.env)
        return np.clip(self._gain * self._policy.get_action(observation), -1.0, 1.0)
