"""How the programs of the simulator show themselves when asked for help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

SCRIPT = "LATE_FUSION_SCRIPT"
"""The environment variable in which a script of the project that stands before the program says its name."""


def parser_of(
    module: str, usage: str, description: str, *parents: argparse.ArgumentParser, epilog: str | None = None
) -> argparse.ArgumentParser:
    """A parser under the name by which the program was started; `usage` is what follows it, `epilog` stands under its
    help, line by line.
    """
    name = os.environ.get(SCRIPT) or f"python3 -m late_fusion_sim.{module}"
    return argparse.ArgumentParser(
        prog=name,
        usage=f"{name} {usage}",
        description=description,
        epilog=epilog,
        parents=parents,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=32, width=110),
    )


def add_executable(parser: argparse.ArgumentParser, option: str, name: str) -> None:
    """The option for an executable of the project, which a script fills in by itself."""
    help_text = argparse.SUPPRESS if os.environ.get(SCRIPT) else f"the executable {name}"
    parser.add_argument(option, type=Path, required=True, metavar="FILE", help=help_text)


def worded(reader: Callable[[str], object]) -> Callable[[str], object]:
    """A reader of the command line, whose own words reach the user."""

    def read(text: str) -> object:
        try:
            return reader(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def checked(reader: Callable[[str], object]) -> Callable[[str], str]:
    """The same for what is read again elsewhere: here it only must be readable, and stays a text."""
    read = worded(reader)

    def check(text: str) -> str:
        read(text)
        return text

    return check
