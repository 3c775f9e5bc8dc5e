"""What starts with the launch file is what was asked for: nothing that it fills in replaces the parameter file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from launching import launched
from parameters import wired, write
from policies import joints_policy
from program import ROOT, Program
from robot import Robot, joints

SHIPPED_POLICY = ROOT / "models" / "policies" / "tabletop"


def run(robot: Robot, start: Callable[..., Program], words: list[str]) -> None:
    """Starts the node as the launch file would."""
    robot.listen()
    robot.program = start("late_fusion_node", *words)


def test_the_policy_of_the_parameter_file_drives(robot: Robot, start: Callable[..., Program], tmp_path: Path) -> None:
    file = write(tmp_path / "my.param.yaml", wired(joints_policy(tmp_path / "mine")))
    run(robot, start, launched(tmp_path, params_file=str(file)))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])


def test_a_policy_that_is_given_wins_over_the_parameter_file(
    robot: Robot, start: Callable[..., Program], tmp_path: Path
) -> None:
    parameters = wired(joints_policy(tmp_path / "mine"))
    file = write(tmp_path / "my.param.yaml", parameters | {"policy": "nowhere"}, section="/**")
    run(robot, start, launched(tmp_path, params_file=str(file), policy=parameters["policy"]))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])


@pytest.mark.parametrize(
    ("in_file", "given", "is_simulated"), [(True, "", True), (False, "true", True), (True, "false", False)]
)
def test_the_clock_is_that_of_the_parameter_file_unless_another_is_given(
    robot: Robot, start: Callable[..., Program], tmp_path: Path, in_file: bool, given: str, is_simulated: bool
) -> None:
    parameters = wired(joints_policy(tmp_path / "mine"), use_sim_time=in_file)
    file = write(tmp_path / "my.param.yaml", parameters)
    run(robot, start, launched(tmp_path, params_file=str(file), use_sim_time=given))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    if is_simulated:
        robot.wait_for_status("waiting: no message on /clock")
    else:
        robot.wait_for_action([1.5, -1.0])


@pytest.mark.parametrize(
    ("in_file", "given", "starts"),
    [(None, "", True), (False, "", False), (None, "false", False), (False, "true", True)],
)
def test_it_starts_itself_unless_the_parameter_file_or_the_argument_says_otherwise(
    robot: Robot, start: Callable[..., Program], tmp_path: Path, in_file: bool | None, given: str, starts: bool
) -> None:
    parameters = wired(joints_policy(tmp_path / "mine"))
    if in_file is not None:
        parameters["autostart"] = in_file
    file = write(tmp_path / "my.param.yaml", parameters)
    run(robot, start, launched(tmp_path, params_file=str(file), autostart=given))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    if starts:
        robot.wait_for_action([1.5, -1.0])
    else:
        robot.wait_for_status("unconfigured")
        assert robot.commands == []


@pytest.mark.parametrize(
    "given", [{"policy"}, {"use_sim_time"}, {"autostart"}, {"policy", "use_sim_time", "autostart"}]
)
def test_every_argument_that_is_given_arrives(tmp_path: Path, given: set[str]) -> None:
    values = {"policy": "mine", "use_sim_time": "true", "autostart": "false"}
    words = launched(tmp_path, params_file="my.param.yaml", **{name: values[name] for name in given})
    files = [Path(words[i + 1]) for i, word in enumerate(words) if word == "--params-file"][1:]
    said = " ".join(file.read_text() for file in files)
    assert {name for name in values if f'"{name}"' in said} == given


@pytest.mark.parametrize("namespace", ["", "/arm"])
def test_without_arguments_the_shipped_parameters_run_the_shipped_policy(
    start: Callable[..., Program], tmp_path: Path, namespace: str
) -> None:
    words = launched(tmp_path, namespace=namespace)
    assert f"__ns:={namespace or '/'}" in words
    shipped = ROOT / "config" / "late_fusion.param.yaml"
    checked = start("late_fusion", "check", "--params-file", shipped, *words)
    assert checked.wait() == 0, checked.log()
    assert 'policy "tabletop"' in checked.log() and checked.warnings() == []
    files = [Path(words[i + 1]) for i, word in enumerate(words) if word == "--params-file"]
    assert files[0] == shipped and str(SHIPPED_POLICY) in files[1].read_text()
