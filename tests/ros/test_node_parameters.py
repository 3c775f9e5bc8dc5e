"""The parameter services, and parameters, names and remappings given on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from parameters import FLOATS, RATE_HZ, wired
from policies import joints_policy
from rcl_interfaces.msg import Log, ParameterType
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot import Robot, joints, numbers

LIVE = {
    *("policy", "execution_provider", "intra_op_threads", "intra_op_spinning", "encoder_cpus"),
    *("contributions_rate_hz", "stop.ramp"),
    *("chunk.ensemble", "chunk.favor", "chunk.decay", "chunk.blend_s"),
    *(f"modalities.joints.{key}" for key in ("required", "max_age_s", "max_future_s", "max_distance")),
}
"""Of the parameters of a node without limits, those that can be changed while it runs."""


@pytest.fixture
def ask(robot: Robot) -> Callable[..., Any]:
    """Asks a parameter service of a running node, by the client's method for it."""
    robot.run(wired(joints_policy(robot.folder / "policy")))
    client = AsyncParameterClient(robot.peer.node, "late_fusion")

    def ask(method: str, *arguments: Any) -> Any:
        robot.wait_for("the parameter services", client.services_are_ready)
        future = getattr(client, method)(*arguments)
        robot.wait_for(method, future.done)
        return future.result()

    return ask


def test_parameters_are_listed_by_their_prefix_and_depth(ask: Callable[..., Any]) -> None:
    names = set(ask("list_parameters").result.names)
    for name in [
        "policy",
        "onnxruntime",
        "execution_provider",
        "intra_op_threads",
        "control_rate_hz",
        "use_sim_time",
        "lockstep",
        "chunk.ensemble",
        "modalities.joints.topic",
        "modalities.joints.max_age_s",
        "action.message",
        "record.episode_topic",
    ]:
        assert name in names
    joints_names = ask("list_parameters", ["modalities.joints"]).result
    keys = ("topic", "message", "enabled", "required", "max_age_s", "max_future_s", "stamp_delay_s", "max_distance")
    assert set(joints_names.names) == {f"modalities.joints.{key}" for key in keys}
    assert joints_names.prefixes == ["modalities.joints"]


def test_values_are_those_in_force_whether_given_or_default(ask: Callable[..., Any]) -> None:
    names = ["control_rate_hz", "lockstep", "modalities.joints.max_age_s", "intra_op_threads", "action.message", "none"]
    values = ask("get_parameters", names).values
    rate, lockstep, age, threads, message, unknown = values
    assert (rate.type, rate.double_value) == (ParameterType.PARAMETER_DOUBLE, RATE_HZ)
    assert (lockstep.type, lockstep.bool_value) == (ParameterType.PARAMETER_BOOL, False)
    assert (age.type, age.double_value) == (ParameterType.PARAMETER_DOUBLE, 0.5)
    assert (threads.type, threads.integer_value) == (ParameterType.PARAMETER_INTEGER, 1)
    assert (message.type, message.string_value) == (ParameterType.PARAMETER_STRING, FLOATS)
    assert unknown.type == ParameterType.PARAMETER_NOT_SET
    types = ask("get_parameter_types", names).types
    assert list(types) == [value.type for value in values]


def test_every_parameter_is_described(ask: Callable[..., Any]) -> None:
    names = ask("list_parameters").result.names
    for described in ask("describe_parameters", list(names)).descriptors:
        assert described.description.endswith("."), described
        assert described.read_only == (described.name not in LIVE), described
        assert described.type != ParameterType.PARAMETER_NOT_SET
    rate, threads, provider = ask(
        "describe_parameters", ["control_rate_hz", "intra_op_threads", "execution_provider"]
    ).descriptors
    assert "Hz" in rate.description
    [bounds] = rate.floating_point_range
    assert (bounds.from_value, bounds.to_value) == (0.1, 1000.0)
    [bounds] = threads.integer_range
    assert (bounds.from_value, bounds.to_value) == (1, 64)
    assert provider.additional_constraints == "cpu, cuda, auto"


def test_what_the_node_is_built_on_is_not_changed_while_it_runs(ask: Callable[..., Any], robot: Robot) -> None:
    changes = [Parameter("control_rate_hz", value=5.0), Parameter("unheard_of", value="x")]
    why = ["start the node again", "is unknown"]
    for change, result, part in zip(changes, ask("set_parameters", changes).results, why):
        assert not result.successful
        assert change.name in result.reason and part in result.reason
    atomically = ask("set_parameters_atomically", changes).result
    assert not atomically.successful and atomically.reason
    [rate] = ask("get_parameters", ["control_rate_hz"]).values
    assert rate.double_value == RATE_HZ
    # The control loop has not minded being asked.
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])


def test_a_parameter_on_the_command_line_wins(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")), "-p", "action.limits.drive.max:=0.5")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([0.5, -1.0])


def test_namespace_and_remapping_move_every_topic(robot: Robot) -> None:
    remapped = ["-r", "__ns:=/arm", "-r", "action:=/arm/cmd", "-r", "joint_states:=/encoders"]
    parameters = wired(joints_policy(robot.folder / "policy"))
    robot.run(parameters, *remapped, section="/arm/late_fusion", status="/arm/late_fusion/status", action="/arm/cmd")
    robot.keep_sending("/encoders", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    status = robot.wait_for_status("active")
    assert status.parts["control"].name == "late_fusion: control"


@pytest.mark.parametrize("section", ["other", "/**"])
def test_a_node_by_another_name_reads_the_section_of_that_name(robot: Robot, section: str) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"))
    robot.run(parameters, "-r", "__node:=other", section=section, status="other/status")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    assert robot.wait_for_status("active").parts["control"].name == "other: control"
    # The graph tells names in its own time.
    robot.wait_for("the node's name", lambda: ("other", "/") in robot.peer.node.get_node_names_and_namespaces())
    assert numbers(robot.commands[0]) == [1.5, -1.0]


def test_the_log_reaches_rosout_and_the_diagnostics_their_topic(robot: Robot) -> None:
    logged: list[Log] = []
    diagnosed: list[DiagnosticArray] = []
    # What was said before the subscription was matched is heard as well.
    said_before = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    robot.peer.node.create_subscription(Log, "/rosout", logged.append, said_before)
    robot.peer.node.create_subscription(DiagnosticArray, "/diagnostics", diagnosed.append, 10)
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for("a line in the log", lambda: any("drives" in line.msg for line in logged))
    [line] = [line for line in logged if "drives" in line.msg]
    assert line.name == "late_fusion" and line.level == Log.INFO
    robot.wait_for("diagnostics", lambda: any(array.status[0].message == "active" for array in diagnosed))
    parts = [status.name for status in diagnosed[-1].status]
    assert parts == [f"late_fusion: {part}" for part in ("control", "joints", "topics", "guard", "policy")]
