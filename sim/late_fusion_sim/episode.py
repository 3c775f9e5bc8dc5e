"""One run: from a scene just reset to the judge's word, with the node in command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.judge import Judge
from late_fusion_sim.operator import Operator
from late_fusion_sim.pace import Mode, pace_of
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.robot import Scene
from late_fusion_sim.ros import Participant


@dataclass
class Episode:
    """What happened in one run."""

    name: str
    """Of the task, or of the scene when the sentence was the user's own."""
    sentence: str
    seed: int
    template: str = ""
    """What the sentence was made of, where it names a target; otherwise the sentence."""
    novel: bool | None = None
    """Where a target is named: whether no recording ever names it."""
    outcome: str = "timeout"
    steps: int = 0
    command_times_ns: list[int] = field(default_factory=list)
    """When commands came: on the simulated clock in lockstep, on the system's in realtime."""
    late_steps: int = 0
    """Steps for which the simulator itself was too slow for real time."""
    frames: list[np.ndarray] = field(default_factory=list)
    """What the camera saw before each step and after the last, where it was asked to be kept."""


class Runner:
    """Plays episodes in one mode. `check` raises when the node is gone; one that does not hear is told nothing."""

    def __init__(
        self,
        participant: Participant,
        bridge: Bridge,
        operator: Operator,
        mode: Mode,
        check: Callable[[], None],
        *,
        hears: bool = True,
    ) -> None:
        self._hears = hears
        self._bridge = bridge
        self._operator = operator
        self._pace = pace_of(mode, participant, bridge, check)
        self._check = check

    def play(
        self,
        scene: Scene,
        judge: Judge,
        episode: Episode,
        *,
        keep_frames: bool = False,
        disturbed: Disturbed | None = None,
    ) -> None:
        """Gives the episode's sentence, lets the node act until the judge speaks or time is up."""

        def idle() -> None:
            self._check()
            self._pace.idle(scene)

        self._bridge.step = 0
        self._bridge.set_scene(disturbed)
        self._bridge.kept_cameras = frozenset({scene.robot.first_camera}) if keep_frames else frozenset()
        if self._hears:
            self._operator.give(episode.sentence, idle, scene.robot.control_period_s, until=self._pace.ready)
        self._bridge.commands.clear()
        self._bridge.mark("start")
        self._pace.begin(scene)
        while episode.outcome == "timeout" and episode.steps < scene.robot.command_limit:
            observation, command = self._pace.exchange(scene)
            scene.step(command)
            episode.steps += 1
            self._bridge.step = episode.steps
            episode.outcome = judge.verdict() or "timeout"
            if keep_frames:
                episode.frames.append(observation.pictures[scene.robot.first_camera])
        self._bridge.mark("success" if episode.outcome == "success" else "failure")
        episode.late_steps = self._pace.late_steps
        episode.command_times_ns = [self._pace.time_ns(command) for command in self._bridge.commands]
        if keep_frames:
            episode.frames.append(scene.observe().pictures[scene.robot.first_camera])


def control_rate_hz(episodes: list[Episode]) -> float | None:
    """Commands per second over all episodes, pauses between them left out; None without two commands."""
    intervals = command_intervals_s(episodes)
    return len(intervals) / float(np.sum(intervals)) if len(intervals) else None


def command_intervals_s(episodes: list[Episode]) -> np.ndarray:
    """The times between one command and the next, of all episodes."""
    return np.concatenate([np.empty(0), *(np.diff(episode.command_times_ns) / 1e9 for episode in episodes)])
