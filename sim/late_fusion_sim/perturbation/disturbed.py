"""One episode under a perturbation: what becomes of its observations on their way to the topics."""

from __future__ import annotations

import dataclasses

import numpy as np

from late_fusion_sim.latency import InFlight
from late_fusion_sim.perturbation.base import Perturbation
from late_fusion_sim.robot import Observation, Robot

Pictures = dict[str, np.ndarray]


class Disturbed:
    """Takes the observations of one episode, one per control period from its first on."""

    def __init__(self, perturbation: Perturbation, robot: Robot, seed: int) -> None:
        self._perturbation = perturbation
        self._robot = robot
        self._seed = seed
        self._number = 0
        self._exposed: Pictures = {}
        self._late: InFlight[Pictures] = InFlight(perturbation.camera_delay_s)
        self._arrived: Pictures | None = None

    @property
    def exposes(self) -> bool:
        """Whether the next observation's pictures are looked at; those that are not need not be drawn."""
        return self._number == 0 or self._perturbation.exposes(self._number, self._seed)

    def observed(self, observation: Observation) -> Observation:
        """What the drivers publish of the next observation."""
        if self.exposes:
            self._exposed = {
                camera: self._perturbation.picture(picture, camera, self._number, self._seed)
                for camera, picture in observation.pictures.items()
            }
        now_ns = self._number * self._robot.control_period_ns
        self._late.send(now_ns, self._exposed)
        for _, pictures in self._late.arrived(now_ns):
            self._arrived = pictures
        # Before the first one arrives the scene stood still, and this is what the cameras have seen all the while.
        if self._arrived is None:
            self._arrived = self._exposed
        state = self._perturbation.state(observation.state, self._robot, self._number, self._seed)
        self._number += 1
        return dataclasses.replace(observation, pictures=dict(self._arrived), state=state)
