"""What a perturbation may touch. Each overrides the one method that it is about; all others change nothing.

Whatever is drawn comes from the episode's seed and the perturbation's name alone: a disturbed run begins at the same
start as the undisturbed one, and a run repeats itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from late_fusion_sim.robot import Robot
from late_fusion_sim.tasks import Sentences, Task
from late_fusion_sim.world import AnyScene

Kind = Literal["none", "picture", "scene", "timing", "state", "sentence"]

INSTRUCTION = "instruction"
"""The modality of what is said."""


@dataclass(frozen=True)
class Setting:
    """What the policies of an evaluation have to do, and with which senses."""

    robot: Robot
    tasks: tuple[Task, ...]
    sentences: Sentences
    senses: frozenset[str]
    """Modalities that every policy has."""
    covered: frozenset[str] = frozenset()
    """Cameras that show nothing in any case."""

    @property
    def cameras(self) -> frozenset[str]:
        """Those that every policy looks through."""
        return frozenset(self.robot.cameras) & self.senses - self.covered


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """Nothing at all, and what the others start from."""

    kind: ClassVar[Kind] = "none"
    name: str
    words: str
    """What is done, with its strength and unit."""
    proof: bool = False
    """Whether a policy that uses its senses must fail under it."""

    def words_for(self, robot: Robot) -> str:
        """The same, where the strength depends on the robot."""
        return self.words

    def lacks(self, setting: Setting) -> str | None:
        """Why an evaluation cannot have it; None where it can."""
        return None

    @contextmanager
    def set_up(self, scene: AnyScene, seed: int) -> Iterator[None]:
        """Changes a scene that was just reset, and leaves it as it was found."""
        yield

    def sentence(self, sentence: str, task: Task, scene: AnyScene, seed: int) -> str:
        """What is said instead of a task's sentence."""
        return sentence

    def exposes(self, number: int, seed: int) -> bool:
        """Whether the cameras give a new picture at an observation, counted from 0; otherwise the one before stays."""
        return True

    @property
    def camera_delay_s(self) -> float:
        """How much later than usual a picture comes."""
        return 0.0

    def picture(self, picture: np.ndarray, camera: str, number: int, seed: int) -> np.ndarray:
        """What the camera's driver publishes instead of its picture: uint8 of shape (height, width, 3), rgb."""
        return picture

    def state(self, state: np.ndarray, robot: Robot, number: int, seed: int) -> np.ndarray:
        """What is measured instead of the state, in the order of `Robot.axes`."""
        return state

    def rng(self, seed: int, *place: int) -> np.random.Generator:
        """The generator of an episode, or of a place in it."""
        return np.random.default_rng([seed, zlib.crc32(self.name.encode()), *place])


def needs_camera(setting: Setting) -> str | None:
    """Why pictures cannot be disturbed."""
    if setting.cameras:
        return None
    if frozenset(setting.robot.cameras) & setting.senses:
        return "every camera is covered"
    return "a policy has no camera"


UNDISTURBED = Perturbation(name="none", words="nothing is disturbed")
