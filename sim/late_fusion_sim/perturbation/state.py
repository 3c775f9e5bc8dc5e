"""A robot that measures itself badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from late_fusion_sim.perturbation.base import Kind, Perturbation, Setting
from late_fusion_sim.robot import DIFF_DRIVE, SAWYER, SO101, Robot

UNITS = {
    SAWYER.name: ("m", "m", "m", "of the opening"),
    SO101.name: ("rad",) * 6,
    DIFF_DRIVE.name: ("m/s", "rad/s"),
}
"""Of each axis."""

Strength = dict[str, tuple[float, ...]]
"""Of each axis of each robot."""


@dataclass(frozen=True, kw_only=True)
class StatePerturbation(Perturbation):
    """Something is added to what is measured."""

    kind: ClassVar[Kind] = "state"
    strength: Strength

    def words_for(self, robot: Robot) -> str:
        each = dict.fromkeys(zip(self.strength[robot.name], UNITS[robot.name]))
        return f"{self.words}: {', '.join(f'{value:g} {unit}' for value, unit in each)}"

    def lacks(self, setting: Setting) -> str | None:
        if setting.robot.state_modality not in setting.senses:
            return f"a policy does not have '{setting.robot.state_modality}'"
        return None if setting.robot.name in self.strength else f"nobody said how badly a {setting.robot.name} measures"


class StateNoise(StatePerturbation):
    """Normal noise, anew at every observation."""

    def state(self, state: np.ndarray, robot: Robot, number: int, seed: int) -> np.ndarray:
        return state + self.rng(seed, number).normal(0.0, self.strength[robot.name])


class StateOffset(StatePerturbation):
    """An offset of each axis in either direction, the same for all of an episode."""

    def state(self, state: np.ndarray, robot: Robot, number: int, seed: int) -> np.ndarray:
        return state + self.rng(seed).choice((-1, 1), state.size) * self.strength[robot.name]


STATE: tuple[Perturbation, ...] = (
    StateNoise(
        name="state_noise",
        words="Gaussian noise on the measured state, standard deviation",
        strength={
            SAWYER.name: (0.005, 0.005, 0.005, 0.02),
            SO101.name: (0.02,) * 6,
            DIFF_DRIVE.name: (0.02, 0.1),
        },
    ),
    StateOffset(
        name="state_offset",
        words="the measured state is offset on each axis, ± per episode, by",
        strength={
            SAWYER.name: (0.02, 0.02, 0.02, 0.05),
            SO101.name: (0.05,) * 6,
            DIFF_DRIVE.name: (0.05, 0.2),
        },
    ),
)
