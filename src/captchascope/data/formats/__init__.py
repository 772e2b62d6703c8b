"""Labels in every form that people have: one file for each, in and out."""

from __future__ import annotations

from pathlib import Path

from captchascope.data.formats import answers, imagefolder, jsonlines, labelstudio, lines, names
from captchascope.data.formats import names as naming
from captchascope.data.formats import tables as table
from captchascope.data.formats.form import Form
from captchascope.data.labels import LABELS_CSV, LABELS_TXT, look_like_numbers, quoted, write_labels
from captchascope.data.match import Folder, Matched
from captchascope.errors import DatasetError, UsageError
from captchascope.files import printable

__all__ = ["AUTO", "FORMS", "is_source", "read_labels", "require_source"]


FORMS = {
    "csv": Form(
        files=(LABELS_CSV, "metadata.csv"),
        read=table.read,
        plan=naming.kept,
        write=lambda folder, samples, _: write_labels(folder, samples),
        columns=True,
    ),
    "txt": Form((LABELS_TXT,), lines.read, lines.numbered, lines.write, columns=False),
    "names": Form((), names.read, names.labelled, lambda *_: None, columns=False),
    "jsonl": Form(
        files=(jsonlines.LABELS_JSONL, "metadata.jsonl"),
        read=jsonlines.read,
        plan=naming.kept,
        write=jsonlines.write,
        columns=True,
    ),
    "imagefolder": Form((), imagefolder.read, imagefolder.classed, lambda *_: None, columns=False),
    "label-studio": Form(
        (labelstudio.TASKS,), labelstudio.read, naming.kept, labelstudio.write, columns=True
    ),
}
"""Every form that is read and written, by the name that ``--labels-from`` and ``--to`` take."""

AUTO = "auto"

_SOUGHT = ("csv", "txt", "jsonl", "label-studio")
"""In which order ``auto`` looks for label files; file names come last, and folders never.

It looks for those that it writes itself: a ``metadata.csv`` may be of anything.
"""

_BY_SUFFIX = {
    ".csv": table.read,
    ".tsv": table.read,
    ".txt": lines.read,
    ".jsonl": jsonlines.read,
    ".ndjson": jsonlines.read,
    ".json": labelstudio.read,
}
"""How a label file of any other name or place is read."""


def _is_label_file(labels_from: str) -> bool:
    """Say whether the choice of a source is the path of a label file, not the name of a form."""
    return labels_from not in FORMS and Path(labels_from).suffix.lower() in _BY_SUFFIX


def is_source(labels_from: str) -> bool:
    """Say whether it is ``auto``, the name of a form, or called as a label file."""
    return labels_from in (AUTO, *FORMS) or _is_label_file(labels_from)


def require_source(labels_from: str) -> None:
    """Raise a UsageError unless ``labels_from`` is ``auto``, a form, or called as a label file."""
    if not is_source(labels_from):
        remedy = f"choose of {', '.join((AUTO, *FORMS))}, or name a label file"
        raise UsageError("labels_from", f"knows no {quoted(labels_from)}", remedy)


def read_labels(folder: Folder, labels_from: str = AUTO) -> tuple[Matched, Path | None]:
    """Match the images of a folder with a source of labels.

    Args:
        folder: The images.
        labels_from: A name of ``FORMS``, ``auto`` for the first of them that is there, or the path
            of a label file anywhere. The images that it names are still those of the folder.
    Returns:
        What matched, and the label file, None where names are the labels.
    Raises:
        DatasetError: If there are no labels, or they cannot be read.
    """
    if labels_from in FORMS:
        return _read(folder, FORMS[labels_from], _found(folder, labels_from))
    if _is_label_file(labels_from):
        path = Path(labels_from)
        read = _BY_SUFFIX[path.suffix.lower()]
        if read is table.read and answers.is_answers(path):
            read = answers.read
        return read(folder, path), path
    for name in _SOUGHT:
        if (source := folder.path / FORMS[name].files[0]).exists():
            return _read(folder, FORMS[name], source)
    _require_labels(folder)
    return _read(folder, FORMS["names"], None)


def _read(folder: Folder, form: Form, source: Path | None) -> tuple[Matched, Path | None]:
    return form.read(folder, source or folder.path), source


def _found(folder: Folder, name: str) -> Path | None:
    """Return the label file of a form in a folder, None where the form has none.

    Raises:
        DatasetError: If it has one that is not there.
    """
    files = FORMS[name].files
    for file in files:
        if (folder.path / file).exists():
            return folder.path / file
    if files:
        what, remedy = f"has no {files[0]}", f"write one, or leave the choice to '{AUTO}'"
        raise DatasetError(printable(folder.path), what, remedy)
    return None


def _require_labels(folder: Folder) -> None:
    """Raise a DatasetError where file names may be mere numbers."""
    if look_like_numbers([image.path.stem for image in folder.images]):
        what = f"has neither {LABELS_CSV} nor {LABELS_TXT}, and its file names look like numbers"
        remedy = "write labels.csv, or say '--labels-from names' if the names are the labels"
        raise DatasetError(printable(folder.path), what, remedy)
