"""The base's driver: knows where the pillars are, turns to the one that is meant, drives there and stops before it."""

from __future__ import annotations

import numpy as np

from late_fusion_sim.diff_drive_scene import FASTEST, PillarScene

STOP_M = 0.27
"""From pillar to base, middle to middle, where it stops."""

CLEAR_M = 0.38
"""It passes the other pillars no nearer than this."""

GAINS = np.array([1.5, 2.5])
"""Of forward and turning velocity, per second: half of what the wheels could follow, see expert.py."""


class DrivingExpert:
    """Every command follows from the present scene alone, so that it also shows the way back from anywhere."""

    def __init__(self, pillar: str) -> None:
        self._pillar = pillar

    def act(self, scene: PillarScene) -> np.ndarray:
        """Forward velocity in m/s and turning velocity in rad/s."""
        distance, bearing = self._seen(scene, self._pillar)
        heading = bearing
        for pillar in scene.pillars.keys() - {self._pillar}:
            other_distance, other_bearing = self._seen(scene, pillar)
            clear = np.arcsin(min(1.0, CLEAR_M / other_distance))
            aside = wrapped(bearing - other_bearing)
            if other_distance < distance and abs(aside) < clear:
                # Past it, on the side on which the other one lies.
                heading = other_bearing + np.copysign(clear, aside)
        # Where it does not look it does not go: turn first.
        ahead = max(0.0, np.cos(heading)) ** 3
        lacking = distance - STOP_M if heading == bearing else distance
        command = GAINS * np.array([ahead * lacking, wrapped(heading)])
        return np.clip(command, -FASTEST, FASTEST)

    @staticmethod
    def _seen(scene: PillarScene, pillar: str) -> tuple[float, float]:
        """A pillar's distance from the base in metres, and its bearing in rad, positive to the left."""
        x, y, yaw = scene.pose
        away = scene.pillars[pillar] - (x, y)
        return float(np.hypot(*away)), wrapped(float(np.arctan2(away[1], away[0])) - yaw)


def wrapped(angle: float) -> float:
    """The same direction between −π and π."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
