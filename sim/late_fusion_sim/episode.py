"""One run: from the reset of a scene to the judge's word, with the node in command.

*Lockstep*: the world waits for the command that answers its newest observation; a run depends on its seed
and the policy alone. *Realtime*: the world goes on at its rate whatever the node does, as a robot would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.judge import Judge
from late_fusion_sim.operator import Operator
from late_fusion_sim.ros import Participant
from late_fusion_sim.scene import COMMAND_LIMIT, CONTROL_PERIOD_S, Scene

Mode = Literal["lockstep", "realtime"]

HOLD_S = 0.2
"""Realtime: how long the world goes on with the last command when no new one comes."""


@dataclass
class Episode:
    """What happened in one run."""

    name: str
    """Of the task, or of the scene when the sentence was the user's own."""
    sentence: str
    seed: int
    outcome: str = "neither"
    steps: int = 0
    command_times_ns: list[int] = field(default_factory=list)
    """When commands came: on the simulated clock in lockstep, on the system's in realtime."""
    late_steps: int = 0
    """Realtime: steps for which the simulator itself was too slow."""
    frames: list[np.ndarray] = field(default_factory=list)
    """What the camera saw, where it was asked to be kept."""


class Runner:
    """Plays episodes in one mode. `check` raises when the node is gone."""

    def __init__(
        self, participant: Participant, bridge: Bridge, operator: Operator, mode: Mode, check: Callable[[], None]
    ) -> None:
        self._participant = participant
        self._bridge = bridge
        self._operator = operator
        self._mode = mode
        self._check = check

    def play(self, scene: Scene, judge: Judge, episode: Episode, *, keep_frames: bool) -> Episode:
        """Gives the episode's sentence, lets the node act until the judge speaks or time is up."""
        if self._mode == "lockstep":
            self._play_lockstep(scene, judge, episode, keep_frames)
        else:
            self._play_realtime(scene, judge, episode, keep_frames)
        self._bridge.mark("success" if episode.outcome == "obeyed" else "failure")
        return episode

    def _play_lockstep(self, scene: Scene, judge: Judge, episode: Episode, keep_frames: bool) -> None:
        def idle() -> None:
            self._bridge.tell_time()
            self._check()

        self._operator.give(episode.sentence, idle)
        self._begin()
        while episode.outcome == "neither" and episode.steps < COMMAND_LIMIT:
            self._bridge.advance()
            observation = scene.observe()
            if keep_frames:
                episode.frames.append(observation.image)
            command = self._bridge.ask(observation, self._check)
            self._step(scene, judge, episode, command.values)
        episode.command_times_ns = [command.stamp_ns for command in self._bridge.commands]
        if keep_frames:
            episode.frames.append(scene.observe().image)

    def _play_realtime(self, scene: Scene, judge: Judge, episode: Episode, keep_frames: bool) -> None:
        def show() -> None:
            # The stamp is that of the exposure, not of the finished picture.
            stamp_ns = self._bridge.now_ns
            self._bridge.publish(scene.observe(), stamp_ns)
            self._check()

        # The world stands still but is seen, so that the first command rests on this scene and this sentence.
        self._operator.give(episode.sentence, show, until=lambda status: status.active)
        self._begin()
        deadline = time.monotonic()
        while episode.outcome == "neither" and episode.steps < COMMAND_LIMIT:
            stamp_ns = self._bridge.now_ns
            observation = scene.observe()
            if keep_frames:
                episode.frames.append(observation.image)
            self._bridge.publish(observation, stamp_ns)
            deadline += CONTROL_PERIOD_S
            now = time.monotonic()
            if now > deadline:
                # A world that is late stays late: catching up would be a world that runs too fast.
                episode.late_steps += 1
                deadline = now
            self._participant.spin(deadline - now)
            self._step(scene, judge, episode, self._bridge.held_command(HOLD_S))
            self._check()
        episode.command_times_ns = [command.received_ns for command in self._bridge.commands]
        if keep_frames:
            episode.frames.append(scene.observe().image)

    def _begin(self) -> None:
        self._bridge.commands.clear()
        self._bridge.mark("start")

    def _step(self, scene: Scene, judge: Judge, episode: Episode, command: np.ndarray) -> None:
        scene.step(command)
        episode.steps += 1
        episode.outcome = judge.verdict() or "neither"


def control_rate_hz(episodes: list[Episode]) -> float | None:
    """Commands per second over all episodes, pauses between them left out; None without two commands."""
    intervals = command_intervals_s(episodes)
    return len(intervals) / float(np.sum(intervals)) if len(intervals) else None


def command_intervals_s(episodes: list[Episode]) -> np.ndarray:
    """The times between one command and the next, of all episodes."""
    return np.concatenate([np.diff(episode.command_times_ns) / 1e9 for episode in episodes] or [[]])
