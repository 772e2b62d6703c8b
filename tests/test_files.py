"""Files: natural order, names on one line, and bounded reading."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.errors import DatasetError, ImageError
from captchascope.files import (
    Refusals,
    codec_by_start,
    find_images,
    natural_key,
    printable,
    read_regular,
    survey_folder,
)


def test_numbers_in_names_sort_by_value() -> None:
    """A number counts as a number wherever it stands, of whatever size."""
    expected = ["1.jpeg", "2.jpeg", "10.jpeg", "a2b9", "a2b10", "a" + "9" * 5000]
    assert sorted(sorted(expected), key=natural_key) == expected


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_natural_order_is_numeric(a: int, b: int) -> None:
    """Names that differ only in a number sort as the numbers do."""
    assert (natural_key(f"{a}.png") < natural_key(f"{b}.png")) == (a < b)


@given(st.lists(st.text(st.sampled_from("019a.é²_\ud800")), max_size=8), st.randoms())
def test_natural_order_is_total(texts: list[str], random: object) -> None:
    """Different names never tie, so the order never depends on how they were listed."""
    ordered = sorted(texts, key=natural_key)
    assert sorted(sorted(texts), key=natural_key) == ordered
    assert all((natural_key(a) == natural_key(b)) == (a == b) for a in texts for b in texts)


def test_images_are_found_below_in_natural_order(tmp_path: Path) -> None:
    """Folders sort as wholes, suffixes in any case count, everything else is left out."""
    wanted = ["2.JPG", "10.png", "a/1.webp", "a/b/1.gif", "a-b/1.tiff"]
    for name in [*wanted, ".hidden.png", ".git/1.png", "notes.txt", "labels.csv", "png"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.png").mkdir()
    assert [p.relative_to(tmp_path).as_posix() for p in find_images(tmp_path)] == wanted


STARTS = {
    "JPEG": b"\xff\xd8\xff\xe0",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF89a",
    "WEBP": b"RIFF\1\0\0\0WEBP",
    "TIFF": b"II*\0",
    "BMP": b"BM" + bytes(12) + b"\x28",
    "AVIF": b"\0\0\0\x1cftypmif1\0\0\0\0miafavif" + bytes(20),
    "PPM": b"P5\n# by hand\n64 28\n255\n",
    "SVG": b"<?xml version='1.0'?>\n<!-- by hand -->\n<svg xmlns='x'>",
}


@pytest.mark.parametrize("codec", STARTS)
def test_an_image_is_found_by_its_first_bytes(codec: str, tmp_path: Path) -> None:
    """Where the suffix is none or says nothing; not where it says that it is something else."""
    assert codec_by_start(STARTS[codec]) == codec
    for name in ("1", "2.php", "3.php?id=7", "4.txt", "5.md", "6.csv", ".7"):
        (tmp_path / name).write_bytes(STARTS[codec] + bytes(3000))
    found = survey_folder(tmp_path)
    assert [path.name for path in found.paths] == ["1", "2.php", "3.php?id=7"]
    assert found.passed_over == {".md": 1}


@pytest.mark.parametrize(
    "data",
    [b"", b"<html><svg/></html>", b"P2 players", b"\0\0\0\x18ftypheic" + bytes(20), b"BM, a make"],
)
def test_what_only_begins_alike_is_no_image(data: bytes) -> None:
    """Text, pages and films are none."""
    assert codec_by_start(data) is None


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    """By suffix; labels, notebooks, hidden files and those of systems are nothing to speak of."""
    (tmp_path / "sub").mkdir()
    labels = ("labels.csv", "1.txt", "1.gt.txt", "a.json", "b.jsonl", "c.tsv", "tutorial.ipynb")
    for name in ("1.png", ".hidden.pdf", "Thumbs.db", *labels):
        (tmp_path / name).touch()
    assert survey_folder(tmp_path).note == ""
    (tmp_path / "a.PDF").touch()
    assert survey_folder(tmp_path).note == "1 file passed over: 1 .pdf"
    for name in ("notes", "b.html", "sub/c.html", "a.what is this"):
        (tmp_path / name).touch()
    assert survey_folder(tmp_path).note == "5 files passed over: 2 .html, 2 other, 1 .pdf"


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_links_cannot_lead_in_circles(tmp_path: Path) -> None:
    """Links to folders are not entered, links to nothing are no images."""
    (tmp_path / "1.png").touch()
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "2.png").symlink_to(tmp_path / "2.png")
    (tmp_path / "3.png").symlink_to(tmp_path / "1.png")
    assert [path.name for path in find_images(tmp_path)] == ["1.png", "3.png"]


@pytest.mark.parametrize("name", ["missing", "a.txt", "x" * 300, "nul\0"])
def test_no_folder_is_a_dataset_error(tmp_path: Path, name: str) -> None:
    """A missing folder, a file and an impossible name are one line each."""
    (tmp_path / "a.txt").touch()
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        find_images(tmp_path / name)
    assert str(caught.value).isprintable()


def test_a_folder_without_images_is_a_dataset_error(tmp_path: Path) -> None:
    """The error says what would have counted."""
    with pytest.raises(DatasetError, match=r"holds no images .*\.jpeg"):
        find_images(tmp_path)
    (tmp_path / "a.pdf").touch()
    with pytest.raises(DatasetError, match=r"holds no images; 1 file passed over: 1 \.pdf"):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\x1b[1m", r"a\nb\tc\x1b[1m"),
        ("\x85\u2028\u202e\udcff", r"\x85\u2028\u202e\udcff"),
        ("C:\\büro\\\u200d家\u3000🙂", "C:\\büro\\\u200d家\u3000🙂"),
    ],
)
def test_a_line_stays_a_line(text: str, shown: str) -> None:
    """What breaks or reorders a line is escaped, other Unicode and backslashes are not."""
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_is_shown_can_be_written(text: str) -> None:
    """The result is one line, and UTF-8 can hold it."""
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert len(shown.encode()) >= len(text)


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path: Path) -> None:
    """A folder, a device and too much are an OSError, an impossible path a ValueError."""
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", 5) == b"12345"
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(OSError, match="it is not a regular file"):
            read_regular(path, 5)
    with pytest.raises(OSError, match="it is larger than 4 bytes"):
        read_regular(tmp_path / "file", 4)
    with pytest.raises(ValueError, match="null"):
        read_regular(tmp_path / "a\0b", 5)


def test_a_caller_may_have_errors_of_its_own(tmp_path: Path) -> None:
    """It says what the file should have been, and what to do."""
    (tmp_path / "file").write_bytes(b"12345")
    refusals = Refusals(ImageError, "a picture", "copy it", "shrink it")
    wanted = {
        tmp_path: "x: is a directory, not a picture (name a file in it)",
        Path(os.devnull): "x: is not a regular file (copy it)",
        tmp_path / "file": "x: is too large: 5 bytes, the limit is 4 (shrink it)",
        tmp_path / "none": "x: does not exist (check the path)",
        tmp_path / "file" / "none": "x: does not exist (check the path)",
    }
    for path, told in wanted.items():
        with pytest.raises(ImageError) as caught:
            read_regular(path, 4, refusals, "x")
        assert str(caught.value) == told
