"""ROS domains that nobody on this machine is in, and that stay so: two of our programs never pick the same one."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from late_fusion_sim.isolation import isolate_this_process
from late_fusion_sim.ros import NodeTrouble

HIGHEST_DOMAIN = 100
"""Domains up to here have ports of their own on every system."""

PARTICIPANTS = 10
"""So many participants of a domain are looked for; programs of one machine take the first numbers that are left."""

_held = ExitStack()
"""What is reserved until this process ends."""


def isolate() -> None:
    """Keeps a demo's commands away from every real robot: a domain of its own, this machine only.

    Must come before the first `Participant` and before the node is started, which inherits it.
    A domain that the user has set stays.
    """
    [domain] = domains(1)
    isolate_this_process(domain)


def domains(count: int) -> range:
    """ROS domains for programs that go on side by side: from the environment's own on, or some that nobody is in.

    They stay reserved until this process ends.
    """
    given = os.environ.get("ROS_DOMAIN_ID")
    if given:
        if not given.isdecimal():
            raise NodeTrouble(f"ROS_DOMAIN_ID is {given!r}; a domain is a whole number from 0 on")
        return range(int(given), int(given) + count)
    found, reservation = reserve(count)
    _held.push(reservation)
    return found


@contextmanager
def unused_domain() -> Iterator[int]:
    """A ROS domain that nobody else is in for as long as this lasts, whatever the environment says."""
    [domain], reservation = reserve(1)
    with reservation:
        yield domain


def reserve(count: int) -> tuple[range, ExitStack]:
    """Unused domains side by side; closing what comes with them gives them back."""
    firsts = range(1, HIGHEST_DOMAIN - count + 2)
    for first in random.sample(firsts, len(firsts)):
        found = range(first, first + count)
        with ExitStack() as reservation:
            if all(claim(domain, reservation) and is_unused(domain) for domain in found):
                return found, reservation.pop_all()
    raise NodeTrouble(
        f"{count} ROS domains side by side are needed, and of 1 to {HIGHEST_DOMAIN} not so many are unused; "
        "set ROS_DOMAIN_ID to say where"
    )


def claim(domain: int, reservation: ExitStack) -> bool:
    """Whether no other program of ours has this domain: it has not spoken yet when the next one looks.

    An abstract socket is one name for the whole machine, and is gone with its process, however that ends (unix(7)).
    """
    name = reservation.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    try:
        name.bind(f"\0late_fusion/ros_domain/{domain}")
    except OSError:
        return False
    return True


def is_unused(domain: int) -> bool:
    """Whether nobody on this machine is in a domain: the ports are free where DDS looks (RTPS 2.5, 9.6.2)."""
    for participant in range(PARTICIPANTS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10 + 2 * participant))
            except OSError:
                return False
    return True
