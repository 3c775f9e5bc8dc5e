"""A world that looks otherwise than in any recording: light, shadows, colours, things that stand about, where cameras
hang; and a robot that begins elsewhere. What is changed in a model is put back after the episode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np

from late_fusion_sim.camera import Extra
from late_fusion_sim.perturbation.base import Kind, Perturbation, Setting, needs_camera
from late_fusion_sim.robot import DIFF_DRIVE, SAWYER, SO101
from late_fusion_sim.scene import Scene
from late_fusion_sim.world import AnyScene

Change = Callable[[AnyScene, np.random.Generator], None]

CHANGED = ("geom_rgba", "light_ambient", "light_diffuse", "cam_pos")
"""What changes may write to in a model, beside its headlight."""

HEADLIGHT = ("ambient", "diffuse")

UNSET_RGBA = (0.5, 0.5, 0.5, 1.0)
"""A geom of this colour takes that of its material, says MuJoCo."""

ROBOT_BODIES = frozenset({"base", "mocap"})
"""Bodies from which robots descend, in all models."""

GROUND_BODIES = frozenset({"world", "tablelink", "RetainingWall"})
"""Bodies that everything stands on or between."""

COLOUR_DECIDES = frozenset({"shapes", "pillars"})
"""Scenes whose sentences tell objects from each other by their colours."""


@dataclass(frozen=True)
class Ground:
    """Where things may stand about without being in the way, in metres."""

    ahead: tuple[float, float]
    """Along the axis that leads away from the robot."""
    aside: tuple[float, float]
    """To either side of it."""
    ahead_axis: int
    """0 for x, 1 for y."""
    half_m: float
    """Half of a thing's height."""


GROUNDS = {
    SAWYER.name: Ground(ahead=(0.50, 0.85), aside=(0.36, 0.46), ahead_axis=1, half_m=0.035),
    SO101.name: Ground(ahead=(0.33, 0.38), aside=(0.03, 0.14), ahead_axis=0, half_m=0.022),
    DIFF_DRIVE.name: Ground(ahead=(1.65, 1.85), aside=(0.25, 0.45), ahead_axis=0, half_m=0.10),
}

THINGS = (
    (mujoco.mjtGeom.mjGEOM_BOX, (0.50, 0.10, 0.60, 1.0)),
    (mujoco.mjtGeom.mjGEOM_SPHERE, (0.10, 0.70, 0.70, 1.0)),
    (mujoco.mjtGeom.mjGEOM_CYLINDER, (0.85, 0.85, 0.85, 1.0)),
)
"""Purple, turquoise and white: no sentence asks for these."""

CARRIED_PERIODS = 5
SETTLE_PERIODS = 3
CARRIED = {
    SAWYER.name: ((-0.5, 0.5), (-0.5, 0.0), (0.0, 0.5), (0.0, 0.0)),
    SO101.name: ((-0.5, 0.5), (-0.5, 0.0), (-0.5, 0.0), (-0.5, 0.5), (-0.5, 0.5), (0.0, 0.0)),
    DIFF_DRIVE.name: ((-0.5, 0.0), (-0.2, 0.2)),
}
"""The range of each axis' speed while a robot is carried elsewhere, where 1 is full speed: never towards what it is to
work on, and a base never so far round that a pillar leaves its picture."""


@dataclass(frozen=True, kw_only=True)
class ScenePerturbation(Perturbation):
    """A scene is changed before its episode begins."""

    kind: ClassVar[Kind] = "scene"
    change: Change
    is_seen: bool = True
    """Whether nothing but cameras can tell."""
    of_colours: bool = False
    """Whether objects get other colours."""
    robots: frozenset[str] | None = None
    """Those that it is laid out for; None for all."""

    def lacks(self, setting: Setting) -> str | None:
        if self.of_colours and (named := sorted({task.scene for task in setting.tasks} & COLOUR_DECIDES)):
            return f"in the scene {', '.join(named)} sentences tell objects by their colours"
        if self.robots is not None and setting.robot.name not in self.robots:
            return f"it is not laid out for a {setting.robot.name}"
        return needs_camera(setting) if self.is_seen else None

    @contextmanager
    def set_up(self, scene: AnyScene, seed: int) -> Iterator[None]:
        model, look = model_of(scene), scene.look
        before = {name: getattr(model, name).copy() for name in CHANGED}
        headlight = {name: getattr(model.vis.headlight, name).copy() for name in HEADLIGHT}
        shadows, extras = look.shadows, look.extras
        try:
            self.change(scene, self.rng(seed))
            yield
        finally:
            for name, values in before.items():
                getattr(model, name)[:] = values
            for name, values in headlight.items():
                getattr(model.vis.headlight, name)[:] = values
            look.shadows, look.extras = shadows, extras


def model_of(scene: AnyScene) -> mujoco.MjModel:
    """A scene's model."""
    return scene.env.model if isinstance(scene, Scene) else scene.model


def data_of(scene: AnyScene) -> mujoco.MjData:
    """A scene's state."""
    return scene.env.data if isinstance(scene, Scene) else scene.data


def lights(factor: float) -> Change:
    """All lights times a factor."""

    def change(scene: AnyScene, rng: np.random.Generator) -> None:
        model = model_of(scene)
        model.light_ambient[:] *= factor
        model.light_diffuse[:] *= factor
        for name in HEADLIGHT:
            getattr(model.vis.headlight, name)[:] *= factor

    return change


def shadows(scene: AnyScene, rng: np.random.Generator) -> None:
    """Lights that cast shadows do."""
    scene.look.shadows = True


def colours(of_ground: bool, least: float) -> Change:
    """Each geom of table and floor, or of the objects on them, has its channels times factors from `least` to 1."""

    def change(scene: AnyScene, rng: np.random.Generator) -> None:
        model = model_of(scene)
        for geom in range(model.ngeom):
            if is_robot(model, geom) or is_ground(model, geom) != of_ground:
                continue
            rgba, material = model.geom_rgba[geom], model.geom_matid[geom]
            if material >= 0 and np.allclose(rgba, UNSET_RGBA):
                rgba[:] = model.mat_rgba[material]
            rgba[:3] *= rng.uniform(least, 1.0, 3)

    return change


def is_robot(model: mujoco.MjModel, geom: int) -> bool:
    """Whether a geom is a part of a robot."""
    body = model.geom_bodyid[geom]
    while body and model.body(body).name not in ROBOT_BODIES:
        body = model.body_parentid[body]
    return bool(body)


def is_ground(model: mujoco.MjModel, geom: int) -> bool:
    """Whether a geom is a part of what everything stands on or between."""
    body = model.geom_bodyid[geom]
    return model.body(body).name in GROUND_BODIES


def distractors(scene: AnyScene, rng: np.random.Generator) -> None:
    """Things stand about that can be seen and not be touched."""
    ground = GROUNDS[scene.robot.name]
    extras = []
    for form, rgba in THINGS:
        place = np.full(3, ground.half_m)
        place[ground.ahead_axis] = rng.uniform(*ground.ahead)
        place[1 - ground.ahead_axis] = rng.choice((-1, 1)) * rng.uniform(*ground.aside)
        extras.append(Extra(form=form, size=(ground.half_m,) * 3, position=tuple(place), rgba=rgba))
    scene.look.extras = tuple(extras)


def cameras_moved(by_m: float) -> Change:
    """Every camera hangs so far aside along each of its axes, in either direction, and looks the same way."""

    def change(scene: AnyScene, rng: np.random.Generator) -> None:
        model = model_of(scene)
        model.cam_pos[:] += by_m * rng.choice((-1, 1), model.cam_pos.shape)
        # Not `mj_forward`, which would leave its trace in the solver's warm start.
        mujoco.mj_camlight(model, data_of(scene))

    return change


def carried(scene: AnyScene, rng: np.random.Generator) -> None:
    """The robot's own commands carry it elsewhere, and bring it to rest there."""
    robot = scene.robot
    ranges = np.array(CARRIED[robot.name])
    speeds = rng.uniform(*ranges.T)
    # As far as a range lets it in one direction at least, so that no start is the usual one.
    widest = np.abs(ranges).max(axis=1)
    used = widest > 0
    speeds[used] /= np.max(np.abs(speeds[used]) / widest[used])
    for _ in range(CARRIED_PERIODS):
        scene.step(robot.action(speeds, scene.state))
    for _ in range(SETTLE_PERIODS):
        scene.step(scene.at_rest)


SCENE: tuple[Perturbation, ...] = (
    ScenePerturbation(name="lights_dim", words="all lights × 0.5", change=lights(0.5)),
    ScenePerturbation(name="lights_bright", words="all lights × 1.5", change=lights(1.5)),
    ScenePerturbation(name="shadows", words="shadows are drawn", change=shadows),
    ScenePerturbation(
        name="ground_color",
        words="table, floor and walls: each color channel × 0.5 to 1",
        change=colours(of_ground=True, least=0.5),
    ),
    ScenePerturbation(
        name="object_color",
        words="objects: each color channel × 0.5 to 1",
        change=colours(of_ground=False, least=0.5),
        of_colours=True,
    ),
    ScenePerturbation(
        name="distractors",
        words="three colored objects, out of the way",
        change=distractors,
        robots=frozenset(GROUNDS),
    ),
    ScenePerturbation(
        name="camera_2cm", words="cameras moved by 2 cm on each axis, ± per episode", change=cameras_moved(0.02)
    ),
    ScenePerturbation(
        name="camera_5cm", words="cameras moved by 5 cm on each axis, ± per episode", change=cameras_moved(0.05)
    ),
    ScenePerturbation(
        name="start_pose",
        words="the robot starts elsewhere: moved for 5 control periods at up to half speed",
        change=carried,
        is_seen=False,
        robots=frozenset(CARRIED),
    ),
)
