"""Sixels, drawn back into pixels by what the manual says of them."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.draw.sixel import to_sixel
from captchascope.records import RgbImage


def drawn(sixel: str) -> RgbImage:
    """Return the pixels that a terminal draws for an escape sequence of sixels."""
    start = re.match(r'\x1bP0;1q"1;1;(\d+);(\d+)', sixel)
    assert start
    assert sixel.endswith("\x1b\\")
    image = np.zeros((int(start[2]), int(start[1]), 3), np.uint8)
    palette: dict[int, list[int]] = {}
    colour = x = top = 0
    token = r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|(\$)|(-)|(?:!(\d+))?([?-~])"
    for each in re.finditer(token, sixel[start.end() : -2]):
        if each[1]:
            palette[int(each[1])] = [round(int(each[i]) * 255 / 100) for i in (2, 3, 4)]
        elif each[5]:
            colour = int(each[5])
        elif each[6] or each[7]:
            x, top = 0, top + (6 if each[7] else 0)
        else:
            run, bits = int(each[8] or 1), ord(each[9]) - 63
            for row in (row for row in range(6) if bits >> row & 1):
                image[top + row, x : x + run] = palette[colour]
            x += run
    return image


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_terminal_draws_the_image_that_was_given(width: int, height: int, seed: int) -> None:
    """Of few colours: every pixel, to the hundredth in which sixels tell a colour."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 256, (8, 3), dtype=np.uint8)
    image = colours[random.integers(0, 8, (height, width))]
    apart = np.abs(drawn(to_sixel(image)).astype(int) - image)
    assert apart.max() <= 2
