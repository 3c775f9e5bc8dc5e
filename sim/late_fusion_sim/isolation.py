"""What keeps programs on this machine: the environment of everything that the simulator starts is made here.

Which variable says so depends on the ROS 2. `ROS_AUTOMATIC_DISCOVERY_RANGE` came with Iron; before, up to Humble, it is
`ROS_LOCALHOST_ONLY`, which later ones still obey but warn about.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

FIRST_WITH_DISCOVERY_RANGE = "iron"
"""Distributions are named along the alphabet: what comes before knows `ROS_LOCALHOST_ONLY` alone."""

LEADS_ELSEWHERE = ("ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER")
"""Variables that name other machines to talk to. `ROS_STATIC_PEERS` takes effect whatever the discovery range is."""


def isolated(environment: Mapping[str, str], domain: int | None = None) -> dict[str, str]:
    """An environment in which ROS programs meet nobody outside this machine, in a domain where one is given.

    It overrules what the user has set for his robot: that is what must not be reached. A file of his own for the
    middleware (`CYCLONEDDS_URI`, a Fast DDS profile) is left alone.
    """
    distribution = environment.get("ROS_DISTRO", "")
    made = {name: value for name, value in environment.items() if name not in (*LEADS_ELSEWHERE, "ROS_LOCALHOST_ONLY")}
    made["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    # Where nothing says which ROS 2 it is, a warning is better than a command that leaves the machine.
    if distribution < FIRST_WITH_DISCOVERY_RANGE:
        made["ROS_LOCALHOST_ONLY"] = "1"
    if domain is not None:
        made["ROS_DOMAIN_ID"] = str(domain)
    return made


def isolate_this_process(domain: int | None = None) -> None:
    """The same for this process and for what inherits its environment; to be called before it first speaks ROS."""
    made = isolated(os.environ, domain)
    for name in set(os.environ) - set(made):
        del os.environ[name]
    os.environ.update(made)
