"""Labels by the numbers of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from data.formats.made import converted, files, folder_of, labelled, labels, whats


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["1.png", "2.png", "5.jpg"], ["1.png", "2.png", "5.jpg"]),
        (["1.png", "c/1.png"], ["1.png", "2.png"]),
        (["01.png", "2.png"], ["1.png", "2.png"]),
        (["163356.png", "742336.png"], ["1.png", "2.png"]),
        (["a.png", "b.jpg"], ["1.png", "2.jpg"]),
    ],
)
def test_lines_keep_numbers_where_they_can(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    """Their own where each has one, and they leave not too many lines empty."""
    source = labelled(tmp_path / "in", {name: f"x{n}" for n, name in enumerate(names)})
    dest, _ = converted(source, "txt", tmp_path / "out")
    assert files(dest) == [*expected, "labels.txt"]
    back = read_dataset(dest)
    assert [sample.label for sample in back.samples] == [f"x{n}" for n in range(len(names))]


@pytest.mark.parametrize(
    "form", ["{0}.png {1}", "{0}.png\t{1}", "{0}.png,{1}", "{0} {1}", "{0}:{1}"]
)
def test_more_lines_name_their_images_than_are_looked_at(tmp_path: Path, form: str) -> None:
    """What a file is, its first lines tell; all of them are read."""
    count = 2400
    truth = {f"{n}.png": f"{'KXQZ'[n % 4]}{9 * n:05}W" for n in range(1, count + 1)}
    folder_of(tmp_path, list(truth))
    lines = [form.format(Path(file).stem, label) for file, label in reversed(truth.items())]
    (tmp_path / "labels.txt").write_text("\n".join(lines) + "\n")
    found = read_dataset(tmp_path)
    assert labels(found) == truth
    assert found.problems == ()


def lines_beside(place: Path, text: str, names: list[str], file: str = "labels.txt") -> Path:
    """Make images in a folder with a text file."""
    folder_of(place, names)
    (place / file).write_text(text, encoding="utf-8")
    return place


LINES = {"1.png": "EC2D", "2.png": "9896", "10.png": "G,9A"}


@pytest.mark.parametrize("separator", ["\t", ",", ", ", ";", " ", "   ", ":", ": ", "|"])
@pytest.mark.parametrize("file", ["labels.txt", "gt.txt"])
def test_lines_that_name_their_images(tmp_path: Path, separator: str, file: str) -> None:
    """However name and label are parted, in a file of any name, the label is what follows."""
    rows = {name: label.replace(",", "") for name, label in LINES.items()}
    text = "".join(f"{name}{separator}{label}\n" for name, label in rows.items())
    dataset = read_dataset(lines_beside(tmp_path, text, [*LINES], file))
    assert labels(dataset) == rows
    assert (dataset.problems, dataset.origin.doubts) == ((), ())


def test_a_comma_in_a_label_after_a_tab(tmp_path: Path) -> None:
    """It parts nothing where tabs do."""
    text = "".join(f"{name}\t{label}\n" for name, label in LINES.items())
    assert labels(read_dataset(lines_beside(tmp_path, text, [*LINES]))) == LINES


def test_lines_above_the_folder_of_images(tmp_path: Path) -> None:
    """They name the images with the folder or without, or count."""
    folder = folder_of(tmp_path / "images", ["1.png", "2.png"])
    for text in ("1.png EC2D\n2.png 9896\n", "images/1.png,EC2D\nimages/2.png,9896\n"):
        (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
        for place, before in ((folder, ""), (tmp_path, "images/")):
            found = labels(read_dataset(place))
            assert found == {f"{before}1.png": "EC2D", f"{before}2.png": "9896"}


def test_no_label_begins_with_the_name_of_its_image(tmp_path: Path) -> None:
    """Nor with that of another: what parts them is unknown, and no line is one of labels alone."""
    for first, second in ((1, 2), (2, 1)):
        text = f"{first}.png/EC2D\n{second}.png=9896\n"
        folder = lines_beside(tmp_path, text, ["1.png", "2.png"])
        with pytest.raises(DatasetError) as caught:
            read_dataset(folder)
        assert f"begins with '{first}.png', which is no part of its label" in caught.value.what


@pytest.mark.parametrize("form", ["{}.png", "{:03}.png"])
def test_lines_from_one_beside_images_from_zero(tmp_path: Path, form: str) -> None:
    """Every label would be that of the image before: nothing is read, and the error says why."""
    text = "".join(f"{label}\n" for label in ["EC2D", "9896", "GD9A", "67A8"])
    folder = lines_beside(tmp_path, text, [form.format(n) for n in range(4)])
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder)
    first = form.format(0)
    what = f"begins with line 1, and the images with '{first}': a label may be of the one before"
    assert caught.value.what == what
    assert "number the images from 1, or name the image in each line" in caught.value.remedy


@pytest.mark.parametrize("numbers", [[2, 3, 4], [500, 501, 502]])
def test_lines_beside_images_from_elsewhere(tmp_path: Path, numbers: list[int]) -> None:
    """Line 1 has no image, and is more likely of the first than of none."""
    folder = lines_beside(tmp_path, "EC2D\n9896\nGD9A\n", [f"{n}.png" for n in numbers])
    with pytest.raises(DatasetError, match=r"line n (may not be|is) of the image n"):
        read_dataset(folder)


def test_sums_are_no_names(tmp_path: Path) -> None:
    """Line 3 may begin with the name of image 3, and is a sum all the same."""
    text = "3 + 5 = ?\n1 + 2 = ?\n2 - 1 = ?\n"
    folder = lines_beside(tmp_path, text, ["1.png", "2.png", "3.png"])
    dataset = read_dataset(folder, strip_spaces=True)
    assert labels(dataset) == {"1.png": "3+5=?", "2.png": "1+2=?", "3.png": "2-1=?"}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_lines_that_are_not_there_are_missing(tmp_path: Path, end: str) -> None:
    """The one after the last line end is none of the file; one that is there and empty is told."""
    names = [f"{number}.png" for number in range(1, 6)]
    text = "EC2D\n\nGD9A" + end
    found = read_dataset(lines_beside(tmp_path, text, names))
    assert whats(found) == [
        (2, "gives '2.png' an empty label"),
        (None, "has no row for '4.png'"),
        (None, "has no row for '5.png'"),
    ]
