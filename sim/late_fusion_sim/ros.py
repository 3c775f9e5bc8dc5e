"""This process's place in the ROS graph: one node, one executor, everything on the caller's thread.

No thread of its own means no lock, and that whatever arrives is handled exactly when the simulator waits.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import rclpy
import rclpy.publisher
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time

POLL_S = 0.05
"""Longest wait in one go, so that a Ctrl-C or a dead node is noticed soon."""


class NodeTrouble(RuntimeError):
    """The node under test did not do its part; the message says what was awaited and what is known."""


def reliable(depth: int, *, latched: bool = False) -> QoSProfile:
    """Reliable, keep the last `depth`; `latched` also gives the last one to those who come later."""
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def stamp_of(nanoseconds: int) -> Any:
    """A `builtin_interfaces/Time`."""
    return Time(nanoseconds=nanoseconds).to_msg()


def nanoseconds_of(stamp: Any) -> int:
    """The reverse of `stamp_of`."""
    return Time.from_msg(stamp).nanoseconds


class Publisher:
    """A topic's publisher that counts what it publishes."""

    def __init__(self, publisher: rclpy.publisher.Publisher) -> None:
        self._publisher = publisher
        self.count = 0

    @property
    def topic(self) -> str:
        """The topic's full name."""
        return self._publisher.topic_name

    @property
    def listeners(self) -> int:
        """How many subscribe to it."""
        return self._publisher.get_subscription_count()

    def publish(self, message: Any) -> None:
        """Publishes a message."""
        self._publisher.publish(message)
        self.count += 1


class Participant:
    """A ROS node that is served only while its owner waits in `spin` or `spin_until`."""

    def __init__(self, name: str, domain: int | None = None) -> None:
        """In the environment's domain where none is given."""
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self.node = Node(name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._publishers: list[Publisher] = []

    def publisher(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        """A publisher of messages of this type."""
        self._publishers.append(Publisher(self.node.create_publisher(kind, topic, profile)))
        return self._publishers[-1]

    def published(self) -> Counter[str]:
        """How many messages were published on each topic, by its full name."""
        counts: Counter[str] = Counter()
        for publisher in self._publishers:
            counts[publisher.topic] += publisher.count
        return counts

    def spin(self, seconds: float) -> None:
        """Handles messages for this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def spin_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Handles messages until the condition holds (true) or the time is over (false)."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._executor.spin_once(timeout_sec=min(left, POLL_S))
        return True

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

    def __enter__(self) -> Participant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
