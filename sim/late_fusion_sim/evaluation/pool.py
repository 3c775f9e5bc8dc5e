"""Episodes of any number of policies, played by several processes at a time."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from late_fusion_sim.episode import Episode
from late_fusion_sim.evaluation.attempt import Attempt
from late_fusion_sim.evaluation.candidate import Candidate
from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.evaluation.player_process import PlayerProcess
from late_fusion_sim.ros import NodeTrouble

POLL_S = 0.2
"""How soon an interrupt is noticed."""

EPISODES_FILE = "episodes.jsonl"
"""Of each policy: a line per episode, in the order in which they ended."""


@dataclass
class Work:
    """What one policy is to play, and what came of it."""

    candidate: Candidate
    attempts: Sequence[Attempt]
    played: dict[Attempt, Episode] = field(default_factory=dict)
    troubles: dict[str, list[Attempt]] = field(default_factory=dict)
    """Why processes ended by themselves, and over which attempts."""

    def folder(self, out: Path) -> Path:
        """Where what belongs to this policy alone is written."""
        return out / f"{self.candidate.name}-{self.candidate.number}"

    def episodes(self, perturbation: str) -> list[Episode]:
        """Those that were played under a perturbation, in the order of the attempts: who played them is forgotten."""
        return [
            self.played[attempt]
            for attempt in self.attempts
            if attempt.perturbation == perturbation and attempt in self.played
        ]


class Pool:
    """As many processes as there are domains. Each plays one policy until nothing of it waits, then the next.

    Every attempt is handed out once, to whoever is free: an episode depends on its start and the policy alone. A
    process that ends by itself is not replaced; the others go on with what it has left.
    """

    def __init__(
        self,
        works: Sequence[Work],
        conditions: Conditions,
        out: Path,
        domains: Sequence[int],
        told: Callable[[int, str, bool], None],
    ) -> None:
        self._works = works
        self._conditions = conditions
        self._out = out
        self._domains = domains
        self._told = told
        self._lock = threading.Lock()
        self._waiting = [deque(work.attempts) for work in works]
        self._left = Counter((place, each.perturbation) for place, work in enumerate(works) for each in work.attempts)
        self._done = 0
        self._running: set[PlayerProcess] = set()
        self._stopping = False

    def run(self) -> None:
        """Plays everything. A KeyboardInterrupt ends all processes first; what was played is kept."""
        for work in self._works:
            work.folder(self._out).mkdir(parents=True, exist_ok=True)
            (work.folder(self._out) / EPISODES_FILE).write_text("", encoding="utf-8")
        with ThreadPoolExecutor(len(self._domains)) as threads:
            slots = [threads.submit(self._slot, slot, domain) for slot, domain in enumerate(self._domains)]
            try:
                while wait(slots, POLL_S).not_done:
                    pass
            except KeyboardInterrupt:
                self._stop()
                raise
            for slot in slots:
                slot.result()

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for process in running:
            process.stop()

    def _slot(self, slot: int, domain: int) -> None:
        for place, work in enumerate(self._works):
            attempt = self._next(place)
            if attempt is None:
                continue
            folder = work.folder(self._out) / f"player-{slot}"
            try:
                with PlayerProcess(work.candidate.folder, self._conditions, folder, domain) as process:
                    self._enter(process)
                    while True:
                        self._keep(place, attempt, process.play(attempt))
                        following = self._next(place)
                        if following is None:
                            break
                        attempt = following
            except NodeTrouble as trouble:
                with self._lock:
                    if not self._stopping:
                        work.troubles.setdefault(str(trouble), []).append(attempt)

    def _enter(self, process: PlayerProcess) -> None:
        with self._lock:
            self._running.add(process)
            if self._stopping:
                raise NodeTrouble("interrupted")

    def _next(self, place: int) -> Attempt | None:
        with self._lock:
            waiting = self._waiting[place]
            return waiting.popleft() if waiting and not self._stopping else None

    def _keep(self, place: int, attempt: Attempt, episode: Episode) -> None:
        work = self._works[place]
        line = json.dumps({**dataclasses.asdict(attempt), "outcome": episode.outcome, "steps": episode.steps})
        with self._lock:
            work.played[attempt] = episode
            # At once, so that even a power cut leaves what was measured.
            with (work.folder(self._out) / EPISODES_FILE).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            self._done += 1
            self._left[place, attempt.perturbation] -= 1
            over = self._left[place, attempt.perturbation] == 0
            text = f"{work.candidate.name}, seed {work.candidate.number}, {attempt.perturbation}"
            if not over:
                text += f": {attempt.task} {attempt.number}, {episode.outcome}"
            self._told(self._done, text, not over)
