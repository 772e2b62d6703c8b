"""Rows and images that were no samples to begin with."""

from __future__ import annotations

from collections.abc import Iterator

from captchascope.check.report import Finding, Mention, Severity, counted
from captchascope.dataset import Dataset
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.labels import RowError

__all__ = ["row_findings"]


_KINDS: dict[str, tuple[Severity, str, str, str]] = {
    "no-image": ("error", "row", "without an image", "add the images, or cut the rows"),
    "unusable-row": (
        "error",
        "row",
        "that cannot be used",
        "write the text in the image, without white space, once for each image",
    ),
    "no-row": (
        "warning",
        "image",
        "without a row",
        "label them, or move them away: train --unlabelled learns from them too",
    ),
}
"""Of each kind of problem how bad it is, what is concerned, what is wrong, and what to do."""


def row_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield what ``read_dataset`` could not use, and whether that leaves nothing."""
    groups: dict[str, list[DatasetError]] = {kind: [] for kind in _KINDS}
    for problem in dataset.problems:
        groups[_kind(dataset, problem)].append(problem)
    for kind, problems in groups.items():
        severity, noun, what, remedy = _KINDS[kind]
        if problems:
            files = tuple(Mention(p.where, {"problem": p.what}) for p in problems)
            where = printable(dataset.source or dataset.folder)
            yield Finding(
                kind, severity, where, f"{counted(len(files), noun)} {what}", remedy, files
            )
    if not dataset.samples:
        where, what = printable(dataset.folder), "there is no usable sample"
        yield Finding("no-samples", "error", where, what, "label some captchas")


def _kind(dataset: Dataset, problem: DatasetError) -> str:
    if isinstance(problem, RowError) and problem.position is None:
        return "no-image"
    return "no-row" if dataset.source is not None and problem.row is None else "unusable-row"
