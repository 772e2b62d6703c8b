"""What people call the column of the image, and that of its text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from captchascope.data.labels import Row, quoted, read_text
from captchascope.data.match import Folder, Matched, match_named
from captchascope.errors import DatasetError
from captchascope.files import printable

FILE = (
    *("file", "file_name", "filename", "file_path", "filepath", "path", "image", "img"),
    *("image_file", "image_name", "image_path", "img_file", "img_name", "img_path"),
)
"""Names of the column that says which image; the first is ours, and goes before the others."""

LABEL = (
    *("label", "text", "solution", "answer", "transcription", "transcript", "code", "word"),
    *("ground_truth", "gt", "target"),
)
"""Names of the column that says what the image reads; the first is ours."""


class AmbiguousError(ValueError):
    """More than one column could be the one that is looked for.

    Attributes:
        remedy: What to do about it.
    """

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        names = " and ".join(map(quoted, found))
        super().__init__(f"has {len(found)} columns that could be the {wanted}: {names}")
        self.remedy = f"call the right one {wanted!r}"


def role(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """Return which of the names is one of those wanted, None where none is.

    Capitals don't matter, nor does how the words are joined: ``File Name`` is ``file_name``.

    Raises:
        AmbiguousError: If several are, and none of them is the first of those wanted.
    """
    found = [name for name in names if _folded(name) in wanted]
    if wanted[0] in found:
        return wanted[0]
    if len(found) > 1:
        raise AmbiguousError(wanted[0], found)
    return found[0] if found else None


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


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
