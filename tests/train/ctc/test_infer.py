"""What training finds out by itself: alphabet, lengths, size and colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captchascope.charset import Charset
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.image import Preprocessing
from captchascope.train.ctc.infer import Inferred, alphabet_of, inferred

AS_IT_IS = Preprocessing()
LABELS = "ab", "abc", "bca"


def folder(place: Path, sizes: list[tuple[int, int]], colour: bool) -> Dataset:
    """Write blank images of these widths and heights, the left half of them red or gray."""
    rows = ["file,label"]
    for number, (width, height) in enumerate(sizes, 1):
        pixels = np.full((height, width, 3), 255, np.uint8)
        pixels[:, : width // 2] = (200, 20, 20) if colour else 90
        Image.fromarray(pixels).save(place / f"{number}.png")
        rows.append(f"{number}.png,{LABELS[number % 3]}")
    (place / "labels.csv").write_text("\n".join(rows) + "\n")
    return read_dataset(place)


def known(
    dataset: Dataset, height: int | None = 40, preprocessing: Preprocessing = AS_IT_IS
) -> Inferred:
    """Return what is inferred."""
    charset = alphabet_of(dataset)
    assert charset is not None
    return inferred(dataset, charset, height, preprocessing)


def test_alphabet_and_lengths_are_the_labels(tmp_path: Path) -> None:
    """Sorted, so that ids never depend on the order of the rows."""
    found = known(folder(tmp_path, [(100, 40)] * 3, colour=False))
    assert found.charset == Charset("abc")
    assert found.lengths == (2, 3)


def test_lengths_that_are_told_stay(tmp_path: Path) -> None:
    """The labels at hand may be but some; the images are to hold the longest of all."""
    images = folder(tmp_path, [(100, 40)] * 3, colour=False)
    found = inferred(images, Charset("abc"), 40, AS_IT_IS, (1, 9))
    assert (found.lengths, found.spec.width) == ((1, 9), 112)
    assert found.scaled(images, 32).lengths == (1, 9)


@pytest.mark.parametrize(("colour", "channels"), [(True, 3), (False, 1)])
def test_colour_is_looked_at_where_there_is_some(
    tmp_path: Path, colour: bool, channels: int
) -> None:
    """Gray costs a third."""
    assert known(folder(tmp_path, [(100, 40)] * 3, colour)).spec.channels == channels


def test_images_are_looked_at_as_they_are_trained_on(tmp_path: Path) -> None:
    """Two rows make them twice as wide and half as high, and one ink needs no colour."""
    images = folder(tmp_path, [(100, 80)] * 3, colour=True)
    found = known(images, preprocessing=Preprocessing(rows=2, ink="red"))
    assert (found.spec.height, found.spec.width, found.spec.channels) == (40, 200, 1)
    assert found.lines()[-1] == "text      in 2 rows, in red"
    assert found.scaled(images, 80).preprocessing == found.preprocessing


def test_one_size_gives_one_width(tmp_path: Path) -> None:
    """Scaled to the height that is asked for, in steps of eight."""
    spec = known(folder(tmp_path, [(200, 80)] * 3, colour=False)).spec
    assert (spec.height, spec.width) == (40, 96)


def test_mixed_sizes_keep_their_shapes(tmp_path: Path) -> None:
    """The width is left open, within what was seen."""
    spec = known(folder(tmp_path, [(100, 40), (160, 40), (200, 80)], colour=False)).spec
    assert spec.width is None
    assert (spec.min_width, spec.max_width) == (96, 160)


def test_a_narrow_image_is_widened_for_its_text(tmp_path: Path) -> None:
    """A character needs three timesteps of four columns."""
    spec = known(folder(tmp_path, [(20, 40)] * 3, colour=False)).spec
    assert spec.width == 40


def test_without_a_height_images_of_one_size_are_looked_at_as_they_are(tmp_path: Path) -> None:
    """Nothing is lost to scaling, and no time."""
    spec = known(folder(tmp_path, [(150, 50)] * 3, colour=False), None).spec
    assert (spec.height, spec.width, spec.min_width, spec.max_width) == (50, 150, 150, 150)


@pytest.mark.parametrize(
    ("sizes", "height"),
    [
        ([(150, 50), (150, 50), (160, 50)], 48),
        ([(60, 20)] * 3, 32),
        ([(300, 100)] * 3, 64),
        ([(30, 50)] * 3, 48),
    ],
)
def test_otherwise_it_is_about_theirs(
    tmp_path: Path, sizes: list[tuple[int, int]], height: int
) -> None:
    """In steps of eight, within bounds, and wide enough for the longest text."""
    spec = known(folder(tmp_path, sizes, colour=False), None).spec
    assert spec.height == height
    assert spec.max_width % 8 == 0
