"""Which model guesses, and how good it may be said to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

from captchascope.evaluate import Rate
from captchascope.reader import Reader, load
from captchascope.web.label.marks import Mark

__all__ = ["OWN_MODEL", "best_of", "expected", "held_out"]

OWN_MODEL = ".captchascope-model.onnx"
"""The model that is trained while people label; hidden, in the folder itself."""

_SHIPPED = ("metu", "start")
_LOOKED_AT = 24  # images
_LATELY = 50  # labels
_ENOUGH = 10  # labels


def best_of(images: Sequence[bytes]) -> Reader:
    """Return the shipped model that is surest about some images, on the average."""
    readers = [load(name) for name in _SHIPPED]
    some = images[:_LOOKED_AT]

    def sureness(reader: Reader) -> float:
        return sum(reading.confidence for reading in reader.read_batch(some))

    return max(readers, key=sureness)


def held_out(reader: Reader) -> float | None:
    """Return the share of its validation images that a model reads right, if it says so."""
    share = reader.model.metadata.metrics.get("validation_captcha")
    return float(share) if isinstance(share, int | float) else None


def expected(marks: Iterable[Mark], since: int) -> Rate | None:
    """Return how good a model's guesses are, by the last labels that people gave.

    These are the images that it was least certain of, and none that it was trained on: of those
    that are left, more will be right.

    Args:
        marks: The last first.
        since: When the model came, as marks count.
    Returns:
        None while there are too few.
    """
    those = takewhile(lambda mark: mark.seq > since, marks)
    accepted = (mark.guess == mark.text for mark in those if mark.guess and mark.text)
    lately = list(islice(accepted, _LATELY))
    if len(lately) < _ENOUGH:
        return None
    return Rate(sum(lately), len(lately))
