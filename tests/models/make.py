"""Makes the small encoders that the tests load beside the two real ones.

Each is shaped like a family of exports that users bring: bytes instead of floats, rows before channels, tokens or maps
instead of one vector, 32-bit token ids, a fixed length. Their weights are random but always the same, so running this
again gives the same bytes:

    python tests/models/make.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "open",
    "close",
    "push",
    "the",
    "drawer",
    "faucet",
    "button",
    "é",
    "机器人",
]


def save(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: dict[str, np.ndarray],
) -> None:
    """Writes one checked model."""
    initializers = [numpy_helper.from_array(array, key) for key, array in weights.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name = "late_fusion tests"
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / f"{name}.onnx")


def random(seed: int, *shape: int) -> np.ndarray:
    """Weights of a size at which outputs stay near 1."""
    values = np.random.default_rng(seed).standard_normal(shape)
    return (values / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32)


def image_u8_nhwc() -> None:
    """Bytes in, rows before channels, a small map out that is read as it is."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["features"], strides=[8, 8]),
    ]
    save(
        "image_u8_nhwc",
        nodes,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 32, 48, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 4, 4, 6])],
        {"scale": np.float32(1 / 255), "kernel": random(1, 4, 3, 8, 8)},
    )


def image_map() -> None:
    """Floats in, a map and its tokens out: what convolutional networks and vision transformers give."""
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["convolved"], strides=[4, 4]),
        helper.make_node("Relu", ["convolved"], ["map"]),
        helper.make_node("Reshape", ["map", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["patches"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["mixing", "patches"], ["last_hidden_state"]),
    ]
    save(
        "image_map",
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 24, 32])],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["batch", 8, 6, 8]),
            helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", 5, 8]),
        ],
        {
            "kernel": random(2, 8, 3, 4, 4),
            "flat": np.array([-1, 8, 48], np.int64),
            "mixing": random(3, 1, 5, 48),
        },
    )


def image_log() -> None:
    """Each channel's mean, and its logarithm, which is not finite for a black picture; of pictures of any size."""
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Log", ["mean"], ["log"]),
    ]
    save(
        "image_log",
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, "rows", "columns"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in ("mean", "log")],
        {},
    )


def image_fragile() -> None:
    """As `image_log`, but it looks red up in a table of 200 entries, all zero: of a redder picture the run fails."""
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["channels"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["channels", "first"], ["red"], axis=1),
        helper.make_node("Cast", ["red"], ["entry"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "entry"], ["zero"]),
        helper.make_node("Add", ["channels", "zero"], ["mean"]),
        helper.make_node("Log", ["mean"], ["log"]),
    ]
    save(
        "image_fragile",
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, "rows", "columns"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in ("mean", "log")],
        {"first": np.array([0], np.int64), "table": np.zeros(200, np.float32)},
    )


def image_external() -> None:
    """Each channel's mean times a scale that lies in a file beside the model, as PyTorch's exporter writes weights."""
    scale = TensorProto(name="scale", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "image_external.data", "offset": "0", "length": "12"}.items():
        scale.external_data.add(key=key, value=value)
    (FOLDER / "image_external.data").write_bytes(np.array([1, 2, 4], "<f4").tobytes())
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["channels"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["channels", "scale"], ["mean"]),
    ]
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, "rows", "columns"])]
    outputs = [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3])]
    graph = helper.make_graph(nodes, "image_external", inputs, outputs, [scale])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name = "late_fusion tests"
    path = FOLDER / "image_external.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path), full_check=True)


def text_log() -> None:
    """Logarithms of word vectors, some of which are of negative numbers."""
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["tokens"]),
        helper.make_node("Log", ["tokens"], ["last_hidden_state"]),
    ]
    vectors = np.ones((len(WORDS), 8), np.float32)
    vectors[WORDS.index("faucet"), 3] = -1
    save(
        "text_log",
        nodes,
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", 8])],
        {"vectors": vectors},
    )


def text(name: str, element: int, length: str | int) -> None:
    """Word vectors, each with a part of the sentence's mean: two inputs, no token types."""
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["tokens"]),
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "last"], ["weight"]),
        helper.make_node("Mul", ["tokens", "weight"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Add", ["tokens", "mean"], ["last_hidden_state"]),
    ]
    shape = ["batch" if isinstance(length, str) else 1, length]
    save(
        name,
        nodes,
        [helper.make_tensor_value_info(key, element, shape) for key in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, 8])],
        {"vectors": random(4, len(WORDS), 8), "last": np.array([2], np.int64)},
    )


def tokenizer() -> None:
    """Whole words, marks around a sentence, and a padding to 16 that must not reach an encoder."""
    special = [
        {"id": i, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for i, word in enumerate(WORDS[:4])
    ]  # fmt: skip
    marks = {mark: {"id": mark, "ids": [WORDS.index(mark)], "tokens": [mark]} for mark in ("[CLS]", "[SEP]")}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    single = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        sequence,
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    pair = [*single, {"Sequence": {"id": "B", "type_id": 1}}]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": special,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": marks},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }  # fmt: skip
    (FOLDER / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def main() -> None:
    """Makes them all."""
    image_u8_nhwc()
    image_map()
    image_log()
    image_fragile()
    image_external()
    text("text_i32", TensorProto.INT32, "sequence")
    text("text_fixed", TensorProto.INT64, 12)
    text_log()
    tokenizer()


if __name__ == "__main__":
    main()
