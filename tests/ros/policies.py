"""Policies small enough to be reckoned by hand: one linear layer on inputs that are hardly encoded, or not at all.

Trained policies cannot say which number belongs on the topic. These can: an action is `weight @ inputs + bias`, with
numbers that floats hold exactly, so a test asserts what a robot gets instead of that it gets something.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from program import ROOT

TEST_MODELS = ROOT / "tests" / "models"
ENCODERS = ROOT / "models" / "encoders"

ACTIONS = [
    {"name": "drive", "unit": "m/s", "min": -4.0, "max": 4.0},
    {"name": "turn", "unit": "rad/s", "min": -4.0, "max": 4.0, "stop": 0.5},
]
"""What these policies give; the stop action is not all zeros, so that no message of zeros passes for it."""

STOP = [0.0, 0.5]


def safetensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """The format by hand: the length of a JSON header, the header, then the numbers it points to."""
    header, numbers = {}, b""
    for name, tensor in tensors.items():
        data = tensor.astype("<f4").tobytes()
        offsets = [len(numbers), len(numbers) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        numbers += data
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def sha256(path: Path) -> str:
    """As `sha256sum` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def vector(name: str, *numbers: str) -> dict:
    """A modality of numbers that need no encoder."""
    return {"name": name, "kind": "vector", "names": list(numbers), "width": len(numbers)}


def colour(name: str, folder: Path, model: str = "image_log") -> dict:
    """A camera whose feature is the mean of red, green and blue, each 0 to 255."""
    file = TEST_MODELS / f"{model}.onnx"
    encoder = {
        "model": os.path.relpath(file, folder),
        "sha256": sha256(file),
        "input": {"name": "pixel_values", "width": 16, "height": 12, "rescale": 1.0},
        "output": "mean",
    }
    return {"name": name, "kind": "image", "encoder": encoder, "width": 3}


def sentence(name: str, folder: Path) -> dict:
    """An instruction whose feature a tiny encoder makes of a few known words."""
    model, tokenizer = TEST_MODELS / "text_i32.onnx", TEST_MODELS / "tokenizer.json"
    encoder = {
        "model": os.path.relpath(model, folder),
        "sha256": sha256(model),
        "tokenizer": os.path.relpath(tokenizer, folder),
        "tokenizer_sha256": sha256(tokenizer),
        "max_tokens": 16,
        "output": "last_hidden_state",
        "pooling": "masked_mean",
    }
    return {"name": name, "kind": "text", "encoder": encoder, "width": 8}


def touch(name: str) -> dict:
    """A feature that was made elsewhere, by something that no policy knows."""
    return {"name": name, "kind": "feature", "encoder": "tactile skin v1", "width": 2}


def shipped_encoders(folder: Path) -> list[dict]:
    """A camera and an instruction with the encoders that ship."""
    vision = ENCODERS / "efficientnet_lite0" / "model.onnx"
    language = ENCODERS / "minilm_l6" / "model.onnx"
    tokenizer = language.with_name("tokenizer.json")
    picture = {"name": "pixel_values", "width": 224, "height": 224, "rescale": 1.0}
    picture |= {"mean": [127, 127, 127], "std": [128, 128, 128]}
    scene = {
        "model": os.path.relpath(vision, folder),
        "sha256": sha256(vision),
        "input": picture,
        "output": "pooled",
    }
    instruction = {
        "model": os.path.relpath(language, folder),
        "sha256": sha256(language),
        "tokenizer": os.path.relpath(tokenizer, folder),
        "tokenizer_sha256": sha256(tokenizer),
        "max_tokens": 256,
        "output": "last_hidden_state",
        "pooling": "masked_mean",
        "normalize": "l2",
    }
    return [
        {"name": "scene", "kind": "image", "encoder": scene, "width": 1280},
        {"name": "instruction", "kind": "text", "encoder": instruction, "width": 384},
    ]


@dataclass
class Policy:
    """A policy folder in the making; tests spoil its parts before they write it."""

    folder: Path
    modalities: list[dict]
    weight: ArrayLike
    bias: ArrayLike = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    actions: list[dict] = field(default_factory=lambda: [dict(action) for action in ACTIONS])
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    fusion: dict = field(default_factory=lambda: {"method": "concat"})
    chunk: dict | None = None
    recorded: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        for modality in self.modalities:
            name, width = modality["name"], modality["width"]
            self.tensors[f"standardize.{name}.mean"] = np.zeros(width)
            self.tensors[f"standardize.{name}.std"] = np.ones(width)
        self.tensors |= {
            "head.0.weight": np.asarray(self.weight, dtype=float),
            "head.0.bias": np.asarray(self.bias, dtype=float),
            "action.mean": np.zeros(len(self.actions)),
            "action.std": np.ones(len(self.actions)),
        }

    def write(self) -> Path:
        """The folder, with both files in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        spec = {
            "format": 3,
            "name": self.folder.name,
            "modalities": self.modalities,
            "fusion": self.fusion,
            "head": {"kind": "mlp", "hidden": []} | ({"chunk": self.chunk} if self.chunk else {}),
            "actions": self.actions,
            "recorded": self.recorded,
        }
        # JSON is YAML.
        (self.folder / "policy.yaml").write_text(json.dumps(spec, indent=1))
        (self.folder / "weights.safetensors").write_bytes(safetensors(self.tensors))
        return self.folder

    def action(self, *inputs: float) -> list[float]:
        """What it commands for these inputs, in the order of its modalities; the steps of a chunk in a row."""
        return [float(number) for number in self.tensors["head.0.weight"] @ inputs + self.tensors["head.0.bias"]]


def joints_policy(folder: Path) -> Policy:
    """drive = left + right / 2 + 0.25, turn = -2 right."""
    return Policy(
        folder, [vector("joints", "left", "right")], np.array([[1.0, 0.5], [0.0, -2.0]]), np.array([0.25, 0.0])
    )


def constant_policy(folder: Path, action: Sequence[float], *modalities: dict) -> Policy:
    """The same action whatever its modalities say; joints, where no others are given."""
    modalities = modalities or (vector("joints", "left", "right"),)
    width = sum(modality["width"] for modality in modalities)
    return Policy(folder, list(modalities), np.zeros((2, width)), action)


def joints_and_target_policy(folder: Path) -> Policy:
    """Two inputs of two numbers, each with a part in both actions."""
    weight = np.array([[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, 0.25, -1.0]])
    return Policy(folder, [vector("joints", "left", "right"), vector("target", "x", "y")], weight)


def sight_policy(folder: Path) -> Policy:
    """drive = left + red / 128, turn = right - green / 128."""
    weight = np.array([[1 / 128, 0.0, 0.0, 1.0, 0.0], [0.0, -1 / 128, 0.0, 0.0, 1.0]])
    return Policy(folder, [colour("scene", folder), vector("joints", "left", "right")], weight)


def chunk_policy(folder: Path, drives: Sequence[float], step_s: float) -> Policy:
    """A chunk with a step per entry of `drives`: drive = that entry + green / 128, turn = red / 64 at every step."""
    steps = len(drives)
    weight = np.array([[0.0, 1 / 128, 0.0], [1 / 64, 0.0, 0.0]] * steps)
    bias = np.array([number for drive in drives for number in (drive, 0.0)])
    chunk = {"steps": steps, "step_s": step_s}
    return Policy(folder, [colour("scene", folder)], weight, bias, chunk=chunk)


def spoken_policy(folder: Path) -> Policy:
    """Joints as in `joints_policy`, with an instruction that has a part in `turn`."""
    weight = np.zeros((2, 10))
    weight[0, 8:], weight[1, :8] = [1.0, 0.5], 1.0
    return Policy(folder, [sentence("instruction", folder), vector("joints", "left", "right")], weight)


def touch_policy(folder: Path) -> Policy:
    """drive = left + first, turn = right - second."""
    weight = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]])
    return Policy(folder, [touch("touch"), vector("joints", "left", "right")], weight)


def shipped_encoders_policy(folder: Path) -> Policy:
    """Both real encoders, with weights that are random, small and always the same."""
    weight = np.random.default_rng(7).standard_normal((2, 1280 + 384)) * 0.05
    return Policy(folder, shipped_encoders(folder), weight)
