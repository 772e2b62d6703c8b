"""What is stored stays stored, once, and a session can take back what it said."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.errors import DatasetError, OutputError
from captchascope.web.label.schema import (
    CSV,
    Mark,
    Standing,
    standing_of,
)
from captchascope.web.label.store import Done, Said, Store

A, B = "person-a", "person-b"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a store that is not there yet."""
    return tmp_path / "store.sqlite"


def opened(path: Path, count: int = 3) -> Store:
    """Open a store with some images, numbered from 1."""
    store = Store(path)
    store.set_present([f"{number}.png" for number in range(1, count + 1)])
    return store


def say(store: Store, session: str, key: str, image: int | None, text: str | None = None) -> str:
    """Say one thing, and return what was wrong with it."""
    return store.say(session, [Said(key, image, text)])[0].fault


def test_a_label_is_there_when_the_store_is_opened_again(path: Path) -> None:
    """As are unreadable images, and the guess and the time that went with a label."""
    store = opened(path)
    store.say(A, [Said("key-1", 1, "abc", guess="abd", seconds=1.5), Said("key-2", 2, None)])
    store.close()
    again = opened(path)
    assert again.standing(1) == Standing("labelled", "abc")
    assert again.standing(2) == Standing("unreadable")
    assert again.mark("key-1") == Mark(1, "key-1", 1, A, "abc", guess="abd", seconds=1.5)
    again.close()


def test_said_twice_is_stored_once(path: Path) -> None:
    """Whether in one request or in two: nobody knows whether the first one arrived."""
    store = opened(path)
    said = Said("key-1", 1, "abc")
    assert store.say(A, [said, said]) == [Done("key-1"), Done("key-1")]
    assert store.say(A, [said]) == [Done("key-1")]
    assert len(store.marks(1)) == 1
    store.close()


def test_undo_brings_back_what_was_before(path: Path) -> None:
    """The label that a session had replaced, or none; and withdrawing twice is as once."""
    store = opened(path)
    say(store, A, "key-1", 1, "abc")
    say(store, A, "key-2", 1, "abd")
    assert say(store, A, "key-2", None) == ""
    assert say(store, A, "key-2", None) == ""
    assert store.standing(1) == Standing("labelled", "abc")
    assert say(store, A, "key-1", None) == ""
    assert store.standing(1) == Standing("open")
    store.close()
    again = opened(path)
    assert again.standing(1) == Standing("open")
    again.close()


def test_nobody_takes_back_what_another_said(path: Path) -> None:
    """Nor anything that was never said."""
    store = opened(path)
    say(store, A, "key-1", 1, "abc")
    assert say(store, B, "key-1", None) == "is of another session"
    assert say(store, B, "key-2", None) == "was never stored"
    assert store.standing(1) == Standing("labelled", "abc")
    store.close()


@pytest.mark.parametrize("text", ["", "a b", " ab", "a\n", "a\0", "\ud800"])
def test_what_no_label_can_be_is_refused(path: Path, text: str) -> None:
    """And what comes with it in the same request is stored all the same."""
    store = opened(path)
    bad, good = store.say(A, [Said("key-1", 1, text), Said("key-2", 2, "abc")])
    assert "cannot be stored" in bad.fault
    assert (good.fault, store.standing(1).state, store.standing(2).text) == ("", "open", "abc")
    store.close()


def test_people_who_differ_leave_an_image_disputed_until_a_review(path: Path) -> None:
    """Who changes their mind to agree settles it too."""
    store = opened(path)
    for image in (1, 2):
        say(store, A, f"key-a{image}", image, "abc")
        say(store, B, f"key-b{image}", image, "abd")
    assert store.with_state("disputed") == [1, 2]
    assert store.labels() == []
    say(store, B, "key-3", 1, "abc")
    store.say(B, [Said("key-4", 2, "xyz", final=True)])
    assert [row[:2] for row in store.labels()] == [("1.png", "abc"), ("2.png", "xyz")]
    store.close()


def test_counts_follow_labels_and_images(path: Path) -> None:
    """An image that is gone counts no more, but its label stays, and it may come back."""
    store = opened(path)
    say(store, A, "key-1", 1, "abc")
    say(store, A, "key-2", 2, None)
    assert store.counts() == {"labelled": 1, "unreadable": 1, "open": 1}
    store.set_present(["3.png", "4.png"])
    assert {state: n for state, n in store.counts().items() if n} == {"open": 2}
    assert [row[:2] for row in store.labels()] == [("1.png", "abc")]
    assert (store.file(1), store.file(4)) == (None, "4.png")
    store.set_present(["1.png", "3.png"])
    assert store.counts() == {"labelled": 1, "open": 1}
    store.close()


def test_where_an_image_stood_can_be_told_later() -> None:
    """At any time that marks count."""
    marks = [
        Mark(1, "1", 1, A, "abc", undone=4),
        Mark(2, "2", 1, B, "abd", undone=3),
        Mark(5, "5", 1, CSV, "xyz", final=True),
    ]
    states = [standing_of(marks, at) for at in range(6)]
    assert [s.text or s.state for s in states] == ["open", "abc", "disputed", "abc", "open", "xyz"]
    assert standing_of(marks) == states[5]


def test_a_store_belongs_to_one_process(path: Path) -> None:
    """The second is told that somebody labels already."""
    store = opened(path)
    with pytest.raises(OutputError, match="is in use"):
        Store(path)
    store.close()
    Store(path).close()


def test_a_file_of_something_else_is_left_alone(path: Path) -> None:
    """So is one of a newer version."""
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatasetError, match="cannot be read"):
        Store(path)
    assert path.read_bytes() == b"no database" * 100
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatasetError, match="upgrade"):
        Store(path)


def test_what_cannot_be_written_is_not_acknowledged(path: Path) -> None:
    """Nor remembered, so that saying it again stores it."""
    store = opened(path)
    store._database._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(OutputError, match="cannot be written"):
        say(store, A, "key-1", 1, "abc")
    assert store.standing(1) == Standing("open")
    store._database._connection.execute("PRAGMA query_only = OFF")
    assert say(store, A, "key-1", 1, "abc") == ""
    assert store.standing(1) == Standing("labelled", "abc")
    store.close()
