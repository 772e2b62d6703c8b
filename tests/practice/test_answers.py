"""The file of what the site served."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from captchascope.errors import OutputError
from captchascope.practice.answers import AnswerFile


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV with a header."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_is_there_before_the_file_is_closed(tmp_path: Path) -> None:
    """Whoever kills the site then has it."""
    with AnswerFile(tmp_path / "answers.csv") as answers:
        answers.add(b"image", "226193")
        written = (tmp_path / "answers.csv").read_bytes()
    assert written == b"sha256,label\n%s,226193\n" % hashlib.sha256(b"image").hexdigest().encode()


def test_an_older_file_is_added_to(tmp_path: Path) -> None:
    """With one header; a row that a full disk cut goes, as nobody has its image."""
    path = tmp_path / "answers.csv"
    for label in ("one", "two"):
        with AnswerFile(path) as answers:
            answers.add(label.encode(), label)
    path.write_bytes(path.read_bytes() + b"0123,cu")
    with AnswerFile(path) as answers:
        answers.add(b"three", "three")
    assert [row["label"] for row in rows(path)] == ["one", "two", "three"]


def test_labels_with_commas_and_quotes_come_back(tmp_path: Path) -> None:
    """As any reader of CSV reads them."""
    path = tmp_path / "answers.csv"
    with AnswerFile(path) as answers:
        answers.add(b"image", 'a,"ö')
    (row,) = rows(path)
    assert row["label"] == 'a,"ö'


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Nobody loses labels to a wrong name."""
    path = tmp_path / "labels.csv"
    path.write_text("file,label\n1.jpeg,226193\n")
    with pytest.raises(OutputError, match=r"labels\.csv: is there, and no file of answers"):
        AnswerFile(path)
    assert path.read_text() == "file,label\n1.jpeg,226193\n"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """It is known at once."""
    for path in (tmp_path, tmp_path / "none" / "answers.csv"):
        with pytest.raises(OutputError, match="cannot be written"):
            AnswerFile(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "answers.csv").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"answers\.csv: cannot be written: No space left"):
        AnswerFile(tmp_path / "answers.csv")


def test_a_row_that_finds_no_room_is_taken_back(tmp_path: Path) -> None:
    """The file is right at every moment, and goes on when there is room again."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "answers.csv"
    with AnswerFile(path) as answers:
        answers.add(b"one", "one")
        whole = path.read_bytes()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, before[1]))
        try:
            with pytest.raises(OutputError, match="only a part was written"):
                answers.add(b"two", "two")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert path.read_bytes() == whole
        answers.add(b"three", "three")
    assert [row["label"] for row in rows(path)] == ["one", "three"]
