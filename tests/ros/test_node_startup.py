"""What keeps the node from starting is told at once, with the thing, its value and what is allowed.

`late_fusion check` finds the same problems in the same files without ROS.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from parameters import TWIST, wired, write
from policies import TEST_MODELS, Policy, joints_policy, sha256, sight_policy
from program import Program, problems, refused

Spoil = Callable[[Policy, Path], dict | None]
"""Spoils a policy before it is written; returns parameters that replace the good ones."""


def model(spoil: Callable[[bytes], bytes], agree: bool = True) -> Spoil:
    """An encoder file with another content, whose hash the policy knows or not."""

    def change(policy: Policy, folder: Path) -> None:
        path = folder / "encoder.onnx"
        path.write_bytes(spoil((TEST_MODELS / "image_log.onnx").read_bytes()))
        encoder = policy.modalities[0]["encoder"]
        encoder["model"] = str(path)
        if agree:
            encoder["sha256"] = sha256(path)

    return change


def encoder(**keys: object) -> Spoil:
    """Other words about the encoder than the model agrees with."""
    return lambda policy, folder: policy.modalities[0]["encoder"].update(keys)


def tensors(**changed: np.ndarray | None) -> Spoil:
    """Tensors replaced, or taken out with None; `__` stands for the dot of their names."""

    def change(policy: Policy, folder: Path) -> None:
        for key, tensor in changed.items():
            name = key.replace("__", ".")
            del policy.tensors[name]
            if tensor is not None:
                policy.tensors[name] = tensor

    return change


def parameters(**changed: object) -> Spoil:
    """Other parameters."""
    return lambda policy, folder: changed


def modality(name: str, **changed: object) -> Callable[[Policy, Path], dict]:
    """A modality wired otherwise; without words about it not wired at all."""

    def change(policy: Policy, folder: Path) -> dict:
        modalities = wired(policy)["modalities"]
        others = {key: value for key, value in modalities.items() if key != name}
        return {"modalities": others | ({name: modalities.get(name, {}) | changed} if changed else {})}

    return change


def library(content: bytes) -> Spoil:
    """A file that is no ONNX Runtime."""

    def change(policy: Policy, folder: Path) -> dict:
        path = folder / "libonnxruntime.so"
        path.write_bytes(content)
        return {"onnxruntime": str(path)}

    return change


def no_colour(policy: Policy, folder: Path) -> None:
    """A policy with another image format than its model."""
    policy.modalities[0]["encoder"]["input"] |= {"type": "u8", "layout": "nhwc"}


PROBLEMS: dict[str, tuple[Spoil, list[str]]] = {
    "policy missing": (
        parameters(policy="nowhere/policy"),
        ["policy nowhere/policy/policy.yaml", "No such file", "late_fusion train"],
    ),
    "policy not given": (parameters(policy=""), ["parameter policy", "policy.yaml and weights.safetensors"]),
    "sha256": (
        encoder(sha256="0" * 64),
        ["modality scene: encoder.model", "image_log.onnx", "another file than the policy was trained with", "0" * 64],
    ),
    "sha256 of no length": (encoder(sha256="abc"), ["modality scene", 'sha256 is "abc"', "64 hexadecimal digits"]),
    "model missing": (
        encoder(model="nowhere.onnx"),
        ["modality scene: encoder.model", "nowhere.onnx", "No such file"],
    ),
    "model truncated": (
        model(lambda whole: whole[:100]),
        ["modality scene: encoder.model", "encoder.onnx", "not an ONNX model"],
    ),
    "model is text": (
        model(lambda whole: b"not a model"),
        ["modality scene: encoder.model", "encoder.onnx", "not an ONNX model"],
    ),
    "model empty": (model(lambda whole: b""), ["modality scene: encoder.model", "encoder.onnx"]),
    "model changed": (model(lambda whole: whole + b"\0", agree=False), ["encoder.onnx", "another file than"]),
    "no such output": (encoder(output="pooled"), ['output is "pooled"', "its outputs are", "mean", "log"]),
    "another image format": (no_colour, ["encoder.input makes a tensor u8", "pixel_values f32 [1, 3, rows, columns]"]),
    "tensor of another shape": (
        tensors(head__0__weight=np.zeros((2, 4))),
        ["head", "tensor head.0.weight has the shape [2, 4]", "asks for [2, 5]"],
    ),
    "tensors missing": (
        tensors(head__0__bias=None, standardize__scene__std=None),
        ["tensor head.0.bias is missing", "shape [2]", "tensor standardize.scene.std is missing", "shape [3]"],
    ),
    "weights not finite": (
        tensors(head__0__bias=np.array([0.0, np.nan])),
        ["weights.safetensors", "tensor head.0.bias", "number 1 is NaN", "only finite"],
    ),
    "runtime missing": (
        parameters(onnxruntime="/nowhere/libonnxruntime.so"),
        ["ONNX Runtime library /nowhere/libonnxruntime.so", "No such file"],
    ),
    "runtime is no library": (library(b"no library"), ["libonnxruntime.so", "cannot be used", "1.24 or newer"]),
    "no cuda": (
        parameters(execution_provider="cuda"),
        ["modality scene", "execution_provider is cuda", "image_log.onnx", "cpu, or auto"],
    ),
    "modality too many": (
        modality("gripper", topic="gripper", message="sensor_msgs/msg/JointState"),
        ["parameter modalities.gripper", "has no such modality", "scene, joints"],
    ),
    "modality too few": (
        modality("joints"),
        ["parameter modalities.joints.topic is missing", "has a modality joints of the kind vector"],
    ),
    "modality of another kind": (
        modality("scene", message="std_msgs/msg/String"),
        ["parameter modalities.scene.message", "std_msgs/msg/String", "kind image", "sensor_msgs/msg/CompressedImage"],
    ),
    "unknown message": (
        modality("scene", message="sensor_msgs/msg/Pictures"),
        ['modalities.scene.message is "sensor_msgs/msg/Pictures"', "allowed: ", "sensor_msgs/msg/Image"],
    ),
    "a message of numbers for a picture": (
        modality("scene", message="sensor_msgs/msg/LaserScan"),
        ["modalities.scene.message", "is sensor_msgs/msg/LaserScan", "of kind image", "sensor_msgs/msg/Image"],
    ),
    "not a topic": (
        modality("scene", topic="camera image"),
        ['parameter modalities.scene.topic is "camera image"', "letters, digits, _ and /"],
    ),
    "unknown parameter": (
        parameters(control_rate=40.0),
        ["parameter control_rate is unknown", "did you mean control_rate_hz?"],
    ),
    "unknown and unlike any": (parameters(colour="red"), ["parameter colour is unknown", "late_fusion.param.yaml"]),
    "mistyped": (
        parameters(control_rate_hz="fast", lockstep=1),
        [
            'control_rate_hz is "fast" (type string); its type must be double',
            "lockstep is 1 (type integer); its type must be bool",
        ],
    ),
    "out of range": (
        parameters(control_rate_hz=0.0, intra_op_threads=65, execution_provider="gpu"),
        ["control_rate_hz is 0.0", "0.1 to 1000", "intra_op_threads is 65", "1 to 64", '"gpu"', "cpu, cuda, auto"],
    ),
    "lockstep on the system's clock": (parameters(lockstep=True), ["lockstep is true but use_sim_time is false"]),
    "twist without fields": (
        parameters(action={"message": TWIST, "fields": {"drive": "linear.x", "steer": "angular.q"}}),
        ["action.fields.steer", 'no action "steer"', "drive, turn", "angular.z"],
    ),
    "limits without the stop": (
        parameters(action={"limits": {"turn": {"min": -1.0, "max": 0.25}, "jump": {"max": 1.0}}}),
        ["action.limits.turn", "-1 to 0.25", "the stop value 0.5", "action.limits.jump", "drive, turn"],
    ),
    "several of them": (
        parameters(
            control_rate_hz=-1.0, colour="red", action={"topic": "a//b", "limits": {"turn": {"max_rate": -2.0}}}
        ),
        [
            "control_rate_hz is -1.0",
            "colour is unknown",
            'action.topic is "a//b"',
            "action.limits.turn.max_rate is -2.0",
        ],
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_told_by_the_node_and_by_check(start: Callable[..., Program], tmp_path: Path, case: str) -> None:
    spoil, parts = PROBLEMS[case]
    policy = sight_policy(tmp_path / "policy")
    changed = spoil(policy, tmp_path) or {}
    file = write(tmp_path / "node.param.yaml", wired(policy) | changed)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    for part in parts:
        assert part in told, told
    checked = refused(start("late_fusion", "check", "--params-file", file))
    for problem in problems(told):
        assert problem.removeprefix("- ") in checked, checked


def test_problems_of_parameters_policy_and_encoders_come_together(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    policy = sight_policy(tmp_path / "policy")
    encoder(sha256="0" * 64)(policy, tmp_path)
    tensors(head__0__bias=None)(policy, tmp_path)
    file = write(tmp_path / "node.param.yaml", wired(policy) | modality("joints")(policy, tmp_path))
    for program in [
        start("late_fusion_node", "--ros-args", "--params-file", file),
        start("late_fusion", "check", "--params-file", file),
    ]:
        told = refused(program)
        for part in ["modalities.joints.topic is missing", "tensor head.0.bias is missing", "another file than"]:
            assert part in told, told


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("format: [", "policy.yaml"),
        ("format: 3\nname: nothing\n", "missing field `modalities`"),
        ("format: 4\nname: new\nvoices: []\n", "format is 4, of a newer release; this one reads format 3"),
        ("format: 2\nname: old\n", "this one reads format 3. Convert it: `late_fusion convert FOLDER`"),
        ("format: 1\nname: old\n", "format is 1, of an older release; this one reads format 3. Train the policy again"),
        ("format: 3\nname: x\nmodalities: []\nfusion: {method: average}\nhead: {kind: mlp, hidden: []}\nactions: []\n",
         "unknown variant `average`"),
    ],
)  # fmt: skip
def test_a_broken_policy_file_is_named_with_its_place(
    start: Callable[..., Program], tmp_path: Path, content: str, part: str
) -> None:
    policy = joints_policy(tmp_path / "policy")
    file = write(tmp_path / "node.param.yaml", wired(policy))
    (policy.folder / "policy.yaml").write_text(content)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    assert str(policy.folder / "policy.yaml") in told and part in told, told
    assert problems(told) == problems(refused(start("late_fusion", "check", "--params-file", file)))


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\xff" * 64])
def test_weights_that_are_no_tensors_are_named(start: Callable[..., Program], tmp_path: Path, content: bytes) -> None:
    policy = joints_policy(tmp_path / "policy")
    file = write(tmp_path / "node.param.yaml", wired(policy))
    (policy.folder / "weights.safetensors").write_bytes(content)
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    assert f"weights {policy.folder}/weights.safetensors: not a safetensors file" in told, told


def test_a_file_for_another_node_is_not_taken_for_an_empty_one(start: Callable[..., Program], tmp_path: Path) -> None:
    file = write(tmp_path / "node.param.yaml", wired(joints_policy(tmp_path / "policy")), section="camera")
    expected = f"--params-file {file}: no section is for the node /late_fusion, only camera"
    told = refused(start("late_fusion_node", "--ros-args", "--params-file", file))
    assert expected in told, told
    checked = refused(start("late_fusion", "check", "--params-file", file))
    assert expected in checked, checked


def test_check_shows_what_would_run(start: Callable[..., Program], tmp_path: Path) -> None:
    policy = sight_policy(tmp_path / "policy")
    parameters = wired(policy, TWIST)
    parameters["action"]["limits"] = {"drive": {"min": -0.75, "max_rate": 2.5}}
    checked = start("late_fusion", "check", "--params-file", write(tmp_path / "node.param.yaml", parameters))
    assert checked.wait() == 0, checked.log()
    rows = {line.split()[0]: line.split() for line in checked.log().splitlines() if line.strip()}
    assert rows["scene"][1:5] == ["camera/image_raw", "3", "yes", "0.50"]
    assert "image_log.onnx" in rows["scene"][5] and "cpu:" in rows["scene"]
    assert rows["joints"][1:5] == ["joint_states", "2", "yes", "0.50"]
    assert rows["drive"][1:] == ["linear.x", "-0.75", "4", "2.5", "any", "0"]
    assert rows["turn"][1:] == ["angular.z", "-4", "4", "any", "any", "0.5"]
    learned = sum(np.size(tensor) for tensor in policy.tensors.values())
    assert f'policy "policy" at 20 Hz, {learned} learned parameters' in checked.log()


def test_check_takes_another_policy_than_the_files(start: Callable[..., Program], tmp_path: Path) -> None:
    good = wired(joints_policy(tmp_path / "policy"))
    file = write(tmp_path / "node.param.yaml", good | {"policy": "nowhere"})
    checked = start("late_fusion", "check", "--params-file", file, "--policy", good["policy"])
    assert checked.wait() == 0, checked.log()
