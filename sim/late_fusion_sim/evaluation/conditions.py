"""Under what policies are measured: all that decides an outcome but the policy, the start and what disturbs it."""

from __future__ import annotations

from dataclasses import dataclass

from late_fusion_sim.faults import Fault
from late_fusion_sim.latency import Latency
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.robot import Robot
from late_fusion_sim.tasks import Sentences, Task, select_tasks
from late_fusion_sim.trial import Trial, trials
from late_fusion_sim.world import robot_of


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """As the command line says them, so that they can be handed to a process."""

    node: str
    """The executable."""
    task_names: tuple[str, ...]
    episodes: int
    """For each task."""
    seed: int
    """Of the first start."""
    sentences: Sentences
    cover: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    required: str | None = None
    set: tuple[str, ...] = ()
    camera_latency: float = 0.0
    command_latency: float = 0.0

    @property
    def tasks(self) -> list[Task]:
        return select_tasks(",".join(self.task_names))

    @property
    def trials(self) -> dict[str, Trial]:
        """By the name of the task."""
        return {trial.name: trial for trial in trials(self.tasks, None, None, self.sentences)}

    @property
    def robot(self) -> Robot:
        return robot_of(self.tasks)

    @property
    def latency(self) -> Latency:
        return Latency(self.camera_latency, self.command_latency)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (*map(Fault.covered, self.cover), *map(Fault.cut, self.cut))

    @property
    def first_seed(self) -> int:
        return EVALUATION_SEEDS.start + self.seed

    def as_json(self) -> dict:
        """What a report says of them; an option that was not given is null."""
        return {
            "tasks": list(self.task_names),
            "episodes": self.episodes,
            "seed": self.seed,
            "sentences": self.sentences,
            "cover": list(self.cover) or None,
            "cut": list(self.cut) or None,
            "required": self.required,
            "set": list(self.set) or None,
            "camera_latency": self.camera_latency,
            "command_latency": self.command_latency,
        }
