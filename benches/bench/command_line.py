"""What `scripts/bench` is told."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path

from late_fusion_sim.command_line import worded
from peer_rclpy import RESIZES

from bench.conditions import Conditions
from bench.contestant import NAMES
from bench.parameters import NODE, ROOT

DESCRIPTION = """\
The node beside what one would write in Python instead: benches/peer_rclpy.py (rclpy, onnxruntime, NumPy, Pillow,
OpenCV) does the same job with the same models and threads. Both take turns in short rounds, so that what else the
machine does hits both alike, and every figure is a ratio: latency from picture to command, processor time, memory,
lateness of commands.

    . scripts/env.bash && cargo build --release    (once, with scripts/setup --bench before)
    scripts/bench                                  four rounds of ten seconds: two minutes
    scripts/bench --busy --rounds 6                also with one busy program per CPU
    scripts/bench --compare out/before             and says what became worse since then (exit status 1)
"""

EPILOG = """\
Writes report.md, report.json, distributions.svg and stamps.json (every picture and command) to --out.
"""


def between(lowest: float, highest: float, kind: type = float) -> Callable[[str], object]:
    """A reader of numbers within limits."""

    def read(text: str) -> object:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not lowest <= value <= highest:
            what = "a whole number" if kind is int else "a number"
            raise ValueError(f"'{text}'; allowed is {what} from {lowest:g} to {highest:g}")
        return value

    return worded(read)


def size(text: str) -> tuple[int, int]:
    """Width and height."""
    parts = re.fullmatch(r"(\d+)x(\d+)", text)
    found = (int(parts[1]), int(parts[2])) if parts else (0, 0)
    # The middleware's profile carries messages of up to 4 MB in one piece.
    if not all(16 <= side <= 4096 for side in found):
        raise ValueError(f"'{text}'; allowed is WIDTHxHEIGHT, each from 16 to 4096, such as 640x480")
    return found


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=110),
    )
    cpus = len(os.sched_getaffinity(0))
    add = parser.add_argument
    add("--seconds", type=between(1, 3600), default=10.0, metavar="S", help="per node and round (%(default)s)")
    add("--rounds", type=between(1, 1000, int), default=4, metavar="N", help="turns of each node (%(default)s)")
    add("--rate", type=between(1, 1000), default=100.0, metavar="HZ", help="control rate (%(default)s)")
    add("--camera-hz", type=between(1, 240), default=30.0, metavar="HZ", help="pictures per second (%(default)s)")
    add("--size", type=worded(size), default=(640, 480), metavar="WxH", help="of a picture (640x480)")
    add(
        "--busy",
        type=between(1, 1024, int),
        nargs="?",
        const=cpus,
        default=0,
        metavar="N",
        help=f"also with N busy programs (one per CPU: {cpus}), in every round after the idle turns",
    )
    add("--only", choices=NAMES, help="one node alone, without ratios")
    add("--peer-resize", choices=RESIZES, default="antialiased", help=PEER_RESIZE)
    add("--node", type=Path, default=NODE, metavar="FILE", help="the executable late_fusion_node (target/release)")
    add("--out", type=Path, default=ROOT / "out/bench", metavar="FOLDER", help="where the report goes (out/bench)")
    add("--compare", type=Path, metavar="FOLDER", help="an earlier report: which ratios are worse by more than noise?")
    add("--reuse", action="store_true", help="measure nothing; --compare the report that is in --out already")
    options = parser.parse_args(words)
    if options.reuse and not options.compare:
        parser.error("--reuse is for --compare FOLDER")
    if options.compare and options.only:
        parser.error("--compare compares ratios, and --only measures none")
    if options.compare and options.compare.resolve() == options.out.resolve():
        parser.error(f"--compare and --out are both {options.out}; keep the earlier report elsewhere")
    return options


PEER_RESIZE = """\
how the peer makes pictures small: antialiased, as the policy was trained (Pillow, the default), or OpenCV's area or
linear, whose actions differ"""


def conditions_of(options: argparse.Namespace) -> Conditions:
    """Under what is measured."""
    width, height = options.size
    return Conditions(options.rate, options.camera_hz, width, height, options.peer_resize, options.busy)
