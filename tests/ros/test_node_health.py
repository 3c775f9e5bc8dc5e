"""Inputs that are wrong although they arrive: what the node does about them, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from parameters import TWIST_STAMPED, wired, write
from patterns import groups
from policies import STOP, Policy, joints_policy, sight_policy
from program import Program, refused
from robot import Robot, joints, numbers, picture, seconds

MAX_AGE_S = 0.5


def later(stamp: Time, by_s: float) -> Time:
    """A stamp moved by some seconds."""
    nanos = stamp.sec * 10**9 + stamp.nanosec + round(by_s * 1e9)
    return Time(sec=nanos // 10**9, nanosec=nanos % 10**9)


def stamped(make: Callable[[Time], Any], stamp: Callable[[Time], Time]) -> Callable[[Time], Any]:
    """A stream whose stamps are made from the time instead of being it."""
    return lambda now: make(stamp(now))


def noisy(red: int) -> Callable[[Time], Any]:
    """A camera: no two pictures in a row are the same."""
    count = 0

    def make(now: Time) -> Any:
        nonlocal count
        count += 1
        return picture(red, 0, count % 2)(now)

    return make


def sees(robot: Robot, scene: Callable[[Time], Any], **scene_parameters: object) -> None:
    """A node that acts on a camera and joints."""
    parameters = wired(sight_policy(robot.folder / "policy"), TWIST_STAMPED)
    parameters["modalities"]["scene"] |= {"max_age_s": MAX_AGE_S} | scene_parameters
    parameters["modalities"]["joints"]["max_age_s"] = 3.0
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", scene)


def test_a_frozen_camera_stops_the_robot_until_its_picture_changes(robot: Robot) -> None:
    sees(robot, noisy(128), max_frozen_s=0.6)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    froze = seconds(robot.now())
    robot.wait_for_action(STOP)
    told = robot.wait_for_status("scene: the picture").says()
    pattern = r"scene: the picture has not changed for (\S+) s \(identical bytes\), allowed 0\.6 s"
    assert float(groups(f"^{pattern}$", told)[0]) >= 0.6
    acting = [seconds(c.header.stamp) for c in robot.commands if numbers(c) != STOP]
    assert max(acting) - froze <= 0.6 + MAX_AGE_S
    # It is fresh all the while: the robot does not stop for its age.
    assert " old" not in robot.program.log()
    robot.peer.spin(0.5)
    assert numbers(robot.commands[-1]) == STOP
    robot.keep_sending("camera/image_raw", noisy(0))
    robot.wait_for_action([1.0, 0.5], tolerance=0.01)


def test_an_unchanging_picture_is_a_warning_where_nothing_else_is_asked_for(robot: Robot) -> None:
    sees(robot, picture(128, 0, 0))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    status = robot.wait_for_status("identical bytes", "scene")
    assert re.fullmatch(r"fresh; the picture has not changed for \d\.\d s \(identical bytes\)", status.says("scene"))
    assert status.parts["scene"].level == DiagnosticStatus.WARN
    assert status.parts["joints"].level == DiagnosticStatus.OK, "joints may stand still"
    robot.wait_for("the log", lambda: "modality scene: the picture has not changed" in robot.program.log())
    assert numbers(robot.commands[-1]) != STOP
    robot.keep_sending("camera/image_raw", noisy(128))
    robot.wait_for("all is well", lambda: robot.status_is(lambda s: s.says("scene") == "fresh"))


def test_a_frozen_camera_that_is_not_required_is_done_without(robot: Robot) -> None:
    sees(robot, picture(128, 0, 0), max_frozen_s=0.3, required=False)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    robot.wait_for_action([1.0, 0.5], tolerance=0.01)


def test_stamps_ahead_of_the_clock_do_not_hide_a_dead_camera(robot: Robot) -> None:
    sees(robot, stamped(noisy(128), lambda now: later(now, 20.0)), max_future_s=30.0)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    warned = robot.wait_for_status("ahead of the time of arrival", "scene")
    ahead = r"stamps are (\S+) s ahead of the time of arrival; do the clocks"
    assert 19.0 < float(groups(ahead, warned.says("scene"))[0]) <= 20.0
    robot.silence("camera/image_raw")
    went_dark = seconds(robot.now())
    robot.wait_for_action(STOP)
    [age_s] = groups(r"^scene: (\S+) s old, allowed 0.500 s", robot.wait_for_status("scene: ").says())
    assert float(age_s) >= MAX_AGE_S
    acting = [seconds(c.header.stamp) for c in robot.commands if numbers(c) != STOP]
    assert max(acting) - went_dark <= MAX_AGE_S
    # By its stamp it would be young again for the next 20 s.
    robot.peer.spin(1.0)
    assert numbers(robot.commands[-1]) == STOP


@pytest.mark.parametrize("step_s", [0.0, -0.001])
def test_stamps_that_do_not_advance_are_told_as_the_reason(robot: Robot, step_s: float) -> None:
    sees(robot, noisy(128))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    stamp = robot.now()

    def stuck(_: Time) -> Time:
        nonlocal stamp
        stamp = later(stamp, step_s)
        return stamp

    robot.keep_sending("camera/image_raw", stamped(noisy(128), stuck))
    robot.wait_for_action(STOP)
    how = "their stamp has stood still at" if step_s == 0.0 else "their stamps have run backwards for"
    told = robot.wait_for_status(f"messages arrive, but {how}").says()
    assert re.match(r"scene: \S+ s old, allowed 0\.500 s; messages arrive", told), told
    robot.keep_sending("camera/image_raw", noisy(128))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (lambda now: Time(sec=77 + now.sec % 1000, nanosec=now.nanosec), "a device or a simulation was started"),
        (lambda now: later(now, -1.3), "s behind the time of arrival; do the clocks of the two machines agree"),
        (lambda now: later(now, 3600.0), "s ahead of the time of arrival; do the clocks of the two machines agree"),
    ],
)
def test_stamps_of_another_clock_are_no_time_and_are_told_as_such(
    robot: Robot, stamp: Callable[[Time], Time], reason: str
) -> None:
    sees(robot, stamped(noisy(128), stamp))
    told = robot.wait_for_status(reason).says()
    assert told.startswith("waiting: scene: "), told
    assert robot.commands == []


def test_a_message_without_a_stamp_counts_from_its_arrival(robot: Robot) -> None:
    sees(robot, stamped(noisy(128), lambda _: Time()))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    robot.silence("camera/image_raw")
    robot.wait_for_action(STOP)
    assert re.fullmatch(r"scene: \S+ s old, allowed 0.500 s", robot.wait_for_status("scene: ").says())


def test_a_camera_far_slower_than_it_was_is_a_warning(robot: Robot) -> None:
    sees(robot, noisy(128), max_age_s=2.0)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    # The usual rate is that of the first five seconds.
    robot.peer.spin(6.0)
    make = noisy(128)
    count = 0

    def tenth(now: Time) -> None:
        nonlocal count
        count += 1
        if count % 10 == 0:
            robot.send("camera/image_raw", make(now))

    robot.silence("camera/image_raw")
    robot.peer.node.create_timer(0.02, lambda: tenth(robot.now()))
    status = robot.wait_for_status("less than a third of the", "scene")
    told = status.says("scene")
    assert re.search(r"messages arrive at \S+ Hz, less than a third of the \S+ Hz at the beginning", told), told
    assert status.parts["scene"].level == DiagnosticStatus.WARN
    assert numbers(robot.commands[-1]) != STOP


def diagnosed(robot: Robot) -> dict[str, DiagnosticStatus]:
    """The newest state of every part on `/diagnostics`, by its full name; it goes on changing."""
    heard: dict[str, DiagnosticStatus] = {}

    def take(message: DiagnosticArray) -> None:
        heard.update({part.name: part for part in message.status})

    robot.peer.node.create_subscription(DiagnosticArray, "/diagnostics", take, 10)
    return heard


def test_every_part_of_the_node_is_on_diagnostics_with_the_machine_it_runs_on(robot: Robot) -> None:
    parts = ["control", "scene", "joints", "topics", "scene encoder", "guard", "policy"]
    names = {f"late_fusion: {part}" for part in parts}
    heard = diagnosed(robot)
    sees(robot, noisy(128))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    robot.wait_for("all of them", lambda: names <= heard.keys())
    robot.wait_for("all to be well", lambda: {heard[name].level for name in names} == {DiagnosticStatus.OK})
    host = Path("/proc/sys/kernel/hostname").read_text().strip()
    assert {heard[name].hardware_id for name in names} == {host}
    values = {pair.key: pair.value for pair in heard["late_fusion: scene encoder"].values}
    assert values["device"] == "cpu" and values["model"].endswith("image_log.onnx")
    robot.wait_for("the status itself, which stays short", lambda: robot.status_is(lambda s: len(s.parts) == 4))

    # 4 is the most that may leave.
    robot.keep_sending("joint_states", joints(9.0, 0.5))
    robot.wait_for("a warning", lambda: heard["late_fusion: guard"].level == DiagnosticStatus.WARN)
    assert "values limited" in heard["late_fusion: guard"].message
    robot.silence("camera/image_raw")
    errors = ("late_fusion: scene", "late_fusion: control")
    robot.wait_for("an error", lambda: {heard[name].level for name in errors} == {DiagnosticStatus.ERROR})


def test_nodes_of_one_name_in_several_namespaces_are_told_apart_on_diagnostics(robot: Robot) -> None:
    heard = diagnosed(robot)
    robot.run(
        wired(joints_policy(robot.folder / "policy")),
        "-r",
        "__ns:=/left",
        section="/**",
        status="left/late_fusion/status",
        action="left/action",
    )
    robot.wait_for("its state", lambda: "left/late_fusion: control" in heard and bool(robot.statuses))
    assert robot.statuses[-1].parts["control"].name == "late_fusion: control"


def knows_its_training_data(robot: Robot) -> Policy:
    """A policy that has learned from joints of which 99.9 % were within 1.0 of their mean, as root mean square."""
    policy = joints_policy(robot.folder / "policy")
    policy.tensors["standardize.joints.usual_distance"] = np.array([1.0])
    return policy


def test_a_feature_unlike_those_of_training_is_a_warning(robot: Robot) -> None:
    robot.run(wired(knows_its_training_data(robot)))
    robot.keep_sending("joint_states", joints(1.0, 1.0))
    robot.wait_for_action([1.75, -2.0])
    robot.wait_for("its distance", lambda: robot.status_is(lambda s: s.value("distance", "joints") == "1.00"))
    assert robot.statuses[-1].says("joints") == "fresh"
    robot.keep_sending("joint_states", joints(1.6, 1.6))
    status = robot.wait_for_status("training data", "joints")
    assert status.says("joints") == "fresh; 1.6 times as far from the training data as 99.9 % of it"
    assert status.parts["joints"].level == DiagnosticStatus.WARN
    robot.wait_for("the log", lambda: "modality joints: 1.6 times as far" in robot.program.log())
    assert numbers(robot.commands[-1]) != STOP


def test_a_feature_too_far_from_the_training_data_stops_the_robot_where_that_is_asked_for(robot: Robot) -> None:
    parameters = wired(knows_its_training_data(robot))
    parameters["modalities"]["joints"]["max_distance"] = 1.25
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 1.0))
    robot.wait_for_action([1.75, -2.0])
    robot.keep_sending("joint_states", joints(1.3, 1.3))
    robot.wait_for_action(STOP)
    reason = "joints: 1.3 times as far from the training data as 99.9 % of it, allowed 1.25"
    assert robot.wait_for_status("joints: 1.3").says() == reason
    robot.keep_sending("joint_states", joints(1.2, 1.2))
    robot.wait_for_action([2.05, -2.4], tolerance=1e-6)


def test_a_limit_that_nothing_can_be_measured_against_is_refused(start: Callable[..., Program], tmp_path: Path) -> None:
    parameters = wired(joints_policy(tmp_path / "policy"))
    parameters["modalities"]["joints"]["max_distance"] = 2.0
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", write(tmp_path / "p.yaml", parameters)))
    assert "parameter modalities.joints.max_distance is 2" in told, told
    assert "no tensor standardize.joints.usual_distance" in told, told
