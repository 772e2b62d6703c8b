"""labels.csv follows the store, and what others write there is taken in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from captchascope.web.label.csvsync import CsvSync
from captchascope.web.label.images import files_of
from captchascope.web.label.schema import DATABASE, OPEN, Standing, Submission
from captchascope.web.label.store import Store
from web.label.folders import fill

pytest.importorskip("fastapi")


A = "person-a"


class Folder:
    """A folder that is labelled, stopped, killed, edited and labelled again.

    A kill is a stop without the last writing of the file: the store needs no closing.
    """

    def __init__(self, path: Path) -> None:
        self.path = fill(path, 4)
        self.csv = path / "labels.csv"
        self.keys = 0

    def begin(self, labels_from: str = "auto") -> None:
        """Begin to label it."""
        self.store = Store(self.path)
        try:
            self.store.set_present(files_of(self.path))
            self.sync = CsvSync(self.store)
            self.sync.begin(labels_from)
        except BaseException:
            self.store.close()
            raise

    def kill(self) -> None:
        """End without writing the file."""
        self.store.close()

    def say(self, number: int, text: str | None) -> None:
        """Label image NUMBER.png."""
        self.keys += 1
        said = Submission(f"{A}-{self.keys}", self.number(number), text)
        assert self.store.say(A, [said])[0].fault == ""

    def labels(self) -> dict[str, str]:
        """Return what the file says, as a data set."""
        return {sample.file: sample.label for sample in read_dataset(self.path).samples}

    def standing(self, number: int) -> Standing:
        """Return where image NUMBER.png stands."""
        return self.store.standings().get(self.number(number), OPEN)

    def number(self, number: int) -> int:
        """Return what the store calls image NUMBER.png."""
        return self.store.add_images(())[f"{number}.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Give a folder with four images."""
    folder = Folder(tmp_path / "captchas")
    yield folder
    if hasattr(folder, "store"):
        folder.store.close()


def test_the_file_has_what_the_store_has(folder: Folder) -> None:
    """In natural order, without what is unreadable; before a label there is no file."""
    folder.begin()
    folder.sync.follow()
    assert not folder.csv.exists()
    for number, text in ((3, "cc"), (1, "aa"), (2, None)):
        folder.say(number, text)
    folder.sync.follow()
    assert folder.csv.read_text() == "file,label\n1.png,aa\n3.png,cc\n"


def test_a_file_that_is_there_is_taken_in(folder: Folder) -> None:
    """With its further columns; a row without a label is yet to be labelled."""
    folder.csv.write_text("file,kind,label\n1.png,x,aa\n2.png,y,\n9.png,z,ii\n")
    folder.begin()
    assert (folder.standing(1).text, folder.standing(2).state) == ("aa", "open")
    folder.say(2, "bb")
    folder.sync.follow()
    assert folder.csv.read_text() == "file,label,kind\n1.png,aa,x\n2.png,bb,y\n9.png,ii,z\n"


def test_other_forms_of_labels_are_taken_in(folder: Folder) -> None:
    """A labels.txt would else be hidden by the file that is written."""
    (folder.path / "labels.txt").write_text("aa\nbb\n")
    folder.begin()
    assert [folder.standing(n).text for n in (1, 2, 3)] == ["aa", "bb", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\n1.png\n", ":2: has 1 field "),
        ("file,label\n1.png,a b\n", ":2: gives '1.png' a label with white space"),
        ("file,label\n1.png,aa\n1.png,bb\n", ":3: labels '1.png' again, and otherwise"),
        ("file,label\n,aa\n", ":2: has a row that names no file"),
        ("what,ever\n", "has no column that names images"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_alone(
    folder: Folder, text: str, message: str
) -> None:
    """At the start, and when somebody leaves it so in the middle."""
    folder.csv.write_text(text)
    with pytest.raises(DatasetError, match=message.replace("'", ".")):
        folder.begin()
    folder.csv.unlink()
    folder.begin()
    folder.say(2, "bb")
    folder.csv.write_text(text)
    with pytest.raises(DatasetError):
        folder.sync.follow()
    assert folder.csv.read_text() == text
    folder.csv.unlink()
    folder.sync.follow()
    assert folder.labels() == {"2.png": "bb"}


def test_a_kill_before_the_file_is_written_loses_nothing(folder: Folder) -> None:
    """The store has it; the next start brings it into the file."""
    folder.begin()
    folder.say(1, "aa")
    folder.sync.follow()
    folder.say(1, "ab")
    folder.say(2, "bb")
    folder.kill()
    folder.begin()
    folder.sync.follow()
    assert folder.labels() == {"1.png": "ab", "2.png": "bb"}


def test_a_kill_right_after_the_file_is_written_makes_it_nobody_elses(folder: Folder) -> None:
    """The file is known by what it was going to be, so an older label in it never comes back."""
    folder.begin()
    folder.say(1, "aa")
    folder.sync.follow()
    before = dict(folder.store.facts)
    folder.say(1, "ab")
    folder.sync.follow()
    folder.store.set_facts({name: before[name] for name in ("csv", "csv at")})  # not noted yet
    folder.say(1, "ac")
    folder.kill()
    folder.begin()
    assert folder.standing(1) == Standing("labelled", "ac")


def test_a_row_that_somebody_has_changed_is_taken_in(folder: Folder) -> None:
    """While it runs and while it does not; a row that was cut comes back."""
    folder.begin()
    folder.say(1, "aa")
    folder.say(2, "bb")
    folder.sync.follow()
    folder.csv.write_text("file,label\n1.png,xx\n3.png,cc\n")
    folder.sync.follow()
    assert folder.labels() == {"1.png": "xx", "2.png": "bb", "3.png": "cc"}
    folder.kill()
    folder.csv.write_text(folder.csv.read_text().replace("xx", "yy"))
    folder.begin()
    assert folder.standing(1) == Standing("labelled", "yy")


def test_what_has_changed_in_both_places_is_disputed(folder: Folder) -> None:
    """Neither of the two is lost, and a review decides."""
    folder.begin()
    folder.say(1, "aa")
    folder.sync.follow()
    folder.say(1, "ab")
    folder.csv.write_text("file,label\n1.png,xx\n")
    folder.sync.follow()
    assert folder.standing(1).state == "disputed"
    said = folder.store.annotations(folder.number(1))
    assert {annotation.text for annotation in said} == {"aa", "ab", "xx"}


def test_without_the_store_the_file_is_enough(folder: Folder) -> None:
    """Removing the hidden file keeps the labels."""
    folder.begin()
    folder.say(1, "aa")
    folder.sync.follow()
    folder.kill()
    (folder.path / DATABASE).unlink()
    folder.begin()
    assert folder.standing(1) == Standing("labelled", "aa")


def test_a_file_that_was_removed_comes_back(folder: Folder) -> None:
    """What it said is in the store."""
    folder.begin()
    folder.say(1, "aa")
    folder.sync.follow()
    folder.csv.unlink()
    folder.sync.follow()
    assert folder.labels() == {"1.png": "aa"}


@pytest.mark.parametrize("put", [Path.mkdir, getattr(os, "mkfifo", Path.mkdir)])
def test_a_file_that_cannot_be_read_is_named(folder: Folder, put: Callable[[Path], None]) -> None:
    """At the start too, and left alone until it can be; nobody waits for what a pipe will say."""
    put(folder.csv)
    with pytest.raises(DatasetError, match=r"labels\.csv: cannot be read: it is not a regular"):
        folder.begin()
    folder.csv.rename(folder.path.parent / "aside")
    folder.begin()
    folder.say(1, "aa")
    (folder.path.parent / "aside").rename(folder.csv)
    with pytest.raises(DatasetError, match=r"labels\.csv: cannot be read: it is not a regular"):
        folder.sync.follow()
    folder.csv.rename(folder.path.parent / "aside")
    folder.sync.follow()
    assert folder.labels() == {"1.png": "aa"}


def test_names_are_taken_over_where_one_asks(tmp_path: Path) -> None:
    """What has a label keeps it, and what is said later stays."""
    fill(tmp_path, 3)
    (tmp_path / "labels.csv").write_text("file,label\n1.png,ab\n")
    for _ in range(2):
        store = Store(tmp_path)
        store.set_present(files_of(tmp_path))
        sync = CsvSync(store)
        sync.begin("names")
        sync.follow()
        labels = {file: text for file, text, _ in store.labels()[1]}
        assert labels == {"1.png": "ab", "2.png": "2", "3.png": "3"}
        store.close()


def test_readings_are_no_labels(folder: Folder) -> None:
    """Unless somebody names them, nothing is taken in, and the file stays as it is."""
    header = "file,text,confidence,error,abstained,unfamiliar\n"
    folder.csv.write_text(f"{header}1.png,12,0.998744,,false,false\n")
    with pytest.raises(DatasetError, match="holds readings of captchascope"):
        folder.begin()
    for named in ("csv", str(folder.csv)):
        folder.begin(named)
        assert folder.standing(1).text == "12"
        folder.kill()
        folder.path.joinpath(DATABASE).unlink()
