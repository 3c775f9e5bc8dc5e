"""A modality of kind feature: made by anyone, taken over when it carries the right identity."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from features import cloud
from parameters import FEATURE, TWIST_STAMPED, wired, write
from policies import STOP, sight_policy, touch_policy
from program import Program, refused
from robot import Robot, joints, numbers
from sensor_msgs.msg import PointField

SKIN = "tactile skin v1"


def test_the_robot_acts_on_a_feature_of_any_program(robot: Robot) -> None:
    policy = touch_policy(robot.folder / "policy")
    robot.run(wired(policy))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("touch", cloud(SKIN, [0.25, -1.5]))
    robot.wait_for_action([1.25, 2.0])
    robot.keep_sending("touch", cloud(SKIN, []))
    robot.wait_for_action(STOP)
    robot.wait_for_status("touch: absent")


FIELD = PointField(name=SKIN, datatype=PointField.FLOAT32, count=1)

BAD = {
    "another encoder": (cloud("tactile skin v2", [1, 2]), ['"tactile skin v2"', '"tactile skin v1"']),
    "wider": (cloud(SKIN, [1, 2, 3]), ["width is 3", "2 numbers are needed"]),
    "NaN": (cloud(SKIN, [1, math.nan]), ["number 1 of the feature is NaN", "finite"]),
    "infinite": (cloud(SKIN, [math.inf, 1]), ["number 0 of the feature is inf"]),
    "two rows": (cloud(SKIN, [1, 2], height=2), ["height is 2"]),
    "no field": (cloud(SKIN, [1, 2], fields=[]), ["fields is 0"]),
    "a lidar": (cloud(SKIN, [1, 2], fields=[FIELD, FIELD, FIELD]), ["fields is 3", "one field"]),
    "doubles": (
        cloud(SKIN, [1, 2], fields=[PointField(name=SKIN, datatype=PointField.FLOAT64, count=1)]),
        ["datatype is 8", "FLOAT32"],
    ),
    "padded": (cloud(SKIN, [1, 2], point_step=8), ["point_step is 8"]),
    "cut off": (cloud(SKIN, [1, 2], data=bytes(7)), ["data is 7 bytes", "makes 8"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_feature_that_cannot_be_used_is_dropped_and_stops_the_robot(robot: Robot, case: str) -> None:
    make, parts = BAD[case]
    robot.run(wired(touch_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("touch", cloud(SKIN, [0.25, -1.5]))
    robot.wait_for_action([1.25, 2.0])
    robot.keep_sending("touch", make)
    robot.wait_for_action(STOP)
    robot.wait_for_status("touch: 0.")
    error = robot.statuses[-1].value("last_error", "touch")
    for part in parts:
        assert part in error, error
    assert "modality touch: message dropped: " in robot.program.log()
    robot.keep_sending("touch", cloud(SKIN, [0.0, 0.0]))
    robot.wait_for_action([1.0, 0.5])


def test_in_lockstep_a_feature_is_part_of_the_observation(robot: Robot) -> None:
    policy = touch_policy(robot.folder / "policy")
    robot.run(wired(policy, TWIST_STAMPED, use_sim_time=True, lockstep=True))
    for step in range(5):
        now = robot.advance(0.05)
        robot.send("joint_states", joints(1.0, 0.0)(now))
        robot.peer.spin(0.05)
        answered = {c.header.stamp.nanosec for c in robot.commands}
        assert len(answered) == step, "the feature of this time was not sent yet"
        observe = [("joint_states", joints(1.0, 0.0)(now)), ("touch", cloud(SKIN, [0.25 * step, 0.0])(now))]
        robot.send_all_until(observe, robot.has_acted_at(now))
        assert numbers(robot.commands[-1]) == [1.0 + 0.25 * step, 0.0]


def test_a_feature_of_any_age_holds_until_the_next_one(robot: Robot) -> None:
    parameters = wired(touch_policy(robot.folder / "policy"))
    parameters["modalities"]["touch"] |= {"max_age_s": math.inf, "accept_earlier": True}
    robot.send("touch", cloud(SKIN, [0.5, 0.0])(robot.now()), latched=True)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.run(parameters)
    robot.wait_for_action([1.5, 0.5])
    robot.peer.spin(1.0)
    assert numbers(robot.commands[-1]) == [1.5, 0.5]


def test_a_wiring_that_cannot_work_is_refused_with_every_problem(robot: Robot, start: Callable[..., Program]) -> None:
    policy = touch_policy(robot.folder / "policy")
    policy.modalities.append(dict(policy.modalities[0], name="heat", encoder=""))
    parameters = wired(touch_policy(robot.folder / "good"))
    parameters["modalities"]["touch"]["message"] = "sensor_msgs/msg/JointState"
    parameters["modalities"]["joints"]["message"] = FEATURE
    parameters["modalities"]["skin"] = {"topic": "skin", "message": FEATURE}
    file = write(robot.folder / "wrong.param.yaml", parameters)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    for part in [
        "modalities.touch.message: message is sensor_msgs/msg/JointState, and the modality is of kind feature",
        "modalities.joints.message: message is sensor_msgs/msg/PointCloud2, and the modality is of kind vector",
        "modalities.skin: the policy",
    ]:
        assert part in told, told
    parameters = wired(sight_policy(robot.folder / "sight")) | {"policy": str(policy.write())}
    file = write(robot.folder / "nameless.param.yaml", parameters)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    assert 'modality heat: encoder is ""' in told, told
