"""`config/sros2` allows what the node has in the ROS graph, and no more."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from parameters import wired
from permission import DEADMAN
from policies import Policy, colour, sentence, vector
from program import ROOT
from robot import Robot

POLICY = ROOT / "config" / "sros2" / "late_fusion.policy.xml"


def allowed(what: str, how: str) -> set[str]:
    """The topics or services that the policy allows, by their full names."""
    [profile] = ElementTree.parse(POLICY).iterfind("enclaves/enclave[@path='/late_fusion']/profiles/profile")
    assert profile.attrib == {"ns": "/", "node": "late_fusion"}
    groups = profile.iterfind(f"{what}s[@{how}='ALLOW']/{what}")
    names = [(element.text or "").strip() for element in groups]
    full = [name.replace("~", "/late_fusion", 1) if name.startswith("~") else f"/{name.lstrip('/')}" for name in names]
    assert len(set(full)) == len(full), f"twice: {sorted(full)}"
    return set(full)


def policy(folder: Path) -> Policy:
    """A policy with the modalities of the one that ships."""
    modalities = [colour("scene", folder), sentence("instruction", folder), vector("joints", "left", "right")]
    return Policy(folder, modalities, [[0.0] * 13] * 2)


@pytest.mark.parametrize("in_simulation", [False, True])
def test_what_the_node_has_in_the_graph_is_what_it_is_allowed(robot: Robot, in_simulation: bool) -> None:
    switches = {"deadman": DEADMAN, "emergency_stop": {"topic": "emergency_stop"}}
    page = {"dashboard": {"enabled": True, "port": 0}}
    robot.run(wired(policy(robot.folder / "policy"), use_sim_time=in_simulation, **switches, **page))
    robot.wait_for_status("waiting" if not in_simulation else "/clock")
    node = robot.peer.node
    robot.wait_for("its name", lambda: ("late_fusion", "/") in node.get_node_names_and_namespaces())

    def names_of(endpoints: str) -> set[str]:
        return {name for name, _ in getattr(node, f"get_{endpoints}_names_and_types_by_node")("late_fusion", "/")}

    def has(endpoints: str, names: set[str]) -> bool:
        return names_of(endpoints) >= names

    expected = {
        "publisher": allowed("topic", "publish"),
        "subscriber": allowed("topic", "subscribe") - (set() if in_simulation else {"/clock"}),
        "service": allowed("service", "reply"),
        "client": allowed("service", "request"),
    }
    for endpoints, names in expected.items():
        robot.wait_for(endpoints, partial(has, endpoints, names))
        assert names_of(endpoints) == names
