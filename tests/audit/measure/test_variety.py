"""What differs from image to image, and what does not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.subjects import of_images, of_scheme
from captchascope.audit.figures import Variety
from captchascope.audit.measure.variety import measure_variety
from captchascope.audit.setting import Setting, UnmeasuredError

_DIGITS = "2345678"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Draw captchas of one typeface, in the middle of the image."""
    return of_scheme(tmp_path_factory.mktemp("plain"), "plain", 36, charset=_DIGITS)


@pytest.fixture(scope="module")
def simple(plain: Setting) -> Variety:
    """Measure them."""
    return measure_variety(plain)


def test_a_plain_scheme_has_one_typeface(simple: Variety) -> None:
    """Its characters are alike but for how they are turned."""
    assert simple.typefaces == 1
    assert simple.glyph_likeness is not None
    assert simple.glyph_likeness > 0.9
    assert simple.images == 36


def test_a_plain_scheme_stands_still_and_is_told_by_its_colour(simple: Variety) -> None:
    """Five digits in the middle of one size, and nothing else in their colour."""
    assert simple.fixed_position
    assert simple.few_colours
    assert simple.sizes == 1


def test_there_are_pictures(simple: Variety) -> None:
    """Of where ink is, and of characters; both are small."""
    assert simple.picture is not None
    assert simple.glyph_picture is not None
    assert max(len(simple.picture.png), len(simple.glyph_picture.png)) <= 80_000


def test_no_label_is_needed(plain: Setting, simple: Variety) -> None:
    """What is read well enough tells the characters as well."""
    found = measure_variety(of_images(plain.subject.images))
    assert found.typefaces == 1
    assert found.position_spread == pytest.approx(simple.position_spread, abs=0.02)


def test_the_same_images_give_the_same_figures(plain: Setting, simple: Variety) -> None:
    """To the last pixel of the pictures."""
    assert measure_variety(plain) == simple


def test_typefaces_that_differ_are_several(tmp_path: Path) -> None:
    """Characters of three faces that nobody takes for one another have several shapes."""
    fonts = ("sans-01", "serif-13", "hand-09")
    found = measure_variety(of_scheme(tmp_path, "plain", 36, charset=_DIGITS, fonts=fonts))
    assert found.typefaces is not None
    assert found.typefaces > 1


def test_text_anywhere_stands_in_no_place(tmp_path: Path) -> None:
    """In an image twice as wide it moves by more than its height."""
    found = measure_variety(of_scheme(tmp_path, "plain", 30, anywhere=True, size=(50, 300)))
    assert not found.fixed_position
    assert found.position_spread > 0.5


def test_lines_in_the_colour_of_the_text_are_not_told_by_it(tmp_path: Path) -> None:
    """What has the ink's colour is not only text."""
    assert not measure_variety(of_scheme(tmp_path, "arcs", 30)).few_colours


def test_colours_are_counted(tmp_path: Path) -> None:
    """Two inks on three grounds, with the noise of a camera in each."""
    rng, paths = np.random.default_rng(1), []
    for number in range(12):
        ground = ((255, 255, 255), (250, 240, 150), (190, 230, 250))[number % 3]
        image = np.full((50, 150, 3), ground, np.int16)
        image[12:38, 20 + number : 120 : 12] = (20, 20, 20) if number % 2 else (170, 20, 40)
        image += rng.integers(-4, 5, image.shape, np.int16)
        paths.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(paths[-1]), np.clip(image, 0, 255).astype(np.uint8)[..., ::-1])
    found = measure_variety(of_images(paths))
    assert (found.inks, found.grounds) == (2, 3)


def test_what_nobody_can_read_has_no_typefaces(tmp_path: Path) -> None:
    """A single image, of a single bar: nothing is said that cannot be."""
    image = np.full((40, 90, 3), 255, np.uint8)
    image[10:30, 40:43] = 0
    cv2.imwrite(str(tmp_path / "bar.png"), image)
    (tmp_path / "broken.png").write_bytes(b"no image")
    found = measure_variety(of_images([tmp_path / "broken.png", tmp_path / "bar.png"]))
    assert (found.images, found.typefaces, found.glyph_likeness) == (1, None, None)
    assert not found.fixed_position
    assert found.glyph_picture is None


def test_huge_tiny_and_empty_images_are_looked_at(tmp_path: Path) -> None:
    """Sizes are those that the images have, however they are reduced to be measured."""
    paths = []
    for number, (height, width) in enumerate([(1, 1), (3, 200), (2000, 3000), (2000, 3002)]):
        image = np.full((height, width, 3), 255, np.uint8)
        image[height // 3 : 2 * height // 3 + 1, :: max(2, width // 9)] = 0
        paths.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(paths[-1]), image)
    assert measure_variety(of_images(paths)).sizes >= 1


def test_blank_images_are_not_measured(tmp_path: Path) -> None:
    """There is nothing that could differ."""
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((40, 90, 3), 255, np.uint8))
    with pytest.raises(UnmeasuredError, match="no image shows a text"):
        measure_variety(of_images([tmp_path / "blank.png"]))
