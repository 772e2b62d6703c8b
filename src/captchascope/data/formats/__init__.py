"""Labels in every format that people have, in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from captchascope.data.formats import labelstudio, lines, names, tables
from captchascope.data.labels import LABELS_CSV, LABELS_TXT, write_labels
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.records import Sample

__all__ = ["AUTO", "FORMATS", "LabelFormat", "form_of", "is_source", "read_labels"]


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """How labels are read, how images are named beside them, and how labels are written.

    Attributes:
        files: What its label file may be called, the first is what is written; none where the
            names of files or folders are the labels.
        read: Matches a label file (the folder itself where there is none) with the images.
        plan: Names the images of a new folder, given the samples and the folder they lie in.
        write: Writes the label file into a new folder, given the samples as they are called there
            and the name of the folder.
        columns: Whether it holds further columns.
    """

    files: tuple[str, ...]
    read: Callable[[Folder, Path], Matching]
    plan: Callable[[Sequence[Sample], Path], names.CopyPlan]
    write: Callable[[Path, Sequence[Sample], str], None] = lambda folder, samples, name: None
    columns: bool = False


FORMATS = {
    "csv": LabelFormat(
        (LABELS_CSV, "metadata.csv"),
        tables.read_table,
        names.plan_own_names,
        lambda folder, samples, _: write_labels(folder, samples),
        columns=True,
    ),
    "txt": LabelFormat((LABELS_TXT,), lines.read_lines, lines.plan_numbers, lines.write_lines),
    "names": LabelFormat((), names.read_names, names.plan_label_names),
    "jsonl": LabelFormat(
        (tables.LABELS_JSONL, "metadata.jsonl"),
        tables.read_jsonl,
        names.plan_own_names,
        tables.write_jsonl,
        columns=True,
    ),
    "imagefolder": LabelFormat((), names.read_folders, names.plan_label_folders),
    "label-studio": LabelFormat(
        (labelstudio.TASKS,),
        labelstudio.read_tasks,
        names.plan_own_names,
        labelstudio.write_tasks,
        columns=True,
    ),
}
"""Every format, by the name that ``--labels-from`` and ``--to`` take."""

AUTO = "auto"

_SOUGHT = ("csv", "txt", "jsonl", "label-studio")
"""In which order ``auto`` looks for label files; file names come last, and folders never.

It looks for those that are written here: a ``metadata.csv`` may be of anything.
"""

_BY_SUFFIX = {
    ".csv": tables.read_table_or_answers,
    ".tsv": tables.read_table_or_answers,
    ".txt": lines.read_lines,
    ".jsonl": tables.read_jsonl,
    ".ndjson": tables.read_jsonl,
    ".json": labelstudio.read_tasks,
}
"""How a label file of any other name or place is read."""


def is_source(labels_from: str) -> bool:
    """Say whether a source is ``auto``, a name of ``FORMATS``, ``names:2``, or called as a file."""
    known = labels_from in (AUTO, *FORMATS) or names.is_part(labels_from)
    return known or Path(labels_from).suffix.lower() in _BY_SUFFIX


def form_of(folder: Path) -> str | None:
    """Return the form of the label file that ``auto`` takes in a folder; None where there is none.

    It is a name of ``FORMATS``.
    """
    return next((form for form in _SOUGHT if (folder / FORMATS[form].files[0]).exists()), None)


def read_labels(folder: Folder, labels_from: str = AUTO) -> Matching:
    """Match the images of a folder with a source of labels.

    Args:
        folder: The images.
        labels_from: A name of ``FORMATS``, ``names:2`` for a part of file names, ``auto`` for the
            first of them that is there, or the path of a label file anywhere. The images that it
            names are still those of the folder.
    Raises:
        DatasetError: If there are no labels, or they cannot be read.
    """
    if labels_from in FORMATS:
        chosen = FORMATS[labels_from]
        there = [path for file in chosen.files if (path := folder.path / file).exists()]
        if chosen.files and not there:
            what, remedy = (
                f"has no {chosen.files[0]}",
                f"write one, or leave the choice to '{AUTO}'",
            )
            raise DatasetError(printable(folder.path), what, remedy)
        return chosen.read(folder, there[0] if there else folder.path)
    if names.is_part(labels_from):
        return names.read_part(folder, labels_from)
    if labels_from != AUTO:
        path = Path(labels_from)
        return _BY_SUFFIX[path.suffix.lower()](folder, path)
    if (form := form_of(folder.path)) is not None:
        return FORMATS[form].read(folder, folder.path / FORMATS[form].files[0])
    return names.find_names(folder)
