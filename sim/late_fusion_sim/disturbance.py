"""What keeps an expert from getting its way, so that its demonstrations show the way back."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

PUSH_LASTS = (4, 10)
"""Shortest and, excluded, longest push, in control periods."""


@dataclass(frozen=True)
class Disturbance:
    """How what is carried out differs from what the expert wants."""

    noise: float
    """Standard deviation of what is added to the action, where 1 is full speed."""
    most_delay: int
    """The longest an action comes late, in control periods; each episode has a delay of its own."""
    push: float
    """The probability, per control period, that a push begins: at full speed, in any direction."""

    def __bool__(self) -> bool:
        """Whether it can keep an expert from anything."""
        return bool(self.noise or self.most_delay or self.push)

    def lessened(self, share: float) -> Disturbance:
        """The same with a share of its noise and of its pushes."""
        return replace(self, noise=share * self.noise, push=share * self.push)

    def carried_out(self, rng: np.random.Generator, calm_from: int) -> Callable[[np.ndarray], np.ndarray]:
        """From the expert's action to what is carried out instead, period after period.

        Both are speeds, where 1 is full speed; a push decides the first three of them, or all where there are fewer.

        From the period `calm_from` on no push begins.
        """
        delay = rng.integers(0, self.most_delay + 1)
        late: deque[np.ndarray] = deque()
        pushes: deque[np.ndarray] = deque()
        periods = itertools.count()

        def disturb(action: np.ndarray) -> np.ndarray:
            late.append(action)
            before = late.popleft() if len(late) > delay else np.zeros_like(action)
            carried = before + rng.normal(0.0, self.noise, action.shape)
            if next(periods) < calm_from and not pushes and rng.random() < self.push:
                pushes.extend([direction(rng, min(3, action.size))] * rng.integers(*PUSH_LASTS))
            if pushes:
                push = pushes.popleft()
                carried[: push.size] = push
            return carried

        return disturb


def direction(rng: np.random.Generator, dimensions: int) -> np.ndarray:
    """Any direction in so many dimensions, of length 1."""
    vector = rng.normal(size=dimensions)
    return vector / np.linalg.norm(vector)
