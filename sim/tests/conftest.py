"""Tests speak real ROS 2 in a domain of their own, and look at the world through its one camera."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from late_fusion_sim.domains import isolate
from late_fusion_sim.placements import SCENES
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.ros import Participant
from late_fusion_sim.world import World


def pytest_configure(config: pytest.Config) -> None:
    """A ROS domain for whoever runs tests. Workers of pytest-xdist would inherit their controller's, and share it."""
    is_controller = bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")
    if not is_controller:
        isolate()


# What a test starts finds the package as the test does.
SIM = str(Path(__file__).parents[1])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SIM, os.environ.get("PYTHONPATH")]))


@pytest.fixture
def world() -> Iterator[World]:
    """A world that leaves the stage after the test."""
    world = World()
    yield world
    world.close()


@pytest.fixture
def participant() -> Iterator[Participant]:
    """The simulator's place in the ROS graph."""
    with Participant("late_fusion_sim") as participant:
        yield participant


@pytest.fixture
def episodes_last(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has episodes in the drawer's scene last so many commands, and demonstrations twice as many."""

    def last(commands: int) -> None:
        robot = replace(SAWYER, command_limit=commands, demonstration_limit=2 * commands)
        monkeypatch.setitem(SCENES, "drawer", replace(SCENES["drawer"], robot=robot))

    return last
