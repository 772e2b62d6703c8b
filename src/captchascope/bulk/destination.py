"""The destination of a run in bulk: parts, and what a later run needs to go on.

A part is written whole or not at all, and then its entry in the manifest (``_manifest/``), which
commits it: what has an entry is never read again. A kill at any moment leaves one of three things:

- something hidden, not whole yet: the next run removes it;
- the last part without its entry: the next run removes it, and reads its rows again;
- nothing at all.

Anything else was done by somebody: a part that is missing, is larger or smaller than it was, or
has no entry and is not the last. The next run then stops and says what to do, since whatever it did
by itself might lose rows, or give them twice.

One run at a time writes to a place. On this machine a lock sees to it. Elsewhere there is none, but
each run takes the next number for every part, and stops where another has taken it; should two take
one at the same moment, their sizes tell at the next start.
"""

from __future__ import annotations

import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from pyarrow.fs import FileType

from captchascope.bulk.manifest import Counts, Covered, Entry, from_json, to_json
from captchascope.bulk.places import Place
from captchascope.bulk.rows import CHARS, READ
from captchascope.bulk.store import Store
from captchascope.errors import OutputError, UsageError
from captchascope.files import printable

Form: TypeAlias = Literal["parquet", "jsonl"]

MANIFEST = "_manifest"
"""Its name begins as what Arrow, Spark and others take for no data."""

_BEGUN = "begun.json"
_SUMMARY = "summary.json"
_LOCK = "lock"
_ENTRY = re.compile(r"part-(\d{5,})\.json")
_REQUESTS = 16
"""Entries that are fetched at once: each takes a distant store a moment."""

_TOLD = 60
"""Characters of a fact that an error tells."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one batch brought that was not there."""

    rows: pa.RecordBatch
    counts: Counts
    ranges: tuple[tuple[str, int, int], ...]
    ends: tuple[tuple[str, int], ...]


class Destination:
    """A place that takes readings; ``open_destination`` gives it.

    Attributes:
        covered: The rows that it has, those that wait to be written included.
        earlier: How many rows earlier runs have left here, and how they ended.
        counts: The same of this run.
        schema: Of the rows as they are written.
    """

    def __init__(
        self, store: Store, form: Form, schema: pa.Schema, rows_per_part: int, seconds: float
    ) -> None:
        self.covered = Covered()
        self.earlier = Counts()
        self.counts = Counts()
        self.schema = schema
        self._store = store
        self._form = form
        self._limits = rows_per_part, seconds
        self._waiting: list[_Piece] = []
        self._rows = 0  # that wait
        self._since = time.monotonic()  # the part before
        self._spent = 0.0  # seconds, as the entries say
        self._next = 0
        self._failed: OutputError | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows in any order; those that are there already are dropped.

        Args:
            batch: Rows of READ, perhaps with ``chars``, and the column ``end`` of GIVEN.

        Raises:
            OutputError: If a part cannot be written. What was written before stays.
            DatasetError: If a file has changed since other rows of it were read.
        """
        if self._failed is not None:  # rows were lost that now count as covered
            raise self._failed
        is_end = batch["end"]
        ends = batch.filter(is_end)
        piece = self._new(batch.filter(pc.invert(is_end)).select(self.schema.names), ends)
        if piece is None:
            return
        self.counts.take(piece.counts)
        self._rows += piece.rows.num_rows
        self._waiting.append(piece)
        most, seconds = self._limits
        if self._rows >= most or (self._rows and time.monotonic() - self._since >= seconds):
            self.flush()

    def flush(self) -> None:
        """Write what waits as a part.

        Raises:
            OutputError: If it cannot be written.
        """
        if self._failed is not None:
            raise self._failed
        if not self._waiting:
            return
        try:
            self._spent += self._commit()
        except OutputError as error:
            remedy = f"{error.remedy}; what is written stays, and the same command goes on"
            self._failed = OutputError(error.where, error.what, remedy)
            raise self._failed from error
        self._waiting = []  # before all else: after an interrupt none of it is written again
        self._next += 1
        self._rows = 0
        self._since = time.monotonic()

    def finish(self) -> None:
        """Write what waits, and the summary of all that is here.

        Raises:
            OutputError: If that cannot be written.
        """
        self.flush()
        total = Counts()
        total.take(self.earlier)
        total.take(self.counts)
        summary = to_json({**total.row(), "seconds": round(self._spent, 3)})
        self._store.write(f"{MANIFEST}/{_SUMMARY}", summary.encode())

    def _new(self, rows: pa.RecordBatch, ends: pa.RecordBatch) -> _Piece | None:
        """Return what is new of a batch, and cover it; None where nothing is."""
        keep = np.zeros(rows.num_rows, np.bool_)
        ranges: list[tuple[str, int, int]] = []
        for at, file, start, stop in _runs(rows):
            for low, high in self.covered.add(file, start, stop):
                keep[at + low - start : at + high - start] = True
                ranges.append((file, low, high))
        seen = []
        for file, row in zip(ends["file"].to_pylist(), ends["row"].to_pylist(), strict=True):
            if self.covered.end(file, row):
                seen.append((file, row))
        if not ranges and not seen:
            return None
        new = (rows if keep.all() else rows.filter(pa.array(keep))).cast(self.schema)
        return _Piece(new, Counts.of(new), tuple(ranges), tuple(seen))

    def _commit(self) -> float:
        """Write a part and then its entry, and return the seconds since the one before.

        All that the entry says comes from what is in the part, wherever an interrupt has struck.
        """
        pieces = self._waiting
        counts, covered = Counts(), Covered()
        for piece in pieces:
            counts.take(piece.counts)
            for file, start, stop in piece.ranges:
                covered.add(file, start, stop)
            for file, rows in piece.ends:
                covered.end(file, rows)
        table = pa.Table.from_batches([piece.rows for piece in pieces], self.schema)
        part = _part(self._next, self._form) if counts.rows else None
        entry = f"{MANIFEST}/{_part(self._next, 'json')}"
        for taken in filter(self._store.has, filter(None, (part, entry))):
            what, remedy = "was written by another run meanwhile", "let one run write here"
            raise OutputError(self._store.where(taken), what, remedy)
        data = _ENCODERS[self._form](table) if part else b""
        try:
            if part:
                self._store.write(part, data)
            spent = round(time.monotonic() - self._since, 3)
            written = Entry(part, len(data), spent, counts, covered)
            self._store.write(entry, written.json().encode())
        except BaseException:
            with suppress(OutputError):  # then the next run removes it
                if part and not self._store.has(entry):
                    self._store.remove(part)
            raise
        return spent

    def _go_on(self) -> None:
        """Take in what earlier runs have left, and remove what is not whole.

        Raises:
            OutputError: If somebody has changed it.
        """
        parts, here = self._store.sizes(), self._store.sizes(MANIFEST)
        names = sorted((int(found[1]), name) for name in here if (found := _ENTRY.fullmatch(name)))
        with ThreadPoolExecutor(_REQUESTS) as pool:
            files = [f"{MANIFEST}/{name}" for _, name in names]
            for name, data in zip(files, pool.map(self._store.read, files), strict=True):
                self._take(name, Entry.of(data, self._store.where(name)), parts)
        self._next = names[-1][0] + 1 if names else 0
        self._remove_orphan(parts)
        for folder in ("", MANIFEST):
            self._store.clean(folder)
        if _SUMMARY in here:  # it is not so any more
            self._store.remove(f"{MANIFEST}/{_SUMMARY}")

    def _take(self, name: str, entry: Entry, parts: dict[str, int | None]) -> None:
        """Take in what an entry says, and its part out of those that are there."""
        where = self._store.where(entry.part or name)
        size = parts.pop(entry.part, None) if entry.part else 0
        again = f"remove {self._store.where(name)}, and its rows are read again"
        if size is None:
            what = f"is not there any more, with {entry.counts.rows:,} rows"
            raise OutputError(where, what, f"put it back; or {again}")
        if size != entry.size:
            what = f"has {size:,} bytes, and had {entry.size:,} when it was written"
            raise OutputError(where, what, f"put it back as it was; or remove it, and {again}")
        if (file := self.covered.take(entry.covered)) is not None:
            what = f"has rows of {printable(file)} that another part has"
            raise OutputError(where, what, f"remove it, and {again} where no other part has them")
        self.earlier.take(entry.counts)
        self._spent += entry.seconds

    def _remove_orphan(self, parts: Mapping[str, object]) -> None:
        """Remove the part that a killed run had no time to commit; any other is somebody's."""
        ours = re.compile(rf"part-\d{{5,}}\.{self._form}")
        for name in sorted(filter(ours.fullmatch, parts)):
            if name != _part(self._next, self._form):
                what, remedy = "has no entry in the manifest", "move it away, or put its entry back"
                raise OutputError(self._store.where(name), what, remedy)
            self._store.remove(name)


@contextmanager
def open_destination(
    place: Place,
    form: Form,
    facts: Mapping[str, object],
    *,
    chars: bool = False,
    rows_per_part: int = 100_000,
    seconds_per_part: float = 60.0,
) -> Iterator[Destination]:
    """Open a place for readings, a new one or one that an earlier run has begun.

    In the end what waits is written, also where an error or an interrupt ends the block.

    Args:
        place: A folder, which is made if it is not there.
        form: Of the parts: Parquet (compressed by zstd), or JSON Lines, whose rows are spelled as
            those of ``captchascope read``.
        facts: What must be the same for a run to go on, by how an error calls it; of what JSON has.
        chars: Whether the rows have the confidence of each character.
        rows_per_part: About how many rows end a part.
        seconds_per_part: And about how many seconds, so that a kill loses no more of work.

    Raises:
        OutputError: If it is a file, or a folder with something else in it, another run holds it,
            it cannot be written, or somebody has changed what earlier runs have left.
        UsageError: If it was begun with other facts; it names the first that differs.
    """
    store = Store(place)
    _require_ours(store)
    with _held(store):
        _begin(store, json.loads(json.dumps({"format": form, "chars": chars, **facts})))
        schema = READ.append(pa.field("chars", CHARS)) if chars else READ
        target = Destination(store, form, schema, rows_per_part, seconds_per_part)
        target._go_on()
        try:
            yield target
        except BaseException:
            with suppress(Exception):  # it is the first error that tells what happened
                target.flush()
            raise
        target.flush()


def require_apart(source: Place, place: Place, form: Form) -> None:
    """Raise a UsageError if what is written would lie in what is read, this time or the next."""
    if not source.files.equals(place.files):
        return
    outer, inner = (Path(_real(one)) for one in (source, place))
    if any(sign in source.path for sign in "*?["):
        part, pattern = inner / _part(0, form), outer.parts
        within = fnmatch(part.as_posix(), outer.as_posix()) and (
            "**" in pattern or len(part.parts) == len(pattern)
        )
    else:
        within = inner.is_relative_to(outer)
    if within:
        what = f"lies in the source, {printable(source.url)}"
        raise UsageError(printable(place.url), what, "name a place outside of it")


def _real(place: Place) -> str:
    return os.path.realpath(place.path) if place.is_local else place.path


def _require_ours(store: Store) -> None:
    """Raise an OutputError if something is there that no run has begun."""
    where, remedy = store.where(""), "name a new folder"
    if store.kind() == FileType.File:
        raise OutputError(where, "is a file", remedy)
    names = store.sizes()
    begun = names.keys() <= {MANIFEST} or _BEGUN in store.sizes(MANIFEST)
    if not begun:
        found = printable(min(names.keys() - {MANIFEST}))
        what = f"has other things in it, such as {found}"
        raise OutputError(where, what, f"{remedy}, or empty this one")


@contextmanager
def _held(store: Store) -> Iterator[None]:
    """Make the folders, and hold them against a second run on this machine."""
    store.make(MANIFEST)
    if not store.place.is_local:
        yield
        return
    lock = FileLock(Path(store.place.path, MANIFEST, _LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        what, remedy = "another run is writing there", "wait for it, or write elsewhere"
        raise OutputError(store.where(""), what, remedy) from None
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise OutputError(store.where(""), what, "choose another place") from error
    try:
        yield
    finally:
        lock.release()


def _begin(store: Store, facts: Mapping[str, object]) -> None:
    """Write down what a new run is begun with, or compare it.

    Raises:
        UsageError: If the place was begun with something else.
        OutputError: If it cannot be read or written.
    """
    name = f"{MANIFEST}/{_BEGUN}"
    if not store.has(name):
        store.write(name, to_json({"facts": facts}).encode())
        return
    held = from_json(store.read(name), store.where(name)).get("facts", {})
    for fact in {**held, **facts}:
        given, value = held.get(fact), facts.get(fact)
        if given != value:
            what = f"was begun with {fact} {given}, not {value}"
            if len(what) > _TOLD:
                what = f"was begun with another {fact}"
            raise UsageError(store.where(""), what, "give the same again, or name a new place")


def _part(number: int, suffix: str) -> str:
    return f"part-{number:05}.{suffix}"


def _runs(rows: pa.RecordBatch) -> Iterator[tuple[int, str, int, int]]:
    """Yield rows that follow each other in a file: where they begin, the file, from, to before."""
    if not rows.num_rows:
        return
    files = rows["file"].dictionary_encode()
    which, numbers = files.indices.to_numpy(), rows["row"].to_numpy()
    names = files.dictionary.to_pylist()
    breaks = np.flatnonzero((np.diff(which) != 0) | (np.diff(numbers) != 1)) + 1
    for low, high in pairwise([0, *breaks.tolist(), rows.num_rows]):
        start = int(numbers[low])
        yield low, names[which[low]], start, start + high - low


def _parquet(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _jsonl(table: pa.Table) -> bytes:
    """Return a line for each row, spelled as ``Reading.row`` does it."""
    lines = io.BytesIO()
    for batch in table.to_batches():  # the objects of all of them would take much memory
        for row in batch.to_pylist():
            row["confidence"] = round(row["confidence"], 6)
            for char in row.get("chars") or ():
                char["confidence"] = round(char["confidence"], 6)
            if row["value"] is not None and _WHOLE.fullmatch(row["value"]):
                row["value"] = int(row["value"])
            lines.write(json.dumps(row).encode() + b"\n")
    return lines.getvalue()


_WHOLE = re.compile(r"-?[0-9]+")
_ENCODERS: Mapping[Form, Callable[[pa.Table], pa.Buffer | bytes]] = {
    "parquet": _parquet,
    "jsonl": _jsonl,
}
