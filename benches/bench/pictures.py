"""Pictures by which a command tells what it rests on: each has an action of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from peer_rclpy import Policy
from PIL import Image

from bench.parameters import ACTIONS, POLICY
from bench.robot import POSITIONS, SENTENCE

COUNT = 32
"""They come one after the other: at 30 Hz the same picture comes again after a second."""

CANDIDATES = 128
SEED = 0


@dataclass(frozen=True)
class Pictures:
    """Some pictures, and the action of each under one sentence and one state."""

    pixels: list[np.ndarray]
    actions: np.ndarray
    """A row for each picture."""

    @property
    def apart(self) -> float:
        """How much the actions of the two that are most alike differ, in the action that differs most."""
        apart = np.abs(self.actions[:, None] - self.actions[None]).max(axis=2)
        np.fill_diagonal(apart, np.inf)
        return float(apart.min())


def candidates(size: tuple[int, int]) -> list[np.ndarray]:
    """Color fields of a few to many patches, with hard and with soft edges; the same ones every time."""
    chance = np.random.default_rng(SEED)
    pictures = []
    for number in range(CANDIDATES):
        patches = int(chance.choice([1, 2, 4, 8]))
        dark, bright = np.sort(chance.integers(0, 256, 2))
        field = chance.integers(dark, bright + 1, (patches, patches, 3)).astype(np.uint8)
        how = Image.Resampling.BICUBIC if number % 2 else Image.Resampling.NEAREST
        pictures.append(np.asarray(Image.fromarray(field).resize(size, how)))
    return pictures


def actions_of(policy: Policy, pictures: list[np.ndarray]) -> np.ndarray:
    """What the policy does at each picture."""
    sentence = policy.sentences.encode(SENTENCE)
    joints = np.array(POSITIONS, np.float32)
    order = [policy.actions.index(name) for name in ACTIONS]
    return np.array([policy.act(policy.pictures.encode(each), sentence, joints)[order] for each in pictures])


def choose(size: tuple[int, int], count: int = COUNT) -> Pictures:
    """Pictures whose actions are far from each other: each next one is the farthest from all before."""
    pixels = candidates(size)
    actions = actions_of(Policy(POLICY), pixels)
    chosen = [0]
    while len(chosen) < count:
        nearest = np.abs(actions[:, None] - actions[chosen][None]).max(axis=2).min(axis=1)
        chosen.append(int(nearest.argmax()))
    return Pictures([pixels[each] for each in chosen], actions[chosen])
