"""Files of readings: they look like labels, and are what a model has read.

To test a model on its own readings finds no mistake, and to train on them teaches it its mistakes.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from captchascope.data.formats.headings import LABEL, folded
from captchascope.data.labels import read_text
from captchascope.errors import DatasetError
from captchascope.files import printable

_COLUMNS = frozenset({"text", "confidence", "abstained", "unfamiliar"})
"""Of each reading, as a record of CSV and as an object of JSON; a confidence alone is no sign."""

_LINE = re.compile(r"[^\t]+\t[^\t]*\t(0\.\d{4}|1\.0000)")  # image, text, confidence
_TITLES = re.compile("file +text +confidence +note")  # above what is drawn as a table

_PEEKED = 200  # lines that tell what a file holds
_LONGEST = 2**16  # characters of a line, or of the first object; a reading takes far less


class ReadingsError(DatasetError):
    """A file that nobody has named holds readings, and could be taken for labels."""


def require_no_readings(source: Path) -> None:
    """Look at the beginning of a label file that nobody has named.

    Raises:
        ReadingsError: If it holds what ``read``, ``watch``, ``bulk`` or ``serve`` says of images.
    """
    if _holds_readings(source):
        path = printable(source)
        remedy = f"correct the texts and say --labels-from {path}, or remove it"
        raise ReadingsError(path, "holds readings of captchascope, which are no labels", remedy)


def without_readings(paths: Iterable[Path]) -> tuple[list[Path], list[ReadingsError]]:
    """Return the files that hold no readings, and what is to be said of those that do."""
    kept, errors = [], []
    for path in paths:
        try:
            require_no_readings(path)
        except ReadingsError as error:
            errors.append(error)
        else:
            kept.append(path)
    return kept, errors


def _holds_readings(source: Path) -> bool:
    """Say whether a file holds readings; not where a column or key is called ``label``.

    A file that cannot be read holds none: who reads it will say why.
    """
    try:
        text = read_text(source)
    except DatasetError:
        return False
    peeked = islice(io.StringIO(text, newline=None), _PEEKED)
    lines = [line for each in peeked if (line := each.strip("\n")[:_LONGEST]).strip()]
    if lines and re.fullmatch(r'"?sep=."?[ \t,;|]*', lines[0]):
        del lines[0]
    if not lines:
        return False
    if lines[0].lstrip()[0] in "{[":
        return any(map(_are_columns, _first_objects(text[:_LONGEST])))
    if _TITLES.fullmatch(lines[0].strip()) or any(map(_are_columns, _headers(lines[0]))):
        return True
    rows = [line for line in lines if "\t" in line]  # what stderr has may stand among them
    return 2 * len(rows) > len(lines) and all(map(_LINE.fullmatch, rows))


def _are_columns(names: Iterable[str]) -> bool:
    found = {folded(name) for name in names}
    return found >= _COLUMNS and LABEL[0] not in found


def _headers(line: str) -> Iterable[list[str]]:
    """Yield the cells of a line by each way to part them, where it has any."""
    for separator in ",;\t|":
        try:
            yield from csv.reader([line], delimiter=separator)
        except csv.Error:  # it is no table
            continue


def _first_objects(text: str) -> Iterable[dict[str, object]]:
    """Yield the first object of JSON, and the one within it: answers of ``serve`` hold a list."""
    for brace in islice(re.finditer("{", text), 2):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, brace.start())
        except (ValueError, RecursionError):  # it is none, or longer than any reading
            continue
        yield found
