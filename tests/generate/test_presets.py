"""The named families."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captchascope.generate import draw
from captchascope.generate.presets import PRESETS
from captchascope.generate.styled import draw_image, draw_text
from captchascope.image import load_rgb

from .styles import border, differing, without_clutter

EVERY = pytest.mark.parametrize("name", PRESETS)


def test_there_are_several_and_each_says_what_it_is() -> None:
    """In one line that fits a terminal beside the name."""
    assert len(PRESETS) >= 6
    for name, preset in PRESETS.items():
        assert name.isalpha()
        assert 20 < len(preset.title) <= 90
    assert len({preset.style for preset in PRESETS.values()}) == len(PRESETS)


@EVERY
def test_every_image_has_the_size_the_alphabet_and_the_length(name: str) -> None:
    """As a file, too."""
    style = PRESETS[name].style
    for number in range(12):
        made = draw(name, 5, number)
        assert style.size == load_rgb(made.jpeg()).shape[:2] == made.image.shape[:2]
        assert style.length[0] <= len(made.label) <= style.length[1]
        assert set(made.label) <= set(style.charset)


@EVERY
def test_no_text_is_cut(name: str) -> None:
    """Seen without the clutter: there is a way around it, and there is ink."""
    for seed in range(40):
        rng = np.random.default_rng([9, seed])
        style = replace(without_clutter(PRESETS[name].style), contrast=1.0)
        ink = differing(draw_image(rng, style, draw_text(rng, style)))
        assert border(ink).max() < 90
        assert (ink > 60).mean() > 0.04


@EVERY
def test_the_text_can_be_told_from_the_rest(name: str) -> None:
    """Two texts of the same length, drawn alike, differ by more than a twentieth of the pixels."""
    style = replace(PRESETS[name].style, length=(4, 4))
    for seed in range(10):
        one, other = (
            draw_image(np.random.default_rng(seed), style, text).astype(int)
            for text in (style.charset[1:5], style.charset[4:8])
        )
        far = np.abs(one - other).max(axis=2)
        assert (far > 50).mean() > 0.03
