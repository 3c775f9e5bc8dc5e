"""The options that say under what policies are tried, the same in `demo` and `evaluate`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import get_args

from late_fusion_sim.faults import Fault
from late_fusion_sim.latency import add_options as add_latency_options
from late_fusion_sim.node_process import changed_parameter
from late_fusion_sim.tasks import Sentences

Readers = Callable[[Callable[[str], object]], Callable[[str], object]]
"""What becomes of the reader of an option's value: `worded`, or `checked` where the text itself is wanted."""


def add_condition_options(parser: argparse.ArgumentParser, read: Readers) -> None:
    """`--sentences`, `--cover`, `--cut`, latencies, `--required` and `--set`."""
    parser.add_argument(
        "--sentences",
        choices=get_args(Sentences),
        default="demo",
        help="which sentences to use, in turn over the episodes; held_out: paraphrases that no recording contains "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--cover",
        type=read(Fault.covered),
        action="append",
        metavar="CAMERA",
        help="cover a camera: scene or side, or another robot's",
    )
    parser.add_argument(
        "--cut",
        type=read(Fault.cut),
        action="append",
        metavar="CAMERA@COMMANDS",
        help="stop a camera after this many commands",
    )
    add_latency_options(parser)
    parser.add_argument("--required", metavar="NAMES", help="required modalities, comma-separated (default: all)")
    parser.add_argument(
        "--set",
        type=read(changed_parameter),
        action="append",
        metavar="NAME=VALUE",
        help="set a parameter of the node, such as chunk.ensemble=temporal",
    )
