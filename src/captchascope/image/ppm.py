"""PBM, PGM and PPM, as text or raw (netpbm's formats), by numpy.

Pillow takes more than a second for a megapixel: its decoders of text, and of levels that end at
another number than 255, are loops of Python.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from captchascope.image.header import check_size, corrupted, overdone, truncated

_GAP = rb"\s++(?:#[^\n]*+\n\s*+)*+"
_START = re.compile(rb"P([1-6])" + _GAP + rb"([0-9]{1,9})" + _GAP + rb"([0-9]{1,9})")
_MOST = re.compile(_GAP + rb"([0-9]{1,9})")
_COMMENT = re.compile(rb"#[^\n]*")
_MOST_COMMENTS = 2**16
_SPACES = b" \t\n\v\f\r"


def decoded(data: bytes, where: str, max_pixels: int) -> NDArray[np.uint8]:
    """Return the levels, shape (H, W) or (H, W, 3) RGB.

    Raises:
        ImageError: If it is too large, truncated or corrupted.
    """
    start = _START.match(data)
    if start is None:
        raise corrupted(where, "PPM")
    kind, width, height = map(int, start.groups())
    check_size(where, width, height, max_pixels)
    most, place = 1, start.end()
    if kind not in (1, 4):
        if (found := _MOST.match(data, place)) is None:
            raise truncated(where, "PPM") if data[place:].isspace() else corrupted(where, "PPM")
        most, place = int(found[1]), found.end()
        if not 0 < most < 2**16:
            raise corrupted(where, "PPM")
    shape = (height, width, 3) if kind in (3, 6) else (height, width)
    if kind == 4:
        rows = _raw(data, place, (height, (width + 7) // 8), "u1", where)
        bits = np.unpackbits(rows.astype(np.uint8), axis=1)[:, :width]
        return np.where(bits, 0, 255).astype(np.uint8)
    if kind > 4:
        levels = _raw(data, place, shape, ">u2" if most > 255 else "u1", where)
    else:
        # A level takes up to five digits and a blank; many more blanks or comments are no image.
        text = data[place : place + 16 * height * width * len(shape) + 2**16]
        if text.count(b"#") > _MOST_COMMENTS:
            raise overdone(where, "PPM", f"{_MOST_COMMENTS:,} comments")
        levels = _text(_COMMENT.sub(b"", text), shape, where, bits=kind == 1)
    if kind == 1:
        return np.where(levels, 0, 255).astype(np.uint8)
    if levels.size and int(levels.max()) > most and kind < 4:
        raise corrupted(where, "PPM")
    if most == 255:
        return levels.astype(np.uint8)
    # As 16 bits become 8 elsewhere: the lower ones are dropped.
    table = np.minimum(np.arange(2**16) * 0xFFFF // most >> 8, 255)
    if most < 256:
        table = np.minimum(np.rint(np.arange(2**16) * 255 / most), 255)
    return np.take(table.astype(np.uint8), levels)


def _raw(
    data: bytes, place: int, shape: tuple[int, ...], kind: str, where: str
) -> NDArray[np.uint8 | np.uint16]:
    """Return the levels behind the one blank that ends the head."""
    count = int(np.prod(shape))
    if len(data) - place - 1 < count * np.dtype(kind).itemsize:
        raise truncated(where, "PPM")
    return np.frombuffer(data, kind, count, place + 1).reshape(shape)


def _text(
    text: bytes, shape: tuple[int, ...], where: str, *, bits: bool
) -> NDArray[np.uint8 | np.uint16]:
    """Return the levels that stand as decimal numbers, or as 0 and 1 with or without blanks."""
    count = int(np.prod(shape))
    if bits:
        digits = text.translate(None, _SPACES)[:count]
        if digits.strip(b"01"):
            raise corrupted(where, "PPM")
        levels = np.frombuffer(digits, np.uint8) - 48
    else:
        junk = re.search(rb"[^\s0-9]|[0-9]{10}", text)  # no matter behind the last level
        text = text if junk is None else text[: junk.start()]
        numbers = np.fromstring(text, np.float32, sep=" ") if text.strip() else np.empty(0)
        if len(numbers) < count and junk is not None:
            raise corrupted(where, "PPM")
        levels = np.minimum(numbers[:count], 2**16 - 1).astype(np.uint16)
    if levels.size < count:
        raise truncated(where, "PPM")
    return levels.reshape(shape)
