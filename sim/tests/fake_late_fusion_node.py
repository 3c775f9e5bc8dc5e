#!/usr/bin/env python3
"""The fake node as an executable, started exactly as `late_fusion_node` is: `--ros-args --params-file FILE`.

What it is like stands in the environment variable FAKE_NODE:

* `expert`   plays the scripted expert of the instruction's task, on a copy of the world that it keeps in step
* `broken`   does so, and dies of any other instruction than "open the drawer"
* `constant` commands the same slow motion for ever
* `dies`     says why on its standard error, and ends
* `deaf`     runs, and listens to nothing
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import numpy as np
import yaml
from fake_node import Answer, FakeNode

from late_fusion_sim.expert import Expert, expert_of
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.ros import Participant
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import AnyScene, World

STARTS = 20
"""So many starts are known."""


class MirrorExpert:
    """Knows the demo's seeds, and so where everything is: its copy of the world takes the same commands."""

    node: FakeNode

    def __init__(self) -> None:
        self._tasks = {task.demo: task for task in load_tasks().values()}
        self._world = World()
        self._instruction = ""
        self._scene: AnyScene
        self._expert: Expert

    def __call__(self, instruction: str, hand: np.ndarray) -> np.ndarray:
        task = self._tasks[instruction]
        if instruction != self._instruction:
            self._instruction = instruction
            self._scene, self._expert = self._world.enter(task.scene), expert_of(task)
            self._begin()
        elif not np.array_equal(self._scene.state, hand):
            # The arm is not where the copy's is: another episode has begun.
            self._begin()
        assert np.array_equal(self._scene.state, hand)
        command = self._expert.act(self._scene)
        self._scene.step(command)
        return command

    def close(self) -> None:
        """Closes its eyes, so that the renderer has nothing to complain of at the end."""
        self._world.close()

    def _begin(self) -> None:
        """Looks which start it is; where it sees none of those that it knows, it is at the first."""
        for seed in EVALUATION_SEEDS[:STARTS]:
            self._scene.reset(seed)
            seen = self.node.picture
            if seen is not None and np.array_equal(self._scene.observe().pictures["scene"], seen):
                return
        self._scene.reset(EVALUATION_SEEDS.start)


def main() -> int:
    kind = os.environ["FAKE_NODE"]
    assert sys.argv[1:3] == ["--ros-args", "--params-file"]
    with open(sys.argv[3], encoding="utf-8") as file:
        parameters = yaml.safe_load(file)["late_fusion"]["ros__parameters"]
    if kind == "dies":
        print(f"the policy {parameters['policy']} has no policy.yaml", file=sys.stderr)
        return 3
    with Participant("late_fusion") as participant:
        if kind != "deaf":
            expert = MirrorExpert()
            answers: dict[str, Answer] = {
                "expert": expert,
                "broken": lambda instruction, hand: expert(instruction, hand) if "open" in instruction else os._exit(9),
                "constant": lambda instruction, hand: np.full(4, 0.01),
            }
            expert.node = FakeNode(
                participant,
                answers[kind],
                lockstep=parameters["lockstep"],
                image_topic=parameters["modalities"]["scene"]["topic"],
            )
        # A flag, because a KeyboardInterrupt can be raised where it is swallowed, in a callback's destructor.
        interrupted = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
        print("ready", flush=True)
        while not interrupted.is_set():
            participant.spin(0.1)
        if kind != "deaf":
            expert.close()
        print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
