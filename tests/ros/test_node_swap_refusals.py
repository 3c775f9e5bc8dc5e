"""A policy that cannot take over is refused with every reason, while the one in use drives on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from parameters import SOURCES, wired
from policies import colour, constant_policy, vector
from robot import Robot, joints
from std_msgs.msg import Float64MultiArray
from swap import FIRST, SECOND, act, changes, drives_on, first, second


def nowhere(robot: Robot) -> tuple[Path, list[str]]:
    return robot.folder / "nowhere", ["nowhere/policy.yaml", "No such file"]


def no_folder(_: Robot) -> tuple[str, list[str]]:
    return "", ["parameter policy is missing", "policy.yaml"]


def broken_yaml(robot: Robot) -> tuple[Path, list[str]]:
    folder = second(robot)
    (folder / "policy.yaml").write_text("format: [")
    return folder, ["policy.yaml"]


def everything_at_once(robot: Robot) -> tuple[Path, list[str]]:
    folder = robot.folder / "second"
    policy = constant_policy(folder, SECOND, colour("scene", folder), vector("target", "x", "y"))
    policy.modalities[0]["encoder"]["sha256"] = "0" * 64
    policy.actions[0]["unit"] = "cm/s"
    del policy.tensors["head.0.bias"]
    reasons = [
        "modality scene: encoder.model",
        "another file than",
        "parameter modalities.target.topic is missing",
        "parameter modalities.joints: the policy",
        "tensor head.0.bias is missing",
        "actions are drive (cm/s), turn (rad/s)",
        "must be drive (m/s), turn (rad/s), in this order",
    ]
    return policy.write(), reasons


@pytest.mark.parametrize("case", [nowhere, no_folder, broken_yaml, everything_at_once])
def test_a_bad_policy_is_refused_with_every_reason_and_the_other_drives_on(robot: Robot, case: Callable) -> None:
    parameters = first(robot)
    parameters["modalities"]["scene"] = SOURCES["scene"] | {"required": False}
    act(robot, parameters)
    folder, reasons = case(robot)
    answer = robot.load(folder)
    assert not answer.success
    for reason in ["is refused", '"first"', "stays in use", *reasons]:
        assert reason in answer.message, answer.message
        assert reason in robot.program.log()
    drives_on(robot)
    assert robot.statuses[-1].value("policy") == "first"
    # The next one is none the worse for it.
    shutil.rmtree(robot.folder / "second", ignore_errors=True)
    assert robot.load(second(robot)).success
    robot.wait_for_action(SECOND)
    assert changes(robot) == [FIRST, SECOND]


def test_what_is_silent_and_not_required_keeps_no_policy_from_taking_over(robot: Robot) -> None:
    folder = robot.folder / "second"
    modalities = (vector("joints", "left", "right"), colour("scene", folder), vector("target", "x", "y"))
    policy = constant_policy(folder, SECOND, *modalities)
    parameters = wired(policy) | {"policy": str(constant_policy(robot.folder / "first", FIRST).write())}
    for name in ("scene", "target"):
        parameters["modalities"][name]["required"] = False
    act(robot, parameters)
    assert 'modality scene: the policy "first" has no such modality' in robot.program.log()
    answer = robot.load(folder)
    assert answer.success, answer.message
    assert "WARNING: modality scene: it is not required, but" in answer.message
    robot.wait_for_action(SECOND)
    assert changes(robot) == [FIRST, SECOND]


def test_a_policy_that_requires_what_is_silent_is_refused_after_a_while(robot: Robot) -> None:
    modalities = (vector("joints", "left", "right"), vector("target", "x", "y"))
    parameters = wired(constant_policy(robot.folder / "first", FIRST, *modalities))
    parameters["modalities"]["target"]["max_age_s"] = 60.0
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    target = Float64MultiArray(data=[1.0, 2.0])
    robot.send_until("target", target, lambda: bool(robot.commands))
    # The newest message is handed on, and these numbers are none that the policies can read.
    too_few = Float64MultiArray(data=[1.0])
    robot.send_until("target", too_few, lambda: robot.status_is(lambda s: s.value("dropped", "target") != "0"))
    policy = constant_policy(robot.folder / "second", SECOND, *modalities)
    threads = robot.program.threads()
    answer = robot.load(policy.write())
    assert not answer.success and "target: absent; the last message was dropped" in answer.message, answer.message
    assert "joints" not in answer.message
    drives_on(robot)
    assert robot.program.threads() == threads
    robot.send_until("target", target, robot.status_says("fresh", "target"))
    assert robot.load(policy.folder).success
    robot.wait_for_action(SECOND)
    assert changes(robot) == [FIRST, SECOND]


def test_a_second_request_waits_for_the_first(robot: Robot) -> None:
    # Joints of other names are never heard, so the first request is at work for a while.
    deaf = constant_policy(robot.folder / "deaf", SECOND, vector("joints", "left", "ankle")).write()
    act(robot, first(robot))
    at_work = robot.ask_to_load(deaf)
    robot.wait_for("its beginning", lambda: f"loading the policy in {deaf}" in robot.program.log())
    waiting = robot.ask_to_load(second(robot))
    robot.wait_for("the first answer", at_work.done)
    assert not at_work.result().success
    assert "joints: absent" in at_work.result().message and "ankle" in at_work.result().message
    assert not waiting.done()
    robot.wait_for("the second answer", waiting.done)
    assert waiting.result().success, waiting.result().message
