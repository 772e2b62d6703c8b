"""What is remembered of an image, and what is said of how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from captchascope.check.images import blank_findings, look_findings, seen
from captchascope.dataset import read_dataset
from captchascope.errors import ImageError
from captchascope.records import Sample

from .made import files, noise, write


@pytest.mark.parametrize(
    ("file", "mode", "look"),
    [
        ("1.png", "RGB", "PNG in colour"),
        ("1.png", "L", "PNG in gray"),
        ("1.gif", "P", "GIF in colour"),
        ("1.jpeg", "L", "JPEG in gray"),
        ("1.jpeg", "RGB", "JPEG in colour"),
    ],
)
def test_what_is_remembered(tmp_path: Path, file: str, mode: str, look: str) -> None:
    """Size and look; it is not blank."""
    noise(1, (30, 20), mode).save(tmp_path / file)
    image = seen(Sample(file, "1", tmp_path / file))
    assert (image.size, image.look, image.blank) == ((30, 20), look, False)


def test_the_name_does_not_tell_the_format(tmp_path: Path) -> None:
    """The bytes do."""
    noise(1).save(tmp_path / "1.png", format="GIF")
    assert seen(Sample("1.png", "1", tmp_path / "1.png")).codec == "GIF"


def test_a_damaged_image_is_an_error(tmp_path: Path) -> None:
    """Nothing is remembered of it."""
    path = tmp_path / "1.png"
    noise(1).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImageError, match="truncated"):
        seen(Sample("1.png", "1", path))


def test_an_image_of_one_colour_shows_nothing(tmp_path: Path) -> None:
    """It is an error, and named with its label."""
    rows = {"1.png": ("12", noise(1)), "2.png": ("34", Image.new("RGB", (60, 20), "red"))}
    images = [seen(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = blank_findings(images)
    assert (finding.kind, finding.severity, files(finding)) == ("blank", "error", ["2.png"])


def test_an_odd_look_among_equal_ones(tmp_path: Path) -> None:
    """A gray image among coloured ones is named; training takes it, so it is a note."""
    rows = {f"{n}.png": (f"{n}", noise(n)) for n in range(1, 13)}
    rows["5.png"] = ("5", noise(5, mode="L"))
    images = [seen(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = look_findings(images)
    assert (finding.kind, finding.severity, files(finding)) == ("odd-look", "note", ["5.png"])


def test_mixed_looks(tmp_path: Path) -> None:
    """GIF and PNG side by side are one note, with how many there are of each."""
    rows = {f"{n}.{'gif' if n % 3 else 'png'}": (f"{n}", noise(n)) for n in range(1, 13)}
    images = [seen(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = look_findings(images)
    assert (finding.kind, finding.severity, finding.files) == ("mixed-looks", "note", ())
    assert finding.what.endswith("8 GIF in colour, 4 PNG in colour")
