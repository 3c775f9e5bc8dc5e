"""Whatever a camera encodes its pictures in, the robot acts on the same colours; and on distances where they are asked
for."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from parameters import wired
from PIL import Image as Picture
from policies import Policy, colour, sight_policy, vector
from robot import Robot, joints, picture
from sensor_msgs.msg import CompressedImage, Image

WIDTH, HEIGHT = 32, 24
RGB = (128, 64, 7)
GREY = (90, 90, 90)
DARK = (0, 0, 0)


def yuv(red: int, green: int, blue: int) -> list[int]:
    """A colour in the limited range of BT.601."""
    rows = [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
    return [round(first + np.dot(row, (red, green, blue)) / 255) for first, row in zip((16, 128, 128), rows)]


def wide(level: int) -> int:
    """A number of 16 bits at a level of 8, of two bytes that are not the same."""
    return 256 * level + level // 2


def tiled(numbers: list, rows: int, kind: str = "u1") -> np.ndarray:
    """Rows of pixels that repeat."""
    tile = np.atleast_2d(np.array(numbers, kind))
    return np.tile(tile, (rows // tile.shape[0], WIDTH * 8 // tile.shape[1]))


def encoded(encoding: str, pixels: np.ndarray, row: int, is_bigendian: bool = False) -> Callable[[Time], Image]:
    """A stream of pictures of this encoding, of so many numbers in a row with a few bytes of padding behind it."""
    rows = np.ascontiguousarray(pixels[:, :row]).view("u1")
    padded = np.pad(rows, ((0, 0), (0, 8)), constant_values=255)

    def make(now: Time) -> Image:
        message = Image(width=WIDTH, height=HEIGHT, encoding=encoding, step=padded.shape[1], is_bigendian=is_bigendian)
        message.header.stamp = now
        message.data = padded.tobytes()
        return message

    return make


Y, U, V = yuv(*RGB)
COLOURED = {
    "bgr8": encoded("bgr8", tiled(list(RGB[::-1]), HEIGHT), 3 * WIDTH),
    "8UC4": encoded("8UC4", tiled([*RGB[::-1], 9], HEIGHT), 4 * WIDTH),
    "rgb16": encoded("rgb16", tiled([wide(level) for level in RGB], HEIGHT, "<u2"), 3 * WIDTH),
    "bgra16": encoded("bgra16", tiled([wide(level) for level in (*RGB[::-1], 3)], HEIGHT, ">u2"), 4 * WIDTH, True),
    "yuv422": encoded("yuv422", tiled([U, Y, V, Y], HEIGHT), 2 * WIDTH),
    "yuv422_yuy2": encoded("yuv422_yuy2", tiled([Y, U, Y, V], HEIGHT), 2 * WIDTH),
    "nv12": encoded("nv12", np.vstack([tiled([Y], HEIGHT), tiled([U, V], HEIGHT // 2)]), WIDTH),
    "bayer_rggb8": encoded("bayer_rggb8", tiled([[RGB[0], RGB[1]], [RGB[1], RGB[2]]], HEIGHT), WIDTH),
    "bayer_gbrg8": encoded("bayer_gbrg8", tiled([[RGB[1], RGB[2]], [RGB[0], RGB[1]]], HEIGHT), WIDTH),
}
GREYS = {
    "mono16": encoded("mono16", tiled([wide(GREY[0])], HEIGHT, "<u2"), WIDTH),
    "mono16, big-endian": encoded("mono16", tiled([wide(GREY[0])], HEIGHT, ">u2"), WIDTH, True),
}


@pytest.mark.parametrize(("streams", "rgb"), [(COLOURED, RGB), (GREYS, GREY)], ids=["coloured", "grey"])
def test_the_robot_acts_on_the_same_colours_in_every_encoding(
    robot: Robot, streams: dict[str, Callable[[Time], Image]], rgb: tuple[int, int, int]
) -> None:
    policy = sight_policy(robot.folder / "policy")
    robot.run(wired(policy))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    for stream in [picture(*rgb), *streams.values()]:
        robot.keep_sending("camera/image_raw", picture(*DARK))
        robot.wait_for_action(policy.action(*DARK, 1.0, 0.5))
        robot.keep_sending("camera/image_raw", stream)
        # One level of red or green is 1/128.
        robot.wait_for_action(policy.action(*rgb, 1.0, 0.5), 0.02)
    assert robot.wait_for_status("active").value("dropped", "scene") == "0"


def depth_policy(folder: Path) -> Policy:
    """drive = metres up to 4, turn = 0.5."""
    scene = colour("scene", folder)
    scene["encoder"]["input"]["depth"] = {"max_m": 4.0}
    weight = np.array([[4 / 255, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]])
    return Policy(folder, [scene, vector("joints", "left", "right")], weight)


def packed(form: str, kind: type, metres: float) -> CompressedImage:
    """What compressed_depth_image_transport makes of a picture of one distance."""
    a, b = 100.0 * 101.0, 1 - 100.0 * 101.0 / 10.0
    sample = round(metres * 1000) if kind is int else round(a / metres + b)
    stream = io.BytesIO()
    Picture.fromarray(np.full((HEIGHT, WIDTH), sample, "u2")).save(stream, "png")
    return CompressedImage(format=form, data=struct.pack("<iff", 1, a, b) + stream.getvalue())


def test_distances_are_seen_in_metres_where_the_policy_asks_for_them_and_colours_are_not(robot: Robot) -> None:
    robot.run(wired(depth_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    for metres, encoding, kind, scale in [
        (1.5, "16UC1", "<u2", 1000),
        (2.5, "32FC1", "<f4", 1),
        (9.0, "32FC1", "<f4", 1),
    ]:
        stream = encoded(encoding, tiled([metres * scale], HEIGHT, kind), WIDTH)
        robot.keep_sending("camera/image_raw", stream)
        robot.wait_for_action([min(metres, 4.0), 0.5], 0.02)
    robot.keep_sending("camera/image_raw", picture(*RGB))
    status = robot.wait_for_status("scene: ")
    assert "16UC1 and 32FC1 are allowed" in status.value("last_error", "scene")


@pytest.mark.parametrize(("form", "kind"), [("16UC1; compressedDepth png", int), ("32FC1; compressedDepth png", float)])
def test_packed_distances_are_seen_in_metres(robot: Robot, form: str, kind: type) -> None:
    parameters = wired(depth_policy(robot.folder / "policy"))
    parameters["modalities"]["scene"]["message"] = "sensor_msgs/msg/CompressedImage"
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))

    def stream(now: Time) -> Any:
        message = packed(form, kind, 1.5)
        message.header.stamp = now
        return message

    robot.keep_sending("camera/image_raw", stream)
    robot.wait_for_action([1.5, 0.5], 0.02)


def test_distances_are_refused_where_the_policy_says_nothing_of_them(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", encoded("16UC1", tiled([1500], HEIGHT, "<u2"), WIDTH))
    parts = ['encoding is "16UC1", a depth picture', "depth, such as {max_m: 4.0}"]
    robot.wait_for(
        "the key that is missing",
        lambda: robot.status_is(lambda status: all(part in status.says("scene") for part in parts)),
    )
    assert robot.commands == []
