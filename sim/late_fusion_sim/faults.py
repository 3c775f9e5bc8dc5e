"""What can go wrong with a camera, on purpose."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from late_fusion_sim.robot import ROBOTS, Observation


@dataclass(frozen=True)
class Fault:
    """One camera fails in every episode."""

    camera: str
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
        pictures = dict(observation.pictures)
        if self.silent:
            pictures.pop(self.camera, None)
        elif self.camera in pictures:
            pictures[self.camera] = np.zeros_like(pictures[self.camera])
        return dataclasses.replace(observation, pictures=pictures)


def _camera(text: str) -> str:
    names = [name for robot in ROBOTS for name in robot.cameras]
    if text not in names:
        raise ValueError(f"there is no camera {text!r}; there are {', '.join(names)}")
    return text
