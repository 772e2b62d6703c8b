"""The bundled fonts with letters and digits."""

from __future__ import annotations

import string
from importlib import resources
from io import BytesIO

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchascope.errors import UsageError
from captchascope.generate.typefaces import face, names

FOLDER = resources.files("captchascope.generate").joinpath("fonts")
CHARACTERS = string.digits + string.ascii_letters
LARGEST = 1_200_000  # bytes of the folder
COPYRIGHT_ID, LICENCE_ID = 0, 13


def drawn(name: str, char: str) -> NDArray[np.int32]:
    """Return a character in the middle of a square, shape (120, 120), 0 to 255."""
    canvas = Image.new("L", (120, 120))
    ImageDraw.Draw(canvas).text((60, 84), char, fill=255, font=face(name, 48), anchor="ms")
    return np.asarray(canvas, np.int32)


def table() -> dict[str, list[str]]:
    """Return the rows of ``FONTS.md``: copyright, licence and package by file."""
    text = FOLDER.joinpath("FONTS.md").read_text(encoding="utf-8").replace(r"\|", "/")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if row[0].endswith(".ttf")}


def test_there_are_many_kinds() -> None:
    """Sorted, without the font that has digits only."""
    assert list(names()) == sorted(names())
    assert {name.partition("-")[0] for name in names()} == {
        "sans", "serif", "mono", "hand", "display",
    }  # fmt: skip
    assert len(names()) >= 60


@pytest.mark.parametrize("name", names())
def test_every_character_has_ink_of_its_own(name: str) -> None:
    """None is empty, and none is the box that stands for a missing glyph."""
    missing = drawn(name, "€")
    for char in CHARACTERS:
        image = drawn(name, char)
        assert image.max() > 200
        assert not np.array_equal(image, missing)


@pytest.mark.parametrize("name", names())
def test_digits_and_capitals_can_be_told_apart(name: str) -> None:
    """No two are the same but for a thirtieth of their ink."""
    images = np.array([drawn(name, char) for char in string.digits + string.ascii_uppercase])
    ink = images.sum(axis=(1, 2))
    for number, image in enumerate(images[:-1], start=1):
        differing = np.abs(images[number:] - image).sum(axis=(1, 2))
        assert (differing > 1 / 30 * np.minimum(ink[number:], ink[number - 1])).all()


@pytest.mark.parametrize("name", names())
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
    assert rows.keys() == {f"{name}.ttf" for name in names()}
    for file, (holder, licence, package) in rows.items():
        with TTFont(BytesIO(FOLDER.joinpath(file).read_bytes())) as font:
            assert font["name"].getDebugName(COPYRIGHT_ID).replace("|", "/") == holder
            title, _, text = licence.strip("[)").partition("](")
            assert title in font["name"].getDebugName(LICENCE_ID)
        assert FOLDER.joinpath(text).is_file()
        assert package.startswith(("npm @fontsource/", "Debian fonts-"))


def test_no_font_keeps_the_name_of_its_source() -> None:
    """Many reserve it; the copyright line is the one place where it may stand."""
    for name in names():
        with TTFont(BytesIO(FOLDER.joinpath(f"{name}.ttf").read_bytes())) as font:
            shown = [str(record) for record in font["name"].names if record.nameID in (1, 3, 4, 6)]
            assert len(shown) == 4
            assert all(text.startswith("Captchascope") for text in shown)
            assert set(font.getBestCmap()) == {ord(char) for char in CHARACTERS}


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
    face.cache_clear()
    assert face("sans-01", 31) is face("sans-01", 31)
    assert [type(font) for font in opened] == [BytesIO]


def test_an_unknown_font_is_named() -> None:
    """Together with those that there are."""
    with pytest.raises(UsageError, match=r"sans-99: is no bundled font \(choose of display-01,"):
        face("sans-99", 20)
