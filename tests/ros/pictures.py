"""Compressed pictures, whole and spoilt."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image as Picture


def encoded(form: str, colour: tuple[int, int, int] = (128, 64, 7), size: tuple[int, int] = (32, 24)) -> bytes:
    """A picture of one colour as a jpeg or png."""
    stream = io.BytesIO()
    Picture.new("RGB", size, colour).save(stream, form)
    return stream.getvalue()


def jpeg_that_claims(width: int, height: int) -> bytes:
    """A small jpeg whose frame header announces another size."""
    whole = encoded("jpeg")
    frame = whole.index(b"\xff\xc0")
    return whole[: frame + 5] + struct.pack(">HH", height, width) + whole[frame + 9 :]


def png_that_claims(width: int, height: int) -> bytes:
    """A small png whose header announces another size, with a checksum that agrees."""
    whole = encoded("png")
    header = b"IHDR" + struct.pack(">II", width, height) + whole[24:29]
    return whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]
