"""Tests of the running programs against independent ROS 2 peers, each test in a ROS domain of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from late_fusion_sim.domains import unused_domain
from manager import Manager
from peer import Peer
from program import Program
from robot import Robot
from stage import peer_in, programs_in


@pytest.fixture
def domain() -> Iterator[int]:
    """A ROS domain that nobody else on this machine is in."""
    with unused_domain() as domain:
        yield domain


@pytest.fixture
def peer(domain: int) -> Iterator[Peer]:
    """The test's own node."""
    with peer_in(domain) as peer:
        yield peer


@pytest.fixture
def start(domain: int, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts executables of ours by name, with their arguments, in the test's domain."""
    with programs_in(domain, tmp_path) as start:
        yield start


@pytest.fixture
def robot(peer: Peer, start: Callable[..., Program], tmp_path: Path) -> Robot:
    """Everything that a running node has around it."""
    return Robot(peer, start, tmp_path)


@pytest.fixture
def manager(robot: Robot) -> Manager:
    """A lifecycle manager of a node that is yet to be started."""
    return Manager(robot)
