"""A data set in another form: what is copied, and what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from captchascope.data.convert import convert_dataset
from captchascope.data.dataset import read_dataset
from captchascope.data.formats import FORMATS
from captchascope.errors import DatasetError, OutputError, UsageError
from data.formats.made import converted, files, folder_of


def source(place: Path) -> Path:
    """Make a data set of two images, one of them in a folder."""
    folder = folder_of(place / "in", ["1.png", "b/2.png"])
    (folder / "labels.csv").write_text("file,label,kind\n1.png,x,1\nb/2.png,y,2\n")
    return folder


@pytest.mark.parametrize("form", FORMATS)
def test_images_keep_their_bytes(tmp_path: Path, form: str) -> None:
    """They are copied, not decoded: these are none."""
    dest, problems = converted(source(tmp_path), form, tmp_path / "out")
    held = sorted(path.read_bytes() for path in dest.rglob("*.png"))
    assert (held, problems) == ([b"1.png", b"b/2.png"], [])


def test_progress_and_what_was_lost(tmp_path: Path) -> None:
    """The caller hears of every image, and of columns that the form has no place for."""
    dataset, heard = read_dataset(source(tmp_path)), list[int]()
    done = convert_dataset(dataset, "txt", tmp_path / "txt", print, heard.append)
    assert (done.count, done.lost, heard) == (2, ("kind",), [1, 2])
    assert convert_dataset(dataset, "jsonl", tmp_path / "jsonl", print).lost == ()


def test_a_folder_within_the_data_set_is_refused(tmp_path: Path) -> None:
    """Its images would become a part of it."""
    folder = source(tmp_path)
    with pytest.raises(OutputError, match="lies within the data set"):
        converted(folder, "csv", folder / "out")
    assert not (folder / "out").exists()


def test_an_unknown_form_is_wrong_usage(tmp_path: Path) -> None:
    """The error lists the valid ones."""
    with pytest.raises(
        UsageError, match="choose one of csv, txt, names, jsonl, sidecar, imagefolder, label-"
    ):
        converted(source(tmp_path), "xml", tmp_path / "out")


def test_an_image_that_has_gone_is_reported(tmp_path: Path) -> None:
    """The others are written; where there are none, nothing is."""
    folder = source(tmp_path)
    dataset = read_dataset(folder)
    (folder / "1.png").unlink()
    dest, problems = converted(dataset, "csv", tmp_path / "out")
    assert files(dest) == ["b/2.png", "labels.csv"]
    assert problems == [
        f"{folder / '1.png'}: cannot be read: No such file or directory "
        "(check the file and its permissions)"
    ]
    with pytest.raises(DatasetError, match="has no sample that could be converted"):
        converted(dataset.select(1, 1), "csv", tmp_path / "more")
    assert not (tmp_path / "more").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs names that are not UTF-8")
def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """No label file can hold it; forms that give names of their own can hold the image."""
    place = folder_of(tmp_path / "in", ["ab.png", os.fsdecode(b"cd_\xff.png")])
    folder = read_dataset(place, "names")
    dest, problems = converted(folder, "csv", tmp_path / "csv")
    assert files(dest) == ["ab.png", "labels.csv"]
    assert len(problems) == 1
    assert "has a name that is not UTF-8" in problems[0]
    dest, problems = converted(folder, "names", tmp_path / "names")
    assert (files(dest), problems) == (["ab.png", "cd.png"], [])


def test_the_page_has_each_form() -> None:
    """In the table of what a new folder is like."""
    page = Path(__file__).parents[2] / "docs" / "labels.md"
    rows = re.findall(r"(?m)^\| `([\w-]+)` \|.*\|.*\|$", page.read_text(encoding="utf-8"))
    assert sorted(rows) == sorted(FORMATS)
