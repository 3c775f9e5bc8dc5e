"""Measures the node beside the rclpy peer; see `command_line.py`."""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from late_fusion_sim.domains import isolate
from late_fusion_sim.process import check_executable
from late_fusion_sim.ros import NodeTrouble
from peer_rclpy import Policy

from bench import report as reports
from bench.bare_encoder import BareEncoder
from bench.busy import busy_programs
from bench.command_line import conditions_of, parse
from bench.comparison import check_conditions, compare, table
from bench.conditions import Conditions
from bench.contestant import NAMES, PEER
from bench.figure import Measured, late_ms, latencies_ms, measured
from bench.machine import machine, versions
from bench.parameters import POLICY
from bench.percentiles import percentile
from bench.pictures import actions_of, choose
from bench.plot import distributions
from bench.recording import Turn, record

BARE_SECONDS = 2.0
PLOT = "distributions.svg"


def order(number: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """Whose turn it is first in a round: ABBA."""
    return names if number % 2 == 0 else names[::-1]


def say(text: str) -> None:
    """Progress, which is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def rounds_of(options: argparse.Namespace, conditions: Conditions) -> Iterator[Measured]:
    """Every node under every load, round by round."""
    say("choosing pictures …")
    pictures = choose(conditions.size)
    expected = dict.fromkeys(NAMES, pictures)
    if conditions.peer_resize != "antialiased":
        actions = actions_of(Policy(POLICY, conditions.peer_resize), pictures.pixels)
        expected[PEER] = replace(pictures, actions=actions)
    bare = BareEncoder(pictures.pixels[0])
    names = (options.only,) if options.only else NAMES
    for number in range(options.rounds):
        for load, busy in conditions.loads:
            with busy_programs(busy):
                bare_ms = statistics.median(bare.processor_ms(BARE_SECONDS, conditions.camera_hz))
            for name in order(number, names):
                with tempfile.TemporaryDirectory() as folder:
                    turn = Turn(name, load, busy, number)
                    recording = record(turn, conditions, pictures, options.seconds, options.node, Path(folder))
                one = measured(recording, expected[name], conditions.rate_hz, bare_ms)
                say(f"round {number + 1} of {options.rounds}, {load}, {name}: {summary(one)}")
                yield one


def summary(one: Measured) -> str:
    """A turn in a line."""
    # Of a slow camera there may be no picture in a short turn.
    latency = percentile(latencies_ms([one]), 0.5)
    late = max(one.lateness.late_ns) / 1e6
    recording = one.recording
    took = f"{recording.processor_s / recording.seconds:.3f} CPUs, {recording.memory.rss_mb:.0f} MB"
    return f"picture → command {latency:.1f} ms, {took}, late {late:.1f} ms at most"


def measure(options: argparse.Namespace) -> reports.Report:
    """Measures, and writes the report."""
    conditions = conditions_of(options)
    check_executable(str(options.node))
    options.out.mkdir(parents=True, exist_ok=True)
    about = {
        "command": shlex.join(["scripts/bench", *sys.argv[1:]]),
        "when": time.strftime("%Y-%m-%d"),
        "seconds": options.seconds,
        "rounds": options.rounds,
        "machine": machine(),
        "versions": versions(),
    }
    rounds = list(rounds_of(options, conditions))
    report = reports.report_of(rounds, conditions, about)
    reports.write(report, rounds, options.out)
    keys = list(dict.fromkeys((one.recording.node, one.recording.load) for one in rounds))
    of = {key: [one for one in rounds if (one.recording.node, one.recording.load) == key] for key in keys}
    panels = {
        "pictures that took longer to a command": {key: latencies_ms(of[key]) for key in keys},
        "periods whose command was later": {key: late_ms(of[key]) for key in keys},
    }
    (options.out / PLOT).write_text(distributions(panels))
    print((options.out / reports.MARKDOWN).read_text())
    return report


def main() -> int:
    """Measures, compares where asked to, and says whether something became worse."""
    options = parse()
    isolate()
    try:
        # What cannot be compared shall be known before minutes have gone into it.
        earlier = reports.read(options.compare) if options.compare else None
        if earlier and not options.reuse:
            check_conditions(earlier, conditions_of(options))
        report = reports.read(options.out) if options.reuse else measure(options)
        if earlier is None:
            return 0
        changes = compare(earlier, reports.plain(report))
    except NodeTrouble as trouble:
        say(f"scripts/bench: {trouble}")
        return 2
    except KeyboardInterrupt:
        say("scripts/bench: interrupted; nothing was written")
        return 130
    print(table(changes))
    return int(any(change.verdict == "worse" for change in changes))


if __name__ == "__main__":
    sys.exit(main())
