"""What keeps a topic silent, and who else commands the robot, is said with the name of whoever does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from parameters import wired, write
from peer import Peer
from policies import joints_policy, sight_policy, spoken_policy
from program import Program
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from robot import Robot, Status, joints, numbers, picture
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import Float64MultiArray, String

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def count(program: Program, *parts: str) -> int:
    """How many lines of its log have all of these."""
    return sum(all(part in line for part in parts) for line in program.log().splitlines())


def test_a_best_effort_operator_is_heard_and_told(robot: Robot) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    operator = robot.peer.node.create_publisher(String, "instruction", BEST_EFFORT)

    def understood() -> bool:
        operator.publish(String(data="open the drawer"))
        robot.peer.spin(0.05)
        return robot.status_is(lambda status: status.value("instruction") == "open the drawer")

    robot.wait_for("the sentence", understood)
    robot.wait_for_status("active")
    robot.wait_for("a command", lambda: bool(robot.commands))
    told = robot.wait_for_status("best-effort", "topics").says("topics")
    assert "topic /instruction: /peer " in told and "reliability: reliable" in told, told
    robot.peer.spin(2.5)
    assert count(robot.program, "[WARN]", "/instruction", "best-effort") == 1
    # One who speaks reliably is still heard.
    robot.say("close the faucet")


def test_a_publisher_of_another_type_is_told_with_both_types(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    camera = robot.peer.node.create_publisher(CompressedImage, "camera/image_raw", 5)
    told = robot.wait_for_status("CompressedImage", "scene").says("scene")
    assert "topic /camera/image_raw: /peer publishes it as sensor_msgs/msg/CompressedImage" in told, told
    assert "modalities.scene.message is sensor_msgs/msg/Image" in told, told
    assert "CompressedImage" in robot.wait_for_status("waiting: scene: absent").says()
    robot.wait_for_status("CompressedImage", "topics")
    robot.peer.spin(2.5)
    assert count(robot.program, "[WARN]", "CompressedImage") == 1
    robot.peer.node.destroy_publisher(camera)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.wait_for_status("fresh", "scene")
    robot.wait_for("no more warning", lambda: robot.status_is(lambda s: "CompressedImage" not in s.says("topics")))


def test_a_topic_that_nobody_publishes_is_told_with_one_that_was_meant(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")), "-r", "__ns:=/arm", section="/arm/late_fusion",
              status="/arm/late_fusion/status", action="/arm/action")  # fmt: skip
    robot.keep_sending("/joint_states", joints(1.0, 0.5))
    told = robot.wait_for_status("no node publishes", "topics").says("topics")
    assert "topic /arm/joint_states: no node publishes it as sensor_msgs/msg/JointState" in told, told
    assert "/peer publishes /joint_states: set modalities.joints.topic to that" in told, told
    robot.wait_for_status("/joint_states", "joints")
    robot.keep_sending("/arm/joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    robot.wait_for("no more warning", lambda: robot.status_is(lambda s: s.says("topics") == "as wired"))


def test_a_second_node_that_commands_is_named_loudly(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    robot.wait_for("a status of the topics", robot.status_says("as wired", "topics"))
    teleop = Node("teleop", namespace="/joy", context=robot.peer.context)
    try:
        other = teleop.create_publisher(Float64MultiArray, "/action", 1)
        told = robot.wait_for_status("two nodes command one robot", "topics")
        assert "topic /action: /joy/teleop publishes commands too" in told.says("topics")
        assert int.from_bytes(told.parts["topics"].level, "little") == 1
        assert count(robot.program, "[ERROR]", "/joy/teleop") == 1
        teleop.destroy_publisher(other)
    finally:
        teleop.destroy_node()
    robot.wait_for("no more warning", lambda: robot.status_is(lambda s: s.says("topics") == "as wired"))
    assert numbers(robot.commands[-1]) == [1.5, -1.0]


def test_two_nodes_of_one_name_are_told(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.wait_for_status("waiting: joints: absent")
    twin = Node("late_fusion", context=robot.peer.context)
    try:
        told = robot.wait_for_status("2 nodes have the name /late_fusion", "topics").says("topics")
        assert "__node:=" in told
        assert count(robot.program, "[ERROR]", "2 nodes have the name /late_fusion") == 1
    finally:
        twin.destroy_node()


def listen(peer: Peer, node: str) -> list[Status]:
    """What a node says about itself from here on."""
    statuses: list[Status] = []
    peer.node.create_subscription(
        DiagnosticArray, f"{node}/status", lambda message: statuses.append(Status.of(message)), LATCHED
    )
    return statuses


@pytest.mark.parametrize("how", ["other type", "transient local"])
def test_a_robot_that_cannot_receive_the_commands_is_told(
    peer: Peer, start: Callable[..., Program], tmp_path: Path, how: str
) -> None:
    kind, profile = (String, QoSProfile(depth=1)) if how == "other type" else (Float64MultiArray, LATCHED)
    peer.node.create_subscription(kind, "action", lambda message: None, profile)
    statuses = listen(peer, "late_fusion")
    path = write(tmp_path / "node.param.yaml", wired(joints_policy(tmp_path / "policy")))
    program = start("late_fusion_node", "--ros-args", "--params-file", path)
    peer.wait_for(
        "the warning", lambda: bool(statuses) and "no subscriber receives" in statuses[-1].says("topics"), program
    )
    told = statuses[-1].says("topics")
    assert "topic /action: " in told and "std_msgs/msg/Float64MultiArray" in told, told
    assert count(program, "[WARN]", "/action") == 1
    if how == "other type":
        return
    # One that can is enough.
    peer.node.create_subscription(Float64MultiArray, "action", lambda message: None, 1)
    peer.wait_for("no more warning", lambda: "no subscriber" not in statuses[-1].says("topics"), program)


def test_the_encoder_node_tells_it_too(peer: Peer, start: Callable[..., Program], tmp_path: Path) -> None:
    parameters = {
        "policy": str(spoken_policy(tmp_path / "policy").write()),
        "modality": "instruction",
        "topic": "instruction",
        "message": "std_msgs/msg/String",
    }
    statuses = listen(peer, "late_fusion_encoder")
    path = write(tmp_path / "encoder.param.yaml", parameters, "late_fusion_encoder")
    program = start("late_fusion_encoder", "--ros-args", "--params-file", path)
    other = peer.node.create_publisher(JointState, "instruction", 1)

    def told() -> bool:
        """Both parts tell it, each as soon as it knows."""
        return (
            bool(statuses)
            and "sensor_msgs/msg/JointState" in statuses[-1].says("instruction")
            and "std_msgs/msg/String" in statuses[-1].says("topics")
        )

    peer.wait_for("the other type", told, program)
    assert count(program, "[WARN]", "/instruction", "JointState") == 1
    peer.node.destroy_publisher(other)
