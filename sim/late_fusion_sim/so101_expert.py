"""The SO-101's leader arm: it knows where the cube is, and shows where the follower should be next."""

from __future__ import annotations

import mujoco
import numpy as np

from late_fusion_sim.robot import SO101
from late_fusion_sim.so101_model import TIP_SITE
from late_fusion_sim.so101_scene import HOME_RAD, PAN_AXIS_M, CubeScene

LOW_M = 0.032
"""Height of the jaws' ends while they push."""

CRUISE_M = 0.075
"""So much higher they pass over the cube."""

BEHIND_M = 0.065
"""Behind the cube, seen along the push, the jaws go down."""

CLEAR_M = (0.018, 0.045)
"""The least distance from the cube's centre, along the push, of jaws that are down and of jaws still to go down."""

ASIDE_M = (0.020, 0.015)
"""How far from the way of the push jaws may be that are down, and jaws still to go down."""

OUTSIDE_M = 0.008
"""The jaws push a little beyond the cube's centre, seen from the arm's axis, so that it does not slip away outwards."""

AHEAD_M = 0.045
"""While it pushes the leader is so far ahead."""

DOWN = np.array([0.25, 0.0, -0.97])
"""Where the jaws point to with the first joint at 0: down, and a little to the front."""


class PushingExpert:
    """Goes over to the far side of the cube, down, and pushes it about the arm's axis, to the left or to the right.

    Every action follows from the present scene alone, so that it also shows the way back from anywhere.
    """

    def __init__(self, end: str) -> None:
        self._sign = 1.0 if end == "left" else -1.0
        self._data: mujoco.MjData | None = None

    def act(self, scene: CubeScene) -> np.ndarray:
        """The leader's joint positions: towards the goal, ahead of the follower by no more than full speed."""
        measured = scene.state
        goal = np.array([*self._solve(scene, measured, self._goal(scene)), *HOME_RAD[4:]])
        way = goal - measured
        return measured + way / max(1.0, np.max(np.abs(way)) / SO101.full_speed)

    def _goal(self, scene: CubeScene) -> np.ndarray:
        """Where the ends of the jaws should go: x, y, z in metres."""
        radius, bearing = polar(scene.cube)
        radius += OUTSIDE_M
        tip_radius, tip_bearing = polar(scene.tip)
        ahead = self._sign * (tip_bearing - bearing) * radius
        up = np.clip((scene.tip[2] - LOW_M - 0.01) / 0.03, 0.0, 1.0)
        clear, aside = np.interp(up, (0.0, 1.0), CLEAR_M), np.interp(up, (0.0, 1.0), ASIDE_M)
        astray = max(0.0, abs(tip_radius - radius) - aside, ahead + clear)
        height = LOW_M + min(CRUISE_M, 3.0 * astray)
        lacking = height - scene.tip[2]
        pushing = np.clip((LOW_M + 0.03 - scene.tip[2]) / 0.015, 0.0, 1.0) if astray == 0.0 else 0.0
        behind = bearing - self._sign * BEHIND_M / radius
        goal_bearing = behind + pushing * (tip_bearing + self._sign * AHEAD_M / radius - behind)
        # Whoever is too low would sweep the cube along: up first, then aside.
        free = np.clip(1.5 - lacking / 0.02, 0.0, 1.0)
        goal_bearing = tip_bearing + free * (goal_bearing - tip_bearing)
        goal_radius = tip_radius + free * (radius - tip_radius)
        place = PAN_AXIS_M + goal_radius * np.array([np.cos(goal_bearing), np.sin(goal_bearing)])
        return np.array([*place, height])

    def _solve(self, scene: CubeScene, measured: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """The first four joints that bring the ends of the jaws to a place, pointing down: damped least squares."""
        model, data = scene.model, self._data or mujoco.MjData(scene.model)
        self._data = data
        site = model.site(TIP_SITE).id
        _, bearing = polar(goal)
        down = np.array([DOWN[0] * np.cos(bearing), DOWN[0] * np.sin(bearing), DOWN[2]])
        joints = measured[:4].copy()
        low, high = model.actuator_ctrlrange[:4].T
        move, turn = np.zeros((3, model.nv)), np.zeros((3, model.nv))
        for _ in range(10):
            data.qpos[:6] = [*joints, *measured[4:]]
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            mujoco.mj_jacSite(model, data, move, turn, site)
            points = data.site_xmat[site].reshape(3, 3)[:, 0]
            error = np.concatenate([goal - data.site_xpos[site], 0.05 * np.cross(points, down)])
            jacobian = np.vstack([move[:, :4], 0.05 * turn[:, :4]])
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-5 * np.eye(6), error)
            joints = np.clip(joints + np.clip(step, -0.3, 0.3), low, high)
        return joints


def polar(place: np.ndarray) -> tuple[float, float]:
    """Distance from the arm's axis in metres, and bearing in rad."""
    x, y = place[:2] - PAN_AXIS_M
    return float(np.hypot(x, y)), float(np.arctan2(y, x))
