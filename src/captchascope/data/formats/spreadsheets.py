"""What spreadsheets make of a whole column of labels: what is lost is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from captchascope.data.cells import taken_for
from captchascope.data.labels import LabelRow, quoted
from captchascope.errors import DatasetError
from captchascope.files import printable

_FEWEST = 4  # labels of the full length: of fewer, none can be called nearly all
_FULL = 0.75  # of the labels have all their digits; a tenth of random ones begins with 0

_AS_TEXT = "format the column as text and write the labels again"
_AS_WRITTEN = "if they are right, say --as-written"


def require_unchanged(source: Path, rows: Sequence[tuple[LabelRow, bool]]) -> list[LabelRow]:
    """Return rows, and beside each whether it is marked as text, with those changed made faults.

    Raises:
        DatasetError: If most labels are changed, or if leading zeros are lost.
    """
    labels = [(row, marked) for row, marked in rows if row.label and not row.fault]
    changed = {id(row) for row, marked in labels if not marked and taken_for(row.label)}
    if 2 * len(changed) > len(labels) > 1:
        first = next(row for row, _ in labels if id(row) in changed)
        what = (
            f"has {len(changed)} labels of {len(labels)} that a spreadsheet has changed, such as "
            f"{quoted(first.label)}, {taken_for(first.label)}"
        )
        raise DatasetError(
            printable(source), what, f"{_AS_TEXT}; {_AS_WRITTEN}", row=first.number or None
        )
    _require_zeros(source, [row for row, marked in labels if not marked])
    return [_changed(row) if id(row) in changed else row for row, _ in rows]


def _changed(row: LabelRow) -> LabelRow:
    fault = (
        f"gives {quoted(row.file)} the label {quoted(row.label)}: "
        f"a spreadsheet has changed {taken_for(row.label)}"
    )
    return LabelRow(row.number, row.file, "", fault=fault, remedy=f"{_AS_TEXT}; {_AS_WRITTEN}")


def _require_zeros(source: Path, rows: Sequence[LabelRow]) -> None:
    """Raise an error if labels are shorter than nearly all, as if zeros before them were lost.

    None begins with 0, though there are zeros in other places.
    """
    labels = [row.label for row in rows]
    if not labels or not all(re.fullmatch("[0-9]+", label) for label in labels):
        return
    longest = max(map(len, labels))
    short = [row for row in rows if len(row.label) < longest]
    full = len(labels) - len(short)
    begun = any(len(label) > 1 and label[0] == "0" for label in labels)
    zeros = any("0" in label for label in labels)
    if short and zeros and not begun and full >= max(_FEWEST, _FULL * len(labels)):
        first = short[0]
        what = (
            f"has {full} labels of {longest} digits, none of which begins with 0, and {len(short)} "
            f"shorter, such as {quoted(first.label)} of {quoted(first.file)}: "
            "zeros before them were lost"
        )
        raise DatasetError(
            printable(source), what, f"{_AS_TEXT}; {_AS_WRITTEN}", row=first.number or None
        )
