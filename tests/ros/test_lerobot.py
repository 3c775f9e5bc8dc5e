"""LeRobot datasets as recordings: every layout, pictures in tables and in videos, and what is wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from demonstrations import LENGTHS, OF_ITS_DATASET, OF_THE_BAG, RATE_HZ, record, training_file
from PIL import Image
from program import executable

CAMERA = "observation.images.scene"
FRAMES = "data/chunk-000/file-000.parquet"


def run(*words: object, **environment: str) -> tuple[int, str]:
    """How `late_fusion` ends, and what it says."""
    command = [str(word) for word in (executable("late_fusion"), *words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert "panicked" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def well(*words: object) -> str:
    """The same, where it must end well."""
    status, told = run(*words)
    assert status == 0, told
    return told


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bag, the dataset that it is exported as, training files of both, and the weights of the bag."""
    folder = tmp_path_factory.mktemp("world")
    record(folder / "bag")
    of_bag = training_file(folder / "bag.yaml", OF_THE_BAG)
    training_file(folder / "dataset.yaml", OF_ITS_DATASET)
    well("export", of_bag, folder / "bag", "--out", folder / "dataset")
    well("train", of_bag, folder / "bag", "--out", folder / "of_bag")
    return folder


def pictures(table: pa.Table) -> np.ndarray:
    """The pictures of a table."""
    files = [cell["bytes"] for cell in table.column(CAMERA).to_pylist()]
    return np.array([np.asarray(Image.open(BytesIO(file))) for file in files])


H264 = ["-c:v", "libx264rgb", "-qp", "0", "-bf", "2"]
HEVC = ["-c:v", "libx265", "-pix_fmt", "gbrp", "-tag:v", "hvc1", "-x265-params", "lossless=1:log-level=error"]


def write_video(path: Path, frames: np.ndarray, codec: list[str] = H264) -> None:
    """A video that loses nothing, with pictures that are stored in another order than they are shown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, height, width, _ = frames.shape
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE_HZ), "-i", "-"]
    subprocess.run(["ffmpeg", "-v", "error", *raw, *codec, str(path)], input=frames.tobytes(), check=True)


def write_info(root: Path, info: dict) -> None:
    """Writes meta/info.json."""
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta/info.json").write_text(json.dumps(info))


def with_videos(world: Path, root: Path) -> None:
    """v3.0 with videos: two tables and two videos, each with two episodes."""
    table = pq.read_table(world / "dataset" / FRAMES)
    episodes = pq.read_table(world / "dataset/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    info = json.loads((world / "dataset/meta/info.json").read_text())
    info["features"][CAMERA]["dtype"] = "video"
    info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    write_info(root, info)
    shutil.copy(world / "dataset/meta/tasks.parquet", root / "meta")
    for file, pair in enumerate([(0, 1), (2, 3)]):
        rows = table.filter(pa.compute.is_in(table["episode_index"], pa.array(pair)))
        write_video(root / f"videos/{CAMERA}/chunk-000/file-{file:03d}.mp4", pictures(rows))
        (root / "data/chunk-000").mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.drop_columns([CAMERA]), root / f"data/chunk-000/file-{file:03d}.parquet")
    for episode in episodes:
        index, place = episode["episode_index"], f"videos/{CAMERA}"
        episode[f"{place}/chunk_index"], episode[f"{place}/file_index"] = 0, index // 2
        episode[f"{place}/from_timestamp"] = LENGTHS[index - 1] / RATE_HZ if index % 2 else 0.0
    (root / "meta/episodes/chunk-000").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(episodes), root / "meta/episodes/chunk-000/file-000.parquet")


def before_v3(world: Path, root: Path) -> None:
    """v2.1: a table and a video for each episode, two episodes in a folder, and names by what they name."""
    table = pq.read_table(world / "dataset" / FRAMES)
    info = json.loads((world / "dataset/meta/info.json").read_text())
    info |= {
        "codebase_version": "v2.1",
        "chunks_size": 2,
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    }
    info["features"][CAMERA]["dtype"] = "video"
    state = info["features"]["observation.state"]
    state["names"] = {"arms": state["names"][:1], "after": state["names"][1:]}
    write_info(root, info)
    tasks = pq.read_table(world / "dataset/meta/tasks.parquet").to_pylist()
    (root / "meta/tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    lines = [{"episode_index": index, "length": length} for index, length in enumerate(LENGTHS)]
    (root / "meta/episodes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for index in range(len(LENGTHS)):
        rows = table.filter(pa.compute.equal(table["episode_index"], index))
        chunk, name = f"chunk-{index // 2:03d}", f"episode_{index:06d}"
        write_video(root / f"videos/{chunk}/{CAMERA}/{name}.mp4", pictures(rows), HEVC)
        (root / "data" / chunk).mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.drop_columns([CAMERA]), root / f"data/{chunk}/{name}.parquet")


@pytest.mark.parametrize("layout", [with_videos, before_v3])
def test_every_layout_is_learned_from_as_the_bag_is(
    world: Path, tmp_path: Path, layout: Callable[[Path, Path], None]
) -> None:
    layout(world, tmp_path / "dataset")
    told = well("train", world / "dataset.yaml", tmp_path / "dataset", "--out", tmp_path / "policy")
    assert "training set" in told
    of_bag = (world / "of_bag/weights.safetensors").read_bytes()
    assert (tmp_path / "policy/weights.safetensors").read_bytes() == of_bag


def test_what_failed_is_left_out_and_what_lies_far_behind_it_is_found(world: Path, tmp_path: Path) -> None:
    root, lengths = tmp_path / "dataset", (400, 30)
    numbers = np.arange(sum(lengths))
    shades = np.zeros((len(numbers), 24, 32, 3), dtype=np.uint8)
    shades[:] = (numbers % 251)[:, None, None, None]
    write_video(root / "videos/top.mp4", shades)
    number: dict[str, Any] = {"dtype": "float32", "shape": [1], "names": None}
    features: dict[str, dict[str, Any]] = {
        CAMERA: {"dtype": "video", "shape": [24, 32, 3]},
        "next.success": {"dtype": "bool", "shape": [1]},
    }
    features |= {"observation.state": {**number, "shape": [2]}, "action": {**number, "shape": [2]}}
    info = {"codebase_version": "v3.0", "fps": RATE_HZ, "features": features, "video_path": "videos/top.mp4"}
    write_info(root, info)
    episode = np.repeat([0, 1], lengths)
    index = np.concatenate([np.arange(length) for length in lengths])
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(numbers / 1000, 2), pa.float32()), 2)
    columns = {"observation.state": pairs, "action": pairs, "next.success": (episode == 1) & (index == 29)}
    columns |= {"timestamp": (index / RATE_HZ).astype(np.float32), "frame_index": index, "episode_index": episode}
    (root / "data/chunk-000").mkdir(parents=True)
    pq.write_table(pa.table(columns), root / FRAMES)
    place = f"videos/{CAMERA}"
    beginning = {f"{place}/chunk_index": 0, f"{place}/file_index": 0}
    ends = [{"episode_index": i, **beginning, f"{place}/from_timestamp": 400.0 / RATE_HZ * i} for i in range(2)]
    (root / "meta/episodes/chunk-000").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ends), root / "meta/episodes/chunk-000/file-000.parquet")
    file = tmp_path / "training.yaml"
    kept = (world / "dataset.yaml").read_text()
    sentence = kept[kept.index("  - name: instruction") : kept.index("  - {name: joints")]
    of_numbers = "fields: {drive: positions.0, turn: positions.1}}"
    kept = kept.replace(sentence, "").replace("JointTrajectory}", f"JointTrajectory, {of_numbers}")
    file.write_text(kept.replace("[left, right]", "['0', '1']"))
    assert "30 frames of 1 episodes" in well("export", file, root, "--out", tmp_path / "again")
    again = pq.read_table(tmp_path / "again" / FRAMES)
    np.testing.assert_array_equal(pictures(again), shades[400:])
    np.testing.assert_array_equal(again.column("action").to_pylist()[0], np.array([0.4, 0.4], np.float32))


def spoilt(world: Path, root: Path, change: Callable[[Path, dict], object]) -> Path:
    """A dataset of which something was changed."""
    shutil.copytree(world / "dataset", root)
    info = json.loads((root / "meta/info.json").read_text())
    change(root, info)
    write_info(root, info)
    return root


def lacks_column(root: Path, info: dict) -> None:
    table = pq.read_table(root / FRAMES)
    pq.write_table(table.drop_columns(["action"]), root / FRAMES)


def goes_back(root: Path, info: dict) -> None:
    table = pq.read_table(root / FRAMES)
    at = table.schema.get_field_index("frame_index")
    again = table.set_column(at, "frame_index", pa.array([0] * len(table)))
    pq.write_table(
        again.drop_columns(["timestamp"]).append_column("timestamp", pa.array([0.0] * len(table))), root / FRAMES
    )


def cut_off(root: Path, info: dict) -> None:
    (root / FRAMES).write_bytes((root / FRAMES).read_bytes()[:-100])


WRONG = {
    "old": (lambda root, info: info.update(codebase_version="v1.6"), 'codebase_version "v1.6"; v3.0, v2.1 and v2.0'),
    "no frames": (lambda root, info: shutil.rmtree(root / "data/chunk-000"), "the dataset has no frames here"),
    "still": (lambda root, info: info.update(fps=0), "fps 0; allowed"),
    "no video": (
        lambda root, info: (info["features"][CAMERA].update(dtype="video"), info.update(video_path="a.mp4")),
        "a.mp4 of episode 0",
    ),
    "outside": (
        lambda root, info: (info["features"][CAMERA].update(dtype="video"), info.update(video_path="../a.mp4")),
        "leads out of the dataset's folder",
    ),
    "a column": (lacks_column, "the column action is missing"),
    "time": (goes_back, "in episode 0 its time does not come after"),
    "cut off": (cut_off, "file-000.parquet: "),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_place(world: Path, tmp_path: Path, what: str) -> None:
    change, words = WRONG[what]
    if what in ("no video", "outside"):
        original = change

        def change(root: Path, info: dict) -> None:
            original(root, info)
            path = root / "meta/episodes/chunk-000/file-000.parquet"
            episodes = pq.read_table(path).to_pylist()
            zeros = {f"videos/{CAMERA}/{part}": 0 for part in ("chunk_index", "file_index", "from_timestamp")}
            pq.write_table(pa.Table.from_pylist([episode | zeros for episode in episodes]), path)

    root = spoilt(world, tmp_path / "dataset", change)
    status, told = run("train", world / "dataset.yaml", root, "--out", tmp_path / "policy")
    assert words in told, told
    # As of any recording that is spoilt behind its beginning, what is before that is learned from.
    assert status == (0 if what == "time" else 1)
    assert (tmp_path / "policy").exists() == (status == 0)


def test_a_video_without_ffmpeg_is_an_error_that_says_what_to_install(world: Path, tmp_path: Path) -> None:
    with_videos(world, tmp_path / "dataset")
    words = ["train", world / "dataset.yaml", tmp_path / "dataset", "--out", tmp_path / "policy"]
    status, told = run(*words, PATH=str(tmp_path))
    assert status == 1
    assert "file-000.mp4 is a video, and ffmpeg, which decodes videos, is not installed" in told
    assert "apt install ffmpeg" in told
    assert not (tmp_path / "policy").exists()


def test_a_video_that_ends_too_early_or_is_none_is_said(world: Path, tmp_path: Path) -> None:
    with_videos(world, tmp_path / "dataset")
    path = tmp_path / f"dataset/videos/{CAMERA}/chunk-000/file-001.mp4"
    words = ["train", world / "dataset.yaml", tmp_path / "dataset", "--out", tmp_path / "policy"]
    write_video(tmp_path / "short.mp4", np.zeros((5, 24, 32, 3), dtype=np.uint8))
    shutil.copy(tmp_path / "short.mp4", path)
    status, told = run(*words)
    assert status == 1
    assert "picture 5 of the video" in told and "the video ends before it" in told
    path.write_bytes(b"a diary")
    status, told = run(*words)
    assert status == 1
    assert "picture 0 of the video" in told and "ffmpeg says: " in told
