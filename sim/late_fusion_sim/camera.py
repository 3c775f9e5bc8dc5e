"""The cameras. Those of Meta-World's arm are `scene`, its `corner2` moved to see the whole table, and `side`, which
looks at it from the arm's other side. All are drawn without luxuries: shadows, reflections and multisampling make a
picture on a CPU ten times as dear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

SIDE = 224
"""Rows and columns of a picture."""

BENCHMARK_SIDE = 360
"""The same in Meta-World's own tasks, which are about things of a few millimetres."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A camera of a model, as it is drawn."""

    fixture: str
    """The model's camera."""
    upside_down: bool = False
    """Whether its pictures need half a turn."""


@dataclass(frozen=True, kw_only=True)
class Mount(View):
    """Where a camera of a model is moved to."""

    position: tuple[float, float, float]
    """In metres."""
    target: tuple[float, float, float] | None = None
    """The point that it looks at, upright; None leaves the fixture's own direction."""

    def put_up(self, model: mujoco.MjModel) -> None:
        """Moves the camera to its place in a model. Its data follow at the next `mj_forward`."""
        camera = model.camera(self.fixture).id
        model.cam_pos[camera] = self.position
        if self.target is not None:
            model.cam_quat[camera] = looking(self.position, self.target)


MOUNTS = {
    "scene": Mount(fixture="corner2", position=(0.75, 0.075, 0.7), upside_down=True),
    "side": Mount(fixture="corner", position=(-0.85, 0.25, 0.85), target=(0.03, 0.70, 0.05)),
}
"""The cameras of Meta-World's arm."""


def mount(model: mujoco.MjModel) -> None:
    """Puts up all cameras in a model."""
    for each in MOUNTS.values():
        each.put_up(model)


def looking(
    position: tuple[float, float, float],
    target: tuple[float, float, float],
    up: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> np.ndarray:
    """The orientation of a camera that looks from one point to another, with the given way up, as a quaternion.

    MuJoCo's cameras look along their −z, with y up.
    """
    back = np.subtract(position, target)
    back /= np.linalg.norm(back)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.column_stack((right, np.cross(back, right), back)).ravel())
    return quaternion


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A thing that cameras draw and that nothing can touch."""

    form: int
    """One of `mujoco.mjtGeom`."""
    size: tuple[float, float, float]
    """As a geom of this form has it, in metres."""
    position: tuple[float, float, float]
    """In metres."""
    rgba: tuple[float, float, float, float]


@dataclass
class Look:
    """What cameras draw beside what the model says."""

    shadows: bool = False
    extras: tuple[Extra, ...] = ()


class BlankFrame(RuntimeError):
    """The renderer drew nothing."""


class Cameras:
    """Draws one model in which they are put up.

    MuJoCo renders reliably for one renderer per process: close these before opening the next.
    """

    _open = False

    def __init__(
        self,
        model: mujoco.MjModel,
        views: Mapping[str, View],
        look: Look,
        *,
        side: int = SIDE,
        draws_sites: bool = False,
    ) -> None:
        if Cameras._open:
            raise RuntimeError("cameras are open already, and a second renderer may draw nothing; close the first")
        self._model = model
        self._views = views
        self._look = look
        model.vis.quality.offsamples = 0
        self._options = mujoco.MjvOption()
        # Meta-World draws its goals as sites.
        if not draws_sites:
            self._options.sitegroup[:] = 0
        self._renderer = mujoco.Renderer(model, side, side)
        Cameras._open = True

    def draw(self, data: mujoco.MjData, name: str) -> np.ndarray:
        """The present picture of one camera, upright: uint8 of shape (side, side, 3), rgb."""
        where = self._views[name]
        camera = self._model.camera(where.fixture).id
        self._renderer.update_scene(data, camera=camera, scene_option=self._options)
        for extra in self._look.extras:
            self._add(extra)
        flags = self._renderer.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = self._look.shadows
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        frame = self._renderer.render()
        if where.upside_down:
            # Half a turn sets it right without mirroring the world.
            frame = frame[::-1, ::-1]
        frame = np.ascontiguousarray(frame)
        if frame.min() == frame.max():
            raise BlankFrame(
                f"the camera '{name}' drew a blank picture; is another MuJoCo renderer alive in this process, "
                "or does MUJOCO_GL name a driver that is not installed? ('egl' and 'osmesa' need no screen)"
            )
        return frame

    def _add(self, extra: Extra) -> None:
        drawn = self._renderer.scene
        mujoco.mjv_initGeom(
            drawn.geoms[drawn.ngeom],
            extra.form,
            np.array(extra.size),
            np.array(extra.position),
            np.eye(3).ravel(),
            np.array(extra.rgba, np.float32),
        )
        drawn.ngeom += 1

    def close(self) -> None:
        self._renderer.close()
        Cameras._open = False
