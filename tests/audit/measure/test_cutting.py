"""Segmentation resistance, of schemes whose resistance is known and of what people bring."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit.subjects import of_images, of_pixels, of_scheme, pixels
from captchascope.audit.figures import Cutting
from captchascope.audit.measure.cutting import measure_cutting
from captchascope.audit.setting import UnmeasuredError
from captchascope.decode import ReadOptions
from captchascope.generate import draw_captcha, write_folder
from captchascope.records import build


def rate(measured: Cutting, name: str) -> float:
    """Return a share that was measured."""
    found = getattr(measured, name)
    assert found is not None
    return float(found.value)


def test_a_clean_fixed_font_is_cut_and_read(tmp_path: Path) -> None:
    """Digits in one typeface fall apart, and a few others tell what each is."""
    measured = measure_cutting(of_scheme(tmp_path, "plain", 60))
    assert measured.images == 30
    assert rate(measured, "counted") > 0.9
    assert rate(measured, "glyphs") > 0.97


def test_letters_that_touch_resist(tmp_path: Path) -> None:
    """Hollow ones that overlap, and crowded ones, do not fall apart, nor are they read so."""
    for scheme, knobs in (("hollow", {"gap": -0.14}), ("crowded", {})):
        measured = measure_cutting(of_scheme(tmp_path, scheme, 60, **knobs))
        assert rate(measured, "counted") < 0.1
        assert rate(measured, "exact") < 0.3


def test_metu_is_cut_by_the_figures_of_its_scheme(tmp_path: Path) -> None:
    """They cut better than what is tried on any scheme, and most digits are read."""
    measured = measure_cutting(of_scheme(tmp_path, "metu", 100))
    assert "scheme metu" in measured.way
    assert rate(measured, "glyphs") > 0.8


def test_without_labels_the_usual_number_of_pieces_tells(tmp_path: Path) -> None:
    """What most images fall into is taken for the length; of glyphs nothing is known."""
    write_folder("plain", tmp_path / "plain", 30, 1)
    setting = of_images(sorted((tmp_path / "plain").glob("*.jpeg")))
    measured = measure_cutting(setting)
    assert rate(measured, "counted") > 0.7
    assert (measured.glyphs, measured.exact) == (None, None)
    told = measure_cutting(replace(setting, reading=ReadOptions(length="7-9")))
    assert rate(told, "counted") < 0.1


def test_nothing_tells_how_many_characters_there_are(tmp_path: Path) -> None:
    """Letters that hang together say nothing about their number."""
    write_folder("crowded", tmp_path / "crowded", 20, 1)
    measured = measure_cutting(of_images(sorted((tmp_path / "crowded").glob("*.jpeg"))))
    assert measured.counted is None


def test_the_same_setting_gives_the_same_figures(tmp_path: Path) -> None:
    """And what is stored is what was measured."""
    setting = of_scheme(tmp_path, "wavy", 24)
    measured = measure_cutting(setting)
    assert measure_cutting(setting) == measured
    assert build(Cutting, asdict(measured)) == measured


def test_a_single_character_tells_no_reading(tmp_path: Path) -> None:
    """Where all labels are of one character, whatever is cut would be read right."""
    images = [pixels("plain", number) for number in range(1, 9)]
    measured = measure_cutting(of_pixels(tmp_path / "ones", images, ["11111"] * 8))
    assert (measured.glyphs, measured.exact) == (None, None)
    assert measured.counted is not None


def test_a_single_image_tells_no_reading(tmp_path: Path) -> None:
    """There is no other whose glyphs could be known."""
    measured = measure_cutting(of_pixels(tmp_path / "one", [pixels("plain")], ["53366"]))
    assert (measured.images, measured.glyphs, measured.exact) == (1, None, None)


def test_wrong_labels_read_nothing(tmp_path: Path) -> None:
    """Labels that say nothing of the images leave the classifier at chance, or near it."""
    images = [pixels("plain", number) for number in range(1, 41)]
    labels = [draw_captcha("plain", 2, number).label for number in range(1, 41)]
    assert rate(measure_cutting(of_pixels(tmp_path / "wrong", images, labels)), "glyphs") < 0.4


def test_labels_of_any_length_and_script_will_do(tmp_path: Path) -> None:
    """One of a single digit, one of Chinese, one longer than the image is wide."""
    images = [pixels("plain", number) for number in range(1, 5)]
    setting = of_pixels(tmp_path / "odd", images, ["7", "四加五", "x" * 300, "12345"])
    measured = measure_cutting(setting)
    assert measured.images == 2
    assert measured.picture is not None


def test_images_of_any_size_will_do(tmp_path: Path) -> None:
    """A single pixel, a large one, one in one colour: none is left out."""
    shapes = [(1, 1), (2, 400), (1500, 3000), (30, 60), (600, 3)]
    images = [np.full((*shape, 3), 40 * n, np.uint8) for n, shape in enumerate(shapes)]
    measured = measure_cutting(of_pixels(tmp_path / "sizes", images, ["ab"] * 5))
    assert measured.images == 2
    assert rate(measured, "exact") == 0


def test_what_cannot_be_decoded_is_left_out(tmp_path: Path) -> None:
    """Where nothing can be, the reason is told."""
    good, bad = tmp_path / "1.jpeg", tmp_path / "2.jpeg"
    good.write_bytes(draw_captcha("plain", 1, 1).jpeg())
    bad.write_bytes(b"nothing")
    assert measure_cutting(of_images([good, bad])).images == 1
    with pytest.raises(UnmeasuredError, match="can be decoded"):
        measure_cutting(of_images([bad]))


def test_the_picture_is_small_and_says_what_it_shows(tmp_path: Path) -> None:
    """However large and noisy the images are."""
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (160, 400, 3)).astype(np.uint8) for _ in range(4)]
    picture = measure_cutting(of_pixels(tmp_path / "noise", images, ["abc"] * 4)).picture
    assert picture is not None
    assert Image.open(BytesIO(base64.b64decode(picture.png))).format == "PNG"
    assert len(picture.png) <= 60_000
    assert "what was read" in picture.caption
