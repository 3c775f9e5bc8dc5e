"""Command lines that ROS cannot use, or would leave unread, keep the node from starting and are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from parameters import wired, write
from policies import joints_policy
from program import Program, refused


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
