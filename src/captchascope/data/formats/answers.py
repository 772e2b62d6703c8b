"""A site's own answers: tables that know images by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from captchascope.data.formats.tables import Sheet, sheet_of
from captchascope.data.labels import LabelRow, quoted
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable


class _Answer(NamedTuple):
    """A line of the table: the digest of an image, its label, and what is wrong with the line."""

    line: int
    digest: str
    label: str
    fault: str


def read_answers(folder: Folder, source: Path) -> Matching:
    """Match a site's answers with the images whose bytes they are about.

    Raises:
        DatasetError: If the table cannot be read, or has no columns ``sha256`` and ``label``.
    """
    sheet = sheet_of(folder, source)
    if not are_answers(sheet):
        what, remedy = "has no header with the columns 'sha256' and 'label'", "name another file"
        raise DatasetError(printable(source), what, remedy, row=1)
    return match_answers(folder, source, sheet)


def are_answers(sheet: Sheet) -> bool:
    """Say whether a table labels images by their bytes, and not by their names."""
    return {"sha256", "label"} <= set(sheet.header) and "file" not in sheet.header


def match_answers(folder: Folder, source: Path, sheet: Sheet) -> Matching:
    """Match answers by the bytes of the images; ``are_answers`` has found them to be such."""
    digest, label = sheet.header.index("sha256"), sheet.header.index("label")
    return _match(
        folder,
        source,
        (
            _Answer(r.line, *("", "") if r.fault else (r.cells[digest], r.cells[label]), r.fault)
            for r in sheet.records
        ),
    )


def _match(folder: Folder, source: Path, lines: Iterable[_Answer]) -> Matching:
    """Match answers by the bytes of the images.

    A site may have served more than was collected, and one image more than once; two answers to
    the same image are a problem only where they differ.
    """
    found = Matching(source)
    answers: dict[str, dict[str, LabelRow]] = {}  # by the SHA-256: the first row of each label
    for line, digest, label, fault in lines:
        if not fault and not re.fullmatch("[0-9a-fA-F]{64}", digest):
            fault = f"has {quoted(digest)} for a SHA-256"
        if fault:
            row = LabelRow(line, "", "")
            found.fail(fault, "correct the row, or cut it", row, malformed=True)
        else:
            rows = answers.setdefault(digest.lower(), {})
            rows.setdefault(label, LabelRow(line, "", label))
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
