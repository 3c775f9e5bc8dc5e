"""Whose parameters are whose: sections, wildcards, several files and `-p`, by the rules that rclpy has."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from parameter_cases import GOLDEN, golden
from parameters import wired, write
from peer import MATCH_S
from policies import joints_policy
from program import Program, refused
from robot import Robot, joints, numbers
from sensor_msgs.msg import JointState

LIMITS = {"action": {"limits": {"drive": {"min": -0.25, "max": 0.25}}}}


def test_what_the_crate_is_measured_by_is_what_rclpy_does(domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    assert golden() == json.loads(GOLDEN.read_text())


def base(folder: Path, section: str = "/**", **more: object) -> Path:
    """A parameter file without limits."""
    return write(folder / "base.param.yaml", wired(joints_policy(folder / "policy")) | more, section)


@pytest.mark.parametrize(
    ("section", "namespace"),
    [
        ("late_fusion", ""),
        ("/**/late_fusion", ""),
        ("/**/late_fusion", "/arm"),
        ("/*", ""),
        ("/*/late_fusion", "/arm"),
        ("/arm/**", "/arm"),
        ("/arm/late_fusion", "/arm"),
    ],
)
def test_limits_hold_in_every_section_that_is_for_the_node(
    robot: Robot, start: Callable[..., Program], tmp_path: Path, section: str, namespace: str
) -> None:
    files = [base(tmp_path), write(tmp_path / "limits.param.yaml", LIMITS, section)]
    words = ["--ros-args", *(word for file in files for word in ("--params-file", file))]
    words += ["-r", f"__ns:={namespace}"] if namespace else []
    robot.listen(status=f"{namespace}/late_fusion/status", action=f"{namespace}/action")
    robot.program = start("late_fusion_node", *words)
    robot.keep_sending(f"{namespace}/joint_states", joints(1.0, 0.5))
    # The policy says 1.5.
    robot.wait_for_action([0.25, -1.0])
    assert max(numbers(command)[0] for command in robot.commands) == 0.25
    checked = start("late_fusion", "check", "--params-file", files[0], *words)
    assert checked.wait() == 0, checked.log()
    [drive] = [line for line in checked.log().splitlines() if line.startswith("drive")]
    assert drive.split()[2:4] == ["-0.25", "0.25"]


def test_limits_for_another_namespace_are_told_and_not_taken(robot: Robot) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    path = robot.folder / "node.param.yaml"
    sections = {"/**": {"ros__parameters": parameters}, "/*/late_fusion": {"ros__parameters": LIMITS}}
    path.write_text(json.dumps(sections))
    robot.listen()
    robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", path)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    told = f"section /*/late_fusion of {path} is not for this node, whose full name is /late_fusion"
    assert told in robot.program.log()


def test_a_parameter_on_the_command_line_that_has_no_effect_is_told(robot: Robot) -> None:
    path = robot.folder / "node.param.yaml"
    parameters = wired(joints_policy(robot.folder / "policy"))
    limited = parameters | {"action": parameters["action"] | LIMITS["action"]}
    sections = {"/**": {"ros__parameters": {"use_sim_time": False}}, "late_fusion": {"ros__parameters": limited}}
    path.write_text(json.dumps(sections))
    robot.listen()
    words = ["--params-file", path, "-p", "action.limits.drive.max:=0.125"]
    robot.program = robot._start("late_fusion_node", "--ros-args", *words)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([0.25, -1.0])
    told = "parameter action.limits.drive.max is 0.25, and not 0.125 as -p on the command line says"
    assert told in robot.program.log()


def test_a_section_for_all_nodes_may_hold_what_is_meant_for_others(robot: Robot) -> None:
    shared = {
        "exposure": 3,
        "cameras": ["left", "right"],
        "control_rate": 5.0,
        "qos_overrides": {"/joint_states": {"subscription": {"reliability": "best_effort", "depth": 1}}},
    }
    robot.run(wired(joints_policy(robot.folder / "policy")) | shared, section="/**")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    log = robot.program.log()
    assert "parameter control_rate in section /** is none of this node's; did you mean control_rate_hz?" in log
    assert "qos_overrides./joint_states.subscription.depth" in log and "have no effect" in log
    assert "exposure" not in log and "cameras" not in log


def test_in_a_section_of_the_nodes_name_the_same_is_refused(start: Callable[..., Program], tmp_path: Path) -> None:
    file = base(tmp_path, section="/**/late_fusion", exposure=3, qos_overrides={"/a": {"publisher": {"depth": 2}}})
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    assert "parameter exposure is unknown" in told and "qos_overrides" not in told
    checked = refused(start("late_fusion", "check", "--params-file", file))
    assert "parameter exposure is unknown" in checked and "qos_overrides" not in checked


def two_robots(folder: Path) -> Path:
    """One file for two robots, with topics and rates of their own."""
    policy = str(joints_policy(folder / "policy").write())
    path = folder / "robots.param.yaml"
    sections: dict[str, dict[str, dict[str, object]]] = {"/**": {"ros__parameters": {"policy": policy}}}
    for side, rate in [("left", 20.0), ("right", 30.0)]:
        source = {"topic": f"{side}_joints", "message": "sensor_msgs/msg/JointState"}
        own = {"control_rate_hz": rate, "modalities": {"joints": source}}
        sections[f"/{side}/late_fusion"] = {"ros__parameters": own}
    path.write_text(json.dumps(sections))
    return path


def test_check_shows_every_robot_of_a_file_or_the_one_that_is_meant(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    file = two_robots(tmp_path)
    both = start("late_fusion", "check", "--params-file", file)
    assert both.wait() == 0, both.log()
    left, right = both.log().split("/right/late_fusion:")
    assert "/left/late_fusion:" in left and "20 Hz" in left and "left_joints" in left and "right_joints" not in left
    assert "30 Hz" in right and "right_joints" in right and "left_joints" not in right
    one = start("late_fusion", "check", "--params-file", file, "--ros-args", "-r", "__ns:=/right")
    assert one.wait() == 0, one.log()
    assert "30 Hz" in one.log() and "right_joints" in one.log() and "left_joints" not in one.log()


@pytest.mark.parametrize("tool", ["record", "explain"])
def test_a_tool_that_is_not_told_which_robot_asks(start: Callable[..., Program], tmp_path: Path, tool: str) -> None:
    (tmp_path / "bag.mcap").write_bytes(b"")
    words = {"record": ["--out", tmp_path / "new"], "explain": ["--bag", tmp_path / "bag.mcap"]}[tool]
    told = refused(start("late_fusion", tool, "--params-file", two_robots(tmp_path), *words))
    for part in ["/left/late_fusion and /right/late_fusion", "-r __ns:=/left"]:
        assert part in told, told
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("side", ["left", "right"])
def test_record_hears_the_robot_that_is_meant(start: Callable[..., Program], tmp_path: Path, side: str) -> None:
    words = ["--params-file", two_robots(tmp_path), "--out", tmp_path / "new"]
    words += ["--ros-args", "-r", f"__ns:=/{side}"]
    recorder = start("late_fusion", "record", *words)
    deadline = time.monotonic() + MATCH_S
    while "recording" not in recorder.log() and recorder.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    recorder.stop()
    [line] = [line for line in recorder.log().splitlines() if line.startswith("recording")]
    topics = line.removeprefix("recording ").split(" into ")[0].split(", ")
    assert topics == [f"/{side}/{side}_joints", f"/{side}/expert_action", f"/{side}/episode"]


LOWEST = {
    "control_rate_hz": 0.1,
    "contributions_rate_hz": 0.01,
    "chunk": {"ensemble": "blend", "decay": 0.0, "blend_s": 0.0},
    "action": {"limits": {"drive": {"min": -math.inf, "max": math.inf, "max_rate": 0.0}}},
}
HIGHEST = {
    "control_rate_hz": 1000.0,
    "contributions_rate_hz": 100.0,
    "chunk": {"ensemble": "temporal", "decay": 1000.0, "blend_s": 60.0},
    "action": {"limits": {"drive": {"min": -1e9, "max": 1e9, "max_rate": 1e9}}},
}


@pytest.mark.parametrize("bounds", [LOWEST, HIGHEST], ids=["lowest", "highest"])
@pytest.mark.parametrize("age_s", [3600.0, math.inf])
def test_the_node_runs_with_every_number_at_its_bound(robot: Robot, bounds: dict, age_s: float) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    action = parameters["action"] | bounds["action"]
    parameters["modalities"]["joints"] |= {"max_age_s": age_s, "max_future_s": 60.0}
    robot.run(parameters | bounds | {"action": action})
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for("a command", lambda: any(numbers(command) == [1.5, -1.0] for command in robot.commands), 25.0)
    assert "panicked" not in robot.program.log()


@pytest.mark.parametrize(("future_s", "acts"), [(0.05, True), (10.0, False)])
def test_a_stamp_from_the_future_is_tolerated_as_far_as_max_future_s(robot: Robot, future_s: float, acts: bool) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    parameters["modalities"]["joints"]["max_age_s"] = 5.0
    robot.run(parameters)

    def ahead(now: Time) -> JointState:
        nanos = now.sec * 10**9 + now.nanosec + round(future_s * 1e9)
        return joints(1.0, 0.5)(Time(sec=nanos // 10**9, nanosec=nanos % 10**9))

    robot.keep_sending("joint_states", ahead)
    if acts:
        robot.wait_for_action([1.5, -1.0])
        return
    status = robot.wait_for_status("in the future")
    assert "allowed 0.100 s; do the clocks agree?" in status.says()
    assert robot.commands == []
