"""The SQLite schema of a folder that is being labelled, and the records of what is kept."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from captchascope.errors import CaptchascopeError, DatasetError, OutputError
from captchascope.files import printable
from captchascope.web.label.place import Place

CSV = "labels.csv"
"""The session of annotations that were taken from the file; no browser's can be called so."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An annotation that somebody wants stored, or that one of theirs is withdrawn.

    Attributes:
        key: What the browser calls the annotation, so that sending it twice stores it once.
        image: The number of the image; None where the annotation is withdrawn.
        text: What is in the image; None where it is unreadable.
        final: Whether it settles what was said before, as a review does.
        guess: What the model had suggested.
        seconds: How long it took.
    """

    key: str
    image: int | None
    text: str | None = None
    final: bool = False
    guess: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a submission: ``fault`` is empty where it is stored."""

    key: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation that its session has not withdrawn; attributes as of ``Submission``."""

    key: str
    image: int
    session: str
    text: str | None
    final: bool = False
    guess: str | None = None
    seconds: float | None = None


State: TypeAlias = Literal["open", "labelled", "unreadable", "disputed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The standing of an image: what is known of it, all in all.

    Attributes:
        state: ``open`` where nobody has said anything, ``disputed`` where they differ.
        text: The label; None unless ``labelled``.
    """

    state: State
    text: str | None = None


OPEN = Standing("open")


def standing_of(annotations: Iterable[Annotation]) -> Standing:
    """Return where an image stands after all annotations of it, in their order.

    The last word of each session counts; sessions that differ leave the image disputed. A final
    annotation settles all before it.
    """
    last: dict[str, str | None] = {}
    for annotation in annotations:
        if annotation.final:
            last.clear()
        last[annotation.session] = annotation.text
    said = set(last.values())
    if not said:
        return OPEN
    if len(said) > 1:
        return Standing("disputed")
    text = said.pop()
    return Standing("unreadable") if text is None else Standing("labelled", text)


@dataclass(frozen=True, slots=True)
class Guess:
    """The guess of a model: what it reads in an image.

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


DATABASE = ".captchascope-labels.sqlite"

_FORMAT = 1

_TABLES = """
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
"""Annotations are ``marks``: ``seq`` is when one was made and ``undone`` when it was withdrawn, in
one count of both. They only ever become more: one that is withdrawn stays."""

_INDICES = """
CREATE INDEX IF NOT EXISTS marks_of_image ON marks (image);
CREATE INDEX IF NOT EXISTS marks_of_session ON marks (session, seq);
"""

_STANDINGS = """
CREATE TEMP TABLE standings (
    image INTEGER PRIMARY KEY,
    place INTEGER,                         -- in natural order, or NULL if not in the folder
    viewers INTEGER NOT NULL,              -- how many sessions are to see it
    state TEXT NOT NULL DEFAULT 'open', text TEXT,
    model INTEGER NOT NULL DEFAULT 0,      -- which read it, or 0 before there is a guess
    confidence REAL NOT NULL DEFAULT 2,    -- so what has no guess comes after the surest
    guess TEXT);
CREATE INDEX temp.by_state ON standings (state, model, place) WHERE place IS NOT NULL;
CREATE INDEX temp.by_confidence ON standings (confidence, place)
    WHERE place IS NOT NULL AND (state = 'open' OR viewers > 1);
CREATE TEMP TABLE counts (state TEXT PRIMARY KEY, images INTEGER NOT NULL);
INSERT INTO counts VALUES ('open', 0), ('labelled', 0), ('unreadable', 0), ('disputed', 0);
CREATE TEMP TRIGGER counting AFTER UPDATE OF state ON standings WHEN new.place IS NOT NULL BEGIN
    UPDATE counts SET images = images + (state = new.state) - (state = old.state);
END;
"""
"""What follows from the tables above and the folder, kept up in memory: without it, each request
would look at all annotations to count what is left and to find what comes next. A transaction that
is rolled back takes it back, too."""


_LEFT_OPEN: list[sqlite3.Connection] = []
"""Connections to files that are not where they were. Closing one would remove the log at the old
path, and that may be another process's by now."""


class Database:
    """An open file of labels; it belongs to this process alone until it is closed.

    Threads may share it.

    Attributes:
        lock: Held by callers that ask twice and want no change in between.
        place: The folder that it is in.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            OutputError: If another process has it, or it cannot be written.
            DatasetError: If it is not what we write.
        """
        self.lock = threading.RLock()
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")  # as SQLite calls it
        self.place = Place(path.parent)
        try:
            self._connection = sqlite3.connect(
                path, timeout=0.2, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            self.place.close()
            raise self._named(error) from error
        try:
            self.rows("PRAGMA locking_mode = EXCLUSIVE")  # others would not know of our standings
            self.rows("PRAGMA synchronous = FULL")  # on the disk before it is acknowledged
            self.rows("PRAGMA temp_store = MEMORY")
            self._begin_log()
            with self._transaction() as connection:
                format_ = self.rows("PRAGMA user_version")[0][0]
                if format_ > _FORMAT:
                    what = f"has the format {format_}; this captchascope reads up to {_FORMAT}"
                    raise DatasetError(printable(path), what, "upgrade captchascope")
                new = f"{_TABLES}; PRAGMA user_version = {_FORMAT};" if format_ == 0 else ""
                for statement in f"{new}{_INDICES}".split(";"):
                    connection.execute(statement)
            self._connection.executescript(_STANDINGS)
        except BaseException:
            self._connection.close()
            self.place.close()
            raise

    def close(self) -> None:
        """Close the file; the log beside it is folded in."""
        with self.lock:
            if self.place.fault(self._path):
                _LEFT_OPEN.append(self._connection)
            else:
                self._connection.close()
            self.place.close()

    def check(self) -> None:
        """Check that whoever looks into the folder finds there what is written.

        A log that was removed is written anew.

        Raises:
            OutputError: If they would not.
        """
        with self.lock:
            fault = self.place.fault(self._log)  # asked first: where both go, the other goes, too
            if gone := self.place.fault(self._path):
                raise self.place.lost(self._path, gone)
            if fault and self._log.exists():  # it was cut, or is another: no use to write beside it
                raise self.place.lost(self._log, fault)
            if fault:
                self._renew_log()

    def _renew_log(self) -> None:
        """Fold in the log, which nobody would find after a kill, and begin another."""
        fold = "PRAGMA journal_mode = MEMORY"
        try:
            self.rows(fold)
            self._begin_log()
        except CaptchascopeError:
            self.rows(fold)  # so that what is stored can be read all the same
            raise

    def _begin_log(self) -> None:
        """Write ahead from now on, into a new log; all that is stored goes there first."""
        self.rows("PRAGMA journal_mode = WAL")
        with self._transaction():  # the first one makes the file
            pass
        self.place.opened(self._path)
        self.place.opened(self._log)

    def rows(self, query: str, given: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows that a query finds."""
        with self.lock:
            try:
                return self._connection.execute(query, given).fetchall()
            except sqlite3.Error as error:
                raise self._named(error) from error

    def back_up(self, copy: Path) -> None:
        """Write what is stored into a new file that needs no log beside it.

        Raises:
            OutputError: If the file is there, or cannot be written.
        """
        with self.lock:
            try:
                self._connection.execute("VACUUM INTO ?", (str(copy),))
            except sqlite3.Error as error:
                where, what = printable(copy), f"cannot be written: {error}"
                raise OutputError(where, what, "free space, or mend the permissions") from error

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done within the block, all or nothing of it.

        Raises:
            OutputError: If it cannot be stored, or not in the folder.
        """
        with self.lock:
            self.check()
            with self._transaction() as connection:
                yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._named(error) from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _named(self, error: sqlite3.Error) -> CaptchascopeError:
        """Return what SQLite says as an error of ours."""
        where = printable(self._path)
        if "locked" in str(error):
            what = "is in use: somebody labels this folder"
            return OutputError(where, what, "use that one, or end it")
        if "not a database" in str(error) or "malformed" in str(error):
            remedy = "move it away; labels.csv has the labels"
            return DatasetError(where, f"cannot be read: {error}", remedy)
        return OutputError(
            where, f"cannot be written: {error}", "free space, or mend the permissions"
        )
