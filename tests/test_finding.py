"""Finding images in their natural order, and showing their names on one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.errors import DatasetError
from captchascope.files import find_images, natural_key, printable


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
