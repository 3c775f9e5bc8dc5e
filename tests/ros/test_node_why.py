"""Why the robot moves, and what it does without one of its senses."""

from __future__ import annotations

import numpy as np
import pytest
from parameters import wired
from policies import Policy, joints_and_target_policy, sight_policy, vector
from robot import Robot, joints, numbers, picture
from std_msgs.msg import Float64MultiArray

ABSENT = [0.5, -1.5]
"""What stands in for the joints of a policy that learned to do without."""


def listen(robot: Robot, topic: str) -> list[Float64MultiArray]:
    """What will have come on a topic."""
    heard: list[Float64MultiArray] = []
    robot.peer.node.create_subscription(Float64MultiArray, topic, heard.append, 10)
    return heard


def rows(message: Float64MultiArray) -> dict[str, list[float]]:
    """The rows of an array, by the names in its first dimension."""
    first, second = message.layout.dim
    names = first.label.split(": ", 1)[1].split(", ")
    assert (len(names), first.stride, second.stride) == (first.size, first.size * second.size, second.size)
    return dict(zip(names, np.reshape(message.data, (first.size, second.size)).tolist()))


def target(x: float, y: float) -> Float64MultiArray:
    return Float64MultiArray(data=[x, y])


def test_contributions_add_up_to_the_action_and_are_each_modalitys_own(robot: Robot) -> None:
    robot.run(wired(joints_and_target_policy(robot.folder / "policy")) | {"contributions_rate_hz": 50.0})
    contributions, fusion = listen(robot, "late_fusion/contributions"), listen(robot, "late_fusion/fusion")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("target", lambda now: target(2.0, 1.0))
    robot.wait_for_action([2.0, 0.0])
    robot.wait_for("an explanation", lambda: bool(contributions and fusion))

    found = rows(contributions[-1])
    assert list(found) == ["joints", "target", "(all)", "(nothing)"]
    assert contributions[-1].layout.dim[1].label == "action: drive, turn"
    assert found["joints"] == pytest.approx([1.0, 0.5])
    assert found["target"] == pytest.approx([1.0, -0.5])
    difference = np.subtract(found["(all)"], found["(nothing)"])
    assert np.add(found["joints"], found["target"]) == pytest.approx(difference, abs=1e-4)
    assert found["(all)"] == pytest.approx(numbers(robot.commands[-1]))
    [dimension] = fusion[-1].layout.dim
    assert (dimension.label, dimension.size, list(fusion[-1].data)) == ("modality: joints, target", 2, [1.0, 1.0])


def test_weights_are_shown_as_they_are(robot: Robot) -> None:
    policy = joints_and_target_policy(robot.folder / "policy")
    policy.fusion = {"method": "weighted", "weights": {"kind": "fixed", "values": {"joints": 3.0, "target": 1.0}}}
    policy.tensors["head.0.weight"] = np.eye(2)
    parameters = wired(policy)
    parameters["modalities"]["joints"]["required"] = False
    robot.run(parameters)
    fusion = listen(robot, "late_fusion/fusion")
    robot.keep_sending("target", lambda now: target(2.0, 1.0))
    robot.wait_for_action([2.0, 1.0])
    robot.wait_for("target alone", lambda: bool(fusion) and list(fusion[-1].data) == pytest.approx([0.0, 1.0]))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.25, 0.625])
    robot.wait_for("both", lambda: list(fusion[-1].data) == pytest.approx([0.75, 0.25]))


def test_nothing_is_explained_where_nobody_asked(robot: Robot) -> None:
    robot.run(wired(joints_and_target_policy(robot.folder / "policy")) | {"contributions_rate_hz": 0.0})
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("target", lambda now: target(2.0, 1.0))
    robot.wait_for_action([2.0, 0.0])
    assert robot.peer.node.count_publishers("late_fusion/contributions") == 0


def forgiving(robot: Robot) -> Policy:
    """A policy of camera and joints that learned what to do without joints."""
    policy = sight_policy(robot.folder / "policy")
    policy.tensors["missing.joints"] = np.array(ABSENT)
    policy.tensors["missing.scene"] = np.array([0.0, 0.0, 0.0])
    return policy


def test_what_is_not_required_is_done_without_and_back_at_once(robot: Robot) -> None:
    parameters = wired(forgiving(robot))
    parameters["modalities"]["joints"] |= {"required": False, "max_age_s": 0.2}
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    for _ in range(3):
        robot.silence("joint_states")
        robot.wait_for_action([1.0 + ABSENT[0], ABSENT[1]], tolerance=0.01)
        robot.keep_sending("joint_states", joints(1.0, 0.5))
        robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    assert np.all(np.isfinite([numbers(command) for command in robot.commands]))
    assert robot.statuses[-1].value("stops") == "0"
    assert "was not trained without it" not in robot.program.log()


def test_a_modality_that_is_not_enabled_is_not_listened_to(robot: Robot) -> None:
    parameters = wired(forgiving(robot))
    parameters["modalities"]["joints"]["enabled"] = False
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.0 + ABSENT[0], ABSENT[1]], tolerance=0.01)
    assert robot.peer.node.count_subscribers("joint_states") == 0
    robot.wait_for_status("not enabled", "joints")


def test_a_policy_that_never_learned_to_do_without_is_named(robot: Robot) -> None:
    policy = Policy(robot.folder / "policy", [vector("joints", "left", "right")], np.eye(2))
    policy.modalities.append(vector("target", "x", "y"))
    policy.__post_init__()
    policy.tensors["head.0.weight"] = np.hstack([np.eye(2), np.eye(2)])
    parameters = wired(policy)
    parameters["modalities"]["target"]["required"] = False
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.0, 0.5])
    assert "modality target: it is not required" in robot.program.log()
    assert "modality_dropout" in robot.program.log()
