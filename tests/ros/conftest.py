"""Tests of the running programs against independent ROS 2 peers, each test in a ROS domain of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from manager import Manager
from peer import Peer
from program import ROOT, Program, executable
from robot import Robot

# What keeps programs on this machine is decided in one place, the simulator's.
sys.path.append(str(ROOT / "sim"))

from late_fusion_sim.domains import unused_domain
from late_fusion_sim.isolation import isolate_this_process, isolated


@pytest.fixture
def domain() -> Iterator[int]:
    """A ROS domain that nobody else on this machine is in."""
    with unused_domain() as domain:
        yield domain


@pytest.fixture
def peer(domain: int) -> Iterator[Peer]:
    """The test's own node."""
    isolate_this_process()
    peer = Peer(domain)
    yield peer
    peer.close()


@pytest.fixture
def start(domain: int, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts executables of ours by name, with their arguments, in the test's domain."""
    programs: list[Program] = []

    def start(name: str, *arguments: str | Path) -> Program:
        log = tmp_path / f"{len(programs)}_{name}.log"
        program = Program([executable(name), *arguments], log, isolated(os.environ, domain))
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.end()


@pytest.fixture
def robot(peer: Peer, start: Callable[..., Program], tmp_path: Path) -> Robot:
    """Everything that a running node has around it."""
    return Robot(peer, start, tmp_path)


@pytest.fixture
def manager(robot: Robot) -> Manager:
    """A lifecycle manager of a node that is yet to be started."""
    return Manager(robot)
