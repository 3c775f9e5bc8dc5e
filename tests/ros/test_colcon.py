"""The package as colcon installs it: every file is there, the ament index knows it, and the node starts from there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launching import launched
from parameters import wired, write
from policies import joints_policy
from program import ROOT, Program
from robot import Robot, joints
from stage import programs_in
from workspace import PACKAGE, Workspace, tracked

INSTALLED = ("config", "launch", "models")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    workspace.build()
    return workspace


@pytest.fixture
def start(workspace: Workspace, domain: int, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts what is installed, from a folder that holds nothing of ours."""
    with programs_in(domain, tmp_path, workspace.programs, workspace.sourced()) as start:
        yield start


def test_every_file_of_the_package_is_installed_as_it_is(workspace: Workspace) -> None:
    files = tracked(*INSTALLED)
    assert Path("config/late_fusion.param.yaml") in files
    for file in files:
        assert (workspace.share / file).read_bytes() == (ROOT / file).read_bytes(), file
    assert (workspace.share / "package.xml").read_bytes() == (ROOT / "package.xml").read_bytes()


def test_the_programs_are_where_ros2_run_looks_for_them(workspace: Workspace) -> None:
    programs = {path.name for path in workspace.programs.iterdir() if os.access(path, os.X_OK)}
    assert programs == {"late_fusion", "late_fusion_node", "late_fusion_encoder"}


def test_the_ament_index_finds_the_package(workspace: Workspace) -> None:
    ask = f"from ament_index_python.packages import *; print(get_package_share_directory({PACKAGE!r}))"
    environment = workspace.sourced()
    found = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == workspace.share


def test_the_launch_file_finds_the_shipped_policy_beside_it(
    workspace: Workspace, start: Callable[..., Program], tmp_path: Path
) -> None:
    file = workspace.share / "launch" / "late_fusion.launch.xml"
    words = launched(tmp_path, file, workspace.share)
    parameters = workspace.share / "config" / "late_fusion.param.yaml"
    checked = start("late_fusion", "check", "--params-file", parameters, *words)
    assert checked.wait() == 0, checked.log()
    assert str(workspace.share / "models" / "policies" / "tabletop") in checked.log()


def test_a_robot_is_driven_from_there(
    robot: Robot, start: Callable[..., Program], workspace: Workspace, tmp_path: Path
) -> None:
    parameters = write(tmp_path / "my.param.yaml", wired(joints_policy(tmp_path / "mine")))
    file = workspace.share / "launch" / "late_fusion.launch.xml"
    robot.listen()
    robot.program = start("late_fusion_node", *launched(tmp_path, file, workspace.share, params_file=str(parameters)))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
