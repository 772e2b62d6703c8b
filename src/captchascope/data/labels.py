"""Rows of labels, what all their formats share, and the two files that captchascope writes.

A row is only what a line says; whether its image exists is for ``match.py`` to find out. The
formats in which others have their labels are in ``formats/``.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captchascope.atomic import atomic_write
from captchascope.data.cells import as_cell, label_cell
from captchascope.errors import DatasetError, OutputError
from captchascope.files import StrPath, printable, read_regular
from captchascope.records import Sample

LABELS_CSV = "labels.csv"
LABELS_TXT = "labels.txt"

_LONGEST = 80
"""Characters of a name that a message shows."""

_AS_UTF8 = "save it as UTF-8; Excel calls that 'CSV UTF-8'"

MAX_BYTES = 32 * 2**20
"""The longest label file: what is made of it takes some twenty times as much."""

MAX_LINES = 500_000
"""The most lines of a label file that has a label in each."""


class UnlabelledError(DatasetError):
    """Nothing labels the images of a folder, by any form that is looked for."""


class RowError(DatasetError):
    """A row or image of a data set that cannot be used, while the rest can.

    Attributes:
        position: The 1-based place of the image among all images of the folder; None where the
            row leads to no image.
        unlabelled: Whether it is an image that nobody has given a label yet.
        malformed: Whether the row itself cannot be read, whatever image it names.
    """

    def __init__(
        self,
        where: str,
        what: str,
        remedy: str = "",
        *,
        row: int | None = None,
        position: int | None = None,
        unlabelled: bool = False,
        malformed: bool = False,
    ) -> None:
        super().__init__(where, what, remedy, row=row)
        self.position, self.unlabelled, self.malformed = position, unlabelled, malformed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the labels of a data set come from, and what was made of them on the way.

    Attributes:
        what: The source in words: ``file names``, or the path of the label file.
        notes: What was made of them with certainty, each as half a sentence; it is said, no more.
        doubts: What was guessed, each as half a sentence with what to do about it: a warning, and
            a finding of ``check``.
    """

    what: str = "the caller"
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How labels are to be read.

    Attributes:
        file_column: The column that names the images, or its number from 1; None finds it.
        label_column: The one that says what they read.
        strip_spaces: Whether white space within labels is taken out, and not a fault.
        as_written: Whether labels are right that look as a spreadsheet leaves numbers and dates.
    """

    file_column: str | None = None
    label_column: str | None = None
    strip_spaces: bool = False
    as_written: bool = False

    @property
    def columns(self) -> list[str]:
        """Which of the two columns are named, by their fields."""
        return [name for name in ("file_column", "label_column") if getattr(self, name) is not None]


AS_FOUND = LabelOptions()
"""Nothing is asked for."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One line of a label file, not yet matched with an image.

    Attributes:
        number: The 1-based line that the row begins on, or its place in a JSON list; 0 where the
            labels are in no file.
        file: The image as the line names it.
        label: The text, unchecked.
        columns: The further columns.
        fault: What is wrong with the line itself; nothing where it is well formed.
        remedy: What to do about the fault.
    """

    number: int
    file: str
    label: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    remedy: str = "correct the row"


def read_lines_of(path: Path) -> str:
    """Return the text of a file that has a label in each line, as ``read_text`` does.

    Raises:
        DatasetError: As ``read_text``, or if it has more than ``MAX_LINES`` lines.
    """
    text = read_text(path)
    lines = text.count("\n") + text.count("\r") - text.count("\r\n")
    if lines > MAX_LINES:
        what = f"has {lines:,} lines, more than {MAX_LINES:,}"
        raise DatasetError(printable(path), what, "split the data set, or cut empty lines")
    return text


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """Return a label file's text, without the mark that some editors put before it.

    It is UTF-8, or UTF-16 where that mark says so.

    Raises:
        DatasetError: If the file cannot be read, is larger than ``most`` bytes, or is neither.
    """
    try:
        data = read_regular(path, most)
    except OSError as error:
        what, remedy = f"cannot be read: {error.strerror}", "check the file and its permissions"
        raise DatasetError(printable(path), what, remedy) from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if data[:200].count(0) > 20 and not wide:
        raise DatasetError(
            printable(path), "is not UTF-8, but has wide characters", _AS_UTF8, row=1
        )
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        kind = "UTF-16" if wide else "UTF-8"
        what = f"is not {kind} (byte {error.object[error.start]:#04x})"
        raise DatasetError(printable(path), what, _AS_UTF8, row=line) from error


def label_fault(label: str) -> str:
    """Return what no label may be, or nothing where this one is good.

    White space and control characters are refused because a ``Charset`` refuses them.
    """
    if not label:
        return "an empty label"
    if any(c.isspace() or not c.isprintable() for c in label):
        return "a label with white space or a control character"
    return ""


def quoted(text: str) -> str:
    """Return a name for a message: on one line, in quotes, and not without end."""
    return f"'{_short(text)}'"


def shown(text: str) -> str:
    """Return a label or a file name for a line that tells one of the other, as `226md`."""
    return f"`{_short(text)}`"


def _short(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def write_labels(folder: StrPath, samples: Iterable[Sample]) -> None:
    """Write ``labels.csv``: file, label, and every further column that a sample has.

    A sample without one of the further columns gets an empty field.

    Raises:
        OutputError: If it cannot be written, or a further column is called file or label.
    """
    path = Path(folder, LABELS_CSV)
    atomic_write(path, labels_csv(path, samples))


def labels_csv(path: Path, samples: Iterable[Sample]) -> str:
    """Return what ``write_labels`` writes to ``path``; errors about the columns name that."""

    def quote(text: str) -> str:  # csv.writer leaves a lone carriage return bare
        return '"' + text.replace('"', '""') + '"' if re.search(r'[,"\r\n]', text) else text

    rows = list(samples)
    further = further_columns(path, rows, ("file", "label"))
    lines = [["file", "label", *further]]
    lines += [
        [as_cell(s.file), label_cell(s.label), *(s.columns.get(name, "") for name in further)]
        for s in rows
    ]
    return "".join(",".join(map(quote, line)) + "\n" for line in lines)


def further_columns(path: Path, samples: Iterable[Sample], own: Sequence[str]) -> list[str]:
    """Return the names of the further columns of some samples, in the order they appear in.

    Raises:
        OutputError: If one is called as the columns are that the file has of its own.
    """
    further = list(dict.fromkeys(name for sample in samples for name in sample.columns))
    if taken := set(own).intersection(further):
        what = f"cannot hold a further column called {quoted(min(taken))}"
        raise OutputError(printable(path), what, "rename the column")
    return further


def write_labels_txt(folder: StrPath, labels: Iterable[str]) -> None:
    """Write ``labels.txt``, whose line n labels the image ``n.*``.

    Raises:
        OutputError: If it cannot be written, or a label would not stay on its line.
    """
    path = Path(folder, LABELS_TXT)
    lines = list(labels)
    for number, label in enumerate(lines, 1):
        if "\n" in label or "\r" in label:
            what = "cannot hold a label with a line break"
            raise OutputError(f"{printable(path)}:{number}", what, "correct the label")
    atomic_write(path, "".join(f"{label}\n" for label in lines))
