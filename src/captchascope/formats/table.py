"""Labels in a table: ``labels.csv``, and what spreadsheets and other tools make of one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.formats.columns import FILE, LABEL, AmbiguousError, role
from captchascope.labels import Row, quoted, read_text
from captchascope.matching import Folder, Matched, match_named

__all__ = ["read", "read_csv", "read_records", "record_fault"]

_SEPARATORS = ",;\t|"

_QUOTING = "put fields that hold a comma or a quote in double quotes, and double those inside"

_REMEDY = "the first line must be 'file,label', further columns may follow"


def read(folder: Folder, source: Path) -> Matched:
    """Match a table whose rows name their images."""
    return match_named(folder, source, read_csv(source))


def read_csv(path: Path) -> list[Row]:
    """Return the rows of a table, the malformed ones with their fault.

    The columns ``file`` and ``label`` may be separated by semicolons, tabs or bars too, and go by
    other usual names as long as there is only one that could be meant.

    Raises:
        DatasetError: If the file cannot be read, is not UTF-8, or has no usable header.
    """
    names, records = read_records(path)
    try:
        file, label = role(names, FILE), role(names, LABEL)
    except AmbiguousError as error:
        raise DatasetError(printable(path), str(error), error.remedy, row=1) from None
    if file is None or label is None:
        what = "has no header with the columns 'file' and 'label'"
        raise DatasetError(printable(path), what, _REMEDY, row=1)
    return [_row(number, record, names, (file, label)) for number, record in records]


def _row(
    number: int, record: list[str] | csv.Error, names: Sequence[str], own: tuple[str, str]
) -> Row:
    """Return a record as a row."""
    fault = record_fault(record, names)
    if isinstance(record, csv.Error):
        return Row(number, "", "", fault=fault, remedy=_QUOTING)
    columns = dict(zip(names, record, strict=False))
    file, label = (columns.pop(name, "") for name in own)
    if fault:
        return Row(number, file, "", fault=fault, remedy=_QUOTING)
    return Row(number, file, label, columns)


def record_fault(record: list[str] | csv.Error, names: Sequence[str]) -> str:
    """Return what keeps a record from being a row under ``names``, nothing where it is one."""
    if isinstance(record, csv.Error):
        return f"cannot be read as CSV: {record}"
    if len(record) != len(names):
        return f"has {len(record)} fields where the header has {len(names)}"
    return ""


def read_records(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str] | csv.Error]]]:
    """Return the column names of a table, and each record with its first line.

    Raises:
        DatasetError: If the file cannot be read, is not UTF-8, or has no usable header.
    """
    text = read_text(path)
    separator = _separator(text.partition("\n")[0].partition("\r")[0])
    records = _records(text, separator)
    number, names = next(records, (1, []))
    if isinstance(names, csv.Error):
        what = f"has no readable header: {names}"
    elif repeated := [name for name in names if names.count(name) > 1]:
        what = f"has two columns called {quoted(repeated[0])}"
    else:
        return names, records
    raise DatasetError(printable(path), what, _REMEDY, row=number)


def _separator(header: str) -> str:
    """Return what separates the columns of a header: what gives most of the names we look for."""

    def known(separator: str) -> int:
        names = [name.strip(' "') for name in header.split(separator)]
        return sum(_is_known(names, wanted) for wanted in (FILE, LABEL))

    return max(_SEPARATORS, key=known)


def _is_known(names: Sequence[str], wanted: Sequence[str]) -> bool:
    try:
        return role(names, wanted) is not None
    except AmbiguousError:
        return True


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield each record that is not a blank line, or why it is none, with its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    while True:
        number = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, error
            continue
        if record:
            yield number, record
