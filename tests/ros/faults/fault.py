"""One fault, let loose on a robot that drives."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from robot import Robot

from faults.behaviour import Behaviour, Inconclusive
from faults.bench import SWING_S, Bench, now_ns

ATTEMPTS = 5
"""A trial that says nothing is made again; one that never says anything has failed."""


def restore(bench: Bench) -> None:
    """Everything comes as it should again, on whatever bench it is."""
    bench.restore()


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what is wanted then."""

    name: str
    wanted: str
    """The behaviour in words, for the table."""
    begin: Callable[[Bench], object]
    behaviour: Behaviour
    end: Callable[[Bench], object] = restore
    bench: Callable[[Robot], Bench] = Bench
    """What it is let loose on."""
    one_process: bool = True
    """Whether the node's process lives through it."""

    def let_loose(self, bench: Bench, moment: random.Random) -> float | None:
        """One trial at a random moment of the robot's motion; returns how long a stop took.

        Fails where the behaviour is not the wanted one.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._try(bench, moment)
            except Inconclusive as why:
                bench.inconclusive.append(str(why))
                self.end(bench)
        return self._try(bench, moment)

    def _try(self, bench: Bench, moment: random.Random) -> float | None:
        bench.wait_until_driving()
        bench.spin(moment.uniform(0.0, SWING_S / 2))
        bench.began_ns = now_ns()
        bench.waits.start()
        self.begin(bench)
        took_s = self.behaviour.watch(bench, bench.began_ns)
        self.end(bench)
        bench.wait_until_driving()
        return took_s
