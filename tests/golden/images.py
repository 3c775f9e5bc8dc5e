#!/usr/bin/env python3
"""Writes pictures of every encoding with the colours that OpenCV and NumPy make of them, as images.json.

Messages are serialized by rosbags; colours are converted as cv_bridge does it (color conversions of OpenCV, 16 bits
scaled by 255/65535), jpegs and pngs are read as image_transport reads them (imdecode with IMREAD_UNCHANGED). Needs
OpenCV, which nothing else here does:

    pip install --target /tmp/opencv --no-deps opencv-python-headless==4.11.0.86
    PYTHONPATH=/tmp/opencv python3 tests/golden/images.py

Each line is one picture: its name, the type of its message, the message, and red, green and blue of all pixels, row by
row. Distances are grey from 0 to 4 m, and 0 where there is none.
"""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from rosbags.typesys import Stores, get_typestore

FOLDER = Path(__file__).parent
STORE = get_typestore(Stores.ROS2_JAZZY)
WIDTH, HEIGHT = 12, 8
MAX_M = 4.0
UNCHANGED = cv2.IMREAD_UNCHANGED
NUMBERS = np.random.default_rng(14)


def picture(channels: int, width: int = WIDTH, height: int = HEIGHT, noise: float = 0.1) -> np.ndarray:
    """Smooth gradients with noise, from 0 to 1: rows, columns, channels."""
    y, x = np.mgrid[0:height, 0:width]
    along = [x / (width - 1), y / (height - 1), (x + y) / (width + height - 2), 1 - x / (width - 1)]
    smooth = np.stack(along[:channels], axis=-1)
    return np.clip(smooth + noise * NUMBERS.standard_normal(smooth.shape), 0, 1)


def whole(numbers: np.ndarray, kind: type) -> np.ndarray:
    """Numbers from 0 to 1 as the whole range of an unsigned type."""
    return np.round(numbers * np.iinfo(kind).max).astype(kind)


def eight(numbers: np.ndarray) -> np.ndarray:
    """To 8 bits, as cv_bridge does it."""
    scaled = numbers.astype(np.float64) * (1 if numbers.dtype == np.uint8 else 255 / 65535)
    return np.round(scaled).astype(np.uint8)


def grey(depth_m: np.ndarray) -> np.ndarray:
    """Distances as grey."""
    scaled = np.floor(np.clip(np.nan_to_num(depth_m.astype(np.float64), nan=0) / MAX_M, 0, 1) * 255 + 0.5)
    return np.repeat(scaled.astype(np.uint8)[..., None], 3, axis=-1)


def header() -> Any:
    stamp = STORE.types["builtin_interfaces/msg/Time"](sec=12, nanosec=345678901)
    return STORE.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")


def line(name: str, kind: str, fields: dict[str, Any], rgb: np.ndarray) -> dict[str, str]:
    """One picture as it is written."""
    message = STORE.types[f"sensor_msgs/msg/{kind}"](header=header(), **fields)
    packed = [bytes(STORE.serialize_cdr(message, message.__msgtype__)), rgb.astype(np.uint8).tobytes()]
    message_text, rgb_text = (base64.b64encode(part).decode() for part in packed)
    return {"name": name, "type": kind, "message": message_text, "rgb": rgb_text}


def image(
    name: str, encoding: str, step: int, data: np.ndarray, rgb: np.ndarray, is_bigendian: int = 0
) -> dict[str, str]:
    """A picture of a camera."""
    fields = {
        "height": rgb.shape[0], "width": rgb.shape[1], "encoding": encoding, "is_bigendian": is_bigendian,
        "step": step, "data": data.reshape(-1),
    }  # fmt: skip
    return line(f"{name}, {rgb.shape[1]} x {rgb.shape[0]}", "Image", fields, rgb)


def raw(encoding: str, rows: np.ndarray, rgb: np.ndarray) -> Iterator[dict[str, str]]:
    """A picture whose rows are dense and padded, and in both byte orders where there are two."""
    rows = rows.reshape(rows.shape[0], -1)
    little, big = rows.dtype.newbyteorder("<"), rows.dtype.newbyteorder(">")
    orders = [("", little, 0)] if rows.itemsize == 1 else [("", little, 0), (", big-endian", big, 1)]
    for order, kind, is_bigendian in orders:
        row_bytes = rows.astype(kind).view(np.uint8)
        for padding in (0, 5):
            junk = NUMBERS.integers(0, 256, (len(row_bytes), padding), dtype=np.uint8)
            data = np.hstack([row_bytes, junk])
            name = f"{encoding}{order}{', padded' if padding else ''}"
            yield image(name, encoding, data.shape[1], data, rgb, is_bigendian)


def channels() -> Iterator[dict[str, str]]:
    """Channels beside each other."""
    places = {"rgb": [0, 1, 2], "bgr": [2, 1, 0], "rgba": [0, 1, 2, 3], "bgra": [2, 1, 0, 3]}
    for kind, bits in ((np.uint8, 8), (np.uint16, 16)):
        for order, at in places.items():
            rgba = whole(picture(4), kind)
            yield from raw(f"{order}{bits}", rgba[..., at], eight(rgba[..., :3]))
        mono = whole(picture(1), kind)
        yield from raw(f"mono{bits}", mono, np.repeat(eight(mono), 3, axis=-1))
    for encoding, count in (("8UC1", 1), ("8UC3", 3), ("8UC4", 4)):
        numbers = whole(picture(count), np.uint8)
        code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[count]
        yield from raw(encoding, numbers, cv2.cvtColor(numbers, code))


def yuv() -> Iterator[dict[str, str]]:
    """Brightness and colour apart, over the whole range of a byte although only a part of it is in use."""
    for codes, names in (
        (cv2.COLOR_YUV2RGB_UYVY, ("uyvy", "yuv422")),
        (cv2.COLOR_YUV2RGB_YUY2, ("yuyv", "yuv422_yuy2")),
    ):
        for name in names:
            pairs = whole(picture(2), np.uint8)
            yield from raw(name, pairs, cv2.cvtColor(pairs, codes))
    for name, code in (("nv12", cv2.COLOR_YUV2RGB_NV12), ("nv21", cv2.COLOR_YUV2RGB_NV21)):
        planes = np.vstack([
            whole(picture(1), np.uint8)[..., 0],
            whole(picture(2, WIDTH // 2, HEIGHT // 2), np.uint8).reshape(HEIGHT // 2, WIDTH),
        ])  # fmt: skip
        rgb = cv2.cvtColor(planes, code)
        yield from raw(name, planes, rgb)
        yield image(f"{name}, both planes in step", name, WIDTH * 3 // 2, planes, rgb)
    luma, chroma = whole(picture(1), np.uint8), whole(picture(2), np.uint8)
    # OpenCV has no nv24: as uyvy of twice the width, of which every second pixel counts.
    doubled = np.stack([chroma[..., 0], luma[..., 0], chroma[..., 1], luma[..., 0]], axis=-1)
    rgb = cv2.cvtColor(doubled.reshape(HEIGHT, 2 * WIDTH, 2), cv2.COLOR_YUV2RGB_UYVY)[:, ::2]
    for step in (WIDTH, WIDTH + 4):
        # A row of the second plane is as long as two of the first one, padding included.
        planes = np.zeros((3 * HEIGHT, step), np.uint8)
        planes[:HEIGHT, :WIDTH] = luma[..., 0]
        planes[HEIGHT:].reshape(HEIGHT, 2 * step)[:, : 2 * WIDTH] = chroma.reshape(HEIGHT, 2 * WIDTH)
        yield image("nv24" + ", padded" * (step > WIDTH), "nv24", step, planes, rgb)
    yield image(
        "nv24, both planes in step", "nv24", 3 * WIDTH, np.vstack([luma[..., 0], chroma.reshape(-1, WIDTH)]), rgb
    )


def bayer() -> Iterator[dict[str, str]]:
    """Mosaics, which OpenCV names by the second row and column."""
    for name, code in (
        ("rggb", cv2.COLOR_BayerBG2RGB), ("bggr", cv2.COLOR_BayerRG2RGB),
        ("gbrg", cv2.COLOR_BayerGR2RGB), ("grbg", cv2.COLOR_BayerGB2RGB),
    ):  # fmt: skip
        for kind, bits in ((np.uint8, 8), (np.uint16, 16)):
            mosaic = whole(picture(1, noise=0.15), kind)[..., 0]
            yield from raw(f"bayer_{name}{bits}", mosaic, eight(cv2.cvtColor(mosaic, code)))
    odd = whole(picture(1, 11, 7), np.uint8)[..., 0]
    yield from raw("bayer_grbg8", odd, cv2.cvtColor(odd, cv2.COLOR_BayerGB2RGB))


def depth_m() -> np.ndarray:
    """Distances, with all that a depth camera says of what it did not measure."""
    depth = (picture(1)[..., 0] * 5).astype(np.float32)
    depth[0, :4] = [np.nan, np.inf, -np.inf, 0]
    return depth


def depth() -> Iterator[dict[str, str]]:
    metres = depth_m()
    yield from raw("32FC1", metres, grey(metres))
    millimetres = np.round(np.nan_to_num(metres, nan=0, posinf=0, neginf=0) * 1000).astype(np.uint16)
    yield from raw("16UC1", millimetres, grey(millimetres / 1000))


def compressed(name: str, form: str, data: bytes, rgb: np.ndarray | None = None) -> dict[str, str]:
    """A file; without `rgb` its colours are those that image_transport hands on."""
    if rgb is None:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), UNCHANGED)
        assert decoded is not None
        seen = eight(decoded).reshape(*decoded.shape[:2], -1)
        rgb = np.repeat(seen, 3, axis=-1) if seen.shape[2] == 1 else seen[..., 2::-1]
    fields: dict[str, Any] = {"format": form, "data": np.frombuffer(data, np.uint8)}
    height, width = rgb.shape[:2]
    return line(f"{name}, {width} x {height}", "CompressedImage", fields, rgb)


def pillow(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **({"quality": 90} | options if form == "JPEG" else options))
    return stream.getvalue()


def segments(jpeg: bytes) -> list[bytes]:
    """Parts of a jpeg: the start, each segment before the scan, and the rest."""
    parts, at = [jpeg[:2]], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        parts.append(jpeg[at:end])
        at = end
    return [*parts, jpeg[at:]]


def ycck(image: Image.Image) -> bytes:
    """Four components of which three are brightness and colours, as Adobe writes it, which Pillow cannot."""
    cmyk = np.asarray(image.convert("CMYK"))
    ycc = Image.fromarray(cmyk[..., :3]).convert("YCbCr")
    # Pillow writes four components as they are, inverted, under the mark of plain CMYK.
    planes = [*ycc.split(), Image.fromarray(cmyk[..., 3])]
    data = pillow(Image.merge("CMYK", planes))
    at = data.index(b"Adobe") + 11
    assert data[at] == 0
    return data[:at] + b"\x02" + data[at + 1 :]


def jpegs() -> Iterator[dict[str, str]]:
    colour = Image.fromarray(whole(picture(3, 24, 16, 0.02), np.uint8))
    full = {"subsampling": "4:4:4"}
    plain = pillow(colour, **full)
    yield compressed("jpeg", "rgb8; jpeg compressed bgr8", plain)
    yield compressed("progressive jpeg", "jpeg", pillow(colour, progressive=True, **full))
    yield compressed("grey jpeg", "mono8; jpeg compressed mono8", pillow(colour.convert("L")))
    yield compressed("jpeg of rgb", "jpeg", pillow(colour, keep_rgb=True))
    yield compressed("jpeg with colours at half the width", "jpeg", pillow(colour, subsampling="4:2:2"))
    yield compressed("jpeg with colours at half the size", "bgr8; jpeg compressed bgr8", pillow(colour))
    yield compressed("jpeg of cmyk", "jpeg", pillow(colour.convert("CMYK"), **full))
    yield compressed("jpeg of ycck", "jpeg", ycck(colour))
    turned = Image.Exif()
    turned[0x112] = 6
    yield compressed("jpeg that asks to be turned", "jpeg", pillow(colour, exif=turned, **full))
    bare = b"".join(part for part in segments(plain) if part[:2] != b"\xff\xc4")
    yield compressed("frame of motion-jpeg without tables", "jpeg", bare)
    avi = b"\xff\xe0\x00\x10AVI1\x01" + bytes(9)
    bare_avi = b"".join([bare[:2], avi, *(part for part in segments(bare)[1:] if part[:2] != b"\xff\xe0")])
    yield compressed("frame of motion-jpeg of an avi", "mjpeg", bare_avi)
    yield compressed("jpeg with bytes behind its end", "jpeg", plain + bytes(64))


def pngs() -> Iterator[dict[str, str]]:
    eights = whole(picture(4), np.uint8)
    sixteens = whole(picture(4), np.uint16)
    for name, form, numbers in (
        ("png", "bgr8; png compressed ", eights[..., :3]),
        ("png with opacity", "rgba8; png compressed bgr8", eights),
        ("grey png", "mono8; png compressed ", eights[..., 0]),
        ("png of 16 bits", "rgb16; png compressed bgr16", sixteens[..., :3]),
        ("png of 16 bits with opacity", "png", sixteens),
        ("grey png of 16 bits", "mono16; png compressed ", sixteens[..., 0]),
    ):
        done, data = cv2.imencode(".png", np.ascontiguousarray(numbers))
        assert done
        yield compressed(name, form, data.tobytes())
    image = Image.fromarray(eights[..., :3])
    yield compressed("png with a palette", "png", pillow(image.quantize(13), "PNG"))
    yield compressed("png with a palette and opacity", "png", pillow(image.quantize(13), "PNG", transparency=3))
    yield compressed("png of one bit", "png", pillow(image.convert("1"), "PNG"))
    opaque = np.stack([eights[..., 0], eights[..., 3]], axis=-1)
    yield compressed("grey png with opacity", "png", pillow(Image.fromarray(opaque, "LA"), "PNG"))


def rvl(samples: np.ndarray) -> bytes:
    """Samples in the form of Wilson's RVL, written as the paper's encoder does it."""
    nibbles: list[int] = []

    def number(value: int) -> None:
        while True:
            digit, value = value & 7, value >> 3
            nibbles.append(digit | (8 if value else 0))
            if not value:
                return

    row, at, last = [int(sample) for sample in samples.reshape(-1)], 0, 0
    while at < len(row):
        filled = next((i for i in range(at, len(row)) if row[i]), len(row))
        end = next((i for i in range(filled, len(row)) if not row[i]), len(row))
        number(filled - at)
        number(end - filled)
        for sample in row[filled:end]:
            delta, last = sample - last, sample
            number((delta << 1) ^ (delta >> 31))
        at = end
    nibbles += [0] * (-len(nibbles) % 8)
    words = np.array(nibbles, np.uint32).reshape(-1, 8) << np.arange(28, -1, -4, dtype=np.uint32)
    size = np.array(samples.shape[::-1], "<u4")
    return size.tobytes() + words.sum(axis=1).astype("<u4").tobytes()


def packed_depth() -> Iterator[dict[str, str]]:
    """Distances as compressed_depth_image_transport writes and reads them."""
    metres = depth_m()
    millimetres = np.round(np.nan_to_num(metres, nan=0, posinf=0, neginf=0) * 1000).astype(np.uint16)
    png = cv2.imencode(".png", millimetres)[1].tobytes()
    seen = grey(millimetres / 1000)
    yield compressed("depth in millimetres", "16UC1; png compressed ", png, seen)
    yield compressed("depth of which nothing is said", "png", png, seen)
    for form in ("16UC1; compressedDepth png", "16UC1; compressedDepth", "16UC1"):
        yield compressed(f"depth, {form}", form, struct.pack("<iff", 1, 0, 0) + png, seen)
    form = "16UC1; compressedDepth rvl"
    yield compressed(f"depth, {form}", form, struct.pack("<iff", 1, 0, 0) + rvl(millimetres), seen)
    quantization, depth_max = np.float32(100), np.float32(10)
    a = quantization * (quantization + 1)
    b = 1 - a / depth_max
    with np.errstate(all="ignore"):
        near = (metres > 0.2) & (metres < depth_max)
        inverse = np.where(near, a / metres + b, 0).astype(np.uint16)
        seen_m = np.where(inverse > 0, a / (inverse.astype(np.float32) - b), np.nan)
    png = cv2.imencode(".png", inverse)[1].tobytes()
    form = "32FC1; compressedDepth png"
    yield compressed("depth in metres", form, struct.pack("<iff", 1, a, b) + png, grey(seen_m))
    form = "32FC1; compressedDepth rvl"
    yield compressed(f"depth, {form}", form, struct.pack("<iff", 1, a, b) + rvl(inverse), grey(seen_m))


def main() -> None:
    """Writes them all."""
    lines = [*channels(), *yuv(), *bayer(), *depth(), *jpegs(), *pngs(), *packed_depth()]
    text = ",\n".join(json.dumps(entry) for entry in lines)
    (FOLDER / "images.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
