"""Labels that a model reads otherwise, and is sure of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from captchascope.check.report import Finding, Mention, counted
from captchascope.records import Reading, Sample

__all__ = ["disagreement_findings"]

_SURE = 0.95
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
    read = [(s, r) for s, r in zip(samples, readings, strict=True) if r.text is not None]
    right = sum(reading.text == sample.label for sample, reading in read)
    if read and right < _FITS * len(read):
        what = f"the model reads {right} of {len(read)} as labelled: it says nothing of the labels"
        remedy = "check with a model of this scheme; if it is, the labels are of other images"
        yield Finding("unfit-model", "warning", "labels", what, remedy)
        return
    doubts = [(s, r) for s, r in read if r.text != s.label and r.confidence >= _SURE]
    if doubts:
        doubts.sort(key=lambda doubt: -doubt[1].confidence)
        what = f"{counted(len(doubts), 'label')} likely wrong: the model reads another text"
        remedy = "look at each image, and correct the label where the model is right"
        files = tuple(_mention(*doubt) for doubt in doubts)
        yield Finding("likely-wrong", "warning", "labels", what, remedy, files)


def _mention(sample: Sample, reading: Reading) -> Mention:
    facts: dict[str, str | int | float] = {"label": sample.label, "read": reading.text or ""}
    return Mention(sample.file, facts | {"confidence": round(reading.confidence, 4)})
