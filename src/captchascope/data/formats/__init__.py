"""Labels in every format that people have, in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from captchascope.data.formats import contents, labelstudio, lines, names, objects, sidecars
from captchascope.data.formats.readings import ReadingsError, without_readings
from captchascope.data.labels import LABELS_CSV, LABELS_TXT, quoted, shown, write_labels
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError, UsageError
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
        contents.read_table,
        names.plan_own_names,
        lambda folder, samples, _: write_labels(folder, samples),
        columns=True,
    ),
    "txt": LabelFormat((LABELS_TXT,), lines.read_lines, lines.plan_numbers, lines.write_lines),
    "names": LabelFormat((), names.read_names, names.plan_label_names),
    "jsonl": LabelFormat(
        (objects.LABELS_JSONL, "metadata.jsonl"),
        objects.read_jsonl,
        names.plan_own_names,
        objects.write_jsonl,
        columns=True,
    ),
    "sidecar": LabelFormat(
        (), sidecars.read_sidecars, names.plan_own_names, sidecars.write_sidecars
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

It looks for those that are written here, then for text files beside the images, then for any other
label file in the folder or above it that names these images.
"""


def is_source(labels_from: str) -> bool:
    """Say whether a source is ``auto``, a name of ``FORMATS``, ``names:2``, or called as a file."""
    known = labels_from in (AUTO, *FORMATS) or names.is_part(labels_from)
    return known or Path(labels_from).suffix.lower() in contents.BY_SUFFIX


def form_of(folder: Path) -> str | None:
    """Return the form of the label file that ``auto`` takes in a folder; None where there is none.

    It is a name of ``FORMATS``. A file of readings is none.
    """
    sources, _ = _sought(folder)
    return sources[0][0] if sources else None


def _sought(folder: Path) -> tuple[list[tuple[str, Path]], list[ReadingsError]]:
    """Return the label files that ``auto`` looks for and finds, each after its form.

    Also returned is what is to be said of those that hold readings.
    """
    forms = {folder / FORMATS[form].files[0]: form for form in _SOUGHT}
    kept, readings = without_readings(path for path in forms if path.exists())
    return [(forms[path], path) for path in kept], readings


def read_labels(folder: Folder, labels_from: str = AUTO) -> Matching:
    """Match the images of a folder with a source of labels.

    Args:
        folder: The images.
        labels_from: A name of ``FORMATS``, ``names:2`` for a part of file names, ``auto`` for the
            first of them that is there, or the path of a label file anywhere. The images that it
            names are still those of the folder. ``auto`` takes no readings for labels.
    Raises:
        DatasetError: If there are no labels, or they cannot be read.
    """
    found = _read(folder, labels_from).settle(strip_spaces=folder.asked.strip_spaces)
    if found.source in (None, folder.path) and (named := folder.asked.columns):
        what = f"has no columns to choose from: the labels are {found.origin.what}"
        raise UsageError(named[0], what, "name a table with labels_from")
    return found


def _read(folder: Folder, labels_from: str) -> Matching:
    """Match the images of a folder with a source of labels; errors as ``read_labels``."""
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
        return contents.BY_SUFFIX[path.suffix.lower()](folder, path)
    sources, readings = _sought(folder.path)
    if sidecars.any_beside(folder):
        sources.append(("sidecar", folder.path))
    if sources:
        (form, path), *others = sources
        found = FORMATS[form].read(folder, path)
        for form, path in others:
            _compare(found, folder, form, path)
        found.notes += map(_passed_over, readings)
        return found
    return _read_others(folder)


def _compare(found: Matching, folder: Folder, form: str, path: Path) -> None:
    """Add a doubt where another source of labels says otherwise."""
    try:
        other = FORMATS[form].read(folder, path)
    except DatasetError:  # it is not what was taken
        return
    said = {sample.position: sample.label for sample in other.samples}
    differ = [s for s in found.samples if said.get(s.position, s.label) != s.label]
    if differ:
        first = differ[0]
        found.doubts.append(
            f"{printable(other.what or path.name)} says otherwise of {len(differ)} images, such as "
            f"{shown(said[first.position])} of {shown(first.file)}: remove the wrong one of the two"
        )


def _labels(found: Matching) -> set[tuple[str, str]]:
    return {(sample.file, sample.label) for sample in found.samples}


def _read_others(folder: Folder) -> Matching:
    """Match a label file of another name or place, or else the names of the images."""
    fit, misfit = contents.read_any(folder)
    if len(fit) > 1 and any(_labels(found) != _labels(fit[0]) for found in fit):
        files = " and ".join(quoted(found.source.name) for found in fit[:3] if found.source)
        what = f"has {len(fit)} files that could have the labels: {files}{', ...' * (len(fit) > 3)}"
        raise DatasetError(printable(folder.path), what, "say which: --labels-from FILE")
    if fit:
        readings = (error for error in misfit if isinstance(error, ReadingsError))
        fit[0].notes += map(_passed_over, readings)
        return fit[0]
    try:
        found = names.find_names(folder)
    except DatasetError:
        if misfit:
            raise misfit[0] from None
        raise
    found.notes += map(_passed_over, misfit)
    return found


def _passed_over(error: DatasetError) -> str:
    """Return the note about a file that is not what the labels are taken from."""
    return f"{error.where} is passed over: it {error.what}"
