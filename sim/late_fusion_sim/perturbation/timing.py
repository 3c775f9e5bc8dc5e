"""Pictures that come late, seldom or no more, and one that shows nothing.

In lockstep the node waits for a picture under the stamp of every observation: where none is new, the one before is
published again, as from a driver that stamps what it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from late_fusion_sim.perturbation.base import Kind, Perturbation, Setting, needs_camera


@dataclass(frozen=True, kw_only=True)
class TimingPerturbation(Perturbation):
    """All cameras of a robot keep another time."""

    kind: ClassVar[Kind] = "timing"
    delay_s: float = 0.0
    every: int = 1
    """One picture in so many comes."""
    lost: float = 0.0
    """The probability that a picture is lost."""

    def lacks(self, setting: Setting) -> str | None:
        return needs_camera(setting)

    @property
    def camera_delay_s(self) -> float:
        return self.delay_s

    def exposes(self, number: int, seed: int) -> bool:
        return number % self.every == 0 and (self.lost == 0.0 or self.rng(seed, number).random() >= self.lost)


@dataclass(frozen=True, kw_only=True)
class Frozen(Perturbation):
    """The first picture of an episode stays, as it is or black."""

    kind: ClassVar[Kind] = "picture"
    proof: bool = True
    black: bool = False

    def lacks(self, setting: Setting) -> str | None:
        return needs_camera(setting)

    def exposes(self, number: int, seed: int) -> bool:
        return number == 0

    def picture(self, picture: np.ndarray, camera: str, number: int, seed: int) -> np.ndarray:
        return np.zeros_like(picture) if self.black else picture


TIMING: tuple[Perturbation, ...] = (
    TimingPerturbation(name="camera_delay", words="pictures arrive 100 ms late, as with --camera-latency", delay_s=0.1),
    TimingPerturbation(name="dropped_pictures", words="half of the pictures are lost at random", lost=0.5),
    TimingPerturbation(name="camera_rate", words="only every fourth picture arrives", every=4),
)

FROZEN: tuple[Perturbation, ...] = (
    Frozen(name="frozen", words="the first picture of the episode stays"),
    Frozen(name="black", words="all pictures are black", black=True),
)
