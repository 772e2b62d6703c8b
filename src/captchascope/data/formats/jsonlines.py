"""Labels in JSON Lines: one object for each image, as Hugging Face's ``metadata.jsonl`` too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captchascope.data.formats.tables import FILE, LABEL, AmbiguousError, find_column
from captchascope.data.labels import LabelRow, further_columns, quoted, read_text
from captchascope.data.match import Folder, Matching, match_named
from captchascope.files import atomic_write
from captchascope.records import Sample

LABELS_JSONL = "labels.jsonl"


def read_jsonl(folder: Folder, source: Path) -> Matching:
    """Match objects that name their images.

    Raises:
        DatasetError: If the file cannot be read, or is not UTF-8.
    """
    lines = enumerate(read_text(source).split("\n"), 1)
    return match_named(folder, source, (_row(n, line) for n, line in lines if line.strip()))


def _row(number: int, line: str) -> LabelRow:
    """Return a line as a row, with its fault if it is none."""
    try:
        found = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        what = getattr(error, "msg", "it is nested too deeply")
        return LabelRow(number, "", "", fault=f"is not JSON: {what}", remedy="correct the line")
    if not isinstance(found, _Pairs):
        remedy = 'write {"file": "1.png", "label": "226md"}'
        return LabelRow(number, "", "", fault="is not a JSON object", remedy=remedy)
    return _checked(number, found)


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


def _checked(number: int, found: _Pairs) -> LabelRow:
    """Return an object as a row, with its fault where it is not clear which image reads what."""
    if found.repeated:
        fault = f"has the key {quoted(found.repeated[0])} twice"
        return LabelRow(number, "", "", fault=fault, remedy="keep the right one")
    try:
        file, label = find_column(found, FILE), find_column(found, LABEL)
    except AmbiguousError as error:
        return LabelRow(number, "", "", fault=str(error), remedy=error.remedy)
    for key, wanted in ((file, "file"), (label, "label")):
        if key is None:
            return LabelRow(number, "", "", fault=f"has no key {wanted!r}", remedy="add it")
    name, text = found.pop(file or ""), found.pop(label or "")
    if not isinstance(name, str):
        return LabelRow(
            number, "", "", fault=f"has a {file!r} that is no text", remedy="correct it"
        )
    if not isinstance(text, str):
        fault = f"gives {quoted(name)} a label that is no text"
        return LabelRow(number, name, "", fault=fault, remedy='put it in quotes, as in "0042"')
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
