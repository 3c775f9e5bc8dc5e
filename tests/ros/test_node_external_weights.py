"""A model whose weights lie in a file beside it: another file there is another encoder, and never drives the robot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from parameters import wired, write
from policies import TEST_MODELS, Policy, colour, sha256
from program import Program, problems, refused
from robot import Robot, picture

DATA = "image_external.data"
"""Three scales: 1, 2, 4."""


def external_policy(robot: Robot) -> Policy:
    """drive = red / 128, turn = green / 128 with the scales that the model was made with."""
    folder = robot.folder / "policy"
    folder.mkdir()
    for name in ("image_external.onnx", DATA):
        (folder / name).write_bytes((TEST_MODELS / name).read_bytes())
    scene = colour("scene", folder)
    model = folder / "image_external.onnx"
    scene["encoder"] |= {"model": model.name, "sha256": sha256(model), "external_data": {DATA: sha256(folder / DATA)}}
    return Policy(folder, [scene], np.array([[1 / 128, 0, 0], [0, 1 / 256, 0]]))


def test_the_recorded_weights_drive_and_others_are_refused(robot: Robot, start: Callable[..., Program]) -> None:
    policy = external_policy(robot)
    parameters = wired(policy)
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(128, 64, 7))
    robot.wait_for_action([1.0, 0.5], tolerance=1e-4)
    assert robot.program.stop() == 0

    (policy.folder / DATA).write_bytes(np.array([0.25, 4, 1], "<f4").tobytes())
    path = write(robot.folder / "again.yaml", parameters)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", path))
    for part in (DATA, "another file than the policy was trained with", sha256(policy.folder / DATA)):
        assert part in told
    assert problems(told) == problems(refused(start("late_fusion", "check", "--params-file", path)))


@pytest.mark.parametrize("data", ["as it was", "another"])
def test_weights_that_the_policy_does_not_record_are_refused_with_the_line_to_add(
    robot: Robot, start: Callable[..., Program], data: str
) -> None:
    policy = external_policy(robot)
    del policy.modalities[0]["encoder"]["external_data"]
    if data == "another":
        (policy.folder / DATA).write_bytes(bytes(12))
    path = write(robot.folder / "node.yaml", wired(policy))
    told = refused(start("late_fusion", "check", "--params-file", path))
    assert f"add external_data: {{{DATA}: {sha256(policy.folder / DATA)}}}" in told
