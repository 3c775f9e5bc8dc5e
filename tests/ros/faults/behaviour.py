"""What a robot may be wanted to do when something fails, and whether it does: judged by the commands on its topic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from policies import STOP

from faults.bench import MAX_AGE_S, PERIOD_S, Bench


class Inconclusive(AssertionError):
    """What happened says nothing about the node: the machine was too busy for the test."""


def raise_if_starved(bench: Bench, began_ns: int) -> None:
    """A robot is rightly stopped where inputs were not sent in time, or its control thread got no processor."""
    late_s = bench.longest_wait_s(began_ns)
    if late_s > MAX_AGE_S / 2:
        raise Inconclusive(f"the test itself was {late_s:.2f} s late")
    log = bench.robot.program.log().splitlines()
    starved = [line for line in log if "gets no processor" in line]
    if len(starved) > bench.starved:
        bench.starved = len(starved)
        raise Inconclusive(starved[-1].split("]: ", 1)[1])


class Behaviour(Protocol):
    """What is wanted after a fault has begun."""

    def watch(self, bench: Bench, began_ns: int) -> float | None:
        """Fails where it is not what happens; returns how long a stop took, in seconds, where one is wanted."""

    def within_s(self, period_s: float = PERIOD_S) -> float | None:
        """How long a stop may take at this period."""


@dataclass(frozen=True)
class Stops:
    """The stop action is commanded, for this reason, and goes on being commanded until the fault is over."""

    because: str
    """What the status must say, a regular expression."""
    after_s: float = MAX_AGE_S
    """How long the fault may last before it is to be noticed; the stop has two periods more."""
    stays: bool = True

    def watch(self, bench: Bench, began_ns: int) -> float:
        bench.wait_for("a stop", lambda: STOP in bench.actions_since(began_ns))
        stop_ns = next(at for at, action in bench.commands_since(began_ns) if action == STOP)
        bench.waits.end()
        bench.wait_for(
            f"a status that says {self.because}",
            lambda: bench.robot.status_is(lambda status: re.search(self.because, status.says()) is not None),
        )
        if self.stays:
            bench.spin(0.2)
            after = bench.actions_since(stop_ns)
            if not after or any(action != STOP for action in after):
                # The first stop may have been for something that the test itself sent too late.
                raise_if_starved(bench, began_ns - round(MAX_AGE_S * 1e9))
            assert after and all(action == STOP for action in after), (
                f"commands after the stop: {after}; the node said:\n{bench.robot.program.log()}"
            )
        return (stop_ns - began_ns) / 1e9

    def within_s(self, period_s: float = PERIOD_S) -> float:
        return self.after_s + 2 * period_s


@dataclass(frozen=True)
class DrivesOn:
    """Commands of the policy go on, and where something is to be said, it is said."""

    for_s: float = 0.6
    says: str = ""
    """What the part `topics` of the status must say."""

    def watch(self, bench: Bench, began_ns: int) -> None:
        bench.spin(self.for_s)
        if self.says:
            bench.wait_for(
                f"a status that says {self.says}",
                lambda: bench.robot.status_is(lambda status: self.says in status.says("topics")),
            )
        actions = bench.actions_since(began_ns)
        stops = [action for action in actions if action == STOP]
        if stops:
            raise_if_starved(bench, began_ns)
        assert not stops, (
            f"{len(stops)} of {len(actions)} commands are stops; the node said:\n{bench.robot.program.log()}"
        )
        assert len(actions) > self.for_s / bench.period_s / 4, f"{len(actions)} commands in {self.for_s} s"

    def within_s(self, period_s: float = PERIOD_S) -> None:
        return None


@dataclass(frozen=True)
class Recovers:
    """Whatever happens meanwhile, no limit is broken, and the robot drives on when it is over."""

    def watch(self, bench: Bench, began_ns: int) -> None:
        pass  # The trial waits until it drives again, and all commands are looked at in the end.

    def within_s(self, period_s: float = PERIOD_S) -> None:
        return None


@dataclass(frozen=True)
class FallsSilent:
    """The stop action is commanded, and then nothing."""

    def watch(self, bench: Bench, began_ns: int) -> float:
        bench.wait_for("a stop", lambda: STOP in bench.actions_since(began_ns))
        first = next(at for at, action in bench.commands_since(began_ns) if action == STOP)
        bench.spin(0.3)
        silent_from = bench.robot.published[-1][0]
        bench.spin(0.3)
        assert bench.actions_since(silent_from) == []
        assert bench.actions_since(began_ns)[-1] == STOP
        return (first - began_ns) / 1e9

    def within_s(self, period_s: float = PERIOD_S) -> float:
        return 0.1 + 2 * period_s


@dataclass(frozen=True)
class EndsStopped:
    """The process ends, and its last command is the stop action."""

    status: int = 0
    """Its exit status; 0 is in good order."""

    def watch(self, bench: Bench, began_ns: int) -> float:
        process = bench.robot.program.process
        bench.wait_for("the process to end", lambda: process.poll() is not None)
        bench.spin(0.3)
        assert bench.robot.program.wait() == self.status, bench.robot.program.log()
        commands = bench.commands_since(began_ns)
        assert commands and commands[-1][1] == STOP, f"the last command is {commands[-1:]}"
        return next(at for at, action in commands if action == STOP) / 1e9 - began_ns / 1e9

    def within_s(self, period_s: float = PERIOD_S) -> float:
        return 0.1 + 2 * period_s


@dataclass(frozen=True)
class RefusesOrEndsStopped:
    """What is asked for is refused and the robot drives on, or the process ends with the stop as its last command."""

    says: str
    """What the log says when it refuses."""
    status: int
    """The exit status when it ends."""

    def watch(self, bench: Bench, began_ns: int) -> float | None:
        program = bench.robot.program
        bench.wait_for("a refusal or an end", lambda: self.says in program.log() or program.process.poll() is not None)
        # What ends it may come right after the refusal, and takes a moment.
        bench.spin(0.3)
        if program.process.poll() is not None:
            return EndsStopped(self.status).watch(bench, began_ns)
        bench.until_end.close()
        DrivesOn().watch(bench, began_ns)
        return None

    def within_s(self, period_s: float = PERIOD_S) -> float:
        return EndsStopped(self.status).within_s(period_s)
