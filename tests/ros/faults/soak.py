"""One node for a long time, at 100 Hz: a fault every few seconds, in random order, and calm driving in between.

The faults are those that the process lives through, on the system's clock, and that leave it the memory that it wants.
Pictures of 100 MB are not among them: the middleware keeps every buffer as large as the largest message that was in it,
four of them in the course of 50 such pictures, and beside that no other growth would be seen.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from faults.behaviour import DrivesOn, Inconclusive
from faults.bench import Bench, now_ns
from faults.fault import Fault
from faults.inputs import huge
from faults.invariants import broken
from faults.matrix import FAULTS

RATE_HZ = 100.0

CALM_S = (1.0, 4.0)
"""How long the robot drives in calm between two faults."""

WARM_UP_S = 600.0
"""A quarter of the time, if that is shorter, and until every fault has been let loose once, if that is later.

A message is received into a buffer that the middleware then keeps at its size; into which one depends on what came
before.
"""

FLAT = 0.02
"""By how much the memory in calm may be another at the end."""

SAMPLES = 20
"""Moments in calm of which the median counts, after the warm-up and at the end."""

LINES_OF_LOG = 12
"""How much of what the node said is kept where something is not as wanted."""

LAST_CALM_S = 10.0
"""Who has left the graph is forgotten by then."""

SOAKED = [
    (who, fault)
    for who, faults in FAULTS.items()
    for fault in faults
    if fault.one_process and fault.bench is Bench and who != "Memory" and fault.begin is not huge
]


@dataclass(frozen=True)
class Sample:
    """What the process holds at a moment."""

    at_s: float
    resident_mb: float
    anonymous_mb: float
    shared_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int, at_s: float) -> Sample:
        """As the kernel says."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = {key: words.split() for key, words in (line.split(":", 1) for line in lines)}
        resident, anonymous, shared = (int(status[key][0]) / 1024 for key in ("VmRSS", "RssAnon", "RssShmem"))
        descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        return cls(at_s, resident, anonymous, shared, int(status["Threads"][0]), descriptors)

    def __str__(self) -> str:
        return (
            f"{self.resident_mb:.1f} MB ({self.anonymous_mb:.1f} of its own, {self.shared_mb:.1f} shared), "
            f"{self.threads} threads, {self.descriptors} descriptors"
        )


@dataclass
class Report:
    """What came of it."""

    flat: float = FLAT
    lasted_s: float = 0.0
    trials: dict[str, int] = field(default_factory=dict)
    commands: int = 0
    outside: list[str] = field(default_factory=list)
    """Commands that are not finite, out of bounds or faster than the rate."""
    stops: int = 0
    slowest_s: float = 0.0
    """By how much the slowest stop came after its fault was to be noticed, in seconds."""
    late: list[str] = field(default_factory=list)
    """Stops that were too late."""
    late_unheard: list[str] = field(default_factory=list)
    """The same, where the threads that stop the robot waited for a processor at least as long as the stop was late."""
    not_as_wanted: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    """Why trials and times of calm say nothing: the machine was too busy."""
    longest_gap_s: float = 0.0
    """Between two commands in calm."""
    warm_up_s: float = 0.0
    begin: Sample | None = None
    """In calm, before the first fault."""
    minute_2: Sample | None = None
    end: Sample | None = None
    """In calm, after the last."""
    most_mb: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    """In calm, one after every fault since the warm-up."""
    panics: list[str] = field(default_factory=list)
    errors: int = 0
    """Lines of the log that are errors."""
    swaps: int = 0
    """Policies that took over."""
    exit_status: int | None = None

    def resident_mb(self) -> tuple[float, float]:
        """The medians in calm, after the warm-up and at the end."""
        some = min(SAMPLES, max(1, len(self.samples) // 2))
        ends = self.samples[:some], self.samples[-some:]
        first, last = (median(sample.resident_mb for sample in end) for end in ends)
        return first, last

    def wrong(self) -> list[str]:
        """Everything that is not as wanted, a sentence each."""
        wrong = [f"outside the limits: {command}" for command in self.outside]
        wrong += [f"a stop was too late: {stop}" for stop in self.late]
        wrong += self.not_as_wanted
        wrong += [f"the log: {line}" for line in self.panics]
        if not self.samples or self.begin is None or self.end is None:
            return [*wrong, "it did not last until its warm-up was over"]
        first, last = self.resident_mb()
        if abs(last / first - 1) > self.flat:
            wrong.append(f"{first:.1f} MB are resident after the warm-up, {last:.1f} MB at the end")
        for what in ("threads", "descriptors"):
            before, after = getattr(self.begin, what), getattr(self.end, what)
            if after > before:
                wrong.append(f"{before} {what} in the beginning, {after} at the end")
        if self.exit_status != 0:
            wrong.append(f"the exit status is {self.exit_status}")
        return wrong

    def __str__(self) -> str:
        lines = [
            f"{self.lasted_s / 60:.1f} minutes at {RATE_HZ:.0f} Hz, {sum(self.trials.values())} faults of "
            f"{len(self.trials)} kinds",
            f"commands: {self.commands:,}, {len(self.outside)} outside the limits; longest gap in calm "
            f"{self.longest_gap_s * 1e3:.1f} ms",
            f"stops: {self.stops}, {len(self.late)} too late, and {len(self.late_unheard)} while the threads that stop "
            f"the robot got no processor; the slowest {self.slowest_s * 1e3:.1f} ms after the fault was to be noticed",
            f"not as wanted: {len(self.not_as_wanted)}; made again for want of a processor: {len(self.again)}",
            f"policies that took over: {self.swaps}; panics: {len(self.panics)}; errors in the log: {self.errors}; "
            f"exit status {self.exit_status}",
            f"before the first fault: {self.begin}",
            f"minute 2: {self.minute_2}",
            f"at the end: {self.end}",
        ]
        if self.samples:
            first, last = self.resident_mb()
            lines.append(
                f"resident in calm, medians: {first:.1f} MB after the warm-up of {self.warm_up_s:.0f} s, {last:.1f} MB "
                f"at the end ({100 * (last / first - 1):+.2f} %); {self.most_mb:.1f} MB at most"
            )
        return "\n".join([*lines, *(f"WRONG: {sentence}" for sentence in self.wrong())])


class Soak:
    """Faults on one robot, one after another."""

    def __init__(
        self, bench: Bench, seed: int = 0, flat: float = FLAT, say: Callable[[str], object] = lambda _: None
    ) -> None:
        self.bench = bench
        self._say = say
        self.report = Report(flat)
        self._moment = random.Random(f"soak {seed}")
        self._began = time.monotonic()

    def run(self, faults: Iterable[tuple[str, Fault]], minutes: float, warm_up_s: float = WARM_UP_S) -> Report:
        """Lets them loose in rounds, each in an order of its own, for so long; every one once at least."""
        report, faults = self.report, list(faults)
        self._calm()
        report.begin = self._sample()
        try:
            while self._elapsed_s() < 60 * minutes or not report.samples:
                for who, fault in self._moment.sample(faults, len(faults)):
                    if report.warm_up_s and self._elapsed_s() > 60 * minutes:
                        break
                    self._trial(f"{who}: {fault.name}", fault)
                if not report.warm_up_s and self._elapsed_s() >= min(warm_up_s, 15 * minutes):
                    report.warm_up_s = self._elapsed_s()
                    report.samples.append(self._sample())
            self.bench.spin(LAST_CALM_S)
            self.bench.wait_until_driving()
            report.end = self._sample()
        except (AssertionError, pytest.fail.Exception) as trouble:
            self._note(report.not_as_wanted, f"it ended early: {trouble}")
        self._finish()
        return report

    def _trial(self, name: str, fault: Fault) -> None:
        report, bench = self.report, self.bench
        report.trials[name] = report.trials.get(name, 0) + 1
        try:
            took_s = fault.let_loose(bench, self._moment)
            if took_s is not None:
                self._stopped(name, took_s, fault.behaviour.within_s(bench.period_s) or 0.0)
        except Inconclusive as why:
            bench.inconclusive.append(str(why))
            self._after(fault)
        except (AssertionError, pytest.fail.Exception) as trouble:
            self._note(report.not_as_wanted, f"{name}: {trouble}")
            self._after(fault)
        for reason in bench.inconclusive:
            self._note(report.again, f"{name}: {reason}")
        bench.inconclusive.clear()
        self._calm()
        sample = self._sample()
        if report.warm_up_s:
            report.samples.append(sample)
        self._say(f"{self._elapsed_s():.0f} s, after “{name}”: {sample}")

    def _note(self, notes: list[str], text: str) -> None:
        """Keeps what is not as wanted, and says it at once."""
        first, *log = text.splitlines()
        notes.append("\n".join([first, *log[-LINES_OF_LOG:]]))
        self._say(f"{self._elapsed_s():.0f} s: {notes[-1]}")

    def _after(self, fault: Fault) -> None:
        """Ends a fault in the middle of which a trial was given up."""
        fault.end(self.bench)
        self.bench.wait_until_driving()

    def _stopped(self, name: str, took_s: float, within_s: float) -> None:
        report, waited_s = self.report, self.bench.waits.last_s
        report.stops += 1
        report.slowest_s = max(report.slowest_s, took_s - within_s + 2 * self.bench.period_s)
        if took_s <= within_s:
            return
        said = f"{name}: {took_s:.3f} of {within_s:.3f} s, of which its threads waited {waited_s:.3f} s for a processor"
        self._note(report.late_unheard if waited_s >= took_s - within_s else report.late, said)

    def _calm(self) -> None:
        """Drives for a moment in which nothing is to stop the robot; then everything heard so far is looked at."""
        bench, report = self.bench, self.report
        began_ns = now_ns()
        try:
            DrivesOn(self._moment.uniform(*CALM_S)).watch(bench, began_ns)
        except Inconclusive as why:
            self._note(report.again, f"in calm: {why}")
        except AssertionError as trouble:
            self._note(report.not_as_wanted, f"in calm: {trouble}")
        published_ns = [at_ns for at_ns, _ in bench.commands_since(began_ns)]
        gaps_s = [(after - before) / 1e9 for before, after in pairwise(published_ns)]
        report.longest_gap_s = max([report.longest_gap_s, *gaps_s])
        self._look()

    def _look(self) -> None:
        """Judges what was heard, and forgets all but the last of it."""
        bench, robot = self.bench, self.bench.robot
        for command in broken(bench):
            self._note(self.report.outside, command)
        self.report.commands += len(robot.published) - (1 if self.report.commands else 0)
        bench.begins = [0]
        for heard in (robot.published, robot.commands, robot.statuses, robot.sent_ns):
            del heard[:-1]

    def _sample(self) -> Sample:
        report = self.report
        sample = Sample.of(self.bench.robot.program.process.pid, self._elapsed_s())
        report.most_mb = max(report.most_mb, sample.resident_mb)
        if report.minute_2 is None and sample.at_s >= 120.0:
            report.minute_2 = sample
        return sample

    def _finish(self) -> None:
        report, robot = self.report, self.bench.robot
        report.lasted_s = self._elapsed_s()
        report.exit_status = robot.program.process.poll()
        if report.exit_status is None:
            report.exit_status = robot.program.stop()
        self._look()
        log = robot.program.log().splitlines()
        report.panics = [line for line in log if "panicked" in line]
        report.errors = sum("[ERROR]" in line for line in log)
        report.swaps = sum("took over from" in line for line in log)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began
