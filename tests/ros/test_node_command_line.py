"""Command lines that ROS cannot use, or would leave unread, keep the node from starting and are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from parameters import wired, write
from policies import joints_policy
from program import Program, executable, refused


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["-r", "nonsense"], ["nonsense", "--ros-args"]),
        (["-p", "broken"], ["broken", "--ros-args"]),
        (["-p", "control_rate_hz:=[1, two"], ["control_rate_hz:=[1, two"]),
        (["--no-such-flag"], ["--no-such-flag"]),
        (["-r", "__node:=has spaces"], ["has spaces"]),
        (["--params-file"], ["--params-file is the last argument"]),
        (["--params-file", "{folder}/none.yaml"], ["none.yaml", "No such file"]),
        (["--params-file", "{folder}/broken.yaml"], ["broken.yaml", "not a YAML file"]),
        (["--params-file", "{folder}/text.yaml"], ["text.yaml", "no sections"]),
        (["--param-file", "{folder}/text.yaml"], ['"--param-file"', "--params-file"]),
        (["--", "control_rate_hz:=40.0"], ['"control_rate_hz:=40.0"', "only --ros-args"]),
        (["--params-file", "{folder}"], ["--params-file {folder}"]),
        (["--params-file", "{folder}/none.yaml", "--params-file", "{folder}/text.yaml"], ["none.yaml", "text.yaml"]),
        (["-p", "execution_provider:=gpu"], ['execution_provider is "gpu"', "cpu, cuda, auto"]),
        (["-p", "policy:=\udcff"], ["argument 3 of the command line", "not UTF-8"]),
        ([], ["parameter policy"]),
    ],
)  # fmt: skip
def test_a_command_line_that_ros_cannot_use_is_shown(
    start: Callable[..., Program], tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    (tmp_path / "broken.yaml").write_text("late_fusion: [")
    (tmp_path / "text.yaml").write_text("just text")
    words = [argument.format(folder=tmp_path) for argument in arguments]
    told = refused(start("late_fusion_node", "--ros-args", *words))
    for part in parts:
        assert part.format(folder=tmp_path) in told, told


def test_ros_arguments_without_their_mark_are_not_left_out_in_silence(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    file = write(tmp_path / "node.param.yaml", wired(joints_policy(tmp_path / "policy")))
    told = refused(start("late_fusion_node", "--params-file", file))
    assert 'argument "--params-file" is not understood; only --ros-args' in told, told


@pytest.mark.parametrize(
    ("variable", "value", "parts"),
    [
        ("ROS_LOG_DIR", "{folder}/file/log", ["log folder {folder}/file/log", "ROS_LOG_DIR"]),
        ("ROS_HOME", "{folder}/file", ["log folder {folder}/file/log", "ROS_HOME"]),
        ("ROS_DOMAIN_ID", "seven", ['ROS_DOMAIN_ID is "seven"', "0 to 232"]),
        ("ROS_DOMAIN_ID", "233", ['ROS_DOMAIN_ID is "233"', "0 to 232"]),
    ],
)
@pytest.mark.parametrize("program", ["late_fusion_node", "late_fusion_encoder", "late_fusion"])
def test_an_environment_that_ros_cannot_use_is_told_in_a_sentence(
    domain: int, tmp_path: Path, program: str, variable: str, value: str, parts: list[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    file = write(tmp_path / "node.param.yaml", wired(joints_policy(tmp_path / "policy")))
    words: list[str | Path] = []
    if program == "late_fusion":
        words += ["record", "--params-file", file, "--out", tmp_path / "new"]
    environment = {"ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": "", variable: value.format(folder=tmp_path)}
    started = Program([executable(program), *words], tmp_path / "log.txt", environment)
    told = refused(started)
    for part in parts:
        assert part.format(folder=tmp_path) in told, told
    assert "RCL_RET" not in told


@pytest.mark.parametrize("program", ["late_fusion_node", "late_fusion_encoder"])
def test_a_middleware_that_is_not_installed_is_named(domain: int, tmp_path: Path, program: str) -> None:
    environment = {"ROS_DOMAIN_ID": str(domain), "RMW_IMPLEMENTATION": "rmw_none"}
    started = Program([executable(program)], tmp_path / "log.txt", environment)
    # Where ROS is linked to one middleware it says so itself, before the program begins.
    assert started.wait() != 0
    told = started.log()
    assert "rmw_none" in told and "rmw_fastrtps_cpp" in told and "panicked" not in told, told


def test_without_a_log_file_its_folder_does_not_matter(domain: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    environment = {"ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(tmp_path / "file" / "log")}
    words: list[str | Path] = [executable("late_fusion_node"), "--ros-args", "--disable-external-lib-logs"]
    told = refused(Program(words, tmp_path / "log.txt", environment))
    assert "log folder" not in told and "parameter policy" in told, told
