"""What is remembered of an image, and what is said of how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from captchascope.check import narrow_findings
from captchascope.check.images import (
    ImageFacts,
    blank_findings,
    duplicate_findings,
    inspect_image,
    look_findings,
    size_findings,
)
from captchascope.data.dataset import read_dataset
from captchascope.errors import ImageError
from captchascope.records import Sample
from check.made import files, kinds, labelled, noise, write


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
    image = inspect_image(Sample(file, "1", tmp_path / file))
    assert (image.size, image.look, image.blank) == ((30, 20), look, False)


def test_the_name_does_not_tell_the_format(tmp_path: Path) -> None:
    """The bytes do."""
    noise(1).save(tmp_path / "1.png", format="GIF")
    assert inspect_image(Sample("1.png", "1", tmp_path / "1.png")).codec == "GIF"


def test_a_damaged_image_is_an_error(tmp_path: Path) -> None:
    """Nothing is remembered of it."""
    path = tmp_path / "1.png"
    noise(1).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImageError, match="truncated"):
        inspect_image(Sample("1.png", "1", path))


def test_an_image_of_one_colour_shows_nothing(tmp_path: Path) -> None:
    """It is an error, and named with its label."""
    rows = {"1.png": ("12", noise(1)), "2.png": ("34", Image.new("RGB", (60, 20), "red"))}
    images = [inspect_image(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = blank_findings(images)
    assert (finding.kind, finding.severity, files(finding)) == ("blank", "error", ["2.png"])


def test_an_odd_look_among_equal_ones(tmp_path: Path) -> None:
    """A gray image among coloured ones is named; training takes it, so it is a note."""
    rows = {f"{n}.png": (f"{n}", noise(n)) for n in range(1, 13)}
    rows["5.png"] = ("5", noise(5, mode="L"))
    images = [inspect_image(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = look_findings(images)
    assert (finding.kind, finding.severity, files(finding)) == ("odd-look", "note", ["5.png"])


def test_mixed_looks(tmp_path: Path) -> None:
    """GIF and PNG side by side are one note, with how many there are of each."""
    rows = {f"{n}.{'gif' if n % 3 else 'png'}": (f"{n}", noise(n)) for n in range(1, 13)}
    images = [inspect_image(sample) for sample in read_dataset(write(tmp_path, rows)).samples]
    [finding] = look_findings(images)
    assert (finding.kind, finding.severity, finding.files) == ("mixed-looks", "note", ())
    assert finding.what.endswith("8 GIF in colour, 4 PNG in colour")


def looked_at(folder: Path) -> list[ImageFacts]:
    """Decode the images of a data set."""
    return [inspect_image(sample) for sample in read_dataset(folder).samples]


def test_the_same_image_with_two_labels(tmp_path: Path) -> None:
    """One of the two is wrong, whichever; both are named."""
    rows = {"1.png": ("12", noise(1)), "2.png": ("34", noise(2)), "3.png": ("56", noise(1))}
    [finding] = duplicate_findings(looked_at(write(tmp_path, rows)))
    assert (finding.kind, finding.severity) == ("conflicting-duplicates", "error")
    assert files(finding) == ["3.png"]
    assert finding.files[0].facts == {"label": "56", "same_as": "1.png", "labelled": "12"}


def test_the_same_image_with_one_label(tmp_path: Path) -> None:
    """It is a note, and each image but the first is named."""
    rows = {f"{n}.png": ("12", noise(1)) for n in (1, 2, 3)}
    [finding] = duplicate_findings(looked_at(write(tmp_path, rows)))
    assert (finding.kind, finding.severity) == ("duplicates", "note")
    assert files(finding) == ["2.png", "3.png"]


def test_the_pixels_count_not_the_file(tmp_path: Path) -> None:
    """A PNG and the BMP made of it are one image."""
    rows = {"1.png": ("12", noise(1)), "2.bmp": ("34", noise(1))}
    [finding] = duplicate_findings(looked_at(write(tmp_path, rows)))
    assert files(finding) == ["2.bmp"]


def test_the_same_bytes_in_another_shape(tmp_path: Path) -> None:
    """Images of another size are not the same, though all their levels are."""
    wide, flat = noise(1, (4, 1)), noise(1, (2, 2))
    assert wide.tobytes() == flat.tobytes()
    rows = {"1.png": ("12", wide), "2.png": ("34", flat)}
    assert not list(duplicate_findings(looked_at(write(tmp_path, rows))))


def sized(sizes: list[tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Give each size a file."""
    return {f"{n}.png": size for n, size in enumerate(sizes)}


def test_images_of_one_size() -> None:
    """Nothing is said of them."""
    assert not list(size_findings(sized([(60, 20)] * 30)))


def test_an_odd_size_among_equal_ones() -> None:
    """The image is named with its size."""
    sizes = [(60, 20)] * 20
    sizes[7] = (61, 20)
    [finding] = size_findings(sized(sizes))
    assert (finding.kind, finding.severity) == ("odd-size", "warning")
    assert finding.what == "1 image of an odd size: most have 60 x 20"
    assert files(finding) == ["7.png"]
    assert finding.files[0].facts == {"size": "61 x 20"}


def test_mixed_sizes_are_a_note() -> None:
    """Images may be as wide as their text."""
    sizes = [(50 + 3 * n, 20 + n % 2) for n in range(30)]
    [finding] = size_findings(sized(sizes))
    assert (finding.kind, finding.severity) == ("mixed-sizes", "note")
    assert finding.what == "30 sizes, 50 x 20 to 137 x 21"


def test_a_size_far_off_mixed_ones() -> None:
    """It is odd, and the others are still mixed, without it."""
    sizes = [*[(50 + n, 20) for n in range(30)], (640, 480)]
    odd, mixed = size_findings(sized(sizes))
    assert (odd.kind, files(odd)) == ("odd-size", ["30.png"])
    assert mixed.what == "30 sizes, 50 x 20 to 79 x 20"


def test_of_a_few_images_none_is_odd() -> None:
    """They are mixed."""
    assert kinds(list(size_findings(sized([(60, 20), (60, 20), (640, 480)])))) == ["mixed-sizes"]


@pytest.mark.parametrize(("label", "needed"), [("1234", 16), ("1123", 20), ("1111", 28), ("1", 4)])
def test_a_label_needs_four_columns_for_each_timestep(label: str, needed: int) -> None:
    """One for a character, and one for the blank between two equal ones."""
    assert not list(narrow_findings(labelled([label]), [(needed, 20)]))
    [finding] = narrow_findings(labelled([label]), [(needed - 1, 20)])
    assert (finding.kind, finding.severity) == ("too-narrow", "error")
    assert finding.files[0].facts == {"label": label, "width": needed - 1, "needed": needed}
