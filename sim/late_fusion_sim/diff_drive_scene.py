"""The base's scene: a room with three coloured pillars, one of which it is told to drive to."""

from __future__ import annotations

from importlib import resources

import mujoco
import numpy as np

from late_fusion_sim.camera import Cameras, Look, View
from late_fusion_sim.placements import spread
from late_fusion_sim.robot import DIFF_DRIVE, Observation, Robot

MODEL_FILE = "diff_drive.xml"

VIEWS = {"camera": View(fixture="camera")}

WHEEL_RADIUS_M = 0.033
TRACK_M = 0.160
"""Between the wheels."""

FASTEST = np.array(DIFF_DRIVE.full_speed)

PILLARS = ("red", "green", "blue")

ROW_Y_M = (0.65, 0.0, -0.65)
"""The three places of pillars, from left to right; which pillar stands where, the seed decides."""

PILLAR_X_M = (1.2, 1.5)
"""How far ahead each of them stands."""

START_Y_M = (-0.12, 0.12)
START_YAW_RAD = (-0.17, 0.17)
"""Where the base stands at the start, and how it is turned; x is 0. From all of that every pillar is in the picture."""


class PillarScene:
    """The base, the pillars and the camera. See `robot.Scene`."""

    robot: Robot = DIFF_DRIVE
    layout = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.model = mujoco.MjModel.from_xml_string(
            resources.files(__package__).joinpath(MODEL_FILE).read_text(encoding="utf-8")
        )
        self.data = mujoco.MjData(self.model)
        self._wheels = [self.model.joint(wheel).dofadr[0] for wheel in ("left_wheel", "right_wheel")]
        self.look = Look()
        self._cameras: Cameras | None = None

    def reset(self, seed: int) -> None:
        """Starts an episode. What was played before leaves no trace, and no task has a say."""
        y, yaw, *ahead = spread(seed, (START_Y_M, START_YAW_RAD, *[PILLAR_X_M] * len(PILLARS)))
        mujoco.mj_resetData(self.model, self.data)
        self.data.joint("base").qpos[1] = y
        self.data.joint("base").qpos[3:] = [np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
        # At random, and not from the sequence: it would tie the order to how the base is turned.
        for place, number in enumerate(np.random.default_rng(seed).permutation(len(PILLARS))):
            body = self.model.body(PILLARS[number])
            self.data.mocap_pos[body.mocapid[0]] = [ahead[place], ROW_Y_M[place], 0.0]
        mujoco.mj_forward(self.model, self.data)

    def phrase(self, template: str) -> str:
        """A task's sentence for this start: nothing in it depends on the start."""
        return template

    def step(self, command: np.ndarray) -> None:
        """Goes on by one control period with forward and turning velocity, in m/s and rad/s, or with one pair for each
        of its steps. Both are brought to the base's limits, then together to those of its wheels: slower on the same
        curve.
        """
        substeps = round(DIFF_DRIVE.step_s / self.model.opt.timestep)
        limits = self.model.actuator_ctrlrange[:, 1]
        for velocities in np.broadcast_to(command, (DIFF_DRIVE.steps_per_command, len(DIFF_DRIVE.axes))):
            forward, turn = np.clip(velocities, -FASTEST, FASTEST)
            wheels = np.array([forward - turn * TRACK_M / 2, forward + turn * TRACK_M / 2]) / WHEEL_RADIUS_M
            self.data.ctrl[:] = wheels / max(1.0, np.max(np.abs(wheels) / limits))
            mujoco.mj_step(self.model, self.data, substeps)

    @property
    def state(self) -> np.ndarray:
        """Forward velocity in m/s and turning velocity in rad/s, as the wheels' encoders have them."""
        left, right = self.data.qvel[self._wheels] * WHEEL_RADIUS_M
        return np.array([(left + right) / 2, (right - left) / TRACK_M])

    @property
    def at_rest(self) -> np.ndarray:
        """No velocity."""
        return np.zeros(len(DIFF_DRIVE.axes))

    @property
    def pose(self) -> np.ndarray:
        """Where the base is: x and y in metres, yaw in rad."""
        forward = self.data.site("base").xmat.reshape(3, 3)[:, 0]
        return np.array([*self.data.site("base").xpos[:2], np.arctan2(forward[1], forward[0])])

    @property
    def pillars(self) -> dict[str, np.ndarray]:
        """Where each pillar stands: x, y in metres."""
        return {pillar: self.data.mocap_pos[self.model.body(pillar).mocapid[0], :2].copy() for pillar in PILLARS}

    def distance_m(self, pillar: str) -> float:
        """From the middle of the base to that of a pillar."""
        return float(np.linalg.norm(self.pillars[pillar] - self.pose[:2]))

    def observe(self, cameras: frozenset[str] | None = None) -> Observation:
        """Draws the camera's picture unless nobody asks for it, and reads the wheels."""
        if self._cameras is None:
            self._cameras = Cameras(self.model, VIEWS, self.look)
        wanted = self.robot.wanted(cameras)
        return Observation({camera: self._cameras.draw(self.data, camera) for camera in wanted}, self.state)

    def leave(self) -> None:
        """Closes the camera, so that another scene may open its own."""
        if self._cameras is not None:
            self._cameras.close()
            self._cameras = None
