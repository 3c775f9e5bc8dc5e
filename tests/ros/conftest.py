"""Tests of the running programs against independent ROS 2 peers, each test in a ROS domain of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

ROOT = Path(__file__).resolve().parents[2]

MATCH_S = 10.0
"""Discovery mostly takes half a second, sometimes four; ten is a failure."""

STOP_S = 10.0
"""How long a program may take to end in good order."""


def executable(name: str) -> Path:
    """An executable of the last release build."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = ROOT / target / "release" / name
    assert path.exists(), f"{path} is missing; build it with: cargo build --release"
    return path


class Program:
    """A running program of ours, with everything it has said."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: dict[str, str]) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
                cwd=ROOT,
            )

    def log(self) -> str:
        """What it has printed so far, both streams together."""
        return self._log.read_text(errors="replace")

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Its exit status, once it has ended."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {timeout_s} s; it said:\n{self.log()}")

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Its exit status after this signal."""
        self.process.send_signal(with_signal)
        return self.wait()

    def kill(self) -> None:
        """Ends it at once, as a test that failed must."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Peer:
    """An rclpy node in the test's own process and domain."""

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node("peer", context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def spin(self, seconds: float) -> None:
        """Serves callbacks for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def wait_for(self, what: str, condition: Callable[[], bool], program: Program, timeout_s: float = MATCH_S) -> None:
        """Serves callbacks until the condition holds; fails with what the program said."""
        end = time.monotonic() + timeout_s
        while not condition():
            ended = program.process.poll()
            if ended is not None or time.monotonic() > end:
                state = f"the program ended with status {ended}" if ended is not None else f"waited {timeout_s} s"
                pytest.fail(f"{what}: {state}; it said:\n{program.log()}")
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        """Leaves the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def domain() -> int:
    """A ROS domain that other tests and robots are unlikely to be in."""
    return random.SystemRandom().randint(1, 100)


@pytest.fixture
def peer(domain: int) -> Iterator[Peer]:
    """The test's own node."""
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    peer = Peer(domain)
    yield peer
    peer.close()


@pytest.fixture
def start(domain: int, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts executables of ours by name, with their arguments, in the test's domain."""
    programs: list[Program] = []

    def start(name: str, *arguments: str | Path) -> Program:
        environment = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        log = tmp_path / f"{len(programs)}_{name}.log"
        program = Program([executable(name), *arguments], log, environment)
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.kill()
