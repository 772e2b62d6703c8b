"""The whole check: rows, labels, images, and the labels against a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from captchascope.charset import Charset
from captchascope.check.disagreement import disagreement_findings
from captchascope.check.duplicates import duplicate_findings
from captchascope.check.images import (
    Seen,
    blank_findings,
    look_findings,
    seen,
    unreadable_findings,
)
from captchascope.check.labels import label_findings
from captchascope.check.report import Finding, Report
from captchascope.check.rows import row_findings
from captchascope.check.sizes import narrow_findings, size_findings
from captchascope.dataset import Dataset
from captchascope.errors import ImageError
from captchascope.files import printable
from captchascope.labels import RowError
from captchascope.reader import Reader

__all__ = ["check"]


def check(
    dataset: Dataset,
    *,
    charset: Charset | None = None,
    reader: Reader | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Report:
    """Return what is wrong with a data set; it is only read.

    Example:
        >>> check(read_dataset("captchas")).harmful
        False

    Args:
        dataset: Every image of a sample is decoded.
        charset: What the labels should be within, if that is known.
        reader: What reads the images to find wrong labels. It should not be held to a length
            that the labels might not have.
        progress: Called with the number of images done; with a reader each counts twice.
    """
    images, errors = [], []
    for done, sample in enumerate(dataset.samples, 1):
        try:
            images.append(seen(sample))
        except ImageError as error:
            errors.append((sample, error))
        progress(done)
    findings = [
        *row_findings(dataset),
        *unreadable_findings(errors),
        *label_findings(dataset.samples, charset),
        *_image_findings(images),
    ]
    if reader is not None:
        findings += _read(images, reader, lambda done: progress(len(dataset.samples) + done))
    where = printable(dataset.folder)
    labels = [sample.label for sample in dataset.samples]
    alphabet = "".join(sorted(set().union(*labels)))
    lengths = min(map(len, labels), default=0), max(map(len, labels), default=0)
    return Report(where, _images(dataset), len(labels), alphabet, lengths, tuple(findings))


def _images(dataset: Dataset) -> int:
    """Return how many images are in a part of a folder, with a usable row or not."""
    held = {p.position for p in dataset.problems if isinstance(p, RowError)} - {None}
    return len(held - {s.position for s in dataset.samples}) + len(dataset.samples)


def _image_findings(images: list[Seen]) -> Iterator[Finding]:
    samples, sizes = [i.sample for i in images], [i.size for i in images]
    yield from blank_findings(images)
    yield from duplicate_findings(images)
    yield from narrow_findings(samples, sizes)
    yield from size_findings(sizes, [sample.file for sample in samples])
    yield from look_findings(images)


def _read(
    images: list[Seen], reader: Reader, progress: Callable[[int], object]
) -> Iterator[Finding]:
    samples = [image.sample for image in images]
    readings = []
    for reading in reader.read_many([sample.path for sample in samples], errors="return"):
        readings.append(reading)
        progress(len(readings))
    yield from disagreement_findings(samples, readings)
