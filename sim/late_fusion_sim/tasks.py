"""What robots can be asked to do, as `tasks.yaml` says it, and how that is said, from `sentences.yaml`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import yaml

from late_fusion_sim.robot import SAWYER

Sentences = Literal["demo", "training", "held_out"]
"""Which of a task's sentences are given."""


@dataclass(frozen=True)
class Task:
    """One thing to do in one scene, and the sentences that ask for it. The two files explain the fields."""

    name: str
    scene: str
    metaworld: str | None
    gain: float
    demo: str
    training: tuple[str, ...]
    held_out: tuple[str, ...]
    end: str | None = None
    robot: str = SAWYER.name

    def sentences(self, which: Sentences) -> tuple[str, ...]:
        """The task's sentences of one kind."""
        return {"demo": (self.demo,), "training": self.training, "held_out": self.held_out}[which]


@functools.cache
def load_tasks() -> dict[str, Task]:
    """All tasks by name, in the file's order, which keeps the tasks of one scene together."""
    sentences = _read("sentences.yaml")
    return {
        name: Task(
            name=name,
            **fields,
            training=tuple(sentences[name]["training"]),
            held_out=tuple(sentences[name]["held_out"]),
        )
        for name, fields in _read("tasks.yaml").items()
    }


def _read(name: str) -> dict[str, Any]:
    """What a file beside this one holds."""
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def others_of(task: Task) -> tuple[Task, ...]:
    """What else can be asked for in the same scene, in the file's order."""
    return tuple(other for other in load_tasks().values() if other.scene == task.scene and other != task)


def select_tasks(names: str | None) -> list[Task]:
    """The tasks of a comma-separated list, in the file's order; a scene's name stands for all of its tasks.

    Without a list, those of Meta-World's arm but for those whose sentences name a target: they are another kind of
    task, for other policies.
    """
    tasks = load_tasks()
    if names is None:
        return [task for task in tasks.values() if task.robot == SAWYER.name and "{" not in task.demo]
    scenes = list(dict.fromkeys(task.scene for task in tasks.values()))
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - tasks.keys() - set(scenes))
    if unknown or not wanted:
        asked = ", ".join(unknown) or "(an empty list)"
        raise ValueError(
            f"no such task: {asked}; there are: {', '.join(tasks)}; and all of a scene: {', '.join(scenes)}"
        )
    return [task for task in tasks.values() if task.name in wanted or task.scene in wanted]
