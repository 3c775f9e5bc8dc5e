"""Where things stand when an episode begins.

Drawer, window and faucet are *same-scene pairs*: opening and closing start from one range of states, with the
object half-way, so that nothing but the instruction can tell which is wanted. Their ranges are wider
than Meta-World's own, so that nothing but the picture can tell where the object is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from late_fusion_sim import mt50
from late_fusion_sim.robot import SAWYER, Robot

RECORDING_SEEDS = range(0, 100_000)
"""Starts that training may see."""

EVALUATION_SEEDS = range(100_000, 200_000)
"""Starts that training never sees: disjoint from `RECORDING_SEEDS`."""


def check_starts(episodes: int, seed: int) -> None:
    """ValueError where `EVALUATION_SEEDS` has not so many starts from the one with this number on."""
    starts = len(EVALUATION_SEEDS)
    if episodes < 1 or seed < 0 or seed + episodes > starts:
        raise ValueError(
            f"--episodes {episodes} from --seed {seed}: there are the starts 0 to {starts - 1}, "
            "and at least one episode is needed"
        )


Range = tuple[float, float]


def spread(seed: int, ranges: Sequence[Range] | np.ndarray, attempt: int = 0) -> np.ndarray:
    """A number of each range for a seed, other ones in every attempt. Nothing else enters.

    Evaluation draws at random. Recordings go through a Halton sequence, as a careful demonstrator would: the first few
    starts are all over the range already, and so are the next few. They are denser towards its edges, as Chebyshev's
    nodes are: what is learned seldom holds beyond the outermost demonstration.
    """
    if seed in RECORDING_SEEDS:
        sequence = qmc.Halton(len(ranges), scramble=False).fast_forward(seed + 1 + attempt * RECORDING_SEEDS.stop)
        share = 0.5 - 0.5 * np.cos(np.pi * sequence.random(1)[0])
    else:
        share = np.random.default_rng([seed, attempt] if attempt else seed).uniform(size=len(ranges))
    low, high = np.transpose(ranges)
    return low + share * (high - low)


@dataclass(frozen=True)
class Placement:
    """The common starts of a same-scene pair. Lengths in metres, angles in radians."""

    body: str
    joint: str
    x: Range
    y: Range
    z: Range
    start: Range
    """Range of the joint's value at the start."""
    ends: dict[str, float]
    """The joint's value at each end of its travel, by the end's name."""

    def draw(self, seed: int) -> tuple[np.ndarray, float]:
        """The body's position and the joint's value for a seed. Nothing else enters."""
        *position, joint = spread(seed, (self.x, self.y, self.z, self.start))
        return np.array(position), float(joint)


@dataclass(frozen=True)
class SceneSpec:
    """A Meta-World environment and, for a same-scene pair, its common starts."""

    environment: str
    placement: Placement | None = None
    """None: the environment's own random starts."""
    sentence_names_target: bool = False
    """Whether shapes stand on the table, one of which is meant (shapes.py)."""
    robot: Robot = SAWYER
    benchmark: bool = False
    """Whether it is Meta-World's own: recordings spread its random starts, and its goals are drawn, since some are
    points in the air that nothing else can tell. Elsewhere a policy must not see the answer."""


SCENES: dict[str, SceneSpec] = {
    "button": SceneSpec("button-press-topdown-v3"),
    "shapes": SceneSpec("shapes", sentence_names_target=True),
    "drawer": SceneSpec(
        "drawer-open-v3",
        Placement(
            body="drawer",
            joint="goal_slidey",
            x=(-0.25, 0.25),
            y=(0.82, 0.90),
            z=(0.0, 0.0),
            start=(-0.12, -0.04),
            ends={"open": -0.16, "closed": 0.0},
        ),
    ),
    "window": SceneSpec(
        "window-open-v3",
        Placement(
            body="window",
            joint="window_slide",
            x=(-0.20, 0.20),
            y=(0.68, 0.88),
            z=(0.2, 0.2),
            start=(0.05, 0.15),
            ends={"open": 0.2, "closed": 0.0},
        ),
    ),
    "faucet": SceneSpec(
        "faucet-open-v3",
        Placement(
            body="faucetBase",
            joint="knob_Joint_1",
            x=(-0.25, 0.25),
            y=(0.70, 0.85),
            z=(0.0, 0.0),
            start=(-0.5, 0.5),
            ends={"open": 1.57, "closed": -1.57},
        ),
    ),
    **{name: SceneSpec(name, robot=mt50.ROBOT, benchmark=True) for name in mt50.names()},
}
