"""Scenes: where the text is, and what it is painted with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from captchascope.generate.lettering import Letter
from captchascope.generate.scene import PAINTS, Scene, draw_scene
from captchascope.generate.tiles import TILES
from captchascope.generate.warp import WARPS
from captchascope.records import RgbImage
from generate.styles import border, differing

BARE = Scene(
    tuple(Letter(char, "sans-05", gap=0.2) for char in "HAM47"),
    "HAM47",
    height=60,
    contrast=150,
)


def drawn(seed: int = 0, **knobs: Any) -> RgbImage:
    """Draw the bare scene with some knobs turned."""
    return draw_scene(np.random.default_rng(seed), replace(BARE, **knobs), "bare").image


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"anywhere": True, "width": 300},
        {"cap": 1.0},
        {"width": 60},
        {"angle": 15.0, "sag": 0.6},
        *({"warp": kind, "reach": 0.25, "cap": 0.9} for kind in WARPS if kind != "perspective"),
    ],
)
def test_no_text_leaves_its_picture(knobs: dict[str, Any]) -> None:
    """However large, turned, bent or warped."""
    for seed in range(12):
        ink = differing(drawn(seed, **knobs))
        assert border(ink).max() < 130, seed
        assert (ink > 60).mean() > 0.01


def test_a_text_is_cut_only_where_asked_for() -> None:
    """By a part of a letter."""
    beyond = [border(differing(drawn(seed, cut=0.3, cap=0.8))).max() > 60 for seed in range(40)]
    assert sum(beyond) > 15


def test_a_width_that_is_given_is_kept() -> None:
    """Else it follows from the text, within bounds."""
    assert drawn(width=431).shape == (60, 431, 3)
    assert 60 <= drawn().shape[1] <= 300
    wide = replace(BARE, letters=BARE.letters[:2], height=20)
    assert draw_scene(np.random.default_rng(0), wide, "bare").image.shape[1] == 60


@pytest.mark.parametrize("paint", PAINTS)
def test_every_paint_shows_the_text(paint: str) -> None:
    """Only outlines have less ink than full letters."""
    ink = (differing(drawn(1, paint=paint, line=0.03)) > 40).sum()
    solid = (differing(drawn(1)) > 40).sum()
    if paint in ("hollow", "crossing", "stacked", "textured"):
        assert 0.1 * solid < ink < 1.05 * solid
    else:
        assert ink > 0.8 * solid


@pytest.mark.parametrize(
    "knobs",
    [
        {"shadow": 0.3},
        {"struck": True},
        {"behind": ("decoys", "scratches")},
        {"over": ("lines", "blobs")},
        {"ground": "scenery"},
        *({"tiles": kind} for kind in TILES),
    ],
)
def test_what_is_asked_for_can_be_seen(knobs: dict[str, Any]) -> None:
    """More of the picture differs from its corner."""
    bare = (differing(drawn(3)) > 8).mean()
    assert (
        np.mean([(differing(drawn(seed, **knobs)) > 8).mean() for seed in range(6)]) > bare + 0.02
    )


def test_each_letter_has_its_own_colour() -> None:
    """Where asked for."""
    few, many = (
        len(np.unique(drawn(2, colours=colours, height=120).reshape(-1, 3), axis=0))
        for colours in (False, True)
    )
    assert many > 2 * few


def test_a_picture_without_hues_has_one_channel() -> None:
    """In files as well."""
    assert drawn(gray=True).shape[2:] == ()


def test_faint_ink_is_near_the_ground() -> None:
    """But never the ground itself."""
    for seed in range(20):
        far = differing(drawn(seed, contrast=25.0)).max()
        assert 15 < far < 90
