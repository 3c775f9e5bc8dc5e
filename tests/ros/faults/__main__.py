"""Lets every fault loose on the running node, each at many random moments, and writes down what came of it.

scripts/faults                                   20 moments each, about 35 minutes
scripts/faults --only camera --moments 5         the faults whose name has "camera" in it
scripts/faults --markdown docs/faults.md --json faults.json
scripts/faults --soak 60 --json soak.json        one node for an hour, a random fault every few seconds
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import pytest
from late_fusion_sim.domains import unused_domain
from robot import Robot
from stage import peer_in, programs_in

from faults.bench import LIMIT, MAX_AGE_S, MAX_RATE, RATE_HZ, Bench
from faults.fault import Fault
from faults.invariants import broken
from faults.matrix import FAULTS
from faults.soak import RATE_HZ as SOAK_RATE_HZ
from faults.soak import SOAKED, Soak

Failed = pytest.fail.Exception

NOT_HERE = [
    "What is tested elsewhere, or not at all:",
    "",
    "- The system clock is never changed, because other programs use it. Sensor clocks 10 s off and simulated time "
    "jumps cover the same effects. Ticks and rate limits follow the monotonic clock.",
    "- A simulated clock that never starts, and lockstep: `tests/ros/test_node_time.py`.",
    "- A full disk while recording: `tests/ros/test_record.py`.",
    "- A robot whose command subscription has an incompatible quality of service, with no other subscriber: "
    "`tests/ros/test_node_topics.py`.",
    "- The kernel's out-of-memory killer sends SIGKILL, which is tested below: no process can send a stop then. The "
    "robot's own controller must stop when commands cease.",
]


@dataclass
class Row:
    """One fault and what came of it."""

    who: str
    fault: str
    wanted: str
    moments: int
    right: int = 0
    """Trials in which the robot did what was wanted."""
    stops_s: list[float] = field(default_factory=list)
    """How long each stop took."""
    within_s: float | None = None
    """How long it may take."""
    commands: int = 0
    broken: list[str] = field(default_factory=list)
    """Commands outside the limits."""
    troubles: list[str] = field(default_factory=list)
    inconclusive: list[str] = field(default_factory=list)
    """Why trials were made again, in which the machine was too busy to say anything of the node."""

    @property
    def in_time(self) -> int:
        """Stops that were in time."""
        return sum(took_s <= self.within_s for took_s in self.stops_s) if self.within_s else 0

    @property
    def is_right(self) -> bool:
        """Whether all was as wanted, and in time."""
        return self.right == self.moments and not self.broken and self.in_time == len(self.stops_s)

    def in_short(self) -> list[str]:
        """What went wrong, a sentence each: what was seen, and why the node says that it stopped."""
        short = []
        for trouble in [*self.troubles, *self.broken]:
            seen, *log = trouble.splitlines()
            stops = [line.split("]: ", 1)[1] for line in log if "stop action" in line]
            short.append("; ".join([seen.removesuffix("; the node said:"), *(f"“{stop}”" for stop in stops)]))
        return short

    def markdown(self) -> str:
        """Its line of the table."""
        times = ""
        if self.stops_s and self.within_s:
            times = f"{self.in_time} of {len(self.stops_s)}, slowest {max(self.stops_s):.3f} of {self.within_s:.3f} s"
        outside = f"{len(self.broken)} of {self.commands:,}"
        return f"| {self.fault} | {self.wanted} | {self.right} of {self.moments} | {times} | {outside} |"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=20, help="trials of each fault (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="faults with this in their name")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where every figure goes")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="all faults on one node, for so long")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where the tables go")
    return parser.parse_args(arguments)


def let_loose(who: str, fault: Fault, moments: int, seed: int) -> Row:
    """All trials of a fault, on one robot; on a new one after a trial that went wrong."""
    row = Row(who, fault.name, fault.wanted, moments, within_s=fault.behaviour.within_s())
    moment = random.Random(f"{seed} {fault.name}")
    left = moments
    while left:
        with robot_of_its_own() as robot:
            left = try_with(robot, fault, moment, row, left)
    return row


@contextmanager
def robot_of_its_own() -> Iterator[Robot]:
    """A robot in a folder and a ROS domain of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        domain = stack.enter_context(unused_domain())
        peer = stack.enter_context(peer_in(domain))
        yield Robot(peer, stack.enter_context(programs_in(domain, folder)), folder)


def try_with(robot: Robot, fault: Fault, moment: random.Random, row: Row, left: int) -> int:
    """Trials until one goes wrong; returns how many are left."""
    bench = None
    try:
        bench = fault.bench(robot)
        while left:
            left -= 1
            took_s = fault.let_loose(bench, moment)
            row.right += 1
            if took_s is not None:
                row.stops_s.append(took_s)
    except (AssertionError, Failed) as trouble:
        row.troubles.append(str(trouble))
    if bench is None:
        # A robot that does not even begin to drive will not do so the next time either.
        return 0
    bench.until_end.close()
    row.commands += len(robot.published)
    row.broken += broken(bench)
    row.inconclusive += bench.inconclusive
    return left


def markdown(rows: list[Row], options: argparse.Namespace) -> str:
    """The tables, with what they are about."""
    moments = sum(row.moments for row in rows)
    right = sum(row.right for row in rows)
    text = [
        "# What the robot does when something fails",
        "",
        f"`scripts/faults --moments {options.moments} --seed {options.seed}`, {date.today()}, {os.cpu_count()} CPUs "
        f"({platform.machine()}), a machine that others use too.",
        "",
        f"A node commands a `TwistStamped` at {RATE_HZ:.0f} Hz from a camera, an instruction and joint states "
        f"at 50 Hz (`max_age_s` {MAX_AGE_S}), within ±{LIMIT:.0f} and a rate of {MAX_RATE:.0f} per second. "
        "Camera, operator and robot are rclpy. Each fault is injected at random moments of the robot's "
        "motion. **Right** counts the trials in which both the commands on the topic and the reason in "
        "`~/status` were as required. **Stop in time** counts stops within the time allowed for noticing the fault "
        "plus two periods, from the fault to the first stop on the topic, both on this machine's clock. "
        "**Outside limits** counts commands that are not finite, out of bounds or faster than the rate, of all "
        "commands in all trials. In simulated time (`use_sim_time`, `/clock` at 50 Hz) the publishing time of commands "
        "is also taken from this machine's clock. Memory shortage is simulated with a limit on the node's own process "
        "(`RLIMIT_DATA`).",
        "",
        *NOT_HERE,
        "",
        f"Right in {right} of {moments} trials.",
    ]
    for who in dict.fromkeys(row.who for row in rows):
        text += ["", f"## {who}", "", "| what fails | wanted | right | stop in time | outside limits |"]
        text += ["|---|---|---|---|---|"]
        text += [row.markdown() for row in rows if row.who == who]
    wrong = [f"- {row.who}, {row.fault}: {trouble}" for row in rows for trouble in row.in_short()]
    if wrong:
        text += ["", "## What was not as wanted", "", *wrong]
    again = [f"- {row.who}, {row.fault}: {why}" for row in rows for why in row.inconclusive]
    if again:
        text += ["", "## Trials that were made again, for want of a processor", "", *again]
    return "\n".join([*text, ""])


def tell(text: str) -> None:
    """On the way, for whoever waits."""
    print(text, flush=True)


def soak(options: argparse.Namespace) -> int:
    """All faults that one process lives through, for so many minutes; 1 where something was not as wanted."""
    chosen = [(who, fault) for who, fault in SOAKED if options.only.lower() in f"{who}: {fault.name}".lower()]
    with robot_of_its_own() as robot:
        report = Soak(Bench(robot, SOAK_RATE_HZ), options.seed, say=tell).run(chosen, options.soak)
    print(report, flush=True)
    if options.json:
        options.json.write_text(json.dumps(asdict(report) | {"wrong": report.wrong()}, indent=1) + "\n")
    return 1 if report.wrong() else 0


def main() -> int:
    """All of it; 1 where something was not as wanted."""
    options = parse()
    if options.soak:
        return soak(options)
    chosen = [
        (who, fault)
        for who, faults in FAULTS.items()
        for fault in faults
        if options.only.lower() in f"{who}: {fault.name}".lower()
    ]
    if not chosen:
        print(f"scripts/faults: no fault has {options.only!r} in its name", file=sys.stderr)
        return 2
    rows = []
    for number, (who, fault) in enumerate(chosen, start=1):
        row = let_loose(who, fault, options.moments, options.seed)
        rows.append(row)
        print(f"[{number}/{len(chosen)}] {'ok   ' if row.is_right else 'WRONG'} {who}: {row.markdown()}", flush=True)
        for trouble in [*row.troubles, *row.broken[:3]]:
            print("    " + trouble.replace("\n", "\n    "), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(rows, options))
    return 0 if all(row.is_right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
