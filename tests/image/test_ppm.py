"""PBM, PGM and PPM: as Pillow has them, and in time that is bounded by their pixels."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image import load_rgb


@pytest.mark.parametrize(
    "data",
    [
        b"P1 3 2\n0 1 1\n1 0 0",
        b"P1 3 2 011100",
        b"P2 3 2 9\n# levels\n0 1 2\n8 9 4\n",
        b"P3 1 2 255 1 2 3 254 255 0",
        b"P4 10 2\n\xaa\x40\x0f\x80",
        b"P5 3 2 255\n\0\1\2\xfd\xfe\xff",
        b"P5 3 2 1000\n" + np.array([0, 1, 500, 999, 1000, 7], ">u2").tobytes(),
        b"P6 1 2 100\n\0\1\2\x62\x63\x64",
    ],
)
def test_levels_are_those_of_pillow(data: bytes) -> None:
    """To within one, whatever the highest is."""
    with Image.open(BytesIO(data)) as image:
        wanted = np.asarray(image)
    if wanted.dtype == bool:
        wanted = wanted * np.uint8(255)
    if wanted.dtype == np.int32:
        wanted = (wanted >> 8).astype(np.uint8)
    wanted = wanted if wanted.ndim == 3 else np.repeat(wanted[..., None], 3, axis=2)
    assert int(np.abs(load_rgb(data).astype(int) - wanted).max()) <= 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"P2 3 2 9 0 1 2 8 9", "truncated"),
        (b"P2 3 2 9 0 1 2 8 9 x", "corrupted"),
        (b"P2 3 2 9 0 1 2 8 9 10", "corrupted"),
        (b"P2 3 2 9 0 1 2 8 9 99999", "corrupted"),
        (b"P2 3 2 70000 0 1 2 8 9 1", "corrupted"),
        (b"P2 3 2 9 " + b"0" * 100_000, "corrupted"),
        (b"P2 3 2 9" + b" " * 5_000_000 + b"0 1 2 3 4 5", "truncated"),
        (b"P2 3 2 9 " + b"#\n" * 5_000_000 + b"0 1 2 3 4 5", "truncated"),
        (b"P2 999 999 9 " + b"#\n" * 5_000_000, "more than 65,536 comments"),
        (b"P1 3 2 012", "corrupted"),
        (b"P1 3 2 01", "truncated"),
        (b"P5 3 2 255\n12345", "truncated"),
        (b"P5 3 2 ", "truncated"),
        (b"P6 9000 9000 255 ", "too large"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes, what: str) -> None:
    """Blanks and comments that would take time are no image."""
    with pytest.raises(ImageError, match=what):
        load_rgb(data)
