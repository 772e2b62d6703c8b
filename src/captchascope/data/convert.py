"""A data set in another format: its images copied byte by byte, and their labels beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from captchascope.atomic import atomic_folder
from captchascope.data.formats import FORMATS
from captchascope.data.labels import quoted
from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    OutputError,
    UsageError,
    likeliest,
)
from captchascope.files import printable
from captchascope.records import Sample

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Converted:
    """The outcome of a conversion.

    Attributes:
        count: The images of the new folder.
        lost: The further columns that the format cannot hold.
    """

    count: int
    lost: tuple[str, ...]


def convert_dataset(
    dataset: Dataset,
    to: str,
    folder: Path,
    report: Callable[[CaptchascopeError], None],
    progress: Callable[[int], None] = lambda done: None,
) -> Converted:
    """Write the samples of a data set in another format into a new folder, whole or not at all.

    Args:
        dataset: What to write; its own problems are not repeated.
        to: A name of ``FORMATS``.
        folder: Must not exist, or be empty, and not lie within the data set.
        report: Called with the problem of each sample that cannot be written.
        progress: Called with the number of images copied.
    Raises:
        DatasetError: If no sample can be written in this format.
        OutputError: If the folder cannot be written.
        UsageError: If ``to`` is no format.
    """
    if to not in FORMATS:
        remedy = f"{likeliest(to, FORMATS)}choose one of {', '.join(FORMATS)}"
        raise UsageError("to", f"knows no {quoted(to)}", remedy)
    if dataset.folder.resolve() in (folder.resolve(), *folder.resolve().parents):
        what = "lies within the data set, and would become a part of it"
        raise OutputError(printable(folder), what, "choose a place outside")
    target = FORMATS[to]
    plan = target.plan(dataset.samples, dataset.folder)
    for problem in plan.problems:
        report(problem)
    with atomic_folder(folder) as place:
        placed: list[Sample] = []
        for done, (sample, file) in enumerate(plan.images, 1):
            try:
                data = sample.path.read_bytes()
            except OSError as error:
                what = f"cannot be read: {error.strerror}"
                remedy = "check the file and its permissions"
                report(DatasetError(printable(sample.path), what, remedy))
            else:
                placed.append(replace(sample, file=file, path=place / file))
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                with (place / file).open("xb") as copy:
                    copy.write(data)
            progress(done)
        if not placed:
            what, remedy = "has no sample that could be converted", "see the problems above"
            raise DatasetError(printable(dataset.folder), what, remedy)
        target.write(place, placed, folder.resolve().name)
    further = dict.fromkeys(name for sample in placed for name in sample.columns)
    return Converted(len(placed), () if target.columns else tuple(further))
