"""What a perturbation does, to be shown: a picture, a sentence and a measured state of one start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from late_fusion_sim.expert import expert_of
from late_fusion_sim.perturbation.base import UNDISTURBED, Perturbation
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.tasks import Task
from late_fusion_sim.world import AnyScene, World

SHOWN = 15
"""The observation that is shown, counted from 0: by then late, lost and frozen pictures differ from new ones."""

NOTHING = frozenset[str]()


@dataclass(frozen=True)
class Example:
    """What is published at one observation of an episode in which the scripted expert acts."""

    picture: np.ndarray
    sentence: str
    state: np.ndarray


def examples(task: Task, perturbations: tuple[Perturbation, ...], camera: str, seed: int) -> dict[str, Example]:
    """By the perturbation's name, the undisturbed one among them: all of one start, through one camera."""
    world = World()
    try:
        scene = world.enter(task.scene)
        return {each.name: example(scene, task, each, camera, seed) for each in (UNDISTURBED, *perturbations)}
    finally:
        world.close()


def example(scene: AnyScene, task: Task, perturbation: Perturbation, camera: str, seed: int) -> Example:
    """The one of a perturbation."""
    scene.reset(seed)
    sentence = perturbation.sentence(scene.phrase(task.demo), task, scene, seed)
    disturbed = Disturbed(perturbation, scene.robot, seed)
    with perturbation.set_up(scene, seed):
        expert = expert_of(task)
        for number in range(SHOWN + 1):
            seen = disturbed.observed(scene.observe(frozenset({camera}) if disturbed.exposes else NOTHING))
            if number < SHOWN:
                scene.step(expert.act(scene))
    return Example(seen.pictures[camera], sentence, seen.state)
