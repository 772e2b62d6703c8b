"""JSON: objects that name their images, one to a line or in a list, and names with their labels."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from captchascope.atomic import atomic_write
from captchascope.data.cells import label_cell
from captchascope.data.formats.headings import FILE, LABEL, AmbiguousError, find_column
from captchascope.data.formats.tables import Record, Sheet, choose_columns, match_sheet
from captchascope.data.labels import (
    LabelOptions,
    LabelRow,
    further_columns,
    quoted,
    read_lines_of,
    read_text,
)
from captchascope.data.match import Folder, Matching
from captchascope.data.named import match_named
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.records import Sample

LABELS_JSONL = "labels.jsonl"

_MOST_VALUES = 4_000_000  # in a file of JSON, about: each takes some hundred bytes
_MOST_LEVELS = 32  # of objects and lists within each other
_MOST_DIGITS = 100  # of a whole number; Python itself refuses thousands

_IN_QUOTES = 'put the label in quotes, as in "0042"'

_MOST_KEYS = 100  # that objects have together: more are names or labels, not of columns


def load_json(source: Path) -> Any:
    """Return what a file of JSON holds.

    Raises:
        DatasetError: If the file cannot be read, is no JSON, or has a key twice.
    """
    text = read_text(source)
    if (values := sum(map(text.count, ",:[{"))) > _MOST_VALUES:
        what = f"has {values:,} values, more than {_MOST_VALUES:,}"
        raise DatasetError(printable(source), what, "split the data set")
    repeated: list[str] = []
    try:
        value = _parsed(text, repeated)
    except ValueError as error:
        what, line = f"is not JSON: {error}", getattr(error, "lineno", None)
        remedy = _IN_QUOTES if _with_quotes(text, error) else "export it again"
        raise DatasetError(printable(source), what, remedy, row=line) from error
    if repeated:
        what = f"has the key {quoted(repeated[0])} twice in one object"
        raise DatasetError(printable(source), what, "keep the right one")
    return value


def _parsed(text: str, repeated: list[str]) -> Any:
    """Return what JSON says; keys that an object has twice are added to ``repeated``.

    Raises:
        ValueError: If it is none, says a number of many digits, or is nested too deeply.
    """

    def of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        return found

    def whole(digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            raise ValueError(f"it has a number of {len(digits):,} digits")
        return int(digits)

    try:
        value = json.loads(text, object_pairs_hook=of_pairs, parse_int=whole)
    except json.JSONDecodeError as error:
        error.args = (error.msg,)
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [part for item in level if isinstance(item, dict | list) for part in _within(item)]
    if level:
        raise ValueError("it is nested too deeply")
    return value


def _within(item: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def match_objects(folder: Folder, source: Path, value: Any) -> Matching:
    """Match what a file of JSON holds: a list of objects, or an object of names and labels.

    Raises:
        DatasetError: If it is neither, or not clear which keys are meant.
    """
    entries = _entries(value)
    if not entries:
        what = "is neither a list of objects nor an object of names and labels"
        raise DatasetError(printable(source), what, 'write {"1.png": "226md"}')
    header = tuple(dict.fromkeys(key for entry in entries for key in entry))
    if len(header) > _MOST_KEYS:
        what = f"has objects with {len(header)} keys, such as {quoted(header[0])}"
        remedy = 'write {"1.png": "226md"}, or [{"file": "1.png", "label": "226md"}]'
        raise DatasetError(printable(source), what, remedy)
    records = tuple(
        Record(number, [label_cell(column_text(entry.get(key))) for key in header])
        for number, entry in enumerate(entries, 1)
    )
    sheet = Sheet(header, True, records)
    chosen = choose_columns(folder, source, sheet)
    file, label = header[chosen.file], header[chosen.label]
    faults = (_fault(entry, file, label) for entry in entries)
    checked = (
        record._replace(fault=fault, remedy=_IN_QUOTES)
        for record, fault in zip(records, faults, strict=True)
    )
    return match_sheet(folder, source, replace(sheet, records=tuple(checked)), chosen)


def _entries(value: Any) -> list[dict[str, Any]]:
    """Return a list of objects, be it alone, in an object, or as one of names and labels."""
    if isinstance(value, list):
        return value if all(isinstance(entry, dict) for entry in value) else []
    if not isinstance(value, dict):
        return []
    lists = [
        entries for each in value.values() if isinstance(each, list) and (entries := _entries(each))
    ]
    if len(lists) == 1:
        return lists[0]
    return [
        {"file": name, **(of if isinstance(of, dict) else {"label": of})}
        for name, of in value.items()
    ]


def _fault(entry: dict[str, Any], file: str, label: str) -> str:
    """Return what is wrong with the label of an object; it must be a text."""
    text = entry.get(label)
    if text is None or isinstance(text, str):
        return ""
    name = quoted(column_text(entry.get(file)))
    return f"gives {name} a label that is no text"


def read_jsonl(folder: Folder, source: Path) -> Matching:
    """Match objects that name their images.

    Raises:
        DatasetError: If the file cannot be read, or is not UTF-8.
    """
    lines = enumerate(read_lines_of(source).split("\n"), 1)
    rows = (_row(n, line, folder.asked) for n, line in lines if line.strip())
    return match_named(folder, source, rows)


def _row(number: int, line: str, asked: LabelOptions) -> LabelRow:
    """Return a line as a row, with its fault where it is not clear which image reads what."""

    def bad(fault: str, remedy: str, file: str = "") -> LabelRow:
        return LabelRow(number, file, "", fault=fault, remedy=remedy)

    repeated: list[str] = []
    try:
        found = _parsed(line, repeated)
    except ValueError as error:
        if mended := _with_quotes(line, error):
            fault = "is not JSON: a text is not in quotes, or a number begins with 0"
            return bad(fault, _IN_QUOTES, _row(number, mended, asked).file)
        return bad(f"is not JSON: {error}", "correct the line")
    if not isinstance(found, dict):
        return bad("is not a JSON object", 'write {"file": "1.png", "label": "226md"}')
    if repeated:
        return bad(f"has the key {quoted(repeated[0])} twice", "keep the right one")
    try:
        file = asked.file_column or find_column(found, FILE)
        label = asked.label_column or find_column(found, LABEL)
    except AmbiguousError as error:
        return bad(str(error), error.remedy)
    for key, wanted in ((file, "file"), (label, "label")):
        if key is None or key not in found:
            return bad(f"has no key {key or wanted!r}", "add the key")
    name, text = found.pop(file or ""), found.pop(label or "")
    if not isinstance(name, str):
        return bad(f"has a {file!r} that is no text", "write the name of an image in quotes")
    if not isinstance(text, str | None):
        return bad(f"gives {quoted(name)} a label that is no text", _IN_QUOTES, name)
    return LabelRow(
        number, name, text or "", {key: column_text(value) for key, value in found.items()}
    )


def _with_quotes(text: str, error: ValueError) -> str:
    """Return what is no JSON with quotes around the bare values; nothing where it is none then.

    So ``01413`` is found out, which JSON does not have, and ``226md``. The ``error`` says what is
    wrong with the text as it is.
    """
    if not isinstance(error, json.JSONDecodeError):  # it is JSON, and too large
        return ""
    mended = re.sub(r'(:\s*)([^\s"{}\[\],:]+)(?=\s*[,}])', r'\1"\2"', text)
    try:
        _parsed(mended, [])
    except ValueError:
        return ""
    return mended


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
