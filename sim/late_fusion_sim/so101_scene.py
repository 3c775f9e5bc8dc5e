"""The SO-101's scene: a red cube on the table, to be pushed to the left or to the right."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from late_fusion_sim.camera import Cameras, Look, View
from late_fusion_sim.placements import spread
from late_fusion_sim.robot import SO101, Observation, Robot
from late_fusion_sim.so101_model import CUBE_HALF_M, PHYSICS_STEP_S, TIP_SITE, table_with_cube

VIEWS = {"front": View(fixture="front"), "wrist": View(fixture="wrist")}

HOME_RAD = np.array([0.0, -1.1, 0.9, 1.2, 0.0, 0.4])
"""Where the joints are at the start, but for the first; the jaws are open by about the cube's width."""

PAN_AXIS_M = np.array([0.0388, 0.0])
"""x, y of the axis about which the whole arm turns."""

RADIUS_M = (0.19, 0.26)
"""How far from that axis the cube stands at the start."""

BEARING_RAD = (-0.5, 0.5)
"""In which direction it stands there; 0 is straight ahead, positive is to the left."""

YAW_RAD = (-0.4, 0.4)
"""How it is turned."""

PAN_RAD = (-0.4, 0.4)
"""Where the first joint is at the start."""

ENDS = {"left": 0.08, "right": -0.08}
"""How far to the left the cube is at the end of its travel, in metres, by what is wanted."""


@dataclass(frozen=True)
class Travel:
    """The ends of a same-scene pair."""

    ends: dict[str, float]


class CubeScene:
    """The arm, the cube and the cameras. See `robot.Scene`."""

    robot: Robot = SO101
    layout = None
    solved = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.model = table_with_cube()
        self.data = mujoco.MjData(self.model)
        self.pair = self.placement = Travel(ENDS)
        self._joints = [self.model.joint(joint).qposadr[0] for joint in SO101.axes]
        self._cube = self.model.joint(self.model.body("cube").jntadr[0])
        self._start_y = 0.0
        self.look = Look()
        self._cameras: Cameras | None = None

    def reset(self, seed: int) -> None:
        """Starts an episode. What was played before leaves no trace, and no task has a say."""
        radius, bearing, yaw, pan = spread(seed, (RADIUS_M, BEARING_RAD, YAW_RAD, PAN_RAD))
        mujoco.mj_resetData(self.model, self.data)
        home = np.array([pan, *HOME_RAD[1:]])
        place = PAN_AXIS_M + radius * np.array([np.cos(bearing), np.sin(bearing)])
        self.data.qpos[self._joints] = home
        self.data.ctrl[:] = home
        turned = [np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
        self.data.joint(self._cube.id).qpos = [*place, CUBE_HALF_M, *turned]
        mujoco.mj_forward(self.model, self.data)
        self._start_y = self.cube[1]

    def phrase(self, template: str) -> str:
        """A task's sentence for this start: nothing in it depends on the start."""
        return template

    def step(self, command: np.ndarray) -> None:
        """Goes on by one control period with joint positions, one array or one for each of its steps.

        The servos take what their joints can reach.
        """
        low, high = self.model.actuator_ctrlrange.T
        substeps = round(SO101.step_s / PHYSICS_STEP_S)
        for positions in np.broadcast_to(command, (SO101.steps_per_command, len(SO101.axes))):
            self.data.ctrl[:] = np.clip(positions, low, high)
            mujoco.mj_step(self.model, self.data, substeps)

    @property
    def state(self) -> np.ndarray:
        """The measured joint positions, in rad."""
        return self.data.qpos[self._joints].copy()

    @property
    def at_rest(self) -> np.ndarray:
        """The command under which the servos hold: the one before."""
        return self.data.ctrl.copy()

    @property
    def tip(self) -> np.ndarray:
        """The place between the ends of the jaws: x, y, z in metres."""
        return self.data.site(TIP_SITE).xpos.copy()

    @property
    def cube(self) -> np.ndarray:
        """The cube's centre: x, y, z in metres."""
        return self.data.body("cube").xpos.copy()

    @property
    def joint(self) -> float:
        """How far the cube was pushed to the left, in metres."""
        return float(self.cube[1] - self._start_y)

    def observe(self, cameras: frozenset[str] | None = None) -> Observation:
        """Draws the pictures of some cameras, of the first one where none are named, and reads the joints."""
        if self._cameras is None:
            self._cameras = Cameras(self.model, VIEWS, self.look)
        wanted = self.robot.wanted(cameras)
        return Observation({camera: self._cameras.draw(self.data, camera) for camera in wanted}, self.state)

    def leave(self) -> None:
        """Closes the cameras, so that another scene may open its own."""
        if self._cameras is not None:
            self._cameras.close()
            self._cameras = None
