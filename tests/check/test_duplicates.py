"""Images that are there twice."""

from __future__ import annotations

from pathlib import Path

from captchascope.check.duplicates import duplicate_findings
from captchascope.check.images import Seen, seen
from captchascope.dataset import read_dataset

from .made import files, noise, write


def looked_at(folder: Path) -> list[Seen]:
    """Decode the images of a data set."""
    return [seen(sample) for sample in read_dataset(folder).samples]


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
