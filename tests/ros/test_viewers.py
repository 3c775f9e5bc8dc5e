"""The layouts for Foxglove and RViz show what the node has with the parameters that ship."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from program import ROOT
from rclpy.qos import ReliabilityPolicy
from robot import Robot

FOXGLOVE = json.loads((ROOT / "config" / "foxglove" / "late_fusion.json").read_text())
RVIZ = yaml.safe_load((ROOT / "config" / "rviz" / "late_fusion.rviz").read_text())
SHIPPED = ROOT / "config" / "late_fusion.param.yaml"


def named(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a layout that is the name of something on the graph, by its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from named(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from named(inner, key)
    elif isinstance(value, str) and value.startswith("/"):
        yield key, value


def panels(layout: Any) -> Iterator[str]:
    """The panels that are placed in the window."""
    if isinstance(layout, str):
        yield layout
    else:
        yield from panels(layout["first"])
        yield from panels(layout["second"])


@pytest.fixture
def has(robot: Robot) -> dict[str, dict[str, str]]:
    """The types of topics and services of a node with the shipped parameters, by their names."""
    robot.listen()
    robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", SHIPPED)
    robot.wait_for_status("waiting")
    node = robot.peer.node
    found: dict[str, dict[str, str]] = {}

    def of(endpoints: str) -> dict[str, str]:
        return {n: t for n, [t] in getattr(node, f"get_{endpoints}_names_and_types_by_node")("late_fusion", "/")}

    def is_known() -> bool:
        if ("late_fusion", "/") not in node.get_node_names_and_namespaces():
            return False
        found["topics"] = of("publisher") | of("subscriber")
        found["services"] = of("service")
        return {"/action", "/camera/image_raw"} <= set(found["topics"]) and "/late_fusion/enable" in found["services"]

    robot.wait_for("its place in the graph", is_known)
    return found


def test_every_name_is_one_that_the_node_has(has: dict[str, dict[str, str]]) -> None:
    names = list(named(FOXGLOVE["configById"])) + list(named(RVIZ))
    assert len(names) > 10
    for key, name in names:
        known = has["services"] if key == "serviceName" else has["topics"]
        assert re.split(r"[.\[]", name)[0] in known, f"{key}: {name}"


def test_types_and_qualities_of_service_are_those_of_the_topics(robot: Robot, has: dict[str, dict[str, str]]) -> None:
    publish = FOXGLOVE["configById"]["Publish!instruction"]
    assert has["topics"][publish["topicName"]] == publish["datatype"]
    assert set(json.loads(publish["value"])) == {"data"}
    displays = {each["Topic"]["Value"]: each["Topic"] for each in RVIZ["Visualization Manager"]["Displays"]}
    debug = "/late_fusion/debug/image/compressed"
    assert has["topics"][debug] == "sensor_msgs/msg/CompressedImage"
    [publisher] = robot.peer.node.get_publishers_info_by_topic(debug)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert displays[debug]["Reliability Policy"] == "Reliable"
    # A best-effort subscription hears every camera.
    assert displays["/camera/image_raw"]["Reliability Policy"] == "Best Effort"


def test_every_panel_is_placed_once_and_every_line_of_the_plots_is_labelled_as_what_it_shows() -> None:
    assert sorted(panels(FOXGLOVE["layout"])) == sorted(FOXGLOVE["configById"])
    policy = yaml.safe_load((ROOT / "models" / "policies" / "tabletop" / "policy.yaml").read_text())
    modalities, actions = ([each["name"] for each in policy[kind]] for kind in ("modalities", "actions"))
    contributions = FOXGLOVE["configById"]["Plot!contributions"]["paths"]
    for path in contributions:
        modality, action = path["label"].split(" to ")
        index = modalities.index(modality) * len(actions) + actions.index(action)
        assert path["value"] == f"/late_fusion/contributions.data[{index}]"
    assert len(contributions) == len(modalities)
    commands = FOXGLOVE["configById"]["Plot!action"]["paths"]
    assert [path["label"] for path in commands] == actions
    for index, path in enumerate(commands):
        assert path["value"] == f"/action.points[0].velocities[{index}]"
