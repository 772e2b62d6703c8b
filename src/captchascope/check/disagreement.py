"""Labels that a model reads otherwise, and is sure of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from captchascope.check.report import Finding, Mention, counted
from captchascope.records import Reading, Sample

__all__ = ["disagreement_findings"]

_SURE = 0.95
_LEAST = 0.5  # confidence: below it, no model is believed, however modest it is
_MODEST = 0.1  # of the labels that the model confirms are read less surely than what is believed
_FITS = 0.5  # of the labels must a model read, if its word against the others is to count


def disagreement_findings(
    samples: Sequence[Sample], readings: Sequence[Reading]
) -> Iterator[Finding]:
    """Yield the labels that are likely wrong, the surest first.

    A model that reads less than half as labelled is of another scheme, or the labels are of other
    images altogether; then no single label is to be doubted.

    Args:
        samples: With their labels.
        readings: One of each, without a constraint that the labels were not made under.
    """
    read = list(zip(samples, readings, strict=True))
    right = sorted(reading.confidence for sample, reading in read if reading.text == sample.label)
    if len(right) < _FITS * len(read):
        what = f"the model reads {len(right)} of {len(read)} as labelled: it cannot judge them"
        remedy = "check with a model of this scheme; if it is one, the labels are of other images"
        yield Finding("unfit-model", "warning", "labels", what, remedy)
    elif right:
        sure = _sure(right)
        doubts = [(s, r) for s, r in read if _differs(s, r) and r.confidence >= sure]
        yield from _likely_wrong(sorted(doubts, key=lambda doubt: -doubt[1].confidence))


def _sure(right: Sequence[float]) -> float:
    """Return the confidence from which a model is believed.

    Args:
        right: The confidences of the labels that it confirms, rising. Where a part of the labels
            that it was calibrated on is wrong, it is right never to be quite sure: 1.7 % wrong
            labels kept half of these confidences below 0.94, and all but three of the wrong labels
            below ``_SURE``. So it is enough to be as sure as of nine in ten of these.
    """
    return max(_LEAST, min(_SURE, right[int(_MODEST * len(right))]))


def _differs(sample: Sample, reading: Reading) -> bool:
    return reading.text is not None and reading.text != sample.label


def _likely_wrong(doubts: Sequence[tuple[Sample, Reading]]) -> Iterator[Finding]:
    if doubts:
        what = f"{counted(len(doubts), 'label')} likely wrong: the model surely reads another text"
        remedy = "look at each image, and correct the label where the model is right"
        files = tuple(_mention(*doubt) for doubt in doubts)
        yield Finding("likely-wrong", "warning", "labels", what, remedy, files)


def _mention(sample: Sample, reading: Reading) -> Mention:
    facts: dict[str, str | int | float] = {"label": sample.label, "read": reading.text or ""}
    return Mention(sample.file, facts | {"confidence": round(reading.confidence, 4)})
