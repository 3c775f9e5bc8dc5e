"""`late_fusion export`, read by pyarrow and Pillow, and learned from: it is what the bag has."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest
from demonstrations import (
    LENGTHS,
    MODELS,
    OF_ITS_DATASET,
    OF_THE_BAG,
    RATE_HZ,
    SENTENCES,
    Frame,
    record,
    training_file,
)
from PIL import Image
from policies import ENCODERS
from program import ROOT, executable


def run(*words: object) -> str:
    """What `late_fusion` says, once it has ended well."""
    command = [str(word) for word in (executable("late_fusion"), *words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Frame]]:
    """A folder with a bag, its training file, and the dataset made of them; and what the dataset should have."""
    folder = tmp_path_factory.mktemp("exported")
    frames = record(folder / "bag")
    training = training_file(folder / "bag.yaml", OF_THE_BAG)
    told = run("export", training, folder / "bag", "--out", folder / "dataset")
    assert f"{len(frames)} frames of {len(LENGTHS)} episodes, {RATE_HZ} Hz" in told
    return folder, frames


def test_the_frames_are_the_messages_of_the_bag(exported: tuple[Path, list[Frame]]) -> None:
    folder, frames = exported
    rows = pq.read_table(folder / "dataset/data/chunk-000/file-000.parquet").to_pylist()
    tasks = pq.read_table(folder / "dataset/meta/tasks.parquet").to_pylist()
    sentences = {task["task_index"]: task["task"] for task in tasks}
    assert len(rows) == len(frames)
    for place, (row, frame) in enumerate(zip(rows, frames)):
        picture = Image.open(BytesIO(row["observation.images.scene"]["bytes"]))
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), frame.pixels)
        np.testing.assert_array_equal(np.float32(row["observation.state"]), frame.joints)
        np.testing.assert_array_equal(np.float32(row["action"]), frame.action)
        assert sentences[row["task_index"]] == frame.task
        assert (row["index"], row["episode_index"], row["frame_index"]) == (place, frame.episode, frame.index)
        assert row["timestamp"] == np.float32(frame.index / RATE_HZ)


def test_what_stands_beside_the_frames_is_true(exported: tuple[Path, list[Frame]]) -> None:
    folder, frames = exported
    meta = folder / "dataset/meta"
    info = json.loads((meta / "info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["total_frames"]) == ("v3.0", RATE_HZ, len(frames))
    features = info["features"]
    assert features["observation.images.scene"]["shape"] == [24, 32, 3]
    assert features["observation.state"]["names"] == ["left", "right"]
    assert features["action"]["names"] == ["drive", "turn"]
    stats = json.loads((meta / "stats.json").read_text())
    action = np.array([frame.action for frame in frames], dtype=np.float64)
    for name, expected in [("mean", action.mean(0)), ("std", action.std(0)), ("q10", np.quantile(action, 0.1, axis=0))]:
        np.testing.assert_allclose(stats["action"][name], expected, rtol=1e-6)
    pictures = np.array([frame.pixels for frame in frames if frame.index % 2 == 0]) / 255
    told = stats["observation.images.scene"]
    # What is shown in the last frames of a stretch is counted again in the next.
    np.testing.assert_allclose(np.ravel(told["mean"]), pictures.mean((0, 1, 2)), atol=0.005)
    episodes = pq.read_table(meta / "episodes/chunk-000/file-000.parquet").to_pylist()
    assert [episode["length"] for episode in episodes] == list(LENGTHS)
    assert [episode["tasks"] for episode in episodes] == [[SENTENCES[i % 2]] for i in range(len(LENGTHS))]
    ends = np.cumsum(LENGTHS)
    assert [episode["dataset_to_index"] for episode in episodes] == ends.tolist()


def test_nothing_is_replaced_and_the_rest_of_a_refusal_is_not_there(exported: tuple[Path, list[Frame]]) -> None:
    folder, _ = exported
    words = [executable("late_fusion"), "export", folder / "bag.yaml", folder / "bag", "--out", folder / "dataset"]
    again = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "never replaces anything" in again.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["bag", "bag.yaml", "dataset"]


@pytest.mark.parametrize("head", ["hidden: [8]", "hidden: [8], chunk: {steps: 4, step_s: 0.05}"])
def test_the_dataset_is_learned_from_as_the_bag_is(
    exported: tuple[Path, list[Frame]], tmp_path: Path, head: str
) -> None:
    folder, _ = exported
    for name, places, recording in [("of_bag", OF_THE_BAG, "bag"), ("of_dataset", OF_ITS_DATASET, "dataset")]:
        file = training_file(tmp_path / f"{name}.yaml", places)
        file.write_text(file.read_text().replace("hidden: [8]", head))
        run("train", file, folder / recording, "--out", tmp_path / name)
    of_bag, of_dataset = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("of_bag", "of_dataset"))
    assert of_bag == of_dataset


def test_check_and_init_take_a_dataset_for_a_recording(exported: tuple[Path, list[Frame]], tmp_path: Path) -> None:
    folder, frames = exported
    dataset = training_file(tmp_path / "dataset.yaml", OF_ITS_DATASET)
    told = run("check", dataset, "--bag", folder / "dataset", "--pictures", tmp_path / "seen")
    [line] = [line for line in told.splitlines() if line.startswith("observation/images/scene ")]
    assert line.split()[1:4] == ["sensor_msgs/msg/CompressedImage", str(len(frames)), f"{RATE_HZ}.0"]
    assert len(list((tmp_path / "seen").iterdir())) == 1
    run("init", folder / "dataset", "--out", tmp_path / "robot", "--encoders", ENCODERS)
    proposed = (tmp_path / "robot/training.yaml").read_text()
    assert "observation/images/scene" in proposed and "observation/state" in proposed
    # What init writes is what the node and explain take.
    well_named = (tmp_path / "robot/node.param.yaml").read_text()
    assert "observation." not in well_named


def test_features_have_what_a_training_elsewhere_needs(exported: tuple[Path, list[Frame]], tmp_path: Path) -> None:
    folder, frames = exported
    run("export", folder / "bag.yaml", folder / "bag", "--out", tmp_path / "features", "--features")
    table = pq.read_table(tmp_path / "features/features.parquet")
    told = json.loads(table.schema.metadata[b"late_fusion"])
    rows = table.to_pylist()
    assert len(rows) == len(frames)
    for row, frame in zip(rows, frames):
        # The newest of a history of two stands first.
        np.testing.assert_array_equal(np.float32(row["feature.joints"][:2]), frame.joints)
        np.testing.assert_array_equal(np.float32(row["action"]), frame.action)
        assert (row["episode_index"], row["frame_index"]) == (frame.episode, frame.index)
    assert {row["episode_index"] for row in rows if row["is_validation"]} <= set(range(len(LENGTHS)))
    by_name = {modality["name"]: modality for modality in told["modalities"]}
    assert by_name["scene"]["fingerprint"].startswith("late_fusion/2/image/")
    learned_from = np.array([row["feature.joints"] for row in rows if not row["is_validation"]])
    np.testing.assert_allclose(by_name["joints"]["mean"], learned_from.mean(0), rtol=1e-5)
    actions = np.array([row["action"] for row in rows if not row["is_validation"]])
    np.testing.assert_allclose(told["action"]["std"], actions.std(0), rtol=1e-5)
    # The scale is that by which a training here brings the features to its model.
    for modality in by_name.values():
        width = len(rows[0][modality["column"]])
        assert width == modality["width"] * modality["history"] == len(modality["mean"]) == len(modality["std"])
    assert (tmp_path / "features/policy.yaml").exists()


def test_weights_that_something_else_learned_make_the_folder_a_policy(
    exported: tuple[Path, list[Frame]], tmp_path: Path
) -> None:
    folder, _ = exported
    run("export", folder / "bag.yaml", folder / "bag", "--out", tmp_path / "policy", "--features")
    table = pq.read_table(tmp_path / "policy/features.parquet")
    told = json.loads(table.schema.metadata[b"late_fusion"])
    random, width = np.random.default_rng(5), 0
    tensors: dict[str, np.ndarray] = {}
    for modality in told["modalities"]:
        name, features = modality["name"], len(modality["mean"])
        tensors |= {f"standardize.{name}.{part}": np.array(modality[part]) for part in ("mean", "std")}
        if name == "instruction":
            tensors["projection.instruction.weight"] = random.normal(size=(4, features))
            tensors["projection.instruction.bias"] = random.normal(size=4)
            features = 4
        width += features
    tensors |= {"head.0.weight": random.normal(size=(8, width)) / width, "head.0.bias": random.normal(size=8)}
    tensors |= {"head.1.weight": random.normal(size=(2, 8)) / 8, "head.1.bias": np.zeros(2)}
    tensors |= {f"action.{part}": np.array(told["action"][part]) for part in ("mean", "std")}
    tensors = {name: tensor.astype("<f4") for name, tensor in tensors.items()}
    header, at = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header).encode()
    file = len(text).to_bytes(8, "little") + text + b"".join(tensor.tobytes() for tensor in tensors.values())
    (tmp_path / "policy/weights.safetensors").write_bytes(file)
    row = table.to_pylist()[7]
    seen = {modality["name"]: row[modality["column"]] for modality in told["modalities"]}
    (tmp_path / "row.json").write_text(json.dumps(seen))
    words = (executable("late_fusion"), "predict", "--policy", tmp_path / "policy", "--features", tmp_path / "row.json")
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    aligned = []
    for name, values in seen.items():
        values = (np.array(values) - tensors[f"standardize.{name}.mean"]) / tensors[f"standardize.{name}.std"]
        if name == "instruction":
            values = tensors["projection.instruction.weight"] @ values + tensors["projection.instruction.bias"]
        aligned.append(values)
    hidden = np.maximum(tensors["head.0.weight"] @ np.concatenate(aligned) + tensors["head.0.bias"], 0)
    expected = (tensors["head.1.weight"] @ hidden) * tensors["action.std"] + tensors["action.mean"]
    found = list(json.loads(done.stdout)["action"].values())
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=1e-4)


REGION = {"left": 0.25, "top": 0.25, "width": 0.5, "height": 0.75}

MAP_ENCODER = """\
      model: {models}/image_map.onnx
      input: {{name: pixel_values, width: 32, height: 24, region: {region}}}
      output: map
      pooling: mean
"""


def test_pictures_are_what_the_encoder_is_shown_and_an_encoder_is_quantized_with_them(
    exported: tuple[Path, list[Frame]], tmp_path: Path
) -> None:
    folder, frames = exported
    file = training_file(tmp_path / "region.yaml", OF_THE_BAG)
    before, _, after = file.read_text().partition("      model: ")
    region = json.dumps(REGION).replace('"', "")
    encoder = MAP_ENCODER.format(models=MODELS, region=region)
    file.write_text(before + encoder + after[after.index("  - name: instruction") :])
    run("export", file, folder / "bag", "--out", tmp_path / "shown", "--pictures", 30)
    paths = sorted((tmp_path / "shown/scene").iterdir())
    assert len(paths) == 30 and not (tmp_path / "shown/instruction").exists()
    width, height = 32, 24
    left, top = REGION["left"] * width, REGION["top"] * height
    box = (left, top, left + REGION["width"] * width, top + REGION["height"] * height)
    recorded = [frame.pixels for frame in frames if frame.index % 2 == 0]
    parts = [Image.fromarray(each).resize((width, height), Image.Resampling.BILINEAR, box=box) for each in recorded]
    shown = [np.asarray(Image.open(path)).astype(int) for path in paths]
    found = [min(range(len(parts)), key=lambda i: np.abs(np.asarray(parts[i]) - each).sum()) for each in shown]
    assert found == sorted(set(found))
    for each, part in zip(shown, found):
        assert np.abs(each - np.asarray(parts[part])).max() <= 1

    quantized = tmp_path / "quantized.onnx"
    words = [sys.executable, ROOT / "examples/quantize_encoder.py", file, "scene", tmp_path / "shown/scene"]
    words += ["--out", quantized, "--cosine", "0.98"]
    told = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout
    assert "cosine" in told and f"wrote {quantized}" in told
    assert {node.op_type for node in onnx.load(quantized).graph.node} >= {"QuantizeLinear", "DequantizeLinear"}
    smaller = tmp_path / "smaller.yaml"
    smaller.write_text(file.read_text().replace(str(MODELS / "image_map.onnx"), str(quantized)))
    run("train", smaller, folder / "bag", "--out", tmp_path / "policy")
    assert str(quantized.name) in (tmp_path / "policy/policy.yaml").read_text()


def test_pictures_of_no_camera_are_refused_before_a_recording_is_read(
    exported: tuple[Path, list[Frame]], tmp_path: Path
) -> None:
    folder, _ = exported
    file = training_file(tmp_path / "blind.yaml", OF_THE_BAG)
    text = file.read_text()
    file.write_text(text[: text.index("  - name: scene")] + text[text.index("  - name: instruction") :])
    words = [executable("late_fusion"), "export", file, folder / "bag", "--out", tmp_path / "shown", "--pictures", 9]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no modality is of the kind image" in done.stderr
    assert "reading" not in done.stderr and [path.name for path in tmp_path.iterdir()] == ["blind.yaml"]


@pytest.mark.parametrize(
    ("modality", "out", "why"),
    [
        ("joints", "new.onnx", "joints is no camera of"),
        ("scene", "bag.yaml", "nothing is replaced"),
        ("scene", "new.onnx", "only encoders that take f32"),
    ],
)
def test_what_cannot_be_quantized_is_refused(
    exported: tuple[Path, list[Frame]], modality: str, out: str, why: str
) -> None:
    folder, _ = exported
    words = [sys.executable, ROOT / "examples/quantize_encoder.py", folder / "bag.yaml", modality, folder]
    words += ["--out", folder / out]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and why in done.stderr
    assert not (folder / "new.onnx").exists()
