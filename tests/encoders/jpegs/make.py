"""Makes small jpegs in the ways in which jpegs are written: baseline and progressive, with and without restart markers,
colours at full and at half size, grey. One picture, always the same; with the same Pillow the same bytes:

    python tests/encoders/jpegs/make.py
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from PIL import Image

FOLDER = Path(__file__).parent
SIZE = (88, 56)
"""No multiple of 16, so that groups of blocks reach over the edge."""

WAYS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "baseline_full": {"subsampling": "4:4:4"},
    "baseline_restarts": {"restart_marker_blocks": 2},
    "baseline_optimised": {"optimize": True, "subsampling": "4:2:2"},
    "progressive": {"progressive": True},
    "progressive_full": {"progressive": True, "subsampling": "4:4:4"},
    "progressive_restarts": {"progressive": True, "restart_marker_blocks": 3},
    "grey": {},
    "grey_progressive": {"progressive": True},
}


def picture() -> Image.Image:
    """Coarse colours with a fine noise on them, so that blocks have many coefficients."""
    source = random.Random(5)
    coarse = Image.new("RGB", (8, 6))
    coarse.putdata([tuple(source.randint(20, 235) for _ in range(3)) for _ in range(48)])
    fine = Image.new("RGB", SIZE)
    fine.putdata([tuple(source.randint(0, 255) for _ in range(3)) for _ in range(SIZE[0] * SIZE[1])])
    return Image.blend(coarse.resize(SIZE, Image.Resampling.BICUBIC), fine, 0.15)


def main() -> None:
    """Makes them all."""
    for name, options in WAYS.items():
        mode = "L" if name.startswith("grey") else "RGB"
        picture().convert(mode).save(FOLDER / f"{name}.jpg", "JPEG", quality=70, **options)


if __name__ == "__main__":
    main()
