"""This process's place in the ROS graph: one node, one executor, everything on the caller's thread.

No thread of its own means no lock, and that whatever arrives is handled exactly when the simulator waits.
"""

from __future__ import annotations

import os
import random
import socket
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

from late_fusion_sim.isolation import isolate_this_process

POLL_S = 0.05
"""Longest wait in one go, so that a Ctrl-C or a dead node is noticed soon."""


HIGHEST_DOMAIN = 100
"""Domains up to here have ports of their own on every system."""

PARTICIPANTS = 10
"""So many participants of a domain are looked for; programs of one machine take the first numbers that are left."""


class NodeTrouble(RuntimeError):
    """The node under test did not do its part; the message says what was awaited and what is known."""


def isolate() -> None:
    """Keeps a demo's commands away from every real robot: a domain of its own, this machine only.

    Must come before the first `Participant` and before the node is started, which inherits it.
    A domain that the user has set stays.
    """
    [domain] = domains(1)
    isolate_this_process(domain)


def domains(count: int) -> range:
    """ROS domains for programs that go on side by side: from the environment's own on, or some that nobody is in."""
    given = os.environ.get("ROS_DOMAIN_ID")
    if given:
        if not given.isdecimal():
            raise NodeTrouble(f"ROS_DOMAIN_ID is {given!r}; a domain is a whole number from 0 on")
        return range(int(given), int(given) + count)
    firsts = range(1, HIGHEST_DOMAIN - count + 2)
    for first in random.sample(firsts, len(firsts)):
        found = range(first, first + count)
        if all(map(is_unused, found)):
            return found
    raise NodeTrouble(
        f"{count} ROS domains side by side are needed, and of 1 to {HIGHEST_DOMAIN} not so many are unused; "
        "set ROS_DOMAIN_ID to say where"
    )


def is_unused(domain: int) -> bool:
    """Whether nobody on this machine is in a domain: the ports are free where DDS looks (RTPS 2.5, 9.6.2)."""
    for participant in range(PARTICIPANTS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10 + 2 * participant))
            except OSError:
                return False
    return True


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

    def __init__(self, name: str) -> None:
        self._context = rclpy.Context()
        self._context.init()
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
