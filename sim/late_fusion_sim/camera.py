"""The scene's camera: Meta-World's `corner2`, moved to see the whole table, drawn without luxuries.

Shadows, reflections and multisampling are off: on a CPU they make a picture ten times as dear.
"""

from __future__ import annotations

import mujoco
import numpy as np

WIDTH = HEIGHT = 224
NAME = "corner2"
POSITION = (0.75, 0.075, 0.7)


def mount(model: mujoco.MjModel) -> None:
    """Moves the camera to its place in a model. Its data follow at the next `mj_forward`."""
    model.cam_pos[model.camera(NAME).id] = POSITION


class BlankFrame(RuntimeError):
    """The renderer drew nothing."""


class Camera:
    """Draws one model in which it is mounted.

    MuJoCo renders reliably for one `Camera` per process: close it before opening the next.
    """

    _open = False

    def __init__(self, model: mujoco.MjModel) -> None:
        if Camera._open:
            raise RuntimeError("a camera is open already, and a second one may draw nothing; close the first")
        self._id = model.camera(NAME).id
        model.vis.quality.offsamples = 0
        self._options = mujoco.MjvOption()
        # Meta-World draws its goals as sites; a policy must not see the answer.
        self._options.sitegroup[:] = 0
        self._renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
        Camera._open = True

    def draw(self, data: mujoco.MjData) -> np.ndarray:
        """The present picture, upright: uint8 of shape (224, 224, 3), rgb."""
        self._renderer.update_scene(data, camera=self._id, scene_option=self._options)
        flags = self._renderer.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        # `corner2` hangs upside down; half a turn sets it right without mirroring the world.
        frame = np.ascontiguousarray(self._renderer.render()[::-1, ::-1])
        if frame.min() == frame.max():
            raise BlankFrame(
                f"the camera '{NAME}' drew a blank picture; is another MuJoCo renderer alive in this process, "
                "or does MUJOCO_GL name a driver that is not installed? ('egl' and 'osmesa' need no screen)"
            )
        return frame

    def close(self) -> None:
        self._renderer.close()
        Camera._open = False
