"""What people say of an image, and where it stands after that."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from captchascope.errors import DatasetError, OutputError
from captchascope.files import printable

CSV = "labels.csv"
"""The session of marks that were taken from the file; no browser's can be called so."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one session said of one image, once.

    Attributes:
        seq: When, in the order of all marks and withdrawals.
        key: What the browser calls it, so that sending it twice stores it once.
        image: The number of the image.
        session: Who said it.
        text: What is in the image; None where it is unreadable.
        final: Whether it settles what was said before, as a review does.
        guess: What the model had suggested.
        seconds: How long it took.
        undone: When it was withdrawn; None while it stands.
    """

    seq: int
    key: str
    image: int
    session: str
    text: str | None
    final: bool = False
    guess: str | None = None
    seconds: float | None = None
    undone: int | None = None

    def stands(self, at: int | None = None) -> bool:
        """Say whether it stood at a time; None is now."""
        if at is None:
            return self.undone is None
        return self.seq <= at and (self.undone is None or self.undone > at)


State: TypeAlias = Literal["open", "labelled", "unreadable", "disputed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an image, all in all.

    Attributes:
        state: ``open`` where nobody has said anything, ``disputed`` where they differ.
        text: The label; None unless ``labelled``.
    """

    state: State
    text: str | None = None


NONE_YET = Standing("open")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model reads in an image.

    Attributes:
        text: The text; None where it cannot be read.
        confidence: The probability, 0 to 1, that all of it is right.
        chars: Each character with the probability that it is right.
        model: The number of the model that read it, counted up as models come.
    """

    text: str | None
    confidence: float
    chars: tuple[tuple[str, float], ...]
    model: int


def standing_of(marks: Sequence[Mark], at: int | None = None) -> Standing:
    """Return where an image stands after some marks.

    The last word of each session counts; sessions that differ leave the image disputed. A final
    mark settles all before it.

    Args:
        marks: All of the image, in order.
        at: The time to look at, as ``Mark.seq`` counts; None is now.
    """
    standing = [mark for mark in marks if mark.stands(at)]
    settled = max((i for i, mark in enumerate(standing) if mark.final), default=0)
    last = {mark.session: mark.text for mark in standing[settled:]}
    said = set(last.values())
    if not said:
        return NONE_YET
    if len(said) > 1:
        return Standing("disputed")
    text = said.pop()
    return Standing("unreadable") if text is None else Standing("labelled", text)


DATABASE = ".captchascope-labels.sqlite"

_FORMAT = 1

_SCHEMA = """
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
"""

_MARK = "INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FACT = "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


class Database:
    """An open file of labels; it belongs to this process alone until it is closed.

    Whoever calls it sees to it that no two threads do so at once.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            OutputError: If another process has it, or it cannot be written.
            DatasetError: If it is not what we write.
        """
        self._path = path
        with self._naming():
            self._connection = sqlite3.connect(
                path, timeout=0.2, isolation_level=None, check_same_thread=False
            )
        try:
            with self._naming():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")  # a second process would not see what this one knows
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")  # a commit is on the disk before it is acknowledged
        with self.changing():
            format_ = run("PRAGMA user_version").fetchone()[0]
            if format_ > _FORMAT:
                what = f"has the format {format_}; this captchascope reads up to {_FORMAT}"
                raise DatasetError(printable(self._path), what, "upgrade captchascope")
            if format_ == 0:
                for statement in _SCHEMA.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {_FORMAT}")

    def close(self) -> None:
        """Close the file; the log beside it is folded in."""
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Commit what is done within the block, all or nothing of it.

        Raises:
            OutputError: If it cannot be stored.
        """
        with self._naming():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Turn what SQLite says into an error of ours."""
        try:
            yield
        except sqlite3.Error as error:
            where = printable(self._path)
            if "locked" in str(error):
                what, remedy = "is in use: somebody labels this folder", "use that one, or end it"
                raise OutputError(where, what, remedy) from error
            if "not a database" in str(error) or "malformed" in str(error):
                remedy = "move it away; labels.csv has the labels"
                raise DatasetError(where, f"cannot be read: {error}", remedy) from error
            remedy = "free space, or mend the permissions"
            raise OutputError(where, f"cannot be written: {error}", remedy) from error

    def images(self) -> dict[int, tuple[str, dict[str, str]]]:
        """Return the file and the further columns of each image."""
        rows = self._connection.execute("SELECT id, file, columns FROM images")
        return {number: (file, json.loads(columns)) for number, file, columns in rows}

    def marks(self) -> list[Mark]:
        """Return all marks, in order."""
        rows = self._connection.execute("SELECT * FROM marks ORDER BY seq")
        return [
            Mark(seq, key, image, session, text, bool(final), *rest)
            for seq, key, image, session, text, final, *rest in rows
        ]

    def leases(self) -> list[tuple[int, str, float]]:
        """Return image, session and end of each lease."""
        return list(self._connection.execute("SELECT image, session, until FROM leases"))

    def facts(self) -> dict[str, str]:
        """Return what else is kept, by name."""
        return dict(self._connection.execute("SELECT name, value FROM facts").fetchall())

    def add_image(self, file: str) -> int:
        """Store an image and return its number."""
        cursor = self._connection.execute("INSERT INTO images (file) VALUES (?)", (file,))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def set_columns(self, image: int, columns: Mapping[str, str]) -> None:
        """Store the further columns of an image."""
        text = json.dumps(dict(columns))
        self._connection.execute("UPDATE images SET columns = ? WHERE id = ?", (text, image))

    def add_mark(self, mark: Mark) -> None:
        """Store a mark."""
        said = (mark.seq, mark.key, mark.image, mark.session, mark.text)
        rest = (int(mark.final), mark.guess, mark.seconds, mark.undone)
        self._connection.execute(_MARK, (*said, *rest))

    def undo_mark(self, mark: Mark) -> None:
        """Store that a mark is withdrawn."""
        self._connection.execute(
            "UPDATE marks SET undone = ? WHERE seq = ?", (mark.undone, mark.seq)
        )

    def set_leases(self, session: str, leases: Iterable[tuple[int, float]]) -> None:
        """Store which images a session has, and until when."""
        self._connection.execute("DELETE FROM leases WHERE session = ?", (session,))
        rows = [(image, session, until) for image, until in leases]
        self._connection.executemany("INSERT INTO leases VALUES (?, ?, ?)", rows)

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Store facts by name."""
        self._connection.executemany(_FACT, facts.items())
