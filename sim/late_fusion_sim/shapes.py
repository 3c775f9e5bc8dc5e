"""A table with coloured shapes: which of them is meant, only the sentence says; where it is, only the picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import mujoco
import numpy as np
from metaworld.envs.sawyer_reach_v3 import SawyerReachEnvV3

COLOURS = {
    "red": (0.85, 0.08, 0.08),
    "green": (0.10, 0.65, 0.15),
    "blue": (0.10, 0.20, 0.85),
    "yellow": (0.95, 0.85, 0.10),
}
SHAPES = ("cube", "ball", "cylinder")

ON_TABLE = 4
"""How many shapes stand on the table."""

HALF_HEIGHT = 0.033
"""In metres; of every shape, which are all about as wide as high."""

REACH_X, REACH_Y = (-0.25, 0.25), (0.52, 0.86)
"""Where shapes stand, in metres."""

APART = 0.14
"""The least distance between two shapes, in metres."""

STORED = (0.0, 0.0, -2.0)
"""Where the shapes wait that are not on the table: under the floor, out of every picture."""


class Shape(NamedTuple):
    """What a sentence names."""

    colour: str
    shape: str

    @property
    def body(self) -> str:
        """Its name in the model."""
        return f"{self.colour}_{self.shape}"


ALL_SHAPES = tuple(Shape(*each) for each in product(COLOURS, SHAPES))

NEVER_TRAINED = frozenset({Shape("red", "ball"), Shape("green", "cylinder"), Shape("blue", "cube")})
"""Combinations that no recording ever names as the target, though their colours and their shapes are named."""


@dataclass(frozen=True)
class Layout:
    """What stands where."""

    positions: dict[Shape, np.ndarray]
    """x, y, z of the centre of each shape on the table, in metres; the first one is the target."""

    @property
    def target(self) -> Shape:
        """The shape that is meant."""
        return next(iter(self.positions))

    def about(self, target: Shape) -> Layout:
        """The same table, with another shape meant."""
        return Layout({target: self.positions[target], **self.positions})

    @classmethod
    def draw(cls, seed: int, targets: tuple[Shape, ...]) -> Layout:
        """The layout of a seed, whose target is one of some shapes. Nothing else enters."""
        rng = np.random.default_rng(seed)
        target = targets[rng.integers(len(targets))]
        others = [shape for shape in ALL_SHAPES if shape != target]
        chosen = [target, *(others[i] for i in rng.permutation(len(others))[: ON_TABLE - 1])]
        places: list[np.ndarray] = []
        while len(places) < len(chosen):
            place = np.array([rng.uniform(*REACH_X), rng.uniform(*REACH_Y)])
            if all(np.linalg.norm(place - other) >= APART for other in places):
                places.append(place)
        return cls({shape: np.array([*place, HALF_HEIGHT]) for shape, place in zip(chosen, places)})


class ShapesEnvironment(SawyerReachEnvV3):
    """Meta-World's arm and table, with the shapes in place of the puck. They can be seen and not be moved."""

    def _initialize_simulation(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        spec = mujoco.MjSpec.from_file(self.fullpath)
        for each in ALL_SHAPES:
            body = spec.worldbody.add_body(name=each.body, pos=STORED)
            body.add_geom(**_geometry(each.shape), rgba=(*COLOURS[each.colour], 1.0), contype=0, conaffinity=0)
        model = spec.compile()
        model.vis.global_.offwidth, model.vis.global_.offheight = self.width, self.height
        return model, mujoco.MjData(model)

    def reset_model(self) -> np.ndarray:
        observation = super().reset_model()
        self._set_obj_xyz(np.array(STORED))
        return observation

    def arrange(self, layout: Layout) -> None:
        """Puts the shapes of a layout on the table and all others away. Holds from the next `mj_forward` on."""
        for each in ALL_SHAPES:
            self.model.body(each.body).pos = layout.positions.get(each, STORED)


def _geometry(shape: str) -> dict:
    sizes = {
        "cube": (mujoco.mjtGeom.mjGEOM_BOX, (0.9 * HALF_HEIGHT, 0.9 * HALF_HEIGHT, HALF_HEIGHT)),
        "ball": (mujoco.mjtGeom.mjGEOM_SPHERE, (HALF_HEIGHT, 0.0, 0.0)),
        "cylinder": (mujoco.mjtGeom.mjGEOM_CYLINDER, (0.8 * HALF_HEIGHT, HALF_HEIGHT, 0.0)),
    }
    kind, size = sizes[shape]
    return {"type": kind, "size": size}
