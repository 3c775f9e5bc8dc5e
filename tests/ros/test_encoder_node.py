"""Encoders on another machine: late_fusion_encoder makes features, and late_fusion acts on them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from features import elsewhere, start_encoder, values
from parameters import SOURCES, TWIST_STAMPED, wired, write
from policies import STOP, shipped_encoders_policy, sight_policy, spoken_policy
from program import Program, problems, refused
from rcl_interfaces.msg import ParameterType
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from robot import Robot, Status, halves, joints, numbers, picture, seconds
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String

MAX_AGE_S = 0.5

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

Start = Callable[..., Program]


def listen(robot: Robot, topic: str, qos: QoSProfile | int = 10) -> list[PointCloud2]:
    """Everything that comes on a feature topic from now on."""
    heard: list[PointCloud2] = []
    robot.peer.node.create_subscription(PointCloud2, topic, heard.append, qos)
    return heard


def pattern(now: Time) -> Image:
    """A picture in which no two neighbours are alike, larger than its encoders want it."""
    rows, columns = np.mgrid[0:240, 0:320]
    colours = np.stack([rows + columns, 2 * rows, 255 - columns], axis=-1) % 256
    message = Image(width=320, height=240, encoding="rgb8", step=3 * 320, data=colours.astype(np.uint8).tobytes())
    message.header.stamp = now
    message.header.frame_id = "camera_optical"
    return message


def without_models(folder: Path, policy: Path) -> Path:
    """A copy of a policy as a robot may have it: its encoders' files are nowhere."""
    spec = json.loads((policy / "policy.yaml").read_text())
    for modality in spec["modalities"]:
        for key in {"model", "tokenizer"} & set(modality.get("encoder", {})):
            modality["encoder"][key] = f"nowhere/{key}"
    folder.mkdir()
    (folder / "policy.yaml").write_text(json.dumps(spec))
    (folder / "weights.safetensors").write_bytes((policy / "weights.safetensors").read_bytes())
    return folder


@pytest.mark.parametrize("qos", [10, qos_profile_sensor_data], ids=["reliable", "sensor data"])
def test_a_picture_becomes_its_feature(robot: Robot, start: Start, qos: QoSProfile | int) -> None:
    program = start_encoder(robot, start, sight_policy(robot.folder / "policy").write(), "scene")
    heard = listen(robot, "scene_encoder/feature", qos)
    now = robot.now()
    sent = picture(200, 100, 50)(now)
    sent.header.frame_id = "camera_optical"
    robot.program = program
    robot.send_until("camera/image_raw", sent, lambda: bool(heard))
    feature = heard[-1]
    assert feature.header == sent.header
    assert (feature.height, feature.width, feature.point_step, feature.row_step) == (1, 3, 4, 12)
    [field] = feature.fields
    assert (field.offset, field.datatype, field.count) == (0, field.FLOAT32, 1)
    assert field.name.startswith("late_fusion/2/image/")
    assert feature.is_dense and not feature.is_bigendian
    np.testing.assert_allclose(values(feature), [200, 100, 50], rtol=1e-6)


def test_with_its_encoders_elsewhere_the_robot_does_the_same(robot: Robot, start: Start) -> None:
    policy = shipped_encoders_policy(robot.folder / "policy")
    parameters = wired(policy, TWIST_STAMPED)
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", pattern)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    robot.wait_for("a command", lambda: bool(robot.commands) and numbers(robot.commands[-1]) != STOP)
    alone = numbers(robot.commands[-1])
    assert max(map(abs, alone)) < 4.0, "at its limit a command says little about features"
    assert robot.program.stop() == 0

    start_encoder(robot, start, policy.folder, "scene")
    start_encoder(robot, start, policy.folder, "instruction", accept_earlier=True)
    robot.commands.clear()
    robot.statuses.clear()
    there = without_models(robot.folder / "robot", policy.folder)
    robot.run(elsewhere(parameters, "scene", "instruction") | {"policy": str(there)})
    # Exactly: the same bytes reach the same policy.
    robot.wait_for_action(alone)
    assert robot.wait_for_status("active").value("last_error", "scene") == ""


def acting_on_an_encoder(robot: Robot, start: Start, **parameters_there: float) -> Program:
    """A node that acts on what an encoder node sees."""
    policy = sight_policy(robot.folder / "policy")
    parameters = elsewhere(wired(policy, TWIST_STAMPED), "scene")
    parameters["modalities"]["scene"]["max_age_s"] = MAX_AGE_S
    encoder = start_encoder(robot, start, policy.folder, "scene", **parameters_there)
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", halves)
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    return encoder


def test_a_covered_lens_is_told_to_the_robot_where_contrast_is_asked_for(robot: Robot, start: Start) -> None:
    acting_on_an_encoder(robot, start, min_contrast=0.03)
    for covered in (picture(2, 0, 1), picture(190, 40, 25)):  # in the dark, and by a finger in the light
        robot.keep_sending("camera/image_raw", covered)
        robot.wait_for_action(STOP)
        robot.wait_for_status("scene: absent")
        robot.keep_sending("camera/image_raw", halves)
        robot.wait_for_action([2.0, 0.5], tolerance=0.01)


def test_an_encoder_node_that_is_killed_stops_the_robot(robot: Robot, start: Start) -> None:
    encoder = acting_on_an_encoder(robot, start)
    encoder.kill()
    killed = seconds(robot.now())
    robot.wait_for_action(STOP)
    assert "s old, allowed 0.500 s" in robot.wait_for_status("scene: ").says()
    acting = [seconds(c.header.stamp) for c in robot.commands if numbers(c) != STOP]
    assert max(acting) - killed <= MAX_AGE_S


def test_features_of_another_encoder_stop_the_robot_and_both_are_named(robot: Robot, start: Start) -> None:
    encoder = acting_on_an_encoder(robot, start)
    heard = listen(robot, "scene_encoder/feature")
    robot.wait_for("a feature", lambda: bool(heard))
    right = heard[-1].fields[0].name
    assert encoder.stop(signal.SIGTERM) == 0

    other = sight_policy(robot.folder / "other")
    other.modalities[0]["encoder"]["input"]["rescale"] = 0.5
    start_encoder(robot, start, other.write(), "scene")
    robot.wait_for_action(STOP)
    robot.wait_for("another encoder's feature", lambda: heard[-1].fields[0].name != right)
    wrong = heard[-1].fields[0].name
    # The first of them may come while the last of the right ones is still young enough: an error, and no stop yet.
    robot.wait_for("a dropped message", lambda: robot.status_is(lambda s: wrong in s.value("last_error", "scene")))
    status = robot.wait_for_status("s old")
    assert right in status.value("last_error", "scene") and wrong in status.value("last_error", "scene")
    assert int(status.value("dropped", "scene")) > 0
    assert numbers(robot.commands[-1]) == STOP
    assert right in robot.program.log() and wrong in robot.program.log()


def test_an_instruction_is_heard_late_and_a_blank_one_is_none(robot: Robot, start: Start) -> None:
    policy = spoken_policy(robot.folder / "policy")
    parameters = elsewhere(wired(policy), "instruction")
    robot.program = start_encoder(robot, start, policy.folder, "instruction")
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    heard = listen(robot, "instruction_encoder/feature", LATCHED)
    robot.send_until("instruction", String(data="open the drawer"), lambda: bool(heard), latched=True)
    spoken = values(heard[-1]).astype(float)

    # Only now, and nobody says it again.
    robot.run(parameters)
    robot.wait_for_action(policy.action(*spoken, 1.0, 0.0), tolerance=1e-6)

    robot.send_until("instruction", String(data=" "), lambda: heard[-1].width == 0, latched=True)
    assert len(heard[-1].data) == 0
    robot.wait_for_action(STOP)
    assert robot.wait_for_status("instruction: absent").says() == "instruction: absent"
    robot.send_until("instruction", String(data="close the drawer"), lambda: heard[-1].width == 8, latched=True)
    robot.wait_for_action(policy.action(*values(heard[-1]).astype(float), 1.0, 0.0), tolerance=1e-6)

    # A sentence that the encoder cannot use ends the one before it, over there too.
    robot.send_until("instruction", String(data="open " * 20), lambda: heard[-1].width == 0, latched=True)
    robot.wait_for_action(STOP)
    robot.wait_for_status("instruction: absent")


def test_a_sentence_from_before_its_start_is_encoded_only_where_a_parameter_says_so(robot: Robot, start: Start) -> None:
    policy = spoken_policy(robot.folder / "policy").write()
    robot.send("instruction", String(data="open the drawer"), latched=True)
    statuses: list[Status] = []
    add = lambda message: statuses.append(Status.of(message))  # noqa: E731
    robot.peer.node.create_subscription(DiagnosticArray, "instruction_encoder/status", add, LATCHED)
    robot.program = start_encoder(robot, start, policy, "instruction")
    robot.wait_for("why", lambda: bool(statuses) and "accept_earlier: true" in statuses[-1].says("instruction"))
    assert statuses[-1].value("received", "instruction") == "0"
    robot.send("instruction", String(data="close the faucet"), latched=True)
    robot.wait_for("the next", lambda: statuses[-1].value("instruction", "encoder") == "close the faucet")


def test_features_are_recorded_as_they_came(robot: Robot, start: Start) -> None:
    policy = sight_policy(robot.folder / "policy")
    parameters = write(robot.folder / "node.param.yaml", elsewhere(wired(policy), "scene"))
    start_encoder(robot, start, policy.folder, "scene")
    bag = robot.folder / "demonstration"
    robot.program = start("late_fusion", "record", "--params-file", parameters, "--out", bag.parent, "--name", bag.name)
    robot.wait_for("the recorder", lambda: robot.peer.node.count_subscribers("scene_encoder/feature") > 0)
    heard = listen(robot, "scene_encoder/feature")
    robot.keep_sending("camera/image_raw", picture(200, 100, 50))
    robot.wait_for("features", lambda: len(heard) >= 10)
    robot.silence("camera/image_raw")
    robot.peer.spin(0.5)
    assert robot.program.stop() == 0, robot.program.log()

    with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        topics = [c for c in reader.connections if c.topic == "/scene_encoder/feature"]
        recorded: list[Any] = [reader.deserialize(raw, c.msgtype) for c, _, raw in reader.messages(topics)]
    stamps = {(m.header.stamp.sec, m.header.stamp.nanosec) for m in recorded}
    assert {(m.header.stamp.sec, m.header.stamp.nanosec) for m in heard} <= stamps
    for message in recorded:
        assert message.fields[0].name == heard[0].fields[0].name
        np.testing.assert_allclose(values(message), [200, 100, 50], rtol=1e-6)


def test_what_it_does_is_on_its_status(robot: Robot, start: Start) -> None:
    policy = spoken_policy(robot.folder / "policy").write()
    statuses: list[Status] = []
    diagnostics: list[DiagnosticArray] = []
    create = robot.peer.node.create_subscription
    create(DiagnosticArray, "instruction_encoder/status", lambda m: statuses.append(Status.of(m)), LATCHED)
    create(DiagnosticArray, "/diagnostics", diagnostics.append, 10)
    robot.program = start_encoder(robot, start, policy, "instruction")
    robot.wait_for("a status", lambda: bool(statuses))
    assert statuses[0].says("encoder") == "waiting for instruction"
    said = String(data="open the drawer")
    robot.send_until("instruction", said, lambda: statuses[-1].says("encoder") == "encoding", latched=True)
    status = statuses[-1]
    assert status.value("instruction", "encoder") == "open the drawer"
    assert status.value("encoder", "encoder").startswith("late_fusion/2/text/")
    assert "text_i32.onnx on cpu" in status.value("runs", "encoder")
    assert int(status.value("encoded", "instruction")) >= 1
    robot.wait_for("diagnostics", lambda: bool(diagnostics))
    names = {part.name for part in diagnostics[-1].status}
    assert names == {f"instruction_encoder: {part}" for part in ("encoder", "instruction", "topics")}
    assert robot.program.stop() == 0
    assert "subscribed to instruction" in robot.program.log()


def test_a_message_that_cannot_be_encoded_is_counted_and_the_next_one_is(robot: Robot, start: Start) -> None:
    statuses: list[Status] = []
    add = lambda message: statuses.append(Status.of(message))  # noqa: E731
    robot.peer.node.create_subscription(DiagnosticArray, "scene_encoder/status", add, LATCHED)
    robot.program = start_encoder(robot, start, sight_policy(robot.folder / "policy").write(), "scene")
    heard = listen(robot, "scene_encoder/feature")
    bad = Image(width=4, height=2, encoding="rgb8", step=12, data=bytes(23))

    def told() -> bool:
        return bool(statuses) and "data is 23 bytes" in statuses[-1].value("last_error", "scene")

    robot.send_until("camera/image_raw", bad, told)
    assert heard == [] and statuses[-1].value("dropped", "scene") != "0"
    robot.send_until("camera/image_raw", picture(1, 2, 3)(robot.now()), lambda: bool(heard))


def test_its_parameters_are_served_and_described(robot: Robot, start: Start) -> None:
    robot.program = start_encoder(robot, start, sight_policy(robot.folder / "policy").write(), "scene")
    client = AsyncParameterClient(robot.peer.node, "scene_encoder")

    def ask(method: str, *arguments: Any) -> Any:
        robot.wait_for("the parameter services", client.services_are_ready)
        future = getattr(client, method)(*arguments)
        robot.wait_for(method, future.done)
        return future.result()

    names = ask("list_parameters").result.names
    keys = ["policy", "modality", "topic", "message", "min_contrast", "onnxruntime", "execution_provider"]
    keys += ["accept_earlier", "intra_op_threads", "intra_op_spinning", "encoder_cpus", "use_sim_time"]
    assert sorted(names) == sorted(keys)
    assert all(descriptor.description for descriptor in ask("describe_parameters", names).descriptors)
    [threads] = ask("describe_parameters", ["intra_op_threads"]).descriptors
    assert (threads.type, threads.integer_range[0].to_value) == (ParameterType.PARAMETER_INTEGER, 64)
    assert ask("get_parameters", ["modality"]).values[0].string_value == "scene"


PROBLEMS: dict[str, tuple[dict, list[str]]] = {
    "everything": (
        {"policy": "", "modality": "", "topic": "a//b", "message": "sensor_msgs/msg/PointCloud2", "colour": 1},
        [
            "parameter policy is missing",
            "parameter modality is missing",
            'topic is "a//b"',
            'message is "sensor_msgs/msg/PointCloud2"',
            "parameter colour is unknown",
        ],
    ),
    "modality and runtime": (
        {"modality": "secne", "onnxruntime": "/nowhere.so"},
        ['modality is "secne"', "it has scene, joints", "ONNX Runtime library /nowhere.so"],
    ),
    "numbers": ({"modality": "joints"}, ["kind vector, which has no encoder"]),
    "message of another kind": ({"message": "std_msgs/msg/String"}, ["parameter message is std_msgs/msg/String"]),
    "policy": ({"policy": "nowhere"}, ["policy nowhere/policy.yaml"]),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_told_by_the_encoder_node_and_by_check(start: Start, tmp_path: Path, case: str) -> None:
    changed, parts = PROBLEMS[case]
    policy = sight_policy(tmp_path / "policy").write()
    parameters = {"policy": str(policy), "modality": "scene", **SOURCES["scene"]} | changed
    file = write(tmp_path / "encoder.param.yaml", parameters, section="late_fusion_encoder")
    told = refused(start("late_fusion_encoder", "--ros-args", "--params-file", file))
    for part in parts:
        assert part in told, told
    checked = refused(start("late_fusion", "check", "--encoder", "--params-file", file))
    for problem in problems(told):
        assert problem.removeprefix("- ") in checked, checked


def test_check_shows_both_sides_of_a_wiring(start: Start, tmp_path: Path) -> None:
    policy = spoken_policy(tmp_path / "policy")
    parameters = {"policy": str(policy.write()), "modality": "instruction", **SOURCES["instruction"]}
    file = write(tmp_path / "encoder.param.yaml", parameters, section="instruction_encoder")
    there = start("late_fusion", "check", "--encoder", "instruction_encoder", "--params-file", file)
    assert there.wait() == 0, there.log()
    identity = there.log().split("as ")[-1].strip()

    wiring = elsewhere(wired(policy), "instruction")
    wiring["policy"] = str(without_models(tmp_path / "robot", policy.folder))
    here = start("late_fusion", "check", "--params-file", write(tmp_path / "node.param.yaml", wiring))
    assert here.wait() == 0, here.log()
    assert f"8 numbers: made elsewhere by {identity}" in here.log()
    assert here.warnings() == []

    for key in ("max_age_s", "accept_earlier"):
        del wiring["modalities"]["instruction"][key]
    ageing = start("late_fusion", "check", "--params-file", write(tmp_path / "node.param.yaml", wiring))
    assert ageing.wait() == 0, ageing.log()
    assert "WARNING: modality instruction: a sentence's feature is sent once" in ageing.log()
