"""The likely causes of a training that came to nothing, found by looking at its data and course."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captchascope.check import layout_findings
from captchascope.data.dataset import Dataset
from captchascope.data.labels import quoted
from captchascope.decode import ReadOptions
from captchascope.reader import reader_of
from captchascope.records import Reading, Sample
from captchascope.train.ctc.infer import Inferred
from captchascope.train.untrained import NAME, Untrained, readings_of, told

_LOOKED_AT = 200  # images in a row
_FEW = 24  # of them, that are read without being told anything
_FURTHEST = 3  # places by which labels may be shifted
_MANY, _FEWEST = 0.3, 4  # of the images, and images, that show what is no coincidence
_SURE = 0.9
_BY_HEART = 0.5  # of the training texts
_RARE = 0.05  # of all texts that there may be are labels, at most, if one is to be recognised
_FALLING = 0.9  # of the loss of half a training ago
_SOON = 20_000  # images, of which a network has seen too few


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a training, as far as it tells a cause.

    Attributes:
        losses: Of the training, at every validation.
        learnt: The share of the training texts that it reads.
        views: The images seen.
        scratch: Whether it began with nothing.
    """

    losses: Sequence[float]
    learnt: float
    views: int
    scratch: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely cause, and what to do about it, each as half a sentence."""

    what: str
    remedy: str


UNKNOWN = Cause(
    "no likely cause was found by looking",
    "captchascope check looks further; more labels or more time may help",
)
"""What is said where nothing else is known."""


def likely_causes(
    dataset: Dataset, known: Inferred, untrained: Untrained | None, course: Course
) -> list[Cause]:
    """Return the likely causes of a training that reads nothing, the likeliest first.

    Args:
        dataset: What was trained and validated on.
        known: What was inferred of it.
        untrained: What the model that reads anything, told as much, reads; None where it cannot.
        course: Of the training.
    """
    found = [Cause(f.what, f.remedy) for f in layout_findings(dataset, known.preprocessing)]
    if untrained is not None and not found:
        samples = dataset.samples[:_LOOKED_AT]
        found += _of_others(samples, readings_of(untrained.reader, samples), known)
        if not found:
            found += _unlike(samples[:: -(-len(samples) // _FEW)], known)
    if not found and course.learnt >= _BY_HEART:
        what = f"it has learnt {course.learnt:.0%} of the training texts by heart"
        found.append(Cause(f"{what}: the labels fit no image, or are too few", _LOOK))
    return [*found, *_short(course)]


_LOOK = "look at some images beside their labels: captchascope label shows both"


def _of_others(
    samples: Sequence[Sample], readings: Sequence[Reading], known: Inferred
) -> Iterator[Cause]:
    """Yield that the labels are those of other images: of the next ones, or of any."""
    labels = [sample.label for sample in samples]
    least = max(_FEWEST, _MANY * len(samples))
    if len(set(labels)) > _RARE * len(known.charset.chars) ** known.lengths[0]:
        return  # any text would be the label of some image
    read_at = {
        shift: [
            (sample, samples[index + shift])
            for index, (sample, reading) in enumerate(zip(samples, readings, strict=True))
            if 0 <= index + shift < len(labels) and reading.text == labels[index + shift]
        ]
        for shift in range(-_FURTHEST, _FURTHEST + 1)
    }
    shift, pairs = max(read_at.items(), key=lambda item: len(item[1]))
    if shift and len(pairs) >= least:
        image, owner = pairs[0]
        way = "after" if shift > 0 else "before"
        where = f"image {abs(shift)} {way} it" if abs(shift) > 1 else f"image {way} it"
        what = (
            f"labels are shifted: {len(pairs)} of {len(samples)} images show the label of the "
            f"{where}, as {quoted(image.file)} that of {quoted(owner.file)}"
        )
        yield Cause(what, "give each image its own label again")
        return
    owners = {sample.label: sample for sample in samples}
    strange = [
        (sample, owners[reading.text])
        for sample, reading in zip(samples, readings, strict=True)
        if reading.text in owners and reading.text != sample.label
    ]
    if len(strange) >= least:
        image, owner = strange[0]
        what = (
            f"labels are of other images: {len(strange)} of {len(samples)} show the label of "
            f"another one, as {quoted(image.file)} that of {quoted(owner.file)}"
        )
        yield Cause(what, "give each image its own label again")


def _unlike(samples: Sequence[Sample], known: Inferred) -> Iterator[Cause]:
    """Yield that the model that reads anything, told nothing, surely reads other texts."""
    done = told(known)
    options = ReadOptions(frames=done.frames, rows=done.rows, ink=done.ink)
    pairs = [*zip(samples, readings_of(reader_of(NAME, options), samples), strict=True)]
    unlike = [
        (sample, reading.text)
        for sample, reading in pairs
        if reading.text and reading.confidence >= _SURE and not _alike(sample.label, reading.text)
    ]
    if len(unlike) >= max(_FEWEST, _MANY * len(samples)):
        sample, text = unlike[0]
        what = (
            f"labels are not what the images show: {NAME} surely reads other texts in "
            f"{len(unlike)} of {len(samples)}, as {quoted(text)} in {quoted(sample.file)}, "
            f"labelled {quoted(sample.label)}"
        )
        yield Cause(what, _LOOK)


def _alike(label: str, text: str) -> bool:
    """Tell whether half of the characters are the same, whatever their case and order."""
    one, other = Counter(label.casefold()), Counter(text.casefold())
    return 2 * (one & other).total() >= max(one.total(), other.total())


def _short(course: Course) -> Iterator[Cause]:
    """Yield that there was too little time."""
    half = course.losses[len(course.losses) // 2 :]
    if len(half) > 1 and half[-1] < _FALLING * half[0]:
        what = f"the loss was still falling, from {half[0]:.2f} to {half[-1]:.2f}"
        yield Cause(f"too little time: {what}", "give it more, such as --time-limit 30m")
    elif course.scratch and course.views < _SOON:
        what = f"too little time: it has seen {course.views:,} images, and began with nothing"
        yield Cause(what, "give it more, such as --time-limit 30m, or begin with any")
