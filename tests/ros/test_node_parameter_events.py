"""`/parameter_events`, as other nodes and tools expect it of every node."""

from __future__ import annotations

from parameters import wired
from policies import joints_policy
from rcl_interfaces.msg import ParameterEvent, ParameterType
from rclpy.qos import qos_profile_parameter_events
from robot import Robot, joints


def test_declared_parameters_and_the_policy_that_changes_are_told(robot: Robot) -> None:
    events: list[ParameterEvent] = []
    robot.peer.node.create_subscription(
        ParameterEvent, "/parameter_events", events.append, qos_profile_parameter_events
    )
    first, second = (joints_policy(robot.folder / name) for name in ("first", "second"))
    robot.run(wired(first))

    def of_the_node() -> list[ParameterEvent]:
        return [event for event in events if event.node == "/late_fusion"]

    robot.wait_for("the declared parameters", lambda: bool(of_the_node()))
    [declared] = of_the_node()
    assert not declared.changed_parameters and not declared.deleted_parameters
    values = {parameter.name: parameter.value for parameter in declared.new_parameters}
    assert values["policy"].string_value == str(first.folder)
    assert values["control_rate_hz"].type == ParameterType.PARAMETER_DOUBLE
    assert values["modalities.joints.topic"].string_value == "joint_states"
    assert abs(declared.stamp.sec - robot.now().sec) < 60

    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    refused = robot.load(robot.folder / "nowhere")
    assert not refused.success
    assert robot.load(second.write()).success
    robot.wait_for("the change", lambda: len(of_the_node()) > 1)
    [_, changed] = of_the_node()
    [parameter] = changed.changed_parameters
    assert (parameter.name, parameter.value.string_value) == ("policy", str(second.folder))
    assert not changed.new_parameters
