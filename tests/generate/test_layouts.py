"""The families of scenes."""

from __future__ import annotations

import string
from dataclasses import replace

import cv2
import numpy as np
import pytest

from captchascope.generate.finishing import Finish
from captchascope.generate.layouts import LAYOUTS, draw_layout
from captchascope.generate.scene import draw_scene
from captchascope.generate.typefaces import SIGNS

EVERY = pytest.mark.parametrize("name", LAYOUTS)


@EVERY
def test_the_generator_decides(name: str) -> None:
    """The same seed gives the same picture, another another one."""
    for seed in range(6):
        one, same, other = (
            draw_layout(np.random.default_rng([4, s]), name) for s in (seed, seed, seed + 50)
        )
        assert one.image.tobytes() == same.image.tobytes() != other.image.tobytes()
        assert (one.label, one.quality) == (same.label, same.quality)


@EVERY
def test_a_picture_is_a_captcha(name: str) -> None:
    """Of three to eight letters and digits, or a sum; and it names its family."""
    lengths = set()
    for seed in range(60):
        made = draw_layout(np.random.default_rng([5, seed]), name)
        height, width = made.image.shape[:2]
        assert 16 <= height <= 260
        assert 60 <= width <= 670
        assert made.image.dtype == np.uint8
        assert made.image.ndim == 2 or made.image.shape[2] == 3
        sum_ = not made.label.isalnum()
        assert set(made.label) <= set(string.digits + string.ascii_letters + SIGNS)
        assert made.columns == {"family": name}
        assert 5 <= made.quality <= 100
        lengths.add(4 if sum_ else len(made.label))
    assert min(lengths) >= 3
    assert max(lengths) <= 8
    assert len(lengths) >= 3


@EVERY
def test_the_text_can_be_told_from_the_rest(name: str) -> None:
    """Without it, the picture of the same seed is another one in the text's place."""
    for seed in range(12):
        scene = replace(LAYOUTS[name](np.random.default_rng([6, seed])), shadow=0.0)
        scene = replace(scene, behind=(), over=(), struck=False, finish=Finish(), ground="plain")
        image = draw_scene(np.random.default_rng(seed), scene, name).image
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        channels = image.reshape(*gray.shape, -1)
        assert np.ptp(channels, axis=(0, 1)).max() > 6
        inked = np.abs(channels.astype(int) - channels[0, 0]).max(axis=2) > 5
        assert inked.mean() > 0.004


def test_all_sizes_occur() -> None:
    """From narrow to very wide."""
    widths = [
        draw_layout(np.random.default_rng([7, seed]), "small").image.shape[1] for seed in range(150)
    ]
    assert min(widths) < 90
    assert max(widths) > 400
