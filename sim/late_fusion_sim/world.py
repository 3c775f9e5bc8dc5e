"""All scenes of all robots."""

from __future__ import annotations

from late_fusion_sim.diff_drive_scene import PillarScene
from late_fusion_sim.placements import SCENES
from late_fusion_sim.robot import DIFF_DRIVE, SO101, Robot
from late_fusion_sim.scene import Scene
from late_fusion_sim.so101_scene import CubeScene
from late_fusion_sim.tasks import Task

AnyScene = Scene | CubeScene | PillarScene

ROBOT_OF_SCENE: dict[str, Robot] = {
    **{name: spec.robot for name, spec in SCENES.items()},
    "cube": SO101,
    "pillars": DIFF_DRIVE,
}
"""Which robot stands in which scene."""


def robot_of(tasks: list[Task]) -> Robot:
    """The robot that does these tasks. ValueError where there are several."""
    robots = {robot.name: robot for robot in (ROBOT_OF_SCENE[task.scene] for task in tasks)}
    if len(robots) != 1:
        raise ValueError(f"these tasks are of several robots: {', '.join(robots)}; only those of one go together")
    [robot] = robots.values()
    return robot


class World:
    """All scenes; one of them is on stage, because only one renderer can be open at a time."""

    def __init__(self) -> None:
        self._loaded: dict[str, AnyScene] = {}
        self._on_stage: AnyScene | None = None

    def enter(self, name: str) -> AnyScene:
        """Brings a scene on stage; the one before it leaves."""
        if name not in ROBOT_OF_SCENE:
            raise ValueError(f"there is no scene '{name}'; there are: {', '.join(ROBOT_OF_SCENE)}")
        if name not in self._loaded:
            self._loaded[name] = _scene(name)
        scene = self._loaded[name]
        if self._on_stage is not None and self._on_stage is not scene:
            self._on_stage.leave()
        self._on_stage = scene
        return scene

    def close(self) -> None:
        """Leaves the stage empty."""
        if self._on_stage is not None:
            self._on_stage.leave()
            self._on_stage = None


def _scene(name: str) -> AnyScene:
    if name in SCENES:
        return Scene(name, SCENES[name])
    return CubeScene(name) if name == "cube" else PillarScene(name)
