"""What robots can be asked to do, as `tasks.yaml` says it, and how that is said, from `sentences.yaml`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import yaml

from late_fusion_sim import mt50
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


@functools.cache
def all_tasks() -> dict[str, Task]:
    """Those of `load_tasks`, and Meta-World's fifty after them."""
    fifty = {
        name: Task(name, scene=name, metaworld=name, gain=1.0, demo=sentence, training=(sentence,), held_out=())
        for group in mt50.sentences().values()
        for name, sentence in group.items()
    }
    return {**load_tasks(), **fifty}


def our_scenes() -> tuple[str, ...]:
    """The scenes of `load_tasks`, each once; those of Meta-World's fifty have the names of their tasks."""
    return tuple(dict.fromkeys(task.scene for task in load_tasks().values()))


def named_tasks() -> str:
    """What there is to choose from, for `--help`."""
    return (
        f"{', '.join(load_tasks())}; {mt50.SUITE} for Meta-World's fifty, {mt50.SUITE}-hard for a group, or any of them"
    )


def _read(name: str) -> dict[str, Any]:
    """What a file beside this one holds."""
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def others_of(task: Task) -> tuple[Task, ...]:
    """What else can be asked for in the same scene, in the file's order."""
    return tuple(other for other in all_tasks().values() if other.scene == task.scene and other != task)


def select_tasks(names: str | None) -> list[Task]:
    """The tasks of a comma-separated list, in the file's order; a scene's name stands for all of its tasks, `mt50` for
    Meta-World's fifty and `mt50-easy` and so on for a group of them.

    Without a list, those of Meta-World's arm in our own scenes but for those whose sentences name a target: they are
    another kind of task, for other policies.
    """
    tasks = all_tasks()
    if names is None:
        return [task for task in load_tasks().values() if task.robot == SAWYER.name and "{" not in task.demo]
    groups = {mt50.SUITE: mt50.names()}
    groups |= {f"{mt50.SUITE}-{difficulty}": tuple(group) for difficulty, group in mt50.sentences().items()}
    scenes = our_scenes()
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - tasks.keys() - set(scenes) - groups.keys())
    if unknown or not wanted:
        asked = ", ".join(unknown) or "(an empty list)"
        raise ValueError(
            f"no such task: {asked}; there are: {', '.join(tasks)}; all of a scene: {', '.join(scenes)}; and "
            f"{', '.join(groups)}"
        )
    wanted |= {name for group in wanted & groups.keys() for name in groups[group]}
    return [task for task in tasks.values() if task.name in wanted or task.scene in wanted]
