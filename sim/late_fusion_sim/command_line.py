"""How the programs of the simulator show themselves when asked for help."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

SCRIPT = "LATE_FUSION_SCRIPT"
"""The environment variable in which a script of the project that stands before the program says its name."""


def parser_of(module: str, usage: str, description: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """A parser under the name by which the program was started; `usage` is what follows it."""
    name = os.environ.get(SCRIPT) or f"python3 -m late_fusion_sim.{module}"
    return argparse.ArgumentParser(
        prog=name,
        usage=f"{name} {usage}",
        description=description,
        parents=parents,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=110),
    )


def add_executable(parser: argparse.ArgumentParser, option: str, name: str) -> None:
    """The option for an executable of the project, which a script fills in by itself."""
    help_text = argparse.SUPPRESS if os.environ.get(SCRIPT) else f"the executable {name}"
    parser.add_argument(option, type=Path, required=True, metavar="FILE", help=help_text)
