"""Writes the features that encoders must give, computed without any of the project's own code.

Pictures are prepared with Pillow and numpy, sentences with a WordPiece tokenizer written out below, and the models run
in Python's onnxruntime. From the repository's root, in the environment of the tests:

    python tests/golden/encoders.py
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent

Spec = dict[str, Any]


def scene(width: int, height: int) -> np.ndarray:
    """A picture that both languages can draw: gradients, a disc, a box and a checkerboard, in whole numbers only."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // (width - 1), y * 255 // (height - 1)
    picture = np.stack([red, green, (x + y) * 255 // (width + height - 2)], axis=-1)
    disc = (x - width * 2 // 3) ** 2 + (y - height // 3) ** 2 < (height // 5) ** 2
    picture[disc] = (230, 40, 30)
    box = (x >= width // 8) & (x < width * 3 // 8) & (y >= height // 2) & (y < height * 7 // 8)
    picture[box] = (30, 60, 220)
    board = (x >= width // 2) & (y >= height * 2 // 3) & ((x // 8 + y // 8) % 2 == 1)
    picture[board] = 255 - picture[board]
    return picture.astype(np.uint8)


def sha256(path: str) -> str:
    """The hash by which a policy names a file."""
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def run(spec: Spec, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The encoder's output, on one thread as the node runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(ROOT / spec["model"], options, providers=["CPUExecutionProvider"])
    declared = {port.name: {"tensor(int32)": np.int32}.get(port.type) for port in session.get_inputs()}
    fed = {name: inputs[name].astype(kind or inputs[name].dtype) for name, kind in declared.items()}
    return session.run([spec["output"]], fed)[0]


def pool(spec: Spec, output: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """One vector of an output."""
    match spec.get("pooling", "none"):
        case "none" | "flatten":
            vector = output.reshape(-1)
        case "mean":
            vector = output[0].mean(axis=(1, 2)) if output.ndim == 4 else output[0].mean(axis=0)
        case "cls":
            vector = output[0, 0]
        case "masked_mean":
            assert mask is not None
            vector = output[0][mask[0] == 1].mean(axis=0)
        case "spatial_softmax":
            vector = keypoints(*learned(spec, output), output[0])
        case "convolution":
            weight, bias = learned(spec, output)
            vector = np.maximum(0, np.einsum("jc,cyx->jyx", weight, output[0]) + bias[:, None, None]).reshape(-1)
        case other:
            raise ValueError(other)
    return vector / np.linalg.norm(vector) if spec.get("normalize") == "l2" else vector


def learned(spec: Spec, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a learned pooling, as if they had been learned."""
    mixtures, channels = spec.get("keypoints") or spec["filters"], output.shape[1]
    rng = np.random.default_rng(mixtures)
    weight, bias = rng.normal(size=(mixtures, channels)), rng.normal(size=(mixtures,))
    return weight.astype(np.float32), bias.astype(np.float32)


def keypoints(weight: np.ndarray, bias: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """The expected places under a softmax of each mixture over the positions: every x, then every y."""
    logits = np.einsum("jc,cyx->jyx", weight, planes) + bias[:, None, None]
    attention = np.exp(logits - logits.max(axis=(1, 2), keepdims=True))
    attention /= attention.sum(axis=(1, 2), keepdims=True)
    y, x = (np.linspace(-1, 1, size) for size in planes.shape[1:])
    return np.concatenate([attention.sum(axis=1) @ x, attention.sum(axis=2) @ y])


def image_feature(spec: Spec, picture: np.ndarray) -> np.ndarray:
    """The feature of a picture, red first."""
    wanted = spec["input"]
    size = (wanted["width"], wanted["height"])
    height, width = picture.shape[:2]
    region = wanted.get("region", {"left": 0, "top": 0, "width": 1, "height": 1})
    left, top = region["left"] * width, region["top"] * height
    width, height = region["width"] * width, region["height"] * height
    if wanted.get("fit") == "crop":
        scale = min(width / size[0], height / size[1])
        left, top = left + (width - size[0] * scale) / 2, top + (height - size[1] * scale) / 2
        width, height = size[0] * scale, size[1] * scale
    box = (left, top, left + width, top + height)
    tensor = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, box=box))
    if wanted.get("channels") == "bgr":
        tensor = tensor[..., ::-1]
    if wanted.get("type", "f32") == "f32":
        rescale = np.float32(wanted.get("rescale", 1 / 255))
        mean, std = (np.array(wanted.get(k, d), np.float32) for k, d in (("mean", [0] * 3), ("std", [1] * 3)))
        tensor = (tensor.astype(np.float32) * rescale - mean) / std
    if wanted.get("layout", "nchw") == "nchw":
        tensor = tensor.transpose(2, 0, 1)
    return pool(spec, run(spec, {wanted["name"]: np.ascontiguousarray(tensor[None])}))


def words(sentence: str) -> list[str]:
    """BERT's uncased words: cleaned, Chinese characters and punctuation on their own, accents taken off."""
    spaced = ""
    for char in sentence:
        category = unicodedata.category(char)
        if char in "\t\n\r" or category == "Zs":
            spaced += " "
        elif category.startswith("C") or char == "\ufffd":
            continue
        elif 0x4E00 <= ord(char) <= 0x9FFF:
            spaced += f" {char} "
        else:
            spaced += char
    plain = unicodedata.normalize("NFD", spaced.lower())
    parted = ""
    for char in plain:
        category = unicodedata.category(char)
        if category == "Mn":
            continue
        symbol = char.isascii() and not char.isalnum() and not char.isspace()
        parted += f" {char} " if symbol or category.startswith("P") else char
    return parted.split()


def word_pieces(sentence: str, vocabulary: dict[str, int], max_tokens: int) -> list[int]:
    """The ids of a sentence: each word as the longest known pieces, between [CLS] and [SEP]."""
    ids: list[int] = []
    for word in words(sentence):
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
            if end is None:
                pieces = [vocabulary["[UNK]"]]
                break
            pieces.append(vocabulary[prefix + word[start:end]])
            start = end
        ids += pieces
    return [vocabulary["[CLS]"], *ids[: max_tokens - 2], vocabulary["[SEP]"]]


def text_feature(spec: Spec, sentence: str) -> tuple[list[int], np.ndarray]:
    """Token ids and feature of a sentence."""
    model = json.loads((ROOT / spec["tokenizer"]).read_text())["model"]
    if model["type"] == "WordPiece":
        ids = word_pieces(sentence, model["vocab"], spec["max_tokens"])
    else:
        vocabulary = model["vocab"]
        known = [vocabulary.get(word, vocabulary["[UNK]"]) for word in sentence.lower().split()]
        ids = [vocabulary["[CLS]"], *known[: spec["max_tokens"] - 2], vocabulary["[SEP]"]]
    tokens = np.array([ids])
    mask = np.ones_like(tokens)
    inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
    return ids, pool(spec, run(spec, inputs), mask)


def image_spec(model: str, **rest: Any) -> Spec:
    """A vision encoder as `policy.yaml` describes it."""
    return {"model": model, "sha256": sha256(model), **rest}


def text_spec(folder: str, model: str, **rest: Any) -> Spec:
    """A language encoder as `policy.yaml` describes it."""
    files = {"model": f"{folder}/{model}.onnx", "tokenizer": f"{folder}/tokenizer.json"}
    hashes = {"sha256": sha256(files["model"]), "tokenizer_sha256": sha256(files["tokenizer"])}
    return {**files, **hashes, "output": "last_hidden_state", **rest}


def image_encoders() -> dict[str, Spec]:
    """The vision encoders by name."""
    lite0 = "models/encoders/efficientnet_lite0/model.onnx"
    lite0_input = {"name": "pixel_values", "width": 224, "height": 224, "rescale": 1.0}
    lite0_input |= {"mean": [127.0] * 3, "std": [128.0] * 3}
    small = "tests/models/image_map.onnx"
    small_input = {"name": "pixel_values", "width": 32, "height": 24}
    region = {"left": 0.25, "top": 0.125, "width": 0.5, "height": 0.625}
    small_input |= {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    u8_input = {"name": "image", "type": "u8", "layout": "nhwc", "width": 48, "height": 32}
    return {
        "lite0 pooled": image_spec(lite0, input=lite0_input, output="pooled"),
        "lite0 map": image_spec(lite0, input=lite0_input, output="features_7x7", pooling="mean", normalize="l2"),
        "u8 nhwc": image_spec("tests/models/image_u8_nhwc.onnx", input=u8_input, output="features", pooling="flatten"),
        "map mean": image_spec(small, input=small_input, output="map", pooling="mean"),
        "tokens cls": image_spec(small, input=small_input, output="last_hidden_state", pooling="cls"),
        "tokens mean": image_spec(small, input=small_input, output="last_hidden_state", pooling="mean"),
        "map keypoints": image_spec(small, input=small_input, output="map", pooling="spatial_softmax", keypoints=3),
        "map filters": image_spec(small, input=small_input, output="map", pooling="convolution", filters=4),
        "bgr crop": image_spec(
            small, input={**small_input, "channels": "bgr", "fit": "crop"}, output="map", pooling="flatten"
        ),
        "region": image_spec(small, input={**small_input, "region": region}, output="map", pooling="flatten"),
        "region crop": image_spec(
            small, input={**small_input, "region": region, "fit": "crop"}, output="map", pooling="flatten"
        ),
    }


def text_encoders() -> dict[str, Spec]:
    """The language encoders by name."""
    pooled = {"pooling": "masked_mean", "normalize": "l2"}
    return {
        "minilm": text_spec("models/encoders/minilm_l6", "model", max_tokens=256, **pooled),
        "i32": text_spec("tests/models", "text_i32", max_tokens=64, pooling="masked_mean"),
        "i32 cls": text_spec("tests/models", "text_i32", max_tokens=64, pooling="cls"),
    }


SENTENCES = {
    "minilm": [
        ("open the drawer", 1),
        ("Please, push the RED button down — gently!", 1),
        ("Ouvre le tiroir à côté de l’évier; schließe die Tür", 1),
        ("打开抽屉 🤖 naïve café", 1),
        ("turn the faucet to the left ", 31),
    ],
    "i32": [("open the drawer", 1), ("Push THE é unknown 机器人 button", 1)],
    "i32 cls": [("close the faucet", 1)],
}


def rounded(values: np.ndarray) -> list[float]:
    """Seven digits, what an f32 holds."""
    return [float(f"{value:.7g}") for value in values]


def main() -> None:
    """Writes encoders.json and the jpeg that it speaks of."""
    jpeg = io.BytesIO()
    Image.fromarray(scene(640, 480)).save(jpeg, "JPEG", quality=90)
    (GOLDEN / "scene_640x480.jpg").write_bytes(jpeg.getvalue())
    decoded = np.asarray(Image.open(jpeg).convert("RGB"))
    images, encoders = [], image_encoders()
    for name, spec in encoders.items():
        for width, height in ((spec["input"]["width"], spec["input"]["height"]), (640, 480)):
            feature = rounded(image_feature(spec, scene(width, height)))
            images.append({"encoder": name, "width": width, "height": height, "feature": feature})
            if "keypoints" in spec or "filters" in spec:
                weight, bias = learned(spec, run(spec, {"pixel_values": np.zeros((1, 3, 24, 32), np.float32)}))
                images[-1] |= {"weight": [rounded(row) for row in weight], "bias": rounded(bias)}
    images.append({"encoder": "lite0 pooled", "jpeg": "scene_640x480.jpg",
                   "feature": rounded(image_feature(encoders["lite0 pooled"], decoded))})  # fmt: skip
    sentences = []
    for name, spec in text_encoders().items():
        for sentence, times in SENTENCES[name]:
            ids, meaning = text_feature(spec, sentence * times)
            sentences.append({"encoder": name, "sentence": sentence, "times": times, "tokens": len(ids),
                              "feature": rounded(meaning)})  # fmt: skip
    golden = {"image_encoders": encoders, "text_encoders": text_encoders(), "images": images, "sentences": sentences}
    lines = [json.dumps(key) + ": " + json.dumps(value, ensure_ascii=False) for key, value in golden.items()]
    (GOLDEN / "encoders.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
