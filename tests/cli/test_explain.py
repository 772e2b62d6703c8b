"""captchascope explain: the picture, and the row about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cli.commands import Cli, Done, one_line


def row_of(done: Done) -> list[str]:
    """Return the columns of the only row."""
    assert (done.status, done.err, len(done.rows)) == (0, "", 1)
    return done.rows[0].split("\t")


@pytest.mark.parametrize(("name", "form"), [("stages.png", "PNG"), ("stages.GIF", "GIF")])
def test_the_suffix_chooses_the_picture(cli: Cli, name: str, form: str) -> None:
    """Either can be opened, and the row has what read would say."""
    columns = row_of(cli("explain", "captchas/1.jpeg", "-o", name))
    read = cli("read", "captchas/1.jpeg", "--model", "metu-glyphs").rows[0].split("\t")
    assert columns == [name, *read[1:]]
    with Image.open(name) as picture:
        assert picture.format == form
        assert min(picture.size) > 150
        assert (getattr(picture, "n_frames", 1) > 5) == (form == "GIF")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("stages.jpg", "cannot be .jpg"),
        ("stages", "stages has no suffix"),
        ("stages.png.txt", "cannot be .txt"),
    ],
)
def test_another_suffix_is_wrong_usage(cli: Cli, name: str, what: str) -> None:
    """It is known before anything is read."""
    line = one_line(cli("explain", "none.jpeg", "-o", name), 2)
    assert line == f"--output: {what} (name a .png or .gif)"
    assert not Path(name).exists()


def test_an_image_of_another_size_is_told(cli: Cli) -> None:
    """It is drawn all the same, but of its own scheme that says nothing."""
    with Image.open("captchas/1.jpeg") as image:
        image.resize((180, 60)).save("large.png")
    done = cli("explain", "large.png", "-o", "stages.png", "-q")
    assert done.status == 0
    (line,) = done.errors
    assert line.startswith("warning: large.png: has 180x60 pixels, not the 150x50 of metu: ")
    assert Path("stages.png").exists()


def test_the_same_picture_each_time(cli: Cli) -> None:
    """Nothing in it depends on when it was drawn."""
    for name in ("a.png", "b.png"):
        row_of(cli("explain", "captchas/1.jpeg", "-o", name))
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_a_scheme_of_ones_own(cli: Cli) -> None:
    """It cuts in the place of the model's."""
    mine = cli("schemes", "--show", "metu").out.replace(
        "more_black_than = 500", "more_black_than = 0"
    )
    Path("mine.toml").write_text(mine)
    row_of(cli("explain", "captchas/1.jpeg", "-o", "a.png"))
    row_of(cli("explain", "captchas/1.jpeg", "-o", "b.png", "--scheme", "mine.toml"))
    assert Path("a.png").read_bytes() != Path("b.png").read_bytes()
    assert one_line(cli("explain", "captchas/1.jpeg", "-o", "c.png", "--scheme", "none"), 1) == (
        "none: no such scheme (name one of metu, or a TOML file)"
    )
