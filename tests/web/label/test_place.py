"""A label is acknowledged when it is on the disk where people look for it, and not before."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.errors import OutputError
from captchascope.web.label.images import files_of
from captchascope.web.label.schema import DATABASE, Submission
from captchascope.web.label.session import LabelSession
from captchascope.web.label.store import Store
from captchascope.web.settings import LabelSettings
from web.label.folders import fill
from web.label.server import Labeller, Served
from web.label.soon import waited

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is open there can be neither removed nor moved"
)

A = "person-ann"
LOG = f"{DATABASE}-wal"
QUICK = ("--no-retrain", "--model", "metu-glyphs")


def remove(folder: Path) -> None:
    """Remove a folder, also where somebody writes into it meanwhile."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def move(folder: Path) -> None:
    """Give it another name."""
    folder.rename(folder.with_name("moved"))


def replace(folder: Path) -> None:
    """Put another of the same name there, with the same images."""
    remove(folder)
    fill(folder, 3)


def replace_store(folder: Path) -> None:
    """Put another store into its place."""
    (folder / DATABASE).unlink()
    with closing(sqlite3.connect(folder / DATABASE)) as other:
        other.execute("CREATE TABLE images (id)")


def unlink(name: str) -> Callable[[Path], None]:
    """Return what removes one file of a folder."""
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Callable[[Path], None]:
    """Return what makes one file of a folder empty."""
    return lambda folder: os.truncate(folder / name, 0)


HARMS = {
    "removed": remove,
    "moved": move,
    "replaced": replace,
    "store removed": unlink(DATABASE),
    "store replaced": replace_store,
    "log cut": cut(LOG),
}
harmed = pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of three images, and work beside it."""
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path / "captchas", 3)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """Label the first of them."""
    store = Store(folder)
    store.set_present(files_of(folder))
    say(store, 1)
    yield store
    store.close()


def say(store: Store, image: int) -> None:
    """Label an image."""
    assert store.say(A, [Submission(f"key-{image}", image, "abc")])[0].fault == ""


def stored(path: Path) -> set[int]:
    """Return which images have a label in what a kill would leave of a folder."""
    copy = path.with_name("copy")
    shutil.copytree(path, copy)
    again = Store(copy)
    images = set(again.standings())
    again.close()
    shutil.rmtree(copy)
    return images


@harmed
def test_what_nobody_would_find_is_not_acknowledged(
    store: Store, folder: Path, harm: Callable[[Path], None]
) -> None:
    """Nor counted; and no image is given to anybody to label."""
    harm(folder)
    for _ in range(2):
        with pytest.raises(OutputError, match="labels are stored in it"):
            say(store, 2)
        with pytest.raises(OutputError, match="labels are stored in it"):
            store.lease(A, [], 1)
    assert store.counts() == Counter(labelled=1, open=2)


@pytest.mark.parametrize("moment", [0, 1])
def test_a_folder_that_comes_back_is_labelled_on(store: Store, folder: Path, moment: int) -> None:
    """What was tried meanwhile is stored once, whenever in its storing the folder went."""
    move(folder)
    with pytest.raises(OutputError, match=r"was moved to .*moved"):
        say(store, 2)
    folder.with_name("moved").rename(folder)
    if moment:
        say(store, 3)
    say(store, 2)
    assert stored(folder) == {1, 2, 3} - ({3} if not moment else set())


def test_a_log_that_was_removed_is_written_anew(store: Store, folder: Path) -> None:
    """A kill loses nothing of what was acknowledged before or after."""
    (folder / LOG).unlink()
    say(store, 2)
    assert stored(folder) == {1, 2}
    (folder / LOG).unlink()
    (folder / LOG).mkdir()
    with pytest.raises(OutputError, match="labels are stored in it"):
        say(store, 3)
    assert len(store.labels()[1]) == 2
    (folder / LOG).rmdir()
    say(store, 3)
    assert stored(folder) == {1, 2, 3}


def test_a_log_that_keeps_nothing_is_refused(folder: Path) -> None:
    """A pipe takes whatever is written to it."""
    Store(folder).close()
    os.mkfifo(folder / LOG)
    with pytest.raises(OutputError):
        Store(folder)


def test_a_store_that_went_leaves_another_one_alone(folder: Path) -> None:
    """Closing it would else remove the log of who labels in a new folder of the same name."""
    first = Store(folder)
    move(folder)
    fill(folder, 3)
    second = Store(folder)
    second.set_present(files_of(folder))
    say(second, 2)
    first.close()
    assert stored(folder) == {2}
    second.close()


def begun(folder: Path, told: list[str], tick: float = 3600.0) -> LabelSession:
    """Begin to label a folder, looking at it that often; one image has its label."""
    settings = LabelSettings(folder, model="metu-glyphs", retrain=None)
    session = LabelSession(settings, told.append, tick=tick)
    session.begin()
    say(session.store, 1)
    return session


def labels(path: Path) -> list[list[str]]:
    """Return the rows of a file of labels."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize(
    ("harm", "kept"),
    [
        (remove, "labels-of-captchas.csv"),
        (replace, "labels-of-captchas.csv"),
        (replace_store, "labels-of-captchas.csv"),
        (move, "moved/labels.csv"),
        (unlink(DATABASE), "captchas/labels.csv"),
    ],
    ids=["removed", "replaced", "store replaced", "moved", "store removed"],
)
def test_the_labels_are_kept_where_there_is_room(
    folder: Path, harm: Callable[[Path], None], kept: str
) -> None:
    """The folder, wherever it is now, unless somebody else stores labels there; or else here."""
    session = begun(folder, [])
    harm(folder)
    with pytest.raises(OutputError) as caught:
        session.end()
    assert f"its labels are in {folder.parent / kept}" in str(caught.value)
    assert labels(folder.parent / kept) == [["1.png", "abc"]]


def test_what_became_of_the_folder_is_said_at_once(folder: Path) -> None:
    """On the page and to the terminal, once; and nothing any more when it is back."""
    told: list[str] = []
    session = begun(folder, told, tick=0.01)
    waited(lambda: session.store.facts.get("csv"))  # labels.csv has been written
    move(folder)
    waited(lambda: any("its labels are in" in line for line in troubles(session)))
    assert any("its labels are in" in line for line in told)
    folder.with_name("moved").rename(folder)
    waited(lambda: not troubles(session))
    session.end()
    assert len([line for line in told if "its labels are in" in line]) == 1
    assert labels(folder / "labels.csv") == [["1.png", "abc"]]


def troubles(session: LabelSession) -> list[str]:
    """Return what the page would say is wrong."""
    found = session.progress(A)["trouble"]
    assert isinstance(found, list)
    return found


def test_labels_that_were_kept_in_a_folder_that_goes_too_are_kept_again(folder: Path) -> None:
    """It was moved first, and then removed."""
    told: list[str] = []
    session = begun(folder, told, tick=0.01)
    waited(lambda: session.store.facts.get("csv"))  # labels.csv has been written
    move(folder)
    waited(lambda: any("moved/labels.csv" in line for line in told))
    remove(folder.with_name("moved"))
    with pytest.raises(OutputError, match=r"its labels are in .*/labels-of-captchas\.csv"):
        session.end()
    assert labels(folder.parent / "labels-of-captchas.csv") == [["1.png", "abc"]]


def test_labels_that_somebody_else_wrote_are_not_written_over(folder: Path) -> None:
    """Neither in the folder nor beside it."""
    others = [folder / "labels.csv", folder.parent / "labels-of-captchas.csv"]
    session = begun(folder, [])
    (folder / DATABASE).unlink()
    for other in others:
        other.write_text("file,label\n3.png,xyz\n")
    with pytest.raises(OutputError, match=r"its labels are in .*/labels-of-captchas-2\.csv"):
        session.end()
    assert {other.read_text() for other in others} == {"file,label\n3.png,xyz\n"}
    assert labels(folder.parent / "labels-of-captchas-2.csv") == [["1.png", "abc"]]


def test_an_end_without_labels_csv_says_where_the_labels_are(folder: Path) -> None:
    """It may be a folder by now."""
    session = begun(folder, [])
    (folder / "labels.csv").mkdir()
    with pytest.raises(OutputError, match=f"all labels are in {DATABASE}"):
        session.end()
    assert stored(folder) == {1}


@pytest.mark.parametrize(
    ("harm", "kept"), [(remove, "labels-of-captchas.csv"), (move, "moved/labels.csv")]
)
def test_the_server_says_so_and_ends_with_1(
    folder: Path, harm: Callable[[Path], None], kept: str
) -> None:
    """A real one: no label is acknowledged after the folder went, and none before is lost."""
    served = Served(folder, *QUICK)
    labeller = Labeller(served.url, A)
    assert labeller.say(1, "abc")["done"] == [{"key": f"{A}-1", "fault": ""}]
    harm(folder)
    said = {"key": "key-22222222", "image": 2, "text": "abc"}
    status, data = labeller.ask("POST", "/label/say", {"session": A, "said": [said]})
    assert (status, b"labels are stored in it" in data) == (507, True)
    labeller.close()
    assert served.stop() == 1
    assert f"its labels are in {folder.parent / kept}" in served.heard
    assert labels(folder.parent / kept) == [["1.png", "abc"]]
