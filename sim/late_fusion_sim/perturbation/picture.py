"""Pictures that a driver delivers otherwise than the camera saw them: exposure, colour, noise, optics, dirt, coding."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image, ImageFilter

from late_fusion_sim.perturbation.base import Kind, Perturbation, Setting, needs_camera

Filter = Callable[[np.ndarray, np.random.Generator], np.ndarray]

MID_GREY = 127.5
BLUE, GREEN = 2, 1


@dataclass(frozen=True, kw_only=True)
class PicturePerturbation(Perturbation):
    """Every picture of every camera goes through a filter."""

    kind: ClassVar[Kind] = "picture"
    filter: Filter
    anew: bool = False
    """Whether what is drawn is drawn for every picture; otherwise once for each camera of an episode."""

    def lacks(self, setting: Setting) -> str | None:
        return needs_camera(setting)

    def picture(self, picture: np.ndarray, camera: str, number: int, seed: int) -> np.ndarray:
        place = zlib.crc32(camera.encode())
        return self.filter(picture, self.rng(seed, place, number) if self.anew else self.rng(seed, place))


def rounded(values: np.ndarray) -> np.ndarray:
    """The nearest picture to such values."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def brightness(factor: float) -> Filter:
    """All values times a factor."""
    return lambda picture, rng: rounded(factor * picture.astype(np.float32))


def contrast(factor: float) -> Filter:
    """The difference of all values to mid-grey times a factor."""
    return lambda picture, rng: rounded(MID_GREY + factor * (picture.astype(np.float32) - MID_GREY))


def noise(sigma: float) -> Filter:
    """Normal noise of this standard deviation on every value."""
    return lambda picture, rng: rounded(picture + rng.normal(0.0, sigma, picture.shape).astype(np.float32))


def white_balance(green: float, blue: float) -> Filter:
    """Two channels times a factor each."""

    def filtered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        gains = np.ones(3, np.float32)
        gains[GREEN], gains[BLUE] = green, blue
        return rounded(gains * picture)

    return filtered


def shift(pixels: int) -> Filter:
    """Moved by so many pixels to the left or right and up or down; the edge is repeated where nothing is left."""

    def filtered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        down, right = pixels * rng.choice((-1, 1), 2)
        padded = np.pad(picture, ((pixels, pixels), (pixels, pixels), (0, 0)), mode="edge")
        height, width, _ = picture.shape
        top, left = pixels - down, pixels - right
        return np.ascontiguousarray(padded[top : top + height, left : left + width])

    return filtered


def occlusion(side: int) -> Filter:
    """A black square in one of the four corners."""

    def filtered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        vertical, horizontal = rng.choice((-1, 1), 2)
        spotted = picture.copy()
        # Seen from that corner the square is the first one; a view of what is turned over writes into it.
        spotted[::vertical, ::horizontal][:side, :side] = 0
        return spotted

    return filtered


def box_blur(side: int) -> Filter:
    """The mean over a square of an odd number of pixels."""
    blur = ImageFilter.BoxBlur((side - 1) // 2)
    return lambda picture, rng: np.asarray(Image.fromarray(picture).filter(blur))


def jpeg(quality: int) -> Filter:
    """There and back through a JPEG."""

    def filtered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return filtered


PICTURE: tuple[Perturbation, ...] = (
    PicturePerturbation(name="dark", words="brightness × 0.7", filter=brightness(0.7)),
    PicturePerturbation(name="bright", words="brightness × 1.4", filter=brightness(1.4)),
    PicturePerturbation(name="contrast", words="contrast × 0.6, about mid-grey", filter=contrast(0.6)),
    PicturePerturbation(
        name="noise",
        words="Gaussian noise, standard deviation 15 of 255, different in each picture",
        filter=noise(15.0),
        anew=True,
    ),
    PicturePerturbation(
        name="white_balance", words="blue − 30 %, green − 15 %", filter=white_balance(green=0.85, blue=0.7)
    ),
    PicturePerturbation(
        name="shift", words="6 pixels sideways and 6 up or down, one direction per episode", filter=shift(6)
    ),
    PicturePerturbation(
        name="occlusion", words="a black square of 60 × 60 pixels in a corner, one per episode", filter=occlusion(60)
    ),
    PicturePerturbation(name="blur", words="box blur of 5 × 5 pixels", filter=box_blur(5)),
    PicturePerturbation(name="jpeg", words="JPEG of quality 30", filter=jpeg(30)),
)
