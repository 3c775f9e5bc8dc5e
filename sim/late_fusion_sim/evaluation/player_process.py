"""`play` as a process, seen from outside."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from late_fusion_sim.episode import Episode
from late_fusion_sim.evaluation.attempt import Attempt
from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.process import Process
from late_fusion_sim.ros import NodeTrouble


class PlayerProcess(Process):
    """Plays one policy's episodes, in a ROS domain of its own. Use it as a context."""

    def __init__(self, policy: Path, conditions: Conditions, folder: Path, domain: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "late_fusion_sim.evaluation.play"]
        super().__init__(command, folder / "player.log", domain, talks=True)
        self._say(
            {"conditions": dataclasses.asdict(conditions), "policy": str(policy.resolve()), "folder": str(folder)}
        )

    def play(self, attempt: Attempt) -> Episode:
        """Has an episode played. NodeTrouble where it is not, with the process' last words."""
        self._say(dataclasses.asdict(attempt))
        answer = self.hear()
        if not answer:
            status = self.stop()
            raise NodeTrouble(self.log().strip() or f"the process that plays ended with status {status}")
        return Episode(**json.loads(answer))

    def _say(self, order: dict) -> None:
        self.say(json.dumps(order))
