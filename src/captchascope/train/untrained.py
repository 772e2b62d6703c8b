"""The model that reads anything as the measure of a training: what it reads of the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError
from captchascope.model.file import open_model_bytes
from captchascope.reader import DEFAULT_MODELS, Reader, reader_of, recogniser_of
from captchascope.records import Reading, Sample
from captchascope.train.ctc.infer import Inferred

NAME = DEFAULT_MODELS["whole"]
"""The model that reads anything."""

_MOST = 500  # texts that are compared
_BY_CHANCE = 0.05  # probability that chance alone tells as much, at most


@dataclass(frozen=True, slots=True)
class Untrained:
    """What the model that reads anything reads, told the alphabet and the lengths of the labels.

    Attributes:
        reader: It, so told.
        samples: What it read.
        right: Whether each of them was read right.
    """

    reader: Reader
    samples: Sequence[Sample]
    right: Sequence[bool]

    def line(self) -> str:
        """Return what it reads as it is told to the user."""
        count = f"{sum(self.right)} of the {len(self.right)} texts"
        return f"untrained {NAME}, told alphabet and length, reads {count} to validate on"


def read_untrained(samples: Sequence[Sample], known: Inferred) -> Untrained | None:
    """Have the model that reads anything read samples, 500 at most, evenly chosen.

    Args:
        samples: What trained networks are validated on.
        known: What was inferred of all samples, which it is told.

    Returns:
        None where it knows no text like the labels, or there are no samples.
    """
    samples = samples[:: -(-len(samples) // _MOST) or 1]
    try:
        reader = reader_of(NAME, told(known))
    except CaptchascopeError:  # an alphabet of which it has nothing
        return None
    right = right_of(samples, readings_of(reader, samples))
    return Untrained(reader, samples, right) if samples else None


def told(known: Inferred) -> ReadOptions:
    """Return what is known of texts and images, as a reader is told it."""
    fewest, most = known.lengths
    done = known.preprocessing
    return ReadOptions(
        charset=known.charset.written,
        length=f"{fewest}-{most}",
        frames=done.frames,
        rows=done.rows,
        ink=done.ink or "all",
    )


def readings_of(reader: Reader, samples: Sequence[Sample]) -> list[Reading]:
    """Return a reading of each sample; those that cannot be decoded have an error."""
    return [*reader.read_many([sample.path for sample in samples], errors="return")]


def right_of(samples: Sequence[Sample], readings: Sequence[Reading]) -> list[bool]:
    """Tell of each sample whether it was read right."""
    return [r.text == s.label for s, r in zip(samples, readings, strict=True)]


def right_by(data: bytes, samples: Sequence[Sample]) -> list[bool]:
    """Tell of each sample whether the model of a file reads it right."""
    model, options = open_model_bytes(data, "the trained model"), ReadOptions()
    reader = Reader(model, options, recogniser_of(model, options.constraints), Path())
    return right_of(samples, readings_of(reader, samples))


def is_better(one: Sequence[bool], other: Sequence[bool]) -> bool:
    """Tell whether one reader reads more of the same texts than another by more than chance.

    Texts that both read, or neither, say nothing. Of the others each would be read by either as
    likely, were they equally good: the sign test, or McNemar's exact one (1947), on one side.

    Example:
        >>> is_better([True] * 5, [False] * 5), is_better([True] * 4, [False] * 4)
        (True, False)
    """
    pairs = [*zip(one, other, strict=True)]
    wins, losses = pairs.count((True, False)), pairs.count((False, True))
    count = wins + losses
    chance = sum(comb(count, k) for k in range(wins, count + 1)) * 0.5**count
    return chance < _BY_CHANCE
