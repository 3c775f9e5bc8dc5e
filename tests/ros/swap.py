"""Two policies that each command always the same, and a robot that the first of them drives."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from parameters import TWIST_STAMPED, wired
from policies import constant_policy
from robot import Robot, joints, numbers

FIRST, SECOND = [1.0, 0.25], [-2.0, 1.5]
"""What the two policies command."""


def first(robot: Robot, command: str = TWIST_STAMPED, /, **more: object) -> dict:
    """Parameters with a policy that always commands the same."""
    return wired(constant_policy(robot.folder / "first", FIRST), command, **more)


def second(robot: Robot) -> Path:
    """The folder of another such policy."""
    return constant_policy(robot.folder / "second", SECOND).write()


def act(robot: Robot, parameters: dict) -> None:
    """Starts a robot that acts."""
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_action(FIRST)


def changes(robot: Robot) -> list[list[float]]:
    """The commands so far, each once where it was repeated."""
    return [action for action, _ in groupby(numbers(command) for command in robot.commands)]


def drives_on(robot: Robot) -> None:
    """The first policy goes on as if nothing had been asked."""
    before = len(robot.commands)
    robot.wait_for("more commands", lambda: len(robot.commands) > before + 5)
    assert changes(robot) == [FIRST]
