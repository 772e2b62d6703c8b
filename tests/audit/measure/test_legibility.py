"""The human side: contrast, as WCAG has it, strokes, sizes, and who cannot see."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.subjects import of_images, of_scheme, pixels
from captchascope.audit.measure.legibility import (
    contrast_of,
    measure_legibility,
    relative_luminance,
)
from captchascope.audit.setting import UnmeasuredError
from captchascope.records import RgbImage

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def _written(ink: Colour, ground: Colour, scale: float = 1.2, thickness: int = 3) -> RgbImage:
    """Write a text in a colour on another one, with soft edges."""
    image = np.full((60, 180, 3), ground, np.uint8)
    place, face = (12, 42), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, "K7Xm3", place, face, scale, ink, thickness, cv2.LINE_AA)
    return image


@pytest.mark.parametrize(
    ("ink", "ground", "ratio"),
    [
        (_BLACK, _WHITE, 21.0),
        (_WHITE, _BLACK, 21.0),
        ((118, 118, 118), _WHITE, 4.54),
        ((119, 119, 119), _WHITE, 4.48),
        ((255, 0, 0), _WHITE, 4.0),
        ((0, 0, 255), (255, 255, 0), 8.0),
        ((255, 0, 0), (0, 128, 0), 1.28),
    ],
)
def test_the_contrast_is_that_of_the_colours(ink: Colour, ground: Colour, ratio: float) -> None:
    """As calculators for WCAG give it: #767676 on white is the lightest gray that passes 4.5."""
    assert contrast_of(_written(ink, ground)) == pytest.approx(ratio, abs=0.02)


def test_luminance_has_its_ends() -> None:
    """Black has 0, white 1, and green most of it."""
    colours = np.array([_BLACK, _WHITE, (0, 255, 0)], np.uint8)
    assert relative_luminance(colours) == pytest.approx([0, 1, 0.7152])


def test_noise_leaves_the_contrast_as_it_is() -> None:
    """Black specks on a gray text's ground are not its ink."""
    image = _written((118, 118, 118), _WHITE)
    specks = np.random.default_rng(1).random(image.shape[:2]) < 0.05
    image[specks] = 0
    assert contrast_of(image) == pytest.approx(4.54, abs=0.3)


def test_a_ground_that_changes_counts_where_the_text_stands() -> None:
    """Black on what becomes white from the left to the right: the middle of both."""
    image = np.repeat(np.linspace(90, 255, 180, dtype=np.uint8)[None, :, None], 60, 0).repeat(3, 2)
    text = _written(_BLACK, _WHITE) < 128
    image[text] = 0
    left, right = contrast_of(image[:, :60]), contrast_of(image[:, 120:])
    assert left < contrast_of(image) < right


def test_more_of_the_contrast_knob_is_more_contrast() -> None:
    """The median of twenty images rises with each turn."""
    medians = [
        np.median([contrast_of(pixels("plain", n, contrast=knob)) for n in range(1, 21)])
        for knob in (0.1, 0.4, 0.7, 1.0)
    ]
    assert medians == sorted(medians)
    assert medians[0] < medians[-1] - 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (30, 90), (3000, 1000)])
def test_an_empty_image_has_no_contrast(shape: tuple[int, int]) -> None:
    """Whatever its size."""
    assert contrast_of(np.full((*shape, 3), 200, np.uint8)) == 1


def _bars(width: int, height: int, shade: int = 0) -> RgbImage:
    """Draw upright strokes on white."""
    image = np.full((height + 24, 200, 3), 255, np.uint8)
    for left in range(20, 180, 20):
        image[12 : 12 + height, left : left + width] = shade
    return image


def _saved(folder: Path, *images: RgbImage) -> list[Path]:
    paths = [folder / f"{number}.png" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image[..., ::-1])
    return paths


@pytest.mark.parametrize("width", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("height", [14, 40])
def test_strokes_and_heights_are_measured(tmp_path: Path, width: int, height: int) -> None:
    """To the pixel, of bars."""
    found = measure_legibility(of_images(_saved(tmp_path, _bars(width, height))))
    assert found.stroke == pytest.approx(width, abs=0.3)
    assert found.height == pytest.approx(height, abs=1)
    assert (found.images, found.width) == (1, 200)


@pytest.mark.parametrize("rim", [1, 2, 3])
def test_a_frame_is_neither_text_nor_ground(tmp_path: Path, rim: int) -> None:
    """A black line around grey text on white changes none of the figures."""
    plain = _bars(4, 12, 128)
    framed = plain.copy()
    for turns in range(4):
        np.rot90(framed, turns)[:rim] = 0
    found = measure_legibility(of_images(_saved(tmp_path, plain)))
    seen = measure_legibility(of_images(_saved(tmp_path, framed)))
    assert replace(found, picture=None) == replace(seen, picture=None)


def test_what_is_hard_to_read_is_warned_of(tmp_path: Path) -> None:
    """Faint, thin and small, each with its standard or its source."""
    found = measure_legibility(of_images(_saved(tmp_path, _bars(1, 12, 150)), audio=True))
    faint, thin, small = found.warnings
    assert "below 4.5:1" in faint
    assert "1.0 pixels wide" in thin
    assert "12 pixels high" in small


def test_large_text_may_be_fainter(tmp_path: Path) -> None:
    """Gray of 3.5:1 is enough for large letters, and of 2.5:1 is not."""
    enough = measure_legibility(of_images(_saved(tmp_path, _bars(4, 40, 137)), audio=True))
    assert 3 < enough.contrast < 4.5
    assert not enough.warnings
    fainter = measure_legibility(of_images(_saved(tmp_path, _bars(4, 40, 165)), audio=True))
    assert "below 3:1" in fainter.warnings[0]


@pytest.mark.parametrize(("audio", "says"), [(None, "Nobody said"), (False, "There is no audio")])
def test_another_sense_is_asked_for(tmp_path: Path, audio: bool | None, says: str) -> None:
    """Where there is none, and where nobody said."""
    found = measure_legibility(of_images(_saved(tmp_path, _bars(4, 40)), audio=audio))
    assert found.audio is audio
    assert [warning[: len(says)] for warning in found.warnings] == [says]


def test_look_alikes_are_hard_for_people_too(tmp_path: Path) -> None:
    """O beside 0 is warned of, where labels tell that both are used."""
    found = measure_legibility(of_scheme(tmp_path, "plain", 12, charset="0O", length=(5, 5)))
    assert any("0 O" in warning for warning in found.warnings)


def test_the_least_contrast_is_shown(tmp_path: Path) -> None:
    """The worst twentieth is no better than the median, and its picture is small."""
    found = measure_legibility(of_scheme(tmp_path, "colourful", 30))
    assert 1 <= found.contrast_low <= found.contrast
    assert found.picture is not None
    assert base64.b64decode(found.picture.png).startswith(b"\x89PNG")
    assert len(found.picture.png) <= 80_000


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A broken file, and an image of one pixel."""
    images = _saved(tmp_path, _bars(3, 40), np.zeros((1, 1, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no image")
    found = measure_legibility(of_images([tmp_path / "broken.png", *images]))
    assert found.images == 2
    assert found.stroke == pytest.approx(3, abs=0.3)


def test_blank_images_are_not_measured(tmp_path: Path) -> None:
    """There is no text whose contrast could be told."""
    blank = _saved(tmp_path, np.full((40, 90, 3), 255, np.uint8))
    with pytest.raises(UnmeasuredError, match="no image shows a text"):
        measure_legibility(of_images(blank))
