"""Success, wrong task or timeout? A judge watches the scene and decides as early as possible."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import numpy as np

from late_fusion_sim.diff_drive_scene import PILLARS, PillarScene
from late_fusion_sim.scene import Scene
from late_fusion_sim.so101_scene import CubeScene
from late_fusion_sim.tasks import Task
from late_fusion_sim.world import AnyScene

SUCCESS_SHARE = 0.8
"""Share of the remaining travel to the commanded end that counts as success."""

OPPOSITE_SHARE = 0.5
"""Share of the remaining travel to the other end that counts as the wrong task."""


TOUCH_M = 0.06
"""Fingers this near to a shape's centre touch it."""

THERE_M = 0.35
"""A base this near to a pillar, middle to middle, is there..."""

STAYS_S = 1.0
"""... once it has stayed for so long."""

ASTRAY_M = 0.30
"""A base this near to another pillar has gone to that one."""

Outcome = Literal["success", "wrong_task", "timeout"]
"""How an episode ended; `timeout` when time was up."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Judge(Protocol):
    """Watches one episode. Made after the reset, because the start decides what remains to be done."""

    def verdict(self) -> str | None:
        """The outcome once it is decided; None while it is open."""


class PairJudge:
    """For a same-scene pair: which end does the joint come near first?"""

    def __init__(self, scene: Scene | CubeScene, wanted: str) -> None:
        ends = scene.pair.ends
        self._scene = scene
        self._start = scene.joint
        self._wanted = ends[wanted]
        self._other = next(value for name, value in ends.items() if name != wanted)

    def verdict(self) -> Outcome | None:
        if self._travelled(self._wanted) >= SUCCESS_SHARE:
            return "success"
        if self._travelled(self._other) >= OPPOSITE_SHARE:
            return "wrong_task"
        return None

    def _travelled(self, end: float) -> float:
        """Share of the way from the start to an end; negative when moved away from it."""
        return (self._scene.joint - self._start) / (end - self._start)


class TouchJudge:
    """For the table with shapes: which one do the fingers touch first?"""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def verdict(self) -> Outcome | None:
        layout, fingers = self._scene.table, self._scene.fingers
        for shape, position in layout.positions.items():
            if np.linalg.norm(fingers - position) <= TOUCH_M:
                return "success" if shape == layout.target else "wrong_task"
        return None


class ArrivalJudge:
    """For the room with pillars: at which one does the base arrive? Asked once after every command."""

    def __init__(self, scene: PillarScene, wanted: str) -> None:
        self._scene = scene
        self._wanted = wanted
        self._others = tuple(pillar for pillar in PILLARS if pillar != wanted)
        self._stays = round(STAYS_S * scene.robot.control_rate_hz)
        self._there = 0

    def verdict(self) -> Outcome | None:
        self._there = self._there + 1 if self._scene.distance_m(self._wanted) <= THERE_M else 0
        if self._there >= self._stays:
            return "success"
        if any(self._scene.distance_m(pillar) <= ASTRAY_M for pillar in self._others):
            return "wrong_task"
        return None


class SuccessJudge:
    """For a scene as Meta-World ships it: its own success."""

    def __init__(self, scene: Scene | CubeScene) -> None:
        self._scene = scene

    def verdict(self) -> Outcome | None:
        return "success" if self._scene.solved else None


class Witness:
    """For a sentence whose meaning nobody declared: says what happened, not whether it was right."""

    def __init__(self, scene: AnyScene) -> None:
        self._judges: dict[str, Judge]
        if isinstance(scene, PillarScene):
            self._judges = {f"at the {pillar} pillar": ArrivalJudge(scene, pillar) for pillar in PILLARS}
        elif isinstance(scene, Scene) and scene.layout is not None:
            self._judges = {"touched what is meant": TouchJudge(scene)}
        elif scene.placement is None:
            self._judges = {"done": SuccessJudge(scene)}
        else:
            self._judges = {end: PairJudge(scene, end) for end in scene.placement.ends}

    def verdict(self) -> str | None:
        for happened, judge in self._judges.items():
            if judge.verdict() == "success":
                return happened
        return None


def judge_of(task: Task, scene: AnyScene) -> Judge:
    """The judge of a task, for the episode that the scene was just reset to."""
    if isinstance(scene, PillarScene):
        assert task.end is not None
        return ArrivalJudge(scene, task.end)
    if isinstance(scene, Scene) and scene.layout is not None:
        return TouchJudge(scene)
    return SuccessJudge(scene) if task.end is None else PairJudge(scene, task.end)
