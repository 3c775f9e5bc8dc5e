#!/usr/bin/env python3
"""Make a vision encoder about twice as fast: weights and activations in 8 bits, ranges learned from your own pictures.

    late_fusion export my_robot/training.yaml last_week/ --out shown --pictures 200
    python3 examples/quantize_encoder.py my_robot/training.yaml scene shown/scene --out my_robot/scene_int8.onnx

Then name the new file as encoder.model of that modality in the training file, and train: the policy is learned from
the features that the quantized encoder makes, and the node runs the same one. Needs onnx, onnxruntime, Pillow and
PyYAML. Half of the pictures set the ranges, the other half measure what it costs.

A few of the first layers often cost most of the precision and little of the time (thin filters of very different
sizes): they stay in 32 bits, as many of them as it takes to come to --cosine.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import yaml
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

LEFT_OUT = (0, 1, 2, 3, 4, 6, 8, 12, 16)
RUNS = 50


class Pictures(CalibrationDataReader):
    """Tensors one after the other, as onnxruntime's calibration asks for them."""

    def __init__(self, name: str, tensors: list[np.ndarray]) -> None:
        self.feeds = iter([{name: tensor} for tensor in tensors])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def tensor(path: Path, wanted: dict) -> np.ndarray:
    """A picture as `late_fusion export --pictures` writes it, to the encoder's tensor."""
    picture = np.asarray(Image.open(path).convert("RGB"), np.float32)
    if wanted.get("channels") == "bgr":
        picture = picture[..., ::-1]
    picture = (picture * wanted.get("rescale", 1 / 255) - wanted.get("mean", [0] * 3)) / wanted.get("std", [1] * 3)
    axes = (2, 0, 1) if wanted.get("layout", "nchw") == "nchw" else (0, 1, 2)
    return np.ascontiguousarray(picture.transpose(axes)[None].astype(np.float32))


def features(path: Path, name: str, tensors: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """What a model makes of tensors, and its median time for one in ms, on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    made = np.array([session.run(None, {name: each})[0].ravel() for each in tensors])
    times = []
    for run in range(RUNS):
        begin = time.process_time()
        session.run(None, {name: tensors[run % len(tensors)]})
        times.append(time.process_time() - begin)
    return made, 1e3 * statistics.median(times)


def named_layers(path: Path) -> list[str]:
    """The layers of a model with weights, first to last. Those without a name are given one."""
    model = onnx.load(path)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    onnx.save(model, path)
    return [node.name for node in model.graph.node if node.op_type in ("Conv", "MatMul", "Gemm")]


def cosines(made: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """How alike two features of each picture are."""
    return (made * exact).sum(1) / np.maximum(np.linalg.norm(made, axis=1) * np.linalg.norm(exact, axis=1), 1e-12)


def main() -> None:
    """Quantizes, and says after each try what it costs."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="TRAINING_FILE")
    parser.add_argument("modality", metavar="MODALITY", help="the camera's name in it")
    parser.add_argument("pictures", type=Path, metavar="PICTURES", help="a folder of png files, 20 or more")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the model to write")
    parser.add_argument(
        "--cosine", type=float, default=0.99, help="least median likeness of features, 1 where they are equal [0.99]"
    )
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out} is there already, and nothing is replaced")
    modalities = {each["name"]: each for each in yaml.safe_load(options.file.read_text())["modalities"]}
    if modalities.get(options.modality, {}).get("kind") != "image":
        cameras = ", ".join(name for name, each in modalities.items() if each.get("kind") == "image")
        parser.error(f"{options.modality} is no camera of {options.file}; its cameras: {cameras or 'none'}")
    encoder = modalities[options.modality]["encoder"]
    model, wanted = options.file.parent / encoder["model"], encoder["input"]
    if wanted.get("type", "f32") != "f32":
        parser.error(f"{model} takes {wanted['type']}; only encoders that take f32 are quantized here")
    paths = sorted(options.pictures.glob("*.png"))
    if len(paths) < 20:
        parser.error(f"{options.pictures} has {len(paths)} png files; at least 20 are needed")
    tensors = [tensor(path, wanted) for path in paths]
    for_ranges, for_measuring, name = tensors[::2], tensors[1::2], wanted["name"]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        part, whole, tried = (Path(folder, each) for each in ("part.onnx", "whole.onnx", "tried.onnx"))
        onnx.utils.extract_model(str(model), str(part), [name], [encoder["output"]])
        quant_pre_process(str(part), str(whole), skip_symbolic_shape=True)
        exact, exact_ms = features(whole, name, for_measuring)
        layers = named_layers(whole)
        for count in (each for each in LEFT_OUT if each < len(layers)):
            quantize_static(
                whole,
                tried,
                Pictures(name, for_ranges),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
                calibrate_method=CalibrationMethod.MinMax,
                nodes_to_exclude=layers[:count],
            )
            made, ms = features(tried, name, for_measuring)
            alike = cosines(made, exact)
            print(
                f"the first {count} of {len(layers)} layers in 32 bits: cosine {np.median(alike):.4f} (least "
                f"{alike.min():.4f}), {ms / exact_ms:.2f} of the time ({ms:.1f} ms for {exact_ms:.1f}), "
                f"{tried.stat().st_size / 1e6:.1f} MB for {whole.stat().st_size / 1e6:.1f}"
            )
            if np.median(alike) >= options.cosine:
                options.out.write_bytes(tried.read_bytes())
                print(f"wrote {options.out}")
                return
    raise SystemExit(f"none came to a cosine of {options.cosine}; nothing was written. Try more pictures, or less")


if __name__ == "__main__":
    main()
