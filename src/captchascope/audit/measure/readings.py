"""What a reader makes of images, as figures: how often it is right, how sure, and how fast."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from captchascope.audit.figures import Abstention, Confused, Reads
from captchascope.decode import ReadOptions
from captchascope.evaluate import Evaluation, Rate, evaluate_read
from captchascope.reader import Reader
from captchascope.records import Reading, Sample

SURE = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
"""The confidences below which a reader abstains, one after another."""

_CONFUSED = 10  # pairs of characters that are told
_TIMED, _ROUNDS = 8, 3  # images that are read for their time, and how often


def reads_of(
    reader: Reader, paths: Sequence[Path], samples: Sequence[Sample], readings: Sequence[Reading]
) -> Reads:
    """Return what a reader made of images.

    Args:
        reader: What has read them, and reads a few of them again, for the time that takes.
        paths: Where they lie.
        samples: What they say, in the same order; none where nobody knows.
        readings: What was read of each.
    """
    evaluation = evaluate_read(reader, samples, readings) if samples else None
    confused = () if evaluation is None else evaluation.most_confused(_CONFUSED)
    return Reads(
        exact=None if evaluation is None else evaluation.exact_match,
        characters=None if evaluation is None else evaluation.character_accuracy,
        expected=mean_confidence(readings),
        unfamiliar=sum(reading.unfamiliar for reading in readings),
        failed=sum(reading.error is not None for reading in readings),
        milliseconds=_milliseconds(reader, paths),
        abstention=() if evaluation is None else _abstention(samples, readings, evaluation),
        confused=tuple(Confused(*pair) for pair in confused),
        outcomes="" if evaluation is None else _outcomes(samples, evaluation),
    )


def _outcomes(samples: Sequence[Sample], evaluation: Evaluation) -> str:
    wrong = {mistake.sample.file for mistake in evaluation.mistakes}
    return "".join("01"[sample.file not in wrong] for sample in samples)


def untold(options: ReadOptions) -> ReadOptions:
    """Return options without what they say of the texts: how images are looked at stays."""
    return replace(options, charset=None, length=None, pattern=None, min_confidence=0.0)


def mean_confidence(readings: Sequence[Reading]) -> float:
    """Return the share of texts that the reader itself expects to be right, 0 to 1.

    However sure it is that an image shows none: that solves nothing.
    """
    expected = (float(reading.confidence) for reading in readings if reading.text)
    return sum(expected) / max(1, len(readings))


def _abstention(
    samples: Sequence[Sample], readings: Sequence[Reading], evaluation: Evaluation
) -> tuple[Abstention, ...]:
    """Return what is answered, and how much of that is right, the surer the reader must be."""
    outcomes = _outcomes(samples, evaluation)
    given = [
        (reading.confidence, outcome == "1")
        for reading, outcome in zip(readings, outcomes, strict=True)
        if reading.text is not None
    ]
    points = []
    for sure in SURE:
        right = [is_right for confidence, is_right in given if confidence >= sure]
        answered = Rate(len(right), len(readings))
        points.append(Abstention(sure, answered, Rate(sum(right), len(right))))
    return tuple(points)


def _milliseconds(reader: Reader, paths: Sequence[Path]) -> float:
    """Return the time of one image in this process; the best round, which others disturb least."""
    some = paths[:: -(-len(paths) // _TIMED) or 1]
    rounds = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        count = sum(1 for _ in reader.read_many(some, errors="return"))
        rounds.append((time.perf_counter() - begun) / max(1, count))
    return 1000 * min(rounds)
