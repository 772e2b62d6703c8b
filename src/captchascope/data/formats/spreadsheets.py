"""What spreadsheets make of a whole column of labels: what is lost is said."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from captchascope.data.cells import taken_for
from captchascope.data.labels import LabelRow, quoted
from captchascope.errors import DatasetError
from captchascope.files import printable

_FEWEST = 4  # labels of the full length: of fewer, none can be called nearly all
_FULL = 0.75  # of the labels have all their digits; a tenth of random ones begins with 0

_BEGIN_OTHERWISE = 0.9  # of random digits than with 0
_DEVIATIONS = 3  # from what is expected, at most
_DIGITS = 100  # among so many random ones is a 0
_LITTLE = 50  # labels: by more, numbers of two lengths are told from such that lost zeros

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


def doubts_of_zeros(labels: Sequence[str]) -> list[str]:
    """Return whether zeros before labels may be lost, where too little shows it for an error.

    None begins with 0, and as many are shorter as would be of random digits; or they are few, and
    all that are shorter by one digit.
    """
    short = _short(labels)
    full, digits = len(labels) - len(short), sum(map(len, labels))
    spread = _DEVIATIONS * math.sqrt(_BEGIN_OTHERWISE * (1 - _BEGIN_OTHERWISE) * len(labels))
    likely = full >= max(2, _BEGIN_OTHERWISE * len(labels) - spread)
    zeros = digits < _DIGITS or any("0" in label for label in labels)
    by_one = (
        bool(short) and len({*map(len, labels)}) == 2 and max(map(len, labels)) - len(short[0]) == 1
    )
    if not (short and zeros and (likely or (by_one and len(labels) <= _LITTLE))):
        return []
    count = f"{len(short)} of {len(labels)}"
    what = f"zeros before {count} labels may be lost, such as {quoted(short[0])}"
    return [f"{what}: {_AS_TEXT}; {_AS_WRITTEN}"]


def _short(labels: Sequence[str]) -> list[str]:
    """Return those shorter than the longest, if all are digits and none begins with 0."""
    if not all(re.fullmatch("[1-9][0-9]*|0", label) for label in labels):
        return []
    longest = max(map(len, labels), default=0)
    return [label for label in labels if len(label) < longest]


def _require_zeros(source: Path, rows: Sequence[LabelRow]) -> None:
    """Raise an error if labels are shorter than nearly all, as if zeros before them were lost.

    None begins with 0, though there are zeros in other places.
    """
    labels = [row.label for row in rows]
    short = _short(labels)
    full = len(labels) - len(short)
    zeros = any("0" in label for label in labels)
    if short and zeros and full >= max(_FEWEST, _FULL * len(labels)):
        longest = max(map(len, labels))
        first = next(row for row in rows if len(row.label) < longest)
        what = (
            f"has {full} labels of {longest} digits, none of which begins with 0, and {len(short)} "
            f"shorter, such as {quoted(first.label)} of {quoted(first.file)}: "
            "zeros before them were lost"
        )
        raise DatasetError(
            printable(source), what, f"{_AS_TEXT}; {_AS_WRITTEN}", row=first.number or None
        )
