"""Clutter behind a text and over it, tiles below letters, and the last steps."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.clutter import BEHIND, OVER, Stage
from captchascope.generate.finishing import ENLARGEMENTS, Finish, finished
from captchascope.generate.lettering import Letter, placed
from captchascope.generate.paint import filled
from captchascope.generate.tiles import TILES, draw_tiles

GROUND = (230.0, 230.0, 230.0)


def stage(gray: bool = False) -> Stage:
    """Return what clutter has to know of a text that is not there."""
    return Stage(
        cap=30,
        inks=[(20.0, 20.0, 20.0)],
        ground=GROUND,
        box=(20, 15, 180, 45),
        letters=5,
        fonts=["sans-05"],
        charset="A7",
        gray=gray,
        smooth=True,
    )


@pytest.mark.parametrize("draw", {**BEHIND, **OVER}.values())
def test_clutter_leaves_most_of_the_picture(draw: object) -> None:
    """It changes something, now and then much, but in the mean less than a half."""
    changed = []
    for seed in range(25):
        image = filled((60, 200), GROUND)
        if draw is OVER["cuts"]:
            image[:] = 20
        before = image.copy()
        draw(np.random.default_rng(seed), image, stage())  # type: ignore[operator]
        changed.append((np.abs(image.astype(int) - before).max(axis=2) > 8).mean())
    assert np.mean(np.array(changed) > 0) > 0.8
    assert np.mean(changed) < 0.5


@pytest.mark.parametrize("draw", {**BEHIND, **OVER}.values())
def test_clutter_without_hues_has_none(draw: object) -> None:
    """Where all is gray."""
    for seed in range(10):
        image = filled((60, 200), GROUND)
        draw(np.random.default_rng(seed), image, stage(gray=True))  # type: ignore[operator]
        assert (np.ptp(image, axis=2) == 0).all()


def test_decoys_are_fainter_than_the_text() -> None:
    """None is as dark as its ink."""
    for seed in range(20):
        image = filled((60, 200), GROUND)
        BEHIND["decoys"](np.random.default_rng(seed), image, stage())
        assert image.max(axis=2).min() > 100


@pytest.mark.parametrize("kind", TILES)
def test_every_letter_gets_a_tile(kind: str) -> None:
    """Around its middle there is more than the ground, and its ink is told."""
    for seed in range(10):
        image = filled((80, 300), GROUND)
        spots = [
            spot.scaled(25).moved(40, 40)
            for spot in placed([Letter(char, "sans-05", gap=1.2, turn=15) for char in "A7MK"])
        ]
        inks = draw_tiles(
            np.random.default_rng(seed),
            image,
            kind,
            spots,
            [(20.0, 20.0, 20.0)],
            ground=GROUND,
            cap=25,
            contrast=100,
            gray=False,
        )
        assert len(inks) in (1, 4)
        for spot in spots:
            x, y = round(spot.x), round(spot.y)
            near = image[y - 24 : y + 24, x - 24 : x + 24].astype(int)
            assert (np.abs(near - 230).max(axis=2) > 10).mean() > 0.02


PICTURE = np.random.default_rng(0).integers(0, 256, (30, 90, 1), np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(
    "finish",
    [
        Finish(speckle=0.1),
        Finish(rows=2),
        Finish(blur=1.0),
        Finish(grain=12.0),
        Finish(palette=8),
        *(Finish(enlarged=2.0, how=how) for how in ENLARGEMENTS),
    ],
)
def test_a_last_step_changes_the_picture_and_adds_no_hues(finish: Finish) -> None:
    """The size grows with what it is enlarged by."""
    made = finished(np.random.default_rng(1), PICTURE.copy(), finish, gray=True)
    assert made.shape == (round(30 * finish.enlarged), round(90 * finish.enlarged), 3)
    assert made.dtype == np.uint8
    assert (np.ptp(made, axis=2) == 0).all()
    assert made.shape != PICTURE.shape or (made != PICTURE).mean() > 0.03


def test_a_palette_has_so_many_colours() -> None:
    """No more than asked for."""
    picture = np.random.default_rng(0).integers(0, 256, (30, 90, 3), np.uint8)
    for seed in range(4):
        made = finished(np.random.default_rng(seed), picture.copy(), Finish(palette=6), gray=False)
        assert 2 <= len(np.unique(made.reshape(-1, 3), axis=0)) <= 6
