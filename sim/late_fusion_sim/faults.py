"""What can go wrong with a camera, on purpose."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import get_args

import numpy as np

from late_fusion_sim.camera import CameraName
from late_fusion_sim.scene import Observation


@dataclass(frozen=True)
class Fault:
    """One camera fails in every episode."""

    camera: CameraName
    after: int = 0
    """So many commands into the episode."""
    silent: bool = False
    """Whether it stops publishing; otherwise its picture turns black, as if it was covered."""

    @classmethod
    def covered(cls, text: str) -> Fault:
        """A camera that is covered from the start: its name.

        Raises ValueError for another name.
        """
        return cls(_camera(text))

    @classmethod
    def cut(cls, text: str) -> Fault:
        """A camera that falls silent: its name, `@`, and the number of commands before.

        Raises ValueError for anything else.
        """
        name, _, after = text.partition("@")
        if not after.isdecimal():
            raise ValueError(f"{text!r} is not CAMERA@COMMANDS, for example scene@20")
        return cls(_camera(name), int(after), silent=True)

    def apply(self, observation: Observation, commands: int) -> Observation:
        """What is left of an observation after so many commands of the episode."""
        if commands < self.after:
            return observation
        if self.camera == "scene":
            return dataclasses.replace(observation, image=self._left_of(observation.image))
        return dataclasses.replace(observation, side=self._left_of(observation.side))

    def _left_of(self, picture: np.ndarray | None) -> np.ndarray | None:
        return None if self.silent or picture is None else np.zeros_like(picture)


def _camera(text: str) -> CameraName:
    for name in get_args(CameraName):
        if text == name:
            return name
    raise ValueError(f"there is no camera {text!r}; there are scene and side")
