"""Label files of any name, read by what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from captchascope.data.formats import answers, labelstudio, lines, objects, tables
from captchascope.data.formats.readings import without_readings
from captchascope.data.labels import LABELS_CSV, LABELS_TXT, LabelRow, quoted
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable


def read_table(folder: Folder, source: Path) -> Matching:
    """Match a table of names, a site's answers, or an export of Label Studio.

    Raises:
        DatasetError: If the file cannot be read, or it is not clear what it says.
    """
    sheet = tables.sheet_of(folder, source)
    if answers.are_answers(sheet):
        return answers.match_answers(folder, source, sheet)
    entries = [
        (record.line, dict(zip(sheet.header, record.cells, strict=True)))
        for record in sheet.records
        if not record.fault
    ]
    if labelstudio.is_export([entry for _, entry in entries[:1]]):
        found = labelstudio.match_entries(folder, source, entries)
        for record in sheet.records:
            if record.fault:
                row = LabelRow(record.line, "", "", fault=record.fault)
                found.fail(record.fault, "correct the row, or cut it", row, malformed=True)
        return found
    return tables.match_sheet(folder, source, sheet)


def read_json(folder: Folder, source: Path) -> Matching:
    """Match an export of Label Studio, a list of objects, or an object of names and labels.

    Raises:
        DatasetError: If the file cannot be read, or it is not clear what it says.
    """
    value = objects.load_json(source)
    if labelstudio.is_export(value):
        return labelstudio.match_exported(folder, source, value)
    return objects.match_objects(folder, source, value)


BY_SUFFIX: dict[str, Callable[[Folder, Path], Matching]] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".txt": lines.read_lines,
    ".jsonl": objects.read_jsonl,
    ".ndjson": objects.read_jsonl,
    ".json": read_json,
}
"""How a label file is read, by its suffix."""

_ABOVE = (LABELS_CSV, LABELS_TXT, objects.LABELS_JSONL, labelstudio.TASKS)
"""Label files that are looked for in the folder above, if there is no other folder in that."""

_COLLECTED = "collected.csv"
"""What ``collect`` writes of its images, which says nothing of what they say."""

_MOST = (
    20  # files that are read to see whether they have the labels: each is matched with all images
)


def read_any(folder: Folder) -> tuple[list[Matching], list[DatasetError]]:
    """Match with every label file in the folder, whatever its name, or else with one above it.

    A text file counts only if its lines name images, as a README has lines too, and no file does
    that holds readings. Also returned is what is wrong with those that do not fit.
    """
    fit: list[Matching] = []
    misfit: list[DatasetError] = []
    inside = sorted(p for p in folder.path.iterdir() if p.suffix.lower() in BY_SUFFIX)
    inside = [p for p in inside if p.is_file() and p.name[0] != "."]
    if len(inside) > _MOST:
        what = f"has {len(inside)} files that may have the labels, such as {quoted(inside[0].name)}"
        where = printable(folder.path)
        return [], [DatasetError(where, what, "say which: --labels-from FILE")]
    above = [path for name in _ABOVE if (path := _parent(folder) / name).is_file()]
    sources, readings = without_readings(inside)
    if not sources:
        others, more = without_readings(path for path in above if path not in inside)
        sources, readings = others[:1], readings + more
    for source in sources:
        read = BY_SUFFIX[source.suffix.lower()]
        named = read is not lines.read_lines or source.name == LABELS_TXT
        try:
            found = (read if named else lines.read_named)(folder, source)
        except DatasetError as error:
            misfit += [error] if named and source.name != _COLLECTED else []
        else:
            fit += [found] if found.samples else []
    return fit, [*misfit, *readings]


def _parent(folder: Folder) -> Path:
    """Return the folder above, if it holds no other one; else the folder itself."""
    parent = Path(os.path.normpath(folder.path.absolute())).parent
    try:
        folders = [entry.name for entry in os.scandir(parent) if entry.is_dir()]
    except OSError:
        return folder.path
    return parent if sum(name[0] != "." for name in folders) == 1 else folder.path
