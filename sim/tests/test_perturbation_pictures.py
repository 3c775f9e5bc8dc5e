"""What perturbations make of pictures, in the amount that they say."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import uniform_filter

from late_fusion_sim.perturbation.base import UNDISTURBED
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.robot import SAWYER, Observation

SEED = 100_003


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)


def filtered(name: str, picture: np.ndarray, number: int = 0, seed: int = SEED, camera: str = "scene") -> np.ndarray:
    made = PERTURBATIONS[name].picture(picture, camera, number, seed)
    assert made.dtype == np.uint8 and made.shape == picture.shape
    return made


@pytest.mark.parametrize(("name", "factor"), [("dark", 0.7), ("bright", 1.4)])
def test_brightness_is_a_factor(name: str, factor: float, picture: np.ndarray) -> None:
    assert np.abs(filtered(name, picture) - np.minimum(factor * picture, 255)).max() <= 0.51


def test_contrast_is_a_factor_about_mid_grey(picture: np.ndarray) -> None:
    assert np.abs(filtered("contrast", picture) - (127.5 + 0.6 * (picture - 127.5))).max() <= 0.51


def test_white_balance_takes_from_blue_and_green(picture: np.ndarray) -> None:
    assert np.abs(filtered("white_balance", picture) - picture * [1.0, 0.85, 0.7]).max() <= 0.51


def test_noise_is_of_its_strength_and_anew_in_each_picture() -> None:
    grey = np.full((224, 224, 3), 128, np.uint8)
    first, second = filtered("noise", grey, 0), filtered("noise", grey, 1)
    assert np.std(first.astype(float)) == pytest.approx(15.0, rel=0.02) and np.mean(first) == pytest.approx(
        128, abs=0.3
    )
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0.0, abs=0.02)
    assert np.array_equal(first, filtered("noise", grey, 0)), "of a seed it is always the same"
    assert not np.array_equal(first, filtered("noise", grey, 0, seed=SEED + 1))
    assert not np.array_equal(first, filtered("noise", grey, 0, camera="side"))


def test_a_shift_is_of_six_pixels_each_way_and_holds_for_an_episode(picture: np.ndarray) -> None:
    directions = set()
    for seed in range(SEED, SEED + 20):
        moved = filtered("shift", picture, seed=seed)
        fits = [
            (down, right)
            for down in (-6, 6)
            for right in (-6, 6)
            if np.array_equal(moved[6:-6, 6:-6], np.roll(picture, (down, right), (0, 1))[6:-6, 6:-6])
        ]
        assert len(fits) == 1 and np.array_equal(moved, filtered("shift", picture, number=50, seed=seed))
        directions.update(fits)
    assert len(directions) == 4


def test_an_occlusion_blacks_out_one_corner(picture: np.ndarray) -> None:
    picture = np.maximum(picture, 1)
    corners = set()
    for seed in range(SEED, SEED + 20):
        spotted = filtered("occlusion", picture, seed=seed)
        rows, columns = np.nonzero((spotted == 0).all(axis=2))
        assert len(rows) == 60 * 60 and np.ptp(rows) == np.ptp(columns) == 59
        assert ((spotted == picture) | (spotted == 0)).all()
        corners.add((int(rows[0]), int(columns[0])))
    assert corners == {(0, 0), (0, 164), (164, 0), (164, 164)}


def test_a_blur_is_the_mean_of_five_by_five(picture: np.ndarray) -> None:
    mean = uniform_filter(picture.astype(float), (5, 5, 1))
    assert np.abs(filtered("blur", picture) - mean)[3:-3, 3:-3].max() <= 1.0


def test_a_jpeg_is_of_quality_thirty(picture: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=30)
    assert np.array_equal(filtered("jpeg", picture), np.asarray(Image.open(file)))


def played(name: str, count: int, seed: int = SEED) -> list[int]:
    """Which exposure is published at each observation: a picture is as bright as its number, from 1 on."""
    disturbed = Disturbed(PERTURBATIONS[name], SAWYER, seed)
    shown = []
    for number in range(count):
        pictures = {"scene": np.full((2, 2, 3), number + 1, np.int16)} if disturbed.exposes else {}
        shown.append(int(disturbed.observed(Observation(pictures, np.zeros(4))).pictures["scene"][0, 0, 0]) - 1)
    return shown


def test_a_delay_is_of_a_tenth_of_a_second() -> None:
    assert played("camera_delay", 8) == [0, 0, 0, 0, 0, 1, 2, 3]


def test_one_picture_in_four() -> None:
    assert played("camera_rate", 10) == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_every_second_picture_is_lost_and_the_one_before_stays() -> None:
    shown = played("dropped_pictures", 1000)
    new = [number for number, exposure in enumerate(shown) if exposure == number]
    assert len(new) == pytest.approx(500, abs=50) and shown[0] == 0
    assert all(shown[number] in (number, shown[number - 1]) for number in range(1, 1000))
    assert shown == played("dropped_pictures", 1000) != played("dropped_pictures", 1000, SEED + 1)


def test_what_is_frozen_stays_and_what_is_black_shows_nothing() -> None:
    assert played("frozen", 30) == [0] * 30
    assert played("black", 3) == [-1] * 3


def test_without_a_perturbation_an_observation_is_what_it_was(picture: np.ndarray) -> None:
    observation = Observation({"scene": picture}, np.arange(4.0))
    seen = Disturbed(UNDISTURBED, SAWYER, SEED).observed(observation)
    assert np.array_equal(seen.pictures["scene"], picture) and np.array_equal(seen.state, observation.state)
