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
        fault, remedy = (
            f"gives {quoted(name)} a label that is no text",
            'put it in quotes, as in "0042"',
        )
        return bad(fault, remedy, name)
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
