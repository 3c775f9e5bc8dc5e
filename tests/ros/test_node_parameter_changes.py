"""Parameters that are changed while the robot is driven: what leaves on its topic before and after."""

from __future__ import annotations

import math
import re
import time
from itertools import count, groupby

from builtin_interfaces.msg import Time
from manager import ACTIVE, UNCONFIGURED, Manager
from parameters import wired
from policies import STOP, joints_policy, sight_policy
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameter_events
from robot import Robot, halves, joints, numbers
from sensor_msgs.msg import Image
from std_msgs.msg import Float64MultiArray

DRIVES = [1.5, -1.0]
"""What `joints_policy` makes of the joints that these tests send."""


def drives(robot: Robot, **more: object) -> None:
    """A robot in motion."""
    robot.run(wired(joints_policy(robot.folder / "policy"), **more))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action(DRIVES)


def changes(robot: Robot) -> list[list[float]]:
    """The commands so far, each once where it was repeated."""
    return [action for action, _ in groupby(numbers(command) for command in robot.commands)]


def test_a_limit_is_changed_between_two_commands(robot: Robot) -> None:
    drives(robot)
    answer = robot.set(action__limits__drive__max=0.5)
    assert answer.success and "continues with changed parameters" in answer.message, answer.message
    robot.wait_for_action([0.5, -1.0])
    assert robot.set(action__limits__drive__max=math.inf).success
    robot.wait_for_action(DRIVES)
    assert changes(robot) == [DRIVES, [0.5, -1.0], DRIVES], "no stop in between"
    assert robot.wait_for_status("active").value("policy") == "policy"


def test_the_newest_age_that_is_allowed_counts(robot: Robot) -> None:
    drives(robot)
    assert robot.set(modalities__joints__max_age_s=0.2).success
    robot.silence("joint_states")
    robot.wait_for_action(STOP)
    assert re.fullmatch(r"joints: \S+ s old, allowed 0\.200 s", robot.wait_for_status("joints: ").says())
    # A robot that is stopped can be told as well; it is stopped as before.
    before = len(robot.commands)
    assert robot.set(action__limits__drive__max=0.5).success
    robot.wait_for("stops", lambda: len(robot.commands) > before + 5)
    assert {tuple(numbers(command)) for command in robot.commands[before:]} == {tuple(STOP)}
    robot.wait_for_status("joints: ")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([0.5, -1.0])


def test_of_several_parameters_each_is_judged_for_itself(robot: Robot) -> None:
    drives(robot)
    asked = robot.ask_to_set(
        action__limits__drive__max=0.5, control_rate_hz=50.0, action__limits__turn__max_rate=-1.0, modalities__x=1.0
    )
    robot.wait_for("the answers", asked.done)
    good, fixed, out_of_range, unknown = asked.results()
    assert good.success
    for refused, parts in [
        (fixed, ["control_rate_hz", "start the node again"]),
        (out_of_range, ["action.limits.turn.max_rate is -1.0", "or 0 for any"]),
        (unknown, ["modalities.x is unknown"]),
    ]:
        assert not refused.success and all(part in refused.message for part in parts), refused
    robot.wait_for_action([0.5, -1.0])


def test_atomically_means_all_or_none(robot: Robot) -> None:
    drives(robot)
    client = robot.peer.node.create_client(SetParametersAtomically, "late_fusion/set_parameters_atomically")
    robot.wait_for("the service", client.service_is_ready)

    def set_both(drive: float, turn: float) -> tuple[bool, str]:
        limits = [Parameter("action.limits.drive.max", value=drive), Parameter("action.limits.turn.min", value=turn)]
        request = SetParametersAtomically.Request(parameters=[limit.to_parameter_msg() for limit in limits])
        answer = client.call_async(request)
        robot.wait_for("the answer", answer.done)
        return answer.result().result.successful, answer.result().result.reason

    success, reason = set_both(0.5, math.nan)
    assert not success and "action.limits.turn.min is NaN" in reason
    assert "goes on" not in robot.program.log(), "nothing was even tried"
    # One that the parameters alone do not tell: the policy's own maximum of turn is 4.
    success, reason = set_both(0.5, 5.0)
    assert not success and "action.limits.turn" in reason and "goes on" not in reason
    robot.peer.spin(0.3)
    assert changes(robot) == [DRIVES]
    success, reason = set_both(0.5, -0.25)
    assert success, reason
    robot.wait_for_action([0.5, -0.25])


def test_a_node_that_is_not_configured_takes_them_for_when_it_is(robot: Robot, manager: Manager) -> None:
    manager.run(wired(joints_policy(robot.folder / "policy")))
    assert manager.state() == UNCONFIGURED
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    assert robot.set(action__limits__drive__max=0.5).success
    assert not robot.set(action__limits__drive__max="much").success
    manager.bring_to(ACTIVE)
    robot.wait_for_action([0.5, -1.0])
    assert changes(robot) == [[0.5, -1.0]]


def test_others_hear_what_has_changed(robot: Robot) -> None:
    events: list[ParameterEvent] = []
    robot.peer.node.create_subscription(
        ParameterEvent, "/parameter_events", events.append, qos_profile_parameter_events
    )
    drives(robot)
    robot.wait_for("the declared parameters", lambda: bool(events))
    assert not robot.set(control_rate_hz=1.0).success
    assert robot.set(modalities__joints__max_age_s=0.75).success
    robot.wait_for("the change", lambda: len(events) > 1)
    [changed] = events[1].changed_parameters
    assert (changed.name, changed.value.double_value) == ("modalities.joints.max_age_s", 0.75)
    # Setting it to what it is changes nothing, and nobody hears of it.
    assert robot.set(modalities__joints__max_age_s=0.75).success
    robot.peer.spin(0.3)
    assert len(events) == 2


def test_a_folder_with_another_policy_in_it_is_loaded_only_where_that_is_asked_for(robot: Robot) -> None:
    drives(robot)
    policy = joints_policy(robot.folder / "policy")
    policy.tensors["head.0.bias"][0] = 0.0
    policy.write()
    refused = robot.set(modalities__joints__max_age_s=0.75)
    assert not refused.success and "set the parameter policy to load them" in refused.message, refused.message
    robot.peer.spin(0.3)
    assert changes(robot) == [DRIVES]
    answer = robot.load(policy.folder)
    assert answer.success and "took over from" in answer.message, answer.message
    robot.wait_for_action([1.25, -1.0])


def test_what_is_asked_of_a_picture_changes(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", halves)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    # It differs by a quarter of the full range.
    assert robot.set(modalities__scene__min_contrast=0.5).success
    robot.wait_for_action(STOP)
    assert "scene: absent" in robot.wait_for_status("scene: ").says()
    assert robot.set(modalities__scene__required=False).success
    robot.wait_for_action([1.0, 0.5])
    # A picture that has not changed since the start would be too old at once.
    counted = count()

    def alive(now: Time) -> Image:
        message = halves(now)
        message.data[0] = next(counted) % 256
        return message

    robot.keep_sending("camera/image_raw", alive)
    assert robot.set(modalities__scene__min_contrast=0.0, modalities__scene__max_frozen_s=0.2).success
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    robot.keep_sending("camera/image_raw", halves)
    robot.wait_for_action([1.0, 0.5])
    assert robot.set(modalities__scene__max_frozen_s=math.inf, intra_op_threads=2).success
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)


def test_contributions_come_as_often_as_is_asked_now(robot: Robot) -> None:
    heard: list[float] = []
    robot.peer.node.create_subscription(
        Float64MultiArray, "late_fusion/contributions", lambda _: heard.append(time.monotonic()), 10
    )
    drives(robot, contributions_rate_hz=0.05)
    assert robot.set(contributions_rate_hz=10.0).success
    # At the rate before, the second would come after 20 s.
    robot.wait_for("contributions", lambda: len(heard) > 5)
