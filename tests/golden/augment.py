#!/usr/bin/env python3
"""Writes what OpenCV and NumPy make of a picture that is altered, as augment.json.

Where a copy is seen from comes from OpenCV's matrices; the numbers between pixels are computed by NumPy, since OpenCV
rounds places to 1/32 of a pixel, and both must agree but for that. Blur and grey are OpenCV's, in floating point.
Needs OpenCV, which nothing but tests/golden/images.py does:

    pip install --target /tmp/opencv --no-deps opencv-python-headless==4.11.0.86
    PYTHONPATH=/tmp/opencv python3 tests/golden/augment.py

Each line is one copy: its name, what is altered about it, and red, green and blue of all pixels, row by row; the
first is the picture itself.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 40, 28
Drawn = dict[str, Any]


def picture() -> np.ndarray:
    """Gradients with a bright disc, a dark bar and noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    drawn = np.stack([x / (WIDTH - 1), y / (HEIGHT - 1), 1 - (x + y) / (WIDTH + HEIGHT - 2)], axis=-1)
    drawn[(x - 27) ** 2 + (y - 9) ** 2 < 36] = (1.0, 0.9, 0.2)
    drawn[(x > 5) & (x < 12) & (y > 12)] = (0.05, 0.1, 0.3)
    drawn += 0.02 * np.random.default_rng(3).standard_normal(drawn.shape)
    return np.round(np.clip(drawn, 0, 1) * 255).astype(np.uint8)


def seen_from(drawn: Drawn) -> np.ndarray:
    """From a pixel of the copy to the place in the picture that it shows."""
    side = np.array([WIDTH, HEIGHT], np.float64)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    moved = corners + np.array(drawn.get("corners", np.zeros((4, 2))))
    start, end = ((places * side - 0.5).astype(np.float32) for places in (corners, moved))
    perspective = cv2.getPerspectiveTransform(start, end)
    middle = (side - 1) / 2
    # OpenCV turns counterclockwise.
    turned = cv2.getRotationMatrix2D(tuple(middle), -drawn.get("rotation_deg", 0.0), drawn.get("zoom", 1.0))
    turned[:, 2] += np.array(drawn.get("shift", (0.0, 0.0))) * side
    return np.vstack([cv2.invertAffineTransform(turned), [0, 0, 1]]) @ perspective


def warped(seen: np.ndarray, drawn: Drawn) -> np.ndarray:
    """The picture from there."""
    matrix = seen_from(drawn)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    places = matrix @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    last = np.array([[WIDTH - 1], [HEIGHT - 1]])
    place = np.clip(places[:2] / places[2], 0, last)
    first = np.floor(place).astype(int)
    (left, top), (right, bottom) = first, np.minimum(first + 1, last)
    part_x, part_y = (place - first)[..., None]
    numbers = seen.astype(np.float64)
    above = numbers[top, left] * (1 - part_x) + numbers[top, right] * part_x
    below = numbers[bottom, left] * (1 - part_x) + numbers[bottom, right] * part_x
    between = (above * (1 - part_y) + below * part_y).reshape(seen.shape)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    opencv = cv2.warpPerspective(seen, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    off = np.abs(opencv - between)
    print(f"OpenCV differs by up to {off.max():.1f}, {off.mean():.2f} on average")
    assert off.max() < 4 and off.mean() < 0.4
    return between


def hidden(seen: np.ndarray, drawn: Drawn) -> np.ndarray:
    """With a rectangle over it."""
    covered = seen.copy()
    (left, top), (width, height) = drawn["from"], drawn["size"]
    first = (round(left * WIDTH), round(top * HEIGHT))
    # OpenCV's second corner is within the rectangle.
    last = (round((left + width) * WIDTH) - 1, round((top + height) * HEIGHT) - 1)
    return cv2.rectangle(covered, first, last, drawn["colour"], thickness=-1)


def toned(seen: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Exposed otherwise, then of other colours and another contrast."""
    gain = drawn.get("brightness", 1.0) * np.array(drawn.get("white_balance", (1.0, 1.0, 1.0)))
    exposed = np.minimum(255 * gain * (seen / 255.0) ** drawn.get("gamma", 1.0), 255).astype(np.float32)
    grey = cv2.cvtColor(exposed, cv2.COLOR_RGB2GRAY)[..., None]
    saturation = drawn.get("saturation", 1.0)
    coloured = cv2.addWeighted(exposed, saturation, np.repeat(grey, 3, -1), 1 - saturation, 0)
    mean = grey.mean(dtype=np.float64)
    return mean + drawn.get("contrast", 1.0) * (coloured - mean)


def altered(seen: np.ndarray, drawn: Drawn) -> np.ndarray:
    """The copy, rounded to bytes after each step as it would be written to a file."""
    copy = seen
    if drawn.keys() & {"zoom", "shift", "rotation_deg", "corners"}:
        copy = whole(warped(copy, drawn))
    if "size" in drawn:
        copy = hidden(copy, drawn)
    if "blur" in drawn:
        sigma = drawn["blur"] * WIDTH
        copy = whole(cv2.GaussianBlur(copy.astype(np.float64), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    if drawn.keys() & {"gamma", "brightness", "white_balance", "saturation", "contrast"}:
        copy = whole(toned(copy, drawn))
    return copy


def whole(numbers: np.ndarray) -> np.ndarray:
    """As bytes."""
    return np.floor(np.clip(numbers, 0, 255) + 0.5).astype(np.uint8)


CORNERS = [[0.04, -0.03], [-0.1, 0.06], [0.02, 0.08], [-0.05, -0.07]]
COPIES: dict[str, Drawn] = {
    "as it is": {},
    "shift by whole pixels": {"shift": [0.1, -0.25]},
    "shift": {"shift": [-0.033, 0.071]},
    "zoom in": {"zoom": 1.3},
    "zoom out": {"zoom": 0.7},
    "rotation": {"rotation_deg": 17.0},
    "half a turn": {"rotation_deg": 180.0},
    "perspective": {"corners": CORNERS},
    "everything that moves": {"zoom": 0.9, "shift": [0.06, -0.11], "rotation_deg": -7.5, "corners": CORNERS},
    "occlusion": {"from": [0.31, 0.2], "size": [0.4, 0.55], "colour": [200, 30, 90]},
    "occlusion in a corner": {"from": [0.1, 0.1], "size": [0.9, 0.9], "colour": [0, 0, 0]},
    "a little blur": {"blur": 0.02},
    "blur": {"blur": 0.05},
    "gamma": {"gamma": 0.6},
    "brightness": {"brightness": 1.4},
    "darkness": {"brightness": 0.4},
    "white balance": {"white_balance": [1.0, 0.85, 0.7]},
    "saturation": {"saturation": 1.6},
    "without colours": {"saturation": 0.0},
    "contrast": {"contrast": 1.7},
    "less contrast": {"contrast": 0.3},
    "everything that colours": {
        "gamma": 1.3, "brightness": 1.2, "white_balance": [0.9, 1.1, 1.3], "saturation": 0.7, "contrast": 1.2,
    },
    "everything": {
        "zoom": 1.1, "shift": [0.02, 0.03], "rotation_deg": 4.0, "corners": CORNERS,
        "from": [0.5, 0.1], "size": [0.2, 0.3], "colour": [10, 250, 120], "blur": 0.03,
        "brightness": 0.8, "white_balance": [1.1, 1.0, 0.9], "saturation": 1.2,
    },
}  # fmt: skip

lines = []
for name, drawn in COPIES.items():
    rgb = base64.b64encode(altered(picture(), drawn).tobytes()).decode()
    lines.append(json.dumps({"name": name, "drawn": drawn, "rgb": rgb}))
(FOLDER / "augment.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
