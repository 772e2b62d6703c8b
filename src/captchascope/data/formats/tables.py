"""Tables and JSON Lines, of names and labels; tables of answers, which know images by SHA-256."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from captchascope.atomic import atomic_write
from captchascope.data.labels import LabelRow, further_columns, quoted, read_text
from captchascope.data.match import Folder, Matching, match_named
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.records import Sample

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

LABELS_JSONL = "labels.jsonl"

_SEPARATORS = ",;\t|"
_QUOTING = "put fields that hold a comma or a quote in double quotes, and double those inside"
_HEADER = "the first line must be 'file,label', further columns may follow"


class AmbiguousError(ValueError):
    """More than one column could be the one that is looked for.

    Attributes:
        remedy: What to do about it.
    """

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        names = " and ".join(map(quoted, found))
        super().__init__(f"has {len(found)} columns that could be the {wanted}: {names}")
        self.remedy = f"call the right one {wanted!r}"


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def find_column(names: Iterable[str], wanted: Sequence[str]) -> str | None:
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


def read_table(folder: Folder, source: Path) -> Matching:
    """Match a table whose rows name their images; errors as ``read_csv``."""
    return match_named(folder, source, read_csv(source))


def read_answers(folder: Folder, source: Path) -> Matching:
    """Match a site's answers with the images whose bytes they are about.

    Raises:
        DatasetError: If the table cannot be read, or has no columns ``sha256`` and ``label``.
    """
    names, records = _read_records(source)
    if not _are_answers(names):
        what, remedy = "has no header with the columns 'sha256' and 'label'", "name another file"
        raise DatasetError(printable(source), what, remedy, row=1)
    return _match_answers(folder, source, records)


def read_table_or_answers(folder: Folder, source: Path) -> Matching:
    """Match a table of either kind, whichever its header tells; errors as ``read_csv``."""
    names, records = _read_records(source)
    if _are_answers(names):
        return _match_answers(folder, source, records)
    return match_named(folder, source, _named_rows(source, names, records))


def read_csv(path: Path) -> list[LabelRow]:
    """Return the rows of a table, the malformed ones with their fault.

    The columns ``file`` and ``label`` may be separated by semicolons, tabs or bars too, and go by
    other usual names as long as there is only one that could be meant.

    Raises:
        DatasetError: If the file cannot be read, is not UTF-8, or has no usable header.
    """
    return _named_rows(path, *_read_records(path))


class _Record(NamedTuple):
    """A record of a table: its first line, its fields by column, and what is wrong with it."""

    line: int
    fields: dict[str, str]
    fault: str


def _named_rows(path: Path, names: Sequence[str], records: Iterable[_Record]) -> list[LabelRow]:
    """Return the records of a table whose rows name their images."""
    try:
        file, label = find_column(names, FILE), find_column(names, LABEL)
    except AmbiguousError as error:
        raise DatasetError(printable(path), str(error), error.remedy, row=1) from None
    if file is None or label is None:
        what = "has no header with the columns 'file' and 'label'"
        raise DatasetError(printable(path), what, _HEADER, row=1)
    rows = []
    for line, fields, fault in records:
        image, text = fields.pop(file, ""), fields.pop(label, "")
        if fault:
            rows.append(LabelRow(line, image, "", fault=fault, remedy=_QUOTING))
        else:
            rows.append(LabelRow(line, image, text, fields))
    return rows


def _read_records(path: Path) -> tuple[list[str], Iterator[_Record]]:
    """Return the column names of a table, and its records.

    Raises:
        DatasetError: If the file cannot be read, is not UTF-8, or has no usable header.
    """
    text = read_text(path)
    separator = _separator(text.partition("\n")[0].partition("\r")[0])
    lines = _split_lines(text, separator)
    number, names = next(lines, (1, []))
    if isinstance(names, csv.Error):
        what = f"has no readable header: {names}"
    elif repeated := [name for name in names if names.count(name) > 1]:
        what = f"has two columns called {quoted(repeated[0])}"
    else:
        return names, (_record(line, found, names) for line, found in lines)
    raise DatasetError(printable(path), what, _HEADER, row=number)


def _separator(header: str) -> str:
    """Return what separates the columns of a header: what gives most of the names we look for."""

    def known(separator: str) -> int:
        names = {_folded(name.strip(' "')) for name in header.split(separator)}
        return sum(not names.isdisjoint(wanted) for wanted in (FILE, LABEL))

    return max(_SEPARATORS, key=known)


def _split_lines(text: str, separator: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield the fields of each line that is not blank, or why it has none, with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, error
            continue
        if fields:
            yield number, fields


def _record(line: int, found: list[str] | csv.Error, names: Sequence[str]) -> _Record:
    if isinstance(found, csv.Error):
        return _Record(line, {}, f"cannot be read as CSV: {found}")
    fault = f"has {len(found)} fields where the header has {len(names)}"
    fields = dict(zip(names, found, strict=False))
    return _Record(line, fields, "" if len(found) == len(names) else fault)


def _are_answers(names: Sequence[str]) -> bool:
    return {"sha256", "label"} <= set(names) and "file" not in names


def _match_answers(folder: Folder, source: Path, records: Iterable[_Record]) -> Matching:
    """Match answers by the bytes of the images.

    A site may have served more than was collected, and one image more than once; two answers to
    the same image are a problem only where they differ.
    """
    found = Matching(source)
    answers: dict[str, dict[str, LabelRow]] = {}  # by the SHA-256: the first row of each label
    for line, fields, fault in records:
        digest = fields.get("sha256", "")
        if not fault and not re.fullmatch("[0-9a-fA-F]{64}", digest):
            fault = f"has {quoted(digest)} for a SHA-256"
        if fault:
            found.fail(fault, "correct the row, or cut it", LabelRow(line, "", ""))
        else:
            rows = answers.setdefault(digest.lower(), {})
            rows.setdefault(fields["label"], LabelRow(line, "", fields["label"]))
    unanswered = []
    for image in folder.images:
        try:
            with image.path.open("rb") as file:
                rows = answers.get(hashlib.file_digest(file, "sha256").hexdigest(), {})
        except OSError as error:
            what = f"has no answer to {quoted(image.file)}, which cannot be read: {error.strerror}"
            found.fail(what, "check its permissions", LabelRow(0, image.file, ""), image)
            continue
        first = next(iter(rows.values()), None)
        if first is None:
            unanswered.append(image)
        elif len(rows) > 1:
            what = f"has {len(rows)} different answers to {quoted(image.file)}"
            found.fail(what, "keep the right one", first, image)
        else:
            found.add(LabelRow(first.number, image.file, first.label), image)
    return found.done(unanswered)


def read_jsonl(folder: Folder, source: Path) -> Matching:
    """Match objects that name their images.

    Raises:
        DatasetError: If the file cannot be read, or is not UTF-8.
    """
    lines = enumerate(read_text(source).split("\n"), 1)
    return match_named(folder, source, (_row(n, line) for n, line in lines if line.strip()))


class _Pairs(dict[str, Any]):
    """An object of JSON, and the keys that it had twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.repeated: list[str] = []
        for key, _ in pairs:
            if key in seen:
                self.repeated.append(key)
            seen.add(key)


def _row(number: int, line: str) -> LabelRow:
    """Return a line as a row, with its fault where it is not clear which image reads what."""

    def bad(fault: str, remedy: str, file: str = "") -> LabelRow:
        return LabelRow(number, file, "", fault=fault, remedy=remedy)

    try:
        found = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        what = getattr(error, "msg", "it is nested too deeply")
        return bad(f"is not JSON: {what}", "correct the line")
    if not isinstance(found, _Pairs):
        return bad("is not a JSON object", 'write {"file": "1.png", "label": "226md"}')
    if found.repeated:
        return bad(f"has the key {quoted(found.repeated[0])} twice", "keep the right one")
    try:
        file, label = find_column(found, FILE), find_column(found, LABEL)
    except AmbiguousError as error:
        return bad(str(error), error.remedy)
    if file is None or label is None:
        return bad(f"has no key {'file' if file is None else 'label'!r}", "add it")
    name, text = found.pop(file), found.pop(label)
    if not isinstance(name, str):
        return bad(f"has a {file!r} that is no text", "correct it")
    if not isinstance(text, str):
        fault = f"gives {quoted(name)} a label that is no text"
        return bad(fault, 'put it in quotes, as in "0042"', name)
    return LabelRow(number, name, text, {key: column_text(value) for key, value in found.items()})


def column_text(value: Any) -> str:
    """Return what a further column holds: a text as it is, nothing for null, else its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def write_jsonl(folder: Path, samples: Sequence[Sample], _: str) -> None:
    """Write ``labels.jsonl``: file, label, and the further columns that each sample has.

    Raises:
        OutputError: If it cannot be written, or a further column is called file or label.
    """
    path = folder / LABELS_JSONL
    further_columns(path, samples, ("file", "label"))
    lines = ({"file": s.file, "label": s.label, **s.columns} for s in samples)
    atomic_write(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
