"""The whole check of a data set: its rows, labels and images, and what a model reads in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from captchascope.charset import Charset
from captchascope.check import images
from captchascope.check.labels import label_findings
from captchascope.check.layout import layout_findings
from captchascope.check.report import Finding, Mention, Report, Severity
from captchascope.data.dataset import Dataset
from captchascope.data.labels import RowError
from captchascope.errors import DatasetError, ImageError, counted
from captchascope.files import printable
from captchascope.image import Preprocessing
from captchascope.reader import Reader
from captchascope.records import Reading, Sample

_AS_IT_IS = Preprocessing()
_KINDS: dict[str, tuple[Severity, str, str, str]] = {
    "no-image": ("error", "row", "without an image", "add the images, or cut the rows"),
    "malformed-row": ("error", "row", "that cannot be read", ""),
    "unusable-row": (
        "error",
        "row",
        "that cannot be used",
        "write the text in the image, once for each; --strip-spaces takes white space out",
    ),
    "no-row": (
        "warning",
        "image",
        "without a row",
        "label them, or move them away: train --unlabelled learns from them too",
    ),
}
"""Of each kind of problem how bad it is, what is concerned, what is wrong, and what to do; where
that is empty, the remedy of each problem says it."""


def row_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield what ``read_dataset`` could not use, and whether that leaves nothing."""
    groups: defaultdict[tuple[str, str], list[DatasetError]] = defaultdict(list)
    for problem in dataset.problems:
        kind = _kind_of(problem, dataset)
        groups[kind, _KINDS[kind][-1] or problem.remedy].append(problem)
    where = printable(dataset.source or dataset.folder)
    order = list(_KINDS)
    for kind, remedy in sorted(groups, key=lambda group: order.index(group[0])):
        severity, noun, what, _ = _KINDS[kind]
        problems = groups[kind, remedy]
        files = tuple(Mention(p.where, {"problem": p.what}) for p in problems)
        what = f"{counted(len(files), noun)} {what}"
        yield Finding(kind, severity, where, what, remedy, files)
    if not dataset.samples:
        where, what = printable(dataset.folder), "there is no usable sample"
        yield Finding("no-samples", "error", where, what, "label some captchas")


def _kind_of(problem: DatasetError, dataset: Dataset) -> str:
    """Return which of ``_KINDS`` a problem of a data set is."""
    if isinstance(problem, RowError) and problem.malformed:
        return "malformed-row"
    if isinstance(problem, RowError) and problem.position is None:
        return "no-image"
    return "no-row" if dataset.source is not None and problem.row is None else "unusable-row"


def origin_findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield what was guessed of where the labels are, and what was made of them with certainty."""
    where = printable(dataset.source or dataset.folder)
    for doubt in dataset.origin.doubts:
        yield Finding("guessed-labels", "warning", where, doubt, "")
    for note in dataset.origin.notes:
        yield Finding("labels-as-read", "note", where, note, "")


_SURE = 0.95
_LEAST = 0.5  # confidence: below it, no model is trusted, however modest it is
_MODEST = 0.1  # of the labels that the model confirms are read less surely than what is trusted
_FITS = 0.5  # of the labels must a model read, if its word against the others is to count


def disagreement_findings(
    samples: Sequence[Sample], readings: Sequence[Reading]
) -> Iterator[Finding]:
    """Yield the labels that are likely wrong, the surest first.

    A model that reads less than half as labelled is of another scheme, or the labels are of other
    images altogether; then no single label is to be doubted. There is one reading of each sample,
    without a constraint that the labels were not made under.
    """
    read = list(zip(samples, readings, strict=True))
    right = sorted(reading.confidence for sample, reading in read if reading.text == sample.label)
    if len(right) < _FITS * len(read):
        what = f"the model reads {len(right)} of {len(read)} as labelled: it cannot judge them"
        remedy = "check with a model of this scheme; if it is one, the labels are of other images"
        yield Finding("unfit-model", "warning", "labels", what, remedy)
    elif right:
        # Where a part of the labels that a model was calibrated on is wrong, it is right never to
        # be quite sure: 1.7 % wrong labels kept half of these confidences below 0.94, and all but
        # three of the wrong labels below _SURE. So as sure as of nine in ten of these is enough.
        sure = max(_LEAST, min(_SURE, right[int(_MODEST * len(right))]))
        doubts = [(s, r) for s, r in read if r.text not in (None, s.label) and r.confidence >= sure]
        doubts.sort(key=lambda doubt: -doubt[1].confidence)
        files = tuple(
            Mention(s.file, {"label": s.label, "read": text, "confidence": round(r.confidence, 4)})
            for s, r in doubts
            for text in [r.text or ""]
        )
        if files:
            what = (
                f"{counted(len(files), 'label')} likely wrong: the model surely reads another text"
            )
            remedy = "look at each image, and correct the label where the model is right"
            yield Finding("likely-wrong", "warning", "labels", what, remedy, files)


def check_dataset(
    dataset: Dataset,
    *,
    charset: Charset | None = None,
    reader: Reader | None = None,
    preprocessing: Preprocessing = _AS_IT_IS,
    progress: Callable[[int], object] = lambda done: None,
) -> Report:
    """Return what is wrong with a data set; it is only read.

    Args:
        dataset: Every image of a sample is decoded.
        charset: What the labels should be within, if that is known.
        reader: What reads the images to find wrong labels. It should not be held to a length
            that the labels might not have.
        preprocessing: What is done to every image first.
        progress: Called with the number of images done; with a reader each counts twice.

    Example:
        >>> from captchascope.data.dataset import read_dataset
        >>> check_dataset(read_dataset("examples")).harmful
        False
    """
    facts, errors = [], []
    for done, sample in enumerate(dataset.samples, 1):
        try:
            facts.append(images.inspect_image(sample, preprocessing))
        except ImageError as error:
            errors.append((sample, error))
        progress(done)
    findings = [
        *origin_findings(dataset),
        *row_findings(dataset),
        *images.unreadable_findings(errors),
        *images.leak_findings(dataset.samples),
        *label_findings(dataset.samples, charset),
        *layout_findings(dataset, preprocessing),
        *images.blank_findings(facts),
        *images.duplicate_findings(facts),
        *images.narrow_findings([i.sample for i in facts], [i.size for i in facts]),
        *images.size_findings({i.sample.file: i.size for i in facts}),
        *images.look_findings(facts),
    ]
    if reader is not None:
        samples, readings = [image.sample for image in facts], []
        for reading in reader.read_many([sample.path for sample in samples], errors="return"):
            readings.append(reading)
            progress(len(dataset.samples) + len(readings))
        findings += disagreement_findings(samples, readings)
    labels = [sample.label for sample in dataset.samples]
    return Report(
        folder=printable(dataset.folder),
        origin=dataset.origin_line,
        images=dataset.images,
        samples=len(labels),
        alphabet="".join(sorted(set().union(*labels))),
        lengths=(min(map(len, labels), default=0), max(map(len, labels), default=0)),
        findings=tuple(findings),
    )
