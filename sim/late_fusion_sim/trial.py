"""What is tried: sentences that ask for something in a scene, and who judges whether it was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from late_fusion_sim.judge import Judge, Witness, judge_of
from late_fusion_sim.tasks import Sentences, Task
from late_fusion_sim.world import AnyScene


@dataclass(frozen=True)
class Trial:
    """What one row of the table tries."""

    name: str
    scene: str
    sentences: tuple[str, ...]
    """Those that ask for it; episode after episode gets the next one."""
    judge: Callable[[AnyScene], Judge]
    task: Task | None = None
    """None for a sentence of the user's own in a scene."""


def trials(tasks: list[Task], sentence: str | None, scene: str | None, which: Sentences = "demo") -> list[Trial]:
    """The tasks' own sentences, one sentence for a task, or a sentence of the user's own in a scene."""
    if scene is not None and sentence is not None:
        return [Trial(scene, scene, (sentence,), Witness)]
    return [
        Trial(task.name, task.scene, (sentence,) if sentence else task.sentences(which), partial(judge_of, task), task)
        for task in tasks
    ]
