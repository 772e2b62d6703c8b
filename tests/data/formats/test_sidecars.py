"""A text file for each image."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from data.formats.made import converted, files, folder_of, labelled, labels, whats


def beside(place: Path, texts: dict[str, str], names: list[str]) -> Path:
    """Make images, and text files beside them."""
    folder_of(place, names)
    for file, text in texts.items():
        (place / file).parent.mkdir(exist_ok=True)
        (place / file).write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize("ending", [".txt", ".gt.txt", ".png.txt", ".png.gt.txt"])
@pytest.mark.parametrize("source", ["auto", "sidecar"])
def test_a_text_file_is_called_as_its_image(tmp_path: Path, ending: str, source: str) -> None:
    """With the image's suffix or without, as Kraken, tesstrain and Calamari want it or plainly."""
    texts = {f"1{ending}": "EC2D\n", f"b/2{ending}": "\ufeff 0896 \r\n\r\n"}
    dataset = read_dataset(beside(tmp_path, texts, ["1.png", "b/2.png"]), source)
    assert labels(dataset) == {"1.png": "EC2D", "b/2.png": "0896"}
    assert dataset.problems == ()
    assert dataset.origin.what == "a text file beside each image"


def test_the_truth_goes_before_what_was_read(tmp_path: Path) -> None:
    """Calamari writes what it reads to the file beside the one with the truth."""
    texts = {"1.txt": "WRONG", "1.gt.txt": "EC2D"}
    assert labels(read_dataset(beside(tmp_path, texts, ["1.png"]))) == {"1.png": "EC2D"}


def test_what_cannot_be_a_label_spares_the_others(tmp_path: Path) -> None:
    """Several lines, nothing, blanks within, no file, or one for two images."""
    texts = {"1.txt": "EC2D", "2.txt": "A\nB\n", "3.txt": "\n", "4.txt": "E C", "6.txt": "X"}
    names = [*(f"{n}.png" for n in range(1, 7)), "6.jpg"]
    dataset = read_dataset(beside(tmp_path, texts, names))
    assert labels(dataset) == {"1.png": "EC2D"}
    found = [what for _, what in whats(dataset)]
    assert found == [
        "has '2.txt' of 2 lines",
        "gives '3.png' an empty label",
        "gives '4.png' a label with white space",
        "has one text file for '6.jpg' and another image",
        "has one text file for '6.png' and another image",
        "has no row for '5.png'",
    ]


def test_texts_of_no_image_are_no_labels(tmp_path: Path) -> None:
    """A README is none, and the error names what would be one."""
    folder = beside(tmp_path, {"README.txt": "captchas"}, ["1.png"])
    with pytest.raises(DatasetError, match="has no text file beside an image"):
        read_dataset(folder, "sidecar")


def test_text_files_that_contradict_a_table(tmp_path: Path) -> None:
    """The table is taken, with a warning that shows both."""
    folder = labelled(tmp_path, {"1.png": "EC2D", "2.png": "0896"})
    dataset = read_dataset(beside(folder, {"1.txt": "EC2D", "2.txt": "OTHER"}, []))
    assert labels(dataset) == {"1.png": "EC2D", "2.png": "0896"}
    [doubt] = dataset.origin.doubts
    assert "says otherwise of 1 images, such as `OTHER` of `2.png`" in doubt


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Two images of one name but for the suffix have a file each."""
    rows = {"1.png": "a", "1.jpg": "b", "b/2.png": "c"}
    dest, problems = converted(labelled(tmp_path / "in", rows), "sidecar", tmp_path / "out")
    assert problems == []
    texts = [file for file in files(dest) if file.endswith(".txt")]
    assert texts == ["1.jpg.gt.txt", "1.png.gt.txt", "b/2.gt.txt"]
    assert labels(read_dataset(dest)) == rows
