"""captchascope segment: the glyph folders of the tutorial."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cli.commands import Cli, one_line


def glyphs(folder: str) -> list[str]:
    """Return the glyphs in a folder, by their path in it."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.png"))


def test_one_folder_per_digit_and_one_image_per_glyph(cli: Cli) -> None:
    """The counts printed are those of the files, and of the labels."""
    done = cli("segment", "captchas", "out")
    assert (done.status, done.errors) == (0, [])
    assert sorted(path.name for path in Path("out").iterdir()) == list("0123456789")
    text = Path("captchas/labels.txt").read_text()
    for row, digit in zip(done.rows, "0123456789", strict=True):
        assert row == f"{digit}\t{text.count(digit)}"
        assert len(list(Path("out", digit).iterdir())) == text.count(digit)


def test_the_files_say_where_they_are_from(cli: Cli) -> None:
    """The image's position and the glyph's, in the folder of its character; 24 by 14 pixels."""
    done = cli("segment", "captchas", "out", "--first", "2", "--last", "3")
    assert (done.status, done.errors) == (0, [])
    named = [f"{c}/2_{n}.png" for n, c in enumerate("649404", 1)]
    named += [f"{c}/3_{n}.png" for n, c in enumerate("408174", 1)]
    assert glyphs("out") == sorted(named)
    with Image.open("out/6/2_1.png") as image:
        assert (image.size, image.mode) == ((14, 24), "L")


def test_a_scheme_of_ones_own(cli: Cli) -> None:
    """The shipped one, written out and changed, cuts otherwise."""
    Path("mine.toml").write_text(
        cli("schemes", "--show", "metu").out.replace("height = 24", "height = 12")
    )
    assert cli("segment", "captchas", "out", "--last", "1", "--scheme", "mine.toml").status == 0
    with Image.open(next(Path("out").rglob("*.png"))) as image:
        assert image.size == (14, 12)


def test_a_scheme_with_a_mistake(cli: Cli) -> None:
    """One line names the file, the key and what would be right; nothing is written."""
    shown = cli("schemes", "--show", "metu").out
    for old, new, begins in (
        ("\nleft =", "\nlefft =", "mine.toml: unknown key clip.lefft; valid ones are left, "),
        ("min_area = 15", "", "mine.toml: the key components.min_area is missing ("),
        ("left = 30", "left = '30'", "mine.toml: clip.left must be of type int, not '30' ("),
        ("left = 30", "left = ", "mine.toml: is not TOML: "),
        (shown, "", "mine.toml: the key name is missing ("),
    ):
        Path("mine.toml").write_text(shown.replace(old, new, 1))
        line = one_line(cli("segment", "captchas", "out", "--scheme", "mine.toml"), 1)
        assert line.startswith(begins)
    assert one_line(cli("segment", "captchas", "out", "--scheme", "captchas/1.jpeg"), 1)
    assert one_line(cli("segment", "captchas", "out", "--scheme", "none.toml"), 1)
    assert not Path("out").exists()


def test_the_switches_change_the_cuts(cli: Cli) -> None:
    """The tutorial's crop, and no repair."""
    images = {}
    for options in ([], ["--uncleaned"], ["--no-repair"]):
        name = "".join(options).strip("-") or "plain"
        assert cli("segment", "captchas", name, *options).status == 0
        images[name] = [Path(name, file).read_bytes() for file in glyphs(name)]
    assert len({len(found) for found in images.values()}) == 1
    assert images["plain"] != images["uncleaned"]
    assert images["plain"] != images["no-repair"]


def test_glyphs_within_the_data_set_are_refused(cli: Cli, place: Path) -> None:
    """They would be images of it without a label."""
    done = cli("segment", "captchas", "captchas/glyphs")
    assert done.status == 1
    assert "lies within the data set" in done.errors[-1]
    assert not (place / "captchas" / "glyphs").exists()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_a_scheme_without_end_is_refused(cli: Cli) -> None:
    """A device is no scheme file."""
    done = cli("segment", "captchas", "out", "--scheme", "/dev/zero")
    assert (done.status, len(done.errors)) == (1, 1)
    assert done.errors[0].startswith("captchascope: /dev/zero: cannot be read: it is not a regular")
