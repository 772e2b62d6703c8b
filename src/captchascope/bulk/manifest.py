"""The manifest of a destination: an entry for each part says what is in it, and commits it."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captchascope.errors import DatasetError, OutputError, alike
from captchascope.files import printable

VERSION = 1
"""Of all that is in the manifest; raised when an older captchascope would misunderstand it."""

Range = tuple[int, int]
"""Rows, from the first to before the second."""

_Held = tuple[tuple[Range, ...], int | None]
"""What is there of a file, and how many rows it has: None until its end was seen."""

_SHARED: Mapping[_Held, _Held] = {
    held: held for rows in ((), ((0, 1),)) for held in ((rows, None), (rows, 1))
}
"""What is held of a file that is an image, of which there may be millions: the same object."""

_REASONS = 100
_OTHER = "other reasons"


class Covered:
    """Which rows of which files are there."""

    def __init__(self) -> None:
        self._files: dict[str, _Held] = {}

    def ranges(self, file: str) -> tuple[Range, ...]:
        """Return the rows of a file that are there, in order; no two ranges touch."""
        return self._files.get(file, _NOTHING)[0]

    def complete(self, file: str, rows: int | None) -> bool:
        """Tell whether all rows of a file are there.

        Args:
            file: Its name, as rows have it.
            rows: How many it has; None where nobody knows who did not see its end.

        Raises:
            DatasetError: If it had another number of rows when they were read.
        """
        if rows is not None:
            self._require(file, rows)
        ranges, end = self._files.get(file, _NOTHING)
        end = rows if end is None else end
        return ranges == (((0, end),) if end else ()) and end is not None

    def add(self, file: str, start: int, stop: int) -> list[Range]:
        """Take rows in, and return those of them that were not there."""
        held, end = self._files.get(file, _NOTHING)
        if end is not None and stop > end:
            self._require(file, stop)
        first = bisect_left(held, start, key=itemgetter(1))
        last = bisect_right(held, stop, key=itemgetter(0))
        low, high, new = start, start, []
        for begin, after in held[first:last]:  # all that overlap or touch
            if high < begin:
                new.append((high, begin))
            low, high = min(low, begin), max(high, after)
        if high < stop:
            new.append((high, stop))
            high = stop
        self._hold(file, (*held[:first], (low, high), *held[last:]), end)
        return new

    def end(self, file: str, rows: int) -> bool:
        """Take in that a file has so many rows, and tell whether that is new.

        Raises:
            DatasetError: If it had another number of rows before.
        """
        self._require(file, rows)
        ranges, end = self._files.get(file, _NOTHING)
        self._hold(file, ranges, rows)
        return end is None

    def take(self, other: Covered) -> str | None:
        """Take all in that another one has; return a file of which rows were there, if any is."""
        twice = None
        for file, held in other._files.items():
            if file not in self._files:
                self._files[file] = held
                continue
            for start, stop in held[0]:
                if self.add(file, start, stop) != [(start, stop)]:
                    twice = file
            if held[1] is not None:
                self.end(file, held[1])
        return twice

    def groups(self) -> list[dict[str, object]]:
        """Return the same for JSON: files of which the same is held stand together."""
        same: dict[_Held, list[str]] = defaultdict(list)
        for file, held in self._files.items():
            same[held].append(file)
        return [{"rows": rows, "of": of, "files": files} for (rows, of), files in same.items()]

    @classmethod
    def of(cls, groups: Sequence[Mapping[str, object]]) -> Covered:
        """Return what ``groups`` gave.

        Raises:
            ValueError: If it is something else; or one of what ``TypeError``, ``KeyError`` say.
        """
        covered = cls()
        for group in groups:
            pairs, end, files = group["rows"], group["of"], group["files"]
            if not isinstance(pairs, list) or not isinstance(files, list):
                raise TypeError("rows and files must be lists")
            rows = tuple((int(start), int(stop)) for start, stop in pairs)
            if not isinstance(end, int | None) or any(type(file) is not str for file in files):
                raise TypeError("a value has the wrong type")
            held = (rows, end)
            covered._files.update(dict.fromkeys(files, _SHARED.get(held, held)))
        return covered

    def _hold(self, file: str, ranges: tuple[Range, ...], end: int | None) -> None:
        held = (ranges, end)
        self._files[file] = _SHARED.get(held, held)

    def _require(self, file: str, rows: int) -> None:
        """Raise a DatasetError if a file of so many rows cannot be the one that was read."""
        ranges, end = self._files.get(file, _NOTHING)
        had = end if end is not None else ranges[-1][1] if ranges else 0
        if rows < had or (end is not None and rows > end):
            what = f"has changed: it has {rows:,} rows, and had {had:,} when they were read"
            raise DatasetError(printable(file), what, "read what is there now to a new place")


_NOTHING: _Held = ((), None)


@dataclass(slots=True)
class Counts:
    """How the reading of some rows ended.

    Attributes:
        rows: How many there are.
        abstained: Those whose text was withheld.
        unfamiliar: Those unlike anything that the model was trained on, however they ended.
        failed: Those with an error, by what errors that differ in numbers or names say alike.
    """

    rows: int = 0
    abstained: int = 0
    unfamiliar: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """Those that have a text."""
        return self.rows - self.abstained - self.failed.total()

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> Counts:
        """Count rows as they are written."""
        counts = cls(
            batch.num_rows,
            pc.sum(batch["abstained"]).as_py() or 0,
            pc.sum(batch["unfamiliar"]).as_py() or 0,
        )
        for found in pc.value_counts(batch["error"].drop_null()).to_pylist():
            counts.failed[alike(found["values"])] += found["counts"]
        return counts

    def take(self, other: Counts) -> None:
        """Add others to these; of very many reasons only the first are told apart."""
        self.rows += other.rows
        self.abstained += other.abstained
        self.unfamiliar += other.unfamiliar
        for reason, count in other.failed.items():
            known = reason in self.failed or len(self.failed) < _REASONS
            self.failed[reason if known else _OTHER] += count

    def row(self) -> dict[str, object]:
        """Return the same for JSON, the most frequent reason first."""
        return {
            "rows": self.rows,
            "read": self.read,
            "abstained": self.abstained,
            "unfamiliar": self.unfamiliar,
            "failed": dict(self.failed.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest says of one part.

    Attributes:
        part: Its name; None where only ends of files were seen.
        size: Its bytes.
        seconds: From the part before it, or the start of its run, until it was written.
        counts: Of its rows.
        covered: Its rows, and the ends of files that were seen since the part before.
    """

    part: str | None
    size: int
    seconds: float
    counts: Counts
    covered: Covered

    def json(self) -> str:
        """Return the entry as it is written."""
        return to_json(
            {
                "part": self.part,
                "bytes": self.size,
                "seconds": self.seconds,
                **self.counts.row(),
                "covered": self.covered.groups(),
            }
        )

    @classmethod
    def of(cls, data: bytes, where: str) -> Entry:
        """Return the entry that was written; errors name ``where``.

        Raises:
            OutputError: If it is damaged, or of a newer version.
        """
        table = from_json(data, where)
        try:
            failed = Counter({str(name): int(n) for name, n in table["failed"].items()})
            rows, abstained, unfamiliar = (
                int(table[name]) for name in ("rows", "abstained", "unfamiliar")
            )
            part, size, seconds = table["part"], int(table["bytes"]), float(table["seconds"])
            if not isinstance(part, str | None):
                raise TypeError("part must be a name")
            covered = Covered.of(table["covered"])
            return cls(part, size, seconds, Counts(rows, abstained, unfamiliar, failed), covered)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _damaged(where, f"{type(error).__name__} {error}") from error


def to_json(table: Mapping[str, object]) -> str:
    """Return a file of the manifest, a line for each thing that it says."""
    lines = (f"{json.dumps(key)}: {json.dumps(table[key], ensure_ascii=False)}" for key in table)
    return "{\n" + ",\n".join([f'"version": {VERSION}', *lines]) + "\n}\n"


def from_json(data: bytes, where: str) -> dict[str, Any]:
    """Return what a file of the manifest says; errors name ``where``.

    Raises:
        OutputError: If it is damaged, or of a newer version.
    """
    try:
        table = json.loads(data)
    except ValueError as error:
        raise _damaged(where, str(error)) from error
    if not isinstance(table, dict) or not isinstance(version := table.get("version"), int):
        raise _damaged(where, "it has no version")
    if version > VERSION:
        what = f"is of version {version}, and this captchascope knows {VERSION}"
        raise OutputError(where, what, "upgrade captchascope")
    return table


def _damaged(where: str, why: str) -> OutputError:
    remedy = "if it is of a part, remove both, and its rows are read again"
    return OutputError(where, f"is damaged: {printable(why)}", f"{remedy}; else begin elsewhere")
