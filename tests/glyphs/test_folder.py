"""The tutorial's glyph folders."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import ImageError, OutputError, SchemeError, SegmentationError
from captchascope.generate import write_folder
from captchascope.glyphs.folder import folder_name, write_glyphs
from captchascope.glyphs.scheme import load_scheme
from captchascope.glyphs.segmentation import cut_glyphs, locate
from captchascope.image import load_gray

METU = load_scheme("metu")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Generate four captchas."""
    write_folder("metu", tmp_path / "captchas", 4, seed=990005)
    return read_dataset(tmp_path / "captchas")


def test_every_glyph_is_filed_under_its_character(dataset: Dataset, tmp_path: Path) -> None:
    """The name gives image and place, and the pixels are those of the last stage."""
    seen: list[int] = []
    counts, problems = write_glyphs(dataset, METU, tmp_path / "glyphs", seen.append)
    assert (problems, seen, counts.total()) == ([], [1, 2, 3, 4], 24)
    assert sorted(p.name for p in (tmp_path / "glyphs").iterdir()) == list("0123456789")
    for sample in dataset.samples:
        fitted = cut_glyphs(locate(load_gray(sample.path), METU), METU).fitted
        for number, (glyph, char) in enumerate(zip(fitted, sample.label, strict=True), 1):
            file = tmp_path / "glyphs" / char / f"{sample.position}_{number}.png"
            np.testing.assert_array_equal(load_gray(file), glyph)
    assert len(list((tmp_path / "glyphs").rglob("*.png"))) == 24


def test_images_that_cannot_be_cut_are_reported(dataset: Dataset, tmp_path: Path) -> None:
    """Each by its path; the rest is written."""
    blank, broken = dataset.samples[1].path, dataset.samples[2].path
    cv2.imwrite(str(blank), np.full((50, 150), 255, np.uint8))
    broken.write_bytes(b"no image")
    counts, problems = write_glyphs(dataset, METU, tmp_path / "glyphs")
    assert counts.total() == 12
    assert [(type(p), p.where) for p in problems] == [
        (SegmentationError, str(blank)),
        (ImageError, str(broken)),
    ]


def test_a_scheme_that_cuts_nothing_says_so_once(dataset: Dataset, tmp_path: Path) -> None:
    """With the first image; and leaves no folder."""
    for sample in dataset.samples:
        cv2.imwrite(str(sample.path), np.full((50, 150), 255, np.uint8))
    with pytest.raises(SchemeError, match=r"metu: cuts none of 4 images: .*1\.jpeg: "):
        write_glyphs(dataset, METU, tmp_path / "glyphs")
    assert not (tmp_path / "glyphs").exists()


def test_a_folder_with_something_in_it_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    """And left as it is."""
    (tmp_path / "glyphs").mkdir()
    (tmp_path / "glyphs" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError):
        write_glyphs(dataset, METU, tmp_path / "glyphs")
    assert [p.name for p in (tmp_path / "glyphs").iterdir()] == ["mine.txt"]


def test_folder_names_differ_on_every_file_system() -> None:
    """Upper case and whatever a name may not hold go by their code point."""
    assert [folder_name(c) for c in "0aA/é"] == ["0", "a", "U+0041", "U+002F", "U+00E9"]
