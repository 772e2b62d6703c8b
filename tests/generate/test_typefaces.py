"""Glyphs of the bundled font."""

from __future__ import annotations

import string
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchascope.errors import UsageError
from captchascope.generate import draw_captcha
from captchascope.generate import typefaces as lettering
from captchascope.generate.typefaces import (
    CHARACTERS,
    FULL,
    HAN,
    INKED,
    SIGNS,
    SUBPIXELS,
    Mask,
    face,
    font_files,
    font_names,
    glyph,
    han_names,
    ink_box,
    latin_names,
    paste,
    stamp,
    turned,
)

FONT = "captchascope-digits.ttf"
OFFSETS = st.integers(0, SUBPIXELS - 1)


def test_the_font_lies_in_the_package_with_its_licence() -> None:
    """It has the ten digits, and a name that its authors did not reserve."""
    fonts = resources.files("captchascope.generate").joinpath("fonts")
    licence = fonts.joinpath("OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    with TTFont(BytesIO(fonts.joinpath(FONT).read_bytes())) as font:
        assert {ord(digit) for digit in "0123456789"} <= font.getBestCmap().keys()
        assert "Arimo" not in str(font["name"].getDebugName(1))


def test_no_font_of_the_system_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow is handed the bytes of the bundled one, and the image is the same as ever."""
    before = draw_captcha("metu", 3, 1).image
    opened = []
    real = ImageFont.truetype

    def truetype(font: Any, *args: Any, **kwargs: Any) -> ImageFont.FreeTypeFont:
        assert isinstance(font, BytesIO)
        opened.append(font)
        return real(font, *args, **kwargs)

    monkeypatch.setattr(ImageFont, "truetype", truetype)
    for cached in (lettering._face, lettering._fine_mask, lettering.glyph):
        cached.cache_clear()
    np.testing.assert_array_equal(draw_captcha("metu", 3, 1).image, before)
    assert opened


def test_the_digits_differ() -> None:
    """Each has ink, and none is the box that stands for a missing glyph."""
    digits = {char: glyph(FONT, char, 144, 0, 0).tobytes() for char in "0123456789"}
    assert len(set(digits.values())) == 10
    assert glyph(FONT, "x", 144, 0, 0).tobytes() not in digits.values()


@settings(max_examples=40)
@given(st.sampled_from("0123456789"), st.integers(134, 163), OFFSETS, OFFSETS)
def test_an_offset_moves_the_ink_and_keeps_it(char: str, eighths: int, dx: int, dy: int) -> None:
    """Coverage is counted in whole samples, so none is lost between the pixels."""
    still, moved = glyph(FONT, char, eighths, 0, 0), glyph(FONT, char, eighths, dx, dy)
    assert moved.max() <= FULL
    assert moved.sum(dtype=int) == still.sum(dtype=int) > 0
    rows = np.arange(still.shape[0]) @ still.sum(axis=1, dtype=int)
    moved_rows = np.arange(moved.shape[0]) @ moved.sum(axis=1, dtype=int)
    shift = (moved_rows - rows) / still.sum(dtype=int)
    assert abs(shift - dy / SUBPIXELS) < 0.51  # the sampling of a pixel is half of one


def test_a_glyph_is_as_high_as_asked() -> None:
    """18 pixels of digit between margins of two."""
    rows = np.flatnonzero(glyph(FONT, "1", 18 * 8, 0, 0).any(axis=1))
    assert 17 <= rows[-1] - rows[0] + 1 <= 19
    assert 1 <= rows[0] <= 3


def test_a_glyph_cannot_be_changed() -> None:
    """It is shared by all that ask for it."""
    with pytest.raises(ValueError, match="read-only"):
        glyph(FONT, "1", 144, 0, 0)[0, 0] = 1


@settings(max_examples=80)
@given(st.integers(-30, 30), st.integers(-30, 30))
def test_pasting_cuts_what_lies_outside(left: int, top: int) -> None:
    """Inside, the darker of both stays."""
    canvas = np.full((20, 25), 3, np.uint8)
    char = np.array([[1, 9, 9], [9, 1, 9]], np.uint8)
    paste(canvas, char, left, top)
    far = np.full((100, 100), 3, np.uint8)
    far[top + 40 : top + 42, left + 40 : left + 43] = np.maximum(char, 3)
    np.testing.assert_array_equal(canvas, far[40:60, 40:65])


FOLDER = resources.files("captchascope.generate").joinpath("fonts")
EXPECTED = string.digits + string.ascii_letters
BUNDLED = tuple(font_files())
LARGEST = 2_000_000  # bytes of the folder
COPYRIGHT_ID, LICENCE_ID = 0, 13


def drawn(name: str, char: str) -> NDArray[np.int32]:
    """Return a character in the middle of a square, shape (120, 120), 0 to 255."""
    canvas = Image.new("L", (120, 120))
    ImageDraw.Draw(canvas).text((60, 84), char, fill=255, font=face(name, 48), anchor="ms")
    return np.asarray(canvas, np.int32)


def table() -> dict[str, list[str]]:
    """Return the rows of ``FONTS.md``: copyright, licence and package by font."""
    text = FOLDER.joinpath("FONTS.md").read_text(encoding="utf-8").replace(r"\|", "/")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if row[0].endswith((".ttf", ".otf"))}


def test_there_are_many_kinds() -> None:
    """Sorted, without the font that has digits only."""
    assert list(font_names()) == sorted(font_names())
    assert {name.partition("-")[0] for name in font_names()} == {
        "sans", "serif", "mono", "hand", "display",
    }  # fmt: skip
    assert len(font_names()) >= 60
    assert set(latin_names()) > set(font_names())
    assert set(latin_names()) == set(font_files()) - set(han_names())
    assert {name.partition("-")[0] for name in han_names()} == {"han"}


@pytest.mark.parametrize("name", latin_names())
def test_every_character_has_ink_of_its_own(name: str) -> None:
    """None is empty, and none is the box that stands for a missing glyph."""
    missing = drawn(name, "€")
    for char in EXPECTED:
        image = drawn(name, char)
        assert image.max() > 200
        assert not np.array_equal(image, missing)


@pytest.mark.parametrize("name", latin_names())
def test_digits_and_capitals_can_be_told_apart(name: str) -> None:
    """No two are the same but for a thirtieth of their ink."""
    images = np.array([drawn(name, char) for char in string.digits + string.ascii_uppercase])
    ink = images.sum(axis=(1, 2))
    for number, image in enumerate(images[:-1], start=1):
        differing = np.abs(images[number:] - image).sum(axis=(1, 2))
        assert (differing > 1 / 30 * np.minimum(ink[number:], ink[number - 1])).all()


@pytest.mark.parametrize("name", latin_names())
def test_small_letters_are_no_small_capitals(name: str) -> None:
    """Where the two forms of a letter differ, they do so when they are equally large."""
    differing = []
    for char in "abdeghqrt":
        small, capital = shrunk(drawn(name, char)), shrunk(drawn(name, char.upper()))
        differing.append(np.abs(small - capital).sum() / min(small.sum(), capital.sum()))
    assert np.mean(differing) > 0.25


def shrunk(image: NDArray[np.int32]) -> NDArray[np.int32]:
    """Scale the ink of an image to a square of its own, shape (24, 24)."""
    ink = Image.fromarray(image.astype(np.uint8))
    return np.asarray(ink.resize((24, 24), Image.Resampling.BOX, ink.getbbox()), np.int32)


def test_every_font_says_whose_it_is() -> None:
    """Its row has the copyright that the file itself has, and a licence that lies beside it."""
    rows = table()
    assert {file.partition(".")[0] for file in rows} == set(BUNDLED)
    for file, (holder, licence, package) in rows.items():
        with TTFont(BytesIO(FOLDER.joinpath(file).read_bytes())) as font:
            assert font["name"].getDebugName(COPYRIGHT_ID).replace("|", "/") == holder
            title, _, text = licence.strip("[)").partition("](")
            assert title in font["name"].getDebugName(LICENCE_ID)
        assert FOLDER.joinpath(text).is_file()
        assert package.startswith(("npm @fontsource/", "Debian fonts-"))


def test_no_font_keeps_the_name_of_its_source() -> None:
    """Many reserve it; the copyright line is the one place where it may stand."""
    for file in table():
        with TTFont(BytesIO(FOLDER.joinpath(file).read_bytes())) as font:
            shown = [str(record) for record in font["name"].names if record.nameID in (1, 3, 4, 6)]
            assert len(shown) == 4
            assert all(text.startswith("Captchascope") for text in shown)
            held = EXPECTED + SIGNS + HAN * file.startswith("han-")
            assert {ord(char) for char in EXPECTED} <= font.getBestCmap().keys()
            assert font.getBestCmap().keys() <= {ord(char) for char in held}


@pytest.mark.parametrize("name", BUNDLED)
def test_every_sign_and_word_is_drawn_in_every_font(name: str) -> None:
    """Its own or a borrowed one, and none is the box that stands for a missing glyph."""
    missing = lettering._drawn(name, "€", 96).mask
    for char in SIGNS + HAN:
        mask = stamp(name, char, 96).mask
        assert mask.max() > 200
        assert mask.tobytes() != missing.tobytes()


def test_no_two_characters_of_a_chinese_font_are_alike() -> None:
    """Nor is a letter or a sign of it like any of them, capitals and small letters aside."""
    chars = string.digits + string.ascii_lowercase + SIGNS + HAN
    for name in han_names():
        assert len({stamp(name, char, 96).mask.tobytes() for char in chars}) == len(chars)


def test_the_folder_is_small() -> None:
    """It travels with every wheel."""
    assert sum(len(path.read_bytes()) for path in FOLDER.iterdir()) <= LARGEST


def test_the_bytes_bring_the_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font of the system is asked for, and the same font is opened once."""
    opened = []
    real = ImageFont.truetype

    def truetype(font: BytesIO, size: float, *, layout_engine: ImageFont.Layout) -> object:
        opened.append(font)
        return real(font, size, layout_engine=layout_engine)

    monkeypatch.setattr(ImageFont, "truetype", truetype)
    assert face("sans-01", 30.96875) is face("sans-01", 30.96875)  # as no other test asks for
    assert [type(font) for font in opened] == [BytesIO]


def test_an_unknown_font_is_named() -> None:
    """Together with those that there are."""
    with pytest.raises(
        UsageError, match=r"sans-99: is no bundled font \(choose one of display-01,"
    ):
        face("sans-99", 20)


def middles(mask: Mask) -> tuple[float, float]:
    """Return the mean column of the ink in the upper and in the lower third of its rows."""
    left, top, right, bottom = ink_box(mask)
    cut = mask[top:bottom, left:right].astype(float)
    third = cut.shape[0] // 3
    columns = np.arange(cut.shape[1])
    upper, lower = cut[:third].sum(axis=0), cut[-third:].sum(axis=0)
    return float(upper @ columns / upper.sum()), float(lower @ columns / lower.sum())


@pytest.mark.parametrize("font", font_names()[::7])
def test_a_stamp_is_cut_to_its_ink(font: str) -> None:
    """No row or column at its sides is empty, whatever the character."""
    for char in CHARACTERS:
        mask = stamp(font, char, 28).mask
        assert min(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) > 0
        assert mask.max() > 200


@pytest.mark.parametrize(("cap", "drawn"), [(9, 16), (16, 16), (17, 28), (60, 96), (97, 128)])
def test_a_stamp_is_never_smaller_than_asked_for(cap: float, drawn: int) -> None:
    """A glyph is only ever shrunk, so its edges stay sharp."""
    source = stamp("sans-01", "H", cap)
    assert source.cap == drawn
    assert abs(source.mask.shape[0] - drawn) <= 2


def test_the_middle_is_halfway_up_a_capital() -> None:
    """Of an H it is the middle of the mask; of an o it lies higher, of a p too."""
    for char, low, high in (("H", 0.47, 0.53), ("o", 0.1, 0.4), ("p", 0.05, 0.35)):
        source = stamp("sans-01", char, 48)
        assert low < source.middle / source.mask.shape[0] < high


def test_a_stamp_cannot_be_written_to() -> None:
    """It is shared by all images that show it."""
    with pytest.raises(ValueError, match="read-only"):
        stamp("sans-01", "A", 28).mask[0, 0] = 1


def test_an_upright_glyph_stays_as_it_is() -> None:
    """At full size nothing is lost, and the middle follows the margin."""
    source = stamp("serif-05", "R", 48)
    mask, middle = turned(source, (1, 1), 0, 0, 3)
    left, top, right, bottom = ink_box(mask)
    height, width = source.mask.shape
    assert (abs(right - left - width) <= 1, abs(bottom - top - height) <= 1) == (True, True)
    assert abs(int(mask.sum()) - int(source.mask.sum())) < 0.02 * source.mask.sum()
    assert abs((middle - top) - source.middle) <= 1


def test_a_scale_applies_to_its_axis() -> None:
    """Down and across, in this order."""
    source = stamp("sans-05", "H", 48)
    left, top, right, bottom = ink_box(turned(source, (0.5, 0.25), 0, 0, 0)[0])
    assert bottom - top == pytest.approx(source.mask.shape[0] / 2, abs=1.5)
    assert right - left == pytest.approx(source.mask.shape[1] / 4, abs=1.5)


def test_a_quarter_turn_lays_a_glyph_down() -> None:
    """Its height becomes its width."""
    source = stamp("sans-05", "l", 48)
    left, top, right, bottom = ink_box(turned(source, (1, 1), 90, 0, 0)[0])
    assert right - left == pytest.approx(source.mask.shape[0], abs=2)
    assert bottom - top == pytest.approx(source.mask.shape[1], abs=2)


def test_glyphs_turn_clockwise_and_slant_to_the_left_at_the_top() -> None:
    """As the docstring says; the other way round with the other sign."""
    source = stamp("sans-05", "l", 48)
    for degrees, shear, sign in ((20, 0, 1), (-20, 0, -1), (0, 0.4, -1), (0, -0.4, 1)):
        upper, lower = middles(turned(source, (1, 1), degrees, shear, 0)[0])
        assert np.sign(upper - lower) == sign


@pytest.mark.parametrize("degrees", [0, 33, 90, 180])
def test_nothing_is_cut_off_however_a_glyph_is_turned(degrees: float) -> None:
    """The margin stays empty, and the ink stays as much as it was."""
    source = stamp("display-08", "W", 48)
    mask, _ = turned(source, (1.2, 0.8), degrees, 0.5, 4)
    left, top, right, bottom = ink_box(mask)
    assert min(left, top, mask.shape[1] - right, mask.shape[0] - bottom) >= 3
    assert mask.sum() == pytest.approx(source.mask.sum() * 1.2 * 0.8, rel=0.03)


def test_an_empty_mask_has_no_box() -> None:
    """Faint pixels do not count."""
    assert ink_box(np.full((5, 5), INKED, np.uint8)) == (0, 0, 0, 0)
    spot = np.zeros((5, 7), np.uint8)
    spot[2, 3:5] = 255
    assert ink_box(spot) == (3, 2, 5, 3)
