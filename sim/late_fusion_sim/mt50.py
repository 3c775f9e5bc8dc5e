"""Meta-World's fifty tasks (MT50), as policies for vision and language are compared on them.

Unlike in the scenes of `tasks.yaml`, everything is Meta-World's own: starts, goals, which are drawn as colored points,
and success, at any step until time is up. The protocol is that of LeRobot's benchmark: `mt50.yaml`.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Literal, get_args

import yaml

from late_fusion_sim.robot import SAWYER

SUITE = "mt50"
"""What all fifty are called together."""

Difficulty = Literal["easy", "medium", "hard", "very_hard"]

DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)

STEPS = 500
"""Meta-World's steps until an episode's time is up."""

ROBOT = replace(SAWYER, command_limit=STEPS // SAWYER.steps_per_command, policy=Path("models", "policies", SUITE))
"""Meta-World's arm, with the time that the benchmark gives it. Its experts need a fifth of that."""


@functools.cache
def sentences() -> dict[Difficulty, dict[str, str]]:
    """The sentence of every task, by its difficulty and its name."""
    text = resources.files(__package__).joinpath("mt50.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def names() -> tuple[str, ...]:
    """All fifty, the easy ones first."""
    return tuple(name for group in sentences().values() for name in group)
