"""The PNG and the GIF as wholes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence

from captchascope.draw import Explanation, draw_panels, explain_gif, explain_png
from draw.scenes import METU, MOVED, UNMOVED, explain, generated, plain, with_windows, written

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _light() -> Explanation:
    scheme = replace(plain(50, 150, (2,)), ink="light")
    return explain(255 - written(50, 150, "ab"), scheme)


def _speck() -> Explanation:
    image = np.full((4, 12), 255, np.uint8)
    image[1:4, 5:11] = 0
    return explain(image, plain(1, 12, (2,)))


ODD: dict[str, Callable[[], Explanation]] = {
    "tall": lambda: explain(written(300, 100, "ab"), plain(300, 100, (2,))),
    "wide": lambda: explain(written(40, 700, _LETTERS), plain(40, 700, (8, 8), _LETTERS)),
    "tiny": _speck,
    "light": _light,
    "large": lambda: explain(written(500, 900, "a"), plain(50, 150, (1,))),
    "foreign": lambda: explain(written(50, 150, "ab"), plain(50, 150, (2,), "Жя漢字é0")),
    "windows": with_windows,
    "abstained": lambda: replace(generated(), text=None),
    "uncleaned": lambda: explain(
        generated().located.gray, replace(METU, clip=replace(METU.clip, crop="uncleaned"))
    ),
    "named": lambda: replace(generated(), name="\udc80é\n" * 200),
}


@cache
def _png(number: int = MOVED) -> bytes:
    return explain_png(generated(number))


@cache
def _gif() -> bytes:
    return explain_gif(generated())


@pytest.mark.parametrize("number", [MOVED, UNMOVED])
def test_the_png_is_wide_enough_and_small(number: int) -> None:
    """It decodes, is 1200 to 1600 pixels wide, and takes less than 300 kB."""
    data = _png(number)
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.format == "PNG"
        assert 1200 <= image.width <= 1600
        assert 1000 <= image.height <= 4000
    assert len(data) < 300_000


def test_the_png_has_a_white_margin() -> None:
    """Nothing is drawn within 40 pixels of the edge, but something right beyond."""
    with Image.open(BytesIO(_png())) as image:
        page = image.convert("RGB")
    box = ImageChops.invert(page).getbbox()
    assert box is not None
    edges = box[0], box[1], page.width - box[2], page.height - box[3]
    assert min(edges) >= 40
    assert max(edges) <= 100


def test_the_gif_has_a_frame_per_panel() -> None:
    """The frames have one size, 1.5 seconds each and more for the last, and loop for ever."""
    data = _gif()
    with Image.open(BytesIO(data)) as image:
        frames = [(frame.size, frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert len(frames) == len(draw_panels(generated()))
    assert len({size for size, _ in frames}) == 1
    assert {time for _, time in frames[:-1]} == {1500}
    assert frames[-1][1] > 1500
    assert len(data) < 500_000


def test_the_frames_differ() -> None:
    """Each frame shows another panel."""
    with Image.open(BytesIO(_gif())) as image:
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(image)]
    assert all(a != b for a, b in pairwise(frames))


def test_the_bytes_repeat() -> None:
    """The same reading gives the same bytes."""
    assert explain_png(generated()) == _png()
    assert explain_gif(generated()) == _gif()


@pytest.mark.parametrize("case", ODD)
def test_any_reading_can_be_drawn(case: str) -> None:
    """Sizes, inks, charsets and names of any kind give both pictures."""
    it = ODD[case]()
    with Image.open(BytesIO(explain_png(it))) as image:
        assert 1200 <= image.width <= 1600
    with Image.open(BytesIO(explain_gif(it))) as image:
        assert getattr(image, "n_frames", 1) == 9
