"""A site's own answers: a table of ``sha256,label`` that knows images by their bytes."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from captchascope.data.formats.tables import read_records, record_fault
from captchascope.data.labels import Row, quoted
from captchascope.data.match import Folder, Image, Matched, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable


@dataclass(slots=True)
class _Answer:
    """What a site says of one image: the row of its first answer, and all its labels."""

    row: Row
    labels: set[str] = field(default_factory=set)


def is_answers(source: Path) -> bool:
    """Say whether a table is one of answers; DatasetError if it cannot be read."""
    return _is_header(read_records(source)[0])


def _is_header(names: list[str]) -> bool:
    return {"sha256", "label"} <= set(names) and "file" not in names


def read(folder: Folder, source: Path) -> Matched:
    """Match answers with the images whose bytes they are about.

    A site may have served more than was collected, and one image more than once; two answers to
    the same image are a problem only where they differ.

    Raises:
        DatasetError: If the table cannot be read, or has no columns ``sha256`` and ``label``.
    """
    found = Matching(source)
    answers = _answers(source, found)
    unanswered = []
    for image in folder.images:
        digest = _digest(image, found)
        answer = answers.get(digest)
        if answer is None:
            unanswered += [image] if digest else []
        elif len(answer.labels) > 1:
            what = f"has {len(answer.labels)} different answers to {quoted(image.file)}"
            found.fail(what, "keep the right one", answer.row, image)
        else:
            found.add(Row(answer.row.number, image.file, answer.row.label), image)
    return found.done(unanswered)


def _answers(source: Path, found: Matching) -> dict[str, _Answer]:
    """Return the answers by the SHA-256 of their images."""
    names, records = read_records(source)
    if not _is_header(names):
        what, remedy = "has no header with the columns 'sha256' and 'label'", "name another file"
        raise DatasetError(printable(source), what, remedy, row=1)
    answers: dict[str, _Answer] = {}
    for number, record in records:
        fault = _fault(record, names)
        if fault or isinstance(record, csv.Error):
            found.fail(fault, "correct the row, or cut it", Row(number, "", ""))
            continue
        fields = dict(zip(names, record, strict=True))
        row = Row(number, "", fields["label"])
        answers.setdefault(fields["sha256"].lower(), _Answer(row)).labels.add(row.label)
    return answers


def _fault(record: list[str] | csv.Error, names: list[str]) -> str:
    """Return what is wrong with a record, if anything is."""
    fault = record_fault(record, names)
    if fault or isinstance(record, csv.Error):
        return fault
    digest = record[names.index("sha256")]
    if not re.fullmatch("[0-9a-fA-F]{64}", digest):
        return f"has {quoted(digest)} for a SHA-256"
    return ""


def _digest(image: Image, found: Matching) -> str:
    """Return the SHA-256 of an image's bytes in hexadecimal, nothing if it cannot be read."""
    try:
        with image.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"has no answer to {quoted(image.file)}, which cannot be read: {error.strerror}"
        found.fail(what, "check its permissions", Row(0, image.file, ""), image)
        return ""
