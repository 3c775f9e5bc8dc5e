"""The test's own place in the ROS graph."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import rclpy
from program import Program
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

MATCH_S = 10.0
"""Discovery mostly takes half a second, sometimes four; ten is a failure."""


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
