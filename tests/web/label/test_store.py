"""What is stored stays stored, once, and a session can take back what it said."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.errors import DatasetError, OutputError
from captchascope.web.label.schema import (
    CSV,
    DATABASE,
    OPEN,
    Annotation,
    Result,
    Standing,
    Submission,
)
from captchascope.web.label.store import Store

A, B = "person-a", "person-b"


def opened(folder: Path, count: int = 3) -> Store:
    """Open a store with some images, numbered from 1."""
    store = Store(folder)
    store.set_present([f"{number}.png" for number in range(1, count + 1)])
    return store


def standing(store: Store, image: int) -> Standing:
    """Return where an image stands."""
    return store.standings().get(image, OPEN)


def say(store: Store, session: str, key: str, image: int | None, text: str | None = None) -> str:
    """Say one thing, and return what was wrong with it."""
    return store.say(session, [Submission(key, image, text)])[0].fault


def test_a_label_is_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    """As are unreadable images, and the guess and the time that went with a label."""
    store = opened(tmp_path)
    store.say(
        A, [Submission("key-1", 1, "abc", guess="abd", seconds=1.5), Submission("key-2", 2, None)]
    )
    store.close()
    again = opened(tmp_path)
    assert standing(again, 1) == Standing("labelled", "abc")
    assert standing(again, 2) == Standing("unreadable")
    assert again.annotations(1) == [Annotation("key-1", 1, A, "abc", guess="abd", seconds=1.5)]
    again.close()


def test_said_twice_is_stored_once(tmp_path: Path) -> None:
    """Whether in one request or in two: nobody knows whether the first one arrived."""
    store = opened(tmp_path)
    said = Submission("key-1", 1, "abc")
    assert store.say(A, [said, said]) == [Result("key-1"), Result("key-1")]
    assert store.say(A, [said]) == [Result("key-1")]
    assert len(store.annotations(1)) == 1
    store.close()


def test_undo_brings_back_what_was_before(tmp_path: Path) -> None:
    """The label that a session had replaced, or none; and withdrawing twice is as once."""
    store = opened(tmp_path)
    say(store, A, "key-1", 1, "abc")
    say(store, A, "key-2", 1, "abd")
    assert say(store, A, "key-2", None) == ""
    assert say(store, A, "key-2", None) == ""
    assert standing(store, 1) == Standing("labelled", "abc")
    assert say(store, A, "key-1", None) == ""
    assert standing(store, 1) == Standing("open")
    store.close()
    again = opened(tmp_path)
    assert standing(again, 1) == Standing("open")
    again.close()


def test_a_key_stands_for_one_label(tmp_path: Path) -> None:
    """What is sent again is stored already; another label under its key is not taken for it."""
    store = opened(tmp_path)
    assert say(store, A, "key-1", 1, "abc") == ""
    assert say(store, A, "key-1", 1, "abc") == ""
    assert say(store, A, "key-1", 1, "abd") == "is of another label"
    assert say(store, A, "key-1", 2, "abc") == "is of another label"
    assert [one.text for one in store.annotations(1)] == ["abc"]
    store.close()


def test_nobody_takes_back_what_another_said(tmp_path: Path) -> None:
    """Nor anything that was never said."""
    store = opened(tmp_path)
    say(store, A, "key-1", 1, "abc")
    assert say(store, B, "key-1", None) == "is of another session"
    assert say(store, B, "key-2", None) == "was never stored"
    assert standing(store, 1) == Standing("labelled", "abc")
    store.close()


@pytest.mark.parametrize("text", ["", "a b", " ab", "a\n", "a\0", "\ud800"])
def test_what_no_label_can_be_is_refused(tmp_path: Path, text: str) -> None:
    """And what comes with it in the same request is stored all the same."""
    store = opened(tmp_path)
    bad, good = store.say(A, [Submission("key-1", 1, text), Submission("key-2", 2, "abc")])
    assert "cannot be stored" in bad.fault
    assert (good.fault, standing(store, 1).state, standing(store, 2).text) == ("", "open", "abc")
    store.close()


def test_people_who_differ_leave_an_image_disputed_until_a_review(tmp_path: Path) -> None:
    """Who changes their mind to agree settles it too."""
    store = opened(tmp_path)
    for image in (1, 2):
        say(store, A, f"key-a{image}", image, "abc")
        say(store, B, f"key-b{image}", image, "abd")
    assert store.with_state("disputed") == [1, 2]
    assert store.labels()[1] == []
    say(store, B, "key-3", 1, "abc")
    store.say(B, [Submission("key-4", 2, "xyz", final=True)])
    assert [row[:2] for row in store.labels()[1]] == [("1.png", "abc"), ("2.png", "xyz")]
    store.close()


def test_counts_follow_labels_and_images(tmp_path: Path) -> None:
    """An image that is gone counts no more, but its label stays, and it may come back."""
    store = opened(tmp_path)
    say(store, A, "key-1", 1, "abc")
    say(store, A, "key-2", 2, None)
    assert store.counts() == Counter(labelled=1, unreadable=1, open=1)
    store.set_present(["3.png", "4.png"])
    assert store.counts() == Counter(open=2)
    assert [row[:2] for row in store.labels()[1]] == [("1.png", "abc")]
    assert (store.file(1), store.file(4)) == (None, "4.png")
    store.set_present(["1.png", "3.png"])
    assert store.counts() == Counter(labelled=1, open=1)
    store.close()


def test_where_an_image_stood_can_be_told_later(tmp_path: Path) -> None:
    """At any time that annotations count, after a start too."""
    store = opened(tmp_path)
    say(store, A, "key-1", 1, "abc")
    say(store, B, "key-2", 1, "abd")
    say(store, B, "key-2", None)
    say(store, A, "key-1", None)
    store.say(CSV, [Submission("key-3", 1, "xyz", final=True)])
    store.close()
    again = opened(tmp_path)
    assert again.seq == 5
    those = [again.standings(at=at).get(1, OPEN) for at in range(6)]
    states = [standing.text or standing.state for standing in those]
    assert states == ["open", "abc", "disputed", "abc", "open", "xyz"]
    again.close()


def test_what_went_with_the_last_labels_is_told(tmp_path: Path) -> None:
    """The last first: how long each took, and whether the guess was right."""
    store = opened(tmp_path, 4)
    store.say(A, [Submission("key-1", 1, "abc", guess="abc", seconds=1.0)])
    store.say(B, [Submission("key-2", 2, "abc", guess="abd", seconds=2.0)])
    store.say(A, [Submission("key-3", 3, None, guess="abd"), Submission("key-4", 4, "abc")])
    store.say(A, [Submission("key-5", 3, "abc", guess="abc", seconds=5.0)])
    assert store.seconds(A, 50) == [5.0, 1.0]
    assert store.seconds(A, 3) == [5.0]
    assert store.accepted(0, 50) == [True, False, True]
    assert store.accepted(1, 1) == [True]
    assert [said.key for said in store.history(A, 2)] == ["key-4", "key-5"]
    store.close()


def test_a_store_belongs_to_one_process(tmp_path: Path) -> None:
    """The second is told that somebody labels already."""
    store = opened(tmp_path)
    with pytest.raises(OutputError, match="is in use"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """So is one of a newer version."""
    path = tmp_path / DATABASE
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatasetError, match="cannot be read"):
        Store(tmp_path)
    assert path.read_bytes() == b"no database" * 100
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatasetError, match="upgrade"):
        Store(tmp_path)


OLD = """
CREATE TABLE images (
    id INTEGER PRIMARY KEY, file TEXT UNIQUE NOT NULL, columns TEXT NOT NULL DEFAULT '{}');
CREATE TABLE marks (
    seq INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, image INTEGER NOT NULL REFERENCES images,
    session TEXT NOT NULL, text TEXT, final INTEGER NOT NULL, guess TEXT, seconds REAL,
    undone INTEGER);
CREATE TABLE leases (
    image INTEGER NOT NULL, session TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (image, session));
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = 1;
INSERT INTO images VALUES (1, '1.png', '{"kind": "x"}'), (2, '2.png', '{}'), (3, '3.png', '{}');
INSERT INTO marks VALUES
    (1, 'key-1', 1, 'person-a', 'abc', 0, 'abd', 1.5, NULL),
    (2, 'key-2', 2, 'person-a', 'abc', 0, NULL, NULL, 4),
    (3, 'key-3', 3, 'person-b', NULL, 0, NULL, NULL, NULL);
INSERT INTO leases VALUES (2, 'person-b', 9e9);
INSERT INTO facts VALUES ('csv', 'hash');
"""
"""A store as the first version wrote it."""


def test_a_store_of_the_first_version_is_read_and_carried_on(tmp_path: Path) -> None:
    """With labels, leases and facts; and that version can read it again."""
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.executescript(OLD)
    connection.close()
    store = opened(tmp_path)
    assert store.labels() == (4, [("1.png", "abc", {"kind": "x"})])
    assert store.counts() == Counter(labelled=1, open=1, unreadable=1)
    assert (store.lease(A, [], 3).new, store.facts) == ([], {"csv": "hash"})
    say(store, A, "key-4", 2, "abd")
    store.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    last = connection.execute("SELECT * FROM marks ORDER BY seq DESC").fetchone()
    assert last == (5, "key-4", 2, "person-a", "abd", 0, None, None, None)
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the size of files")
def test_what_cannot_be_written_is_not_acknowledged(tmp_path: Path) -> None:
    """Nor remembered, so that saying it again stores it."""
    import resource

    store = opened(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            say(store, A, "key-1", 1, "abc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (standing(store, 1), store.counts(), store.seq) == (OPEN, Counter(open=3), 0)
    assert say(store, A, "key-1", 1, "abc") == ""
    assert standing(store, 1) == Standing("labelled", "abc")
    store.close()
