"""From CTC logits to the most probable text that is allowed.

The probability of a text is the sum over all its alignments, by the forward algorithm, at the
model's temperature, after the characters outside ``--charset`` have been masked and every timestep
has been renormalised. Its confidence is that probability divided by the probability of all texts
that a length or a pattern allows: who says that there are six characters has ruled the others out,
and what the network gives to five or seven is shared among the texts of six. Two things bound it:

- A text that has 0.9999 undivided stays as it is, for dividing would add less than 0.0001.
- Texts that have less than a billionth together are divided by a billionth, so that an image which
  says something else altogether is read without confidence.

The confidence of a character is its highest probability within its timesteps, and at least the
text's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from captchascope.charset import BLANK, Charset
from captchascope.decode.alignment import best_alignment
from captchascope.decode.automaton import START, Allowed, BoolArray, IntArray, allowed
from captchascope.decode.beam import beam_search
from captchascope.decode.constraints import Constraints
from captchascope.decode.scores import Floats, Scores, scored
from captchascope.records import CharReading, Decoded, FloatArray

__all__ = ["decode_ctc"]

Span: TypeAlias = tuple[float, float]

_WIDTH = 16  # of the beam
_ENOUGH = 0.5  # the confidences of all allowed texts sum to 1, so no other text is above this one
_SURE = 0.9999  # a text of this probability is given it undivided
_LEAST = np.finfo(np.float32).tiny  # for the beam, so that it always reaches an allowed end
_MOST_CELLS = 1 << 22  # of what a search holds: how texts can end, and the texts that it found
_NEVER = -1e300  # log probability, of a text that is there all the same


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts of N images with M characters in all, those of one image side by side.

    Attributes:
        labels: Shape (N, L): the classes of the characters, filled up with zeros.
        lengths: Shape (N,): the number of characters of each text.
        confidences: Shape (N,): of the texts.
        starts, ends: Shape (M,): first timestep of each character, and the one after its last.
        sure: Shape (M,): its highest probability between them.
    """

    labels: IntArray
    lengths: IntArray
    confidences: Floats
    starts: IntArray
    ends: IntArray
    sure: Floats


def decode_ctc(
    logits: FloatArray,
    charset: Charset,
    rule: Constraints,
    temperature: float = 1.0,
    span: Span = (0.0, 1.0),
    search: bool = True,
) -> list[Decoded | None]:
    """Return the most probable allowed text of each image.

    The best path gives it where it is allowed and probable enough (Graves et al. 2006, section
    3.2); else a prefix beam search does, whose texts compete by their exact probabilities.

    Args:
        logits: Unnormalised scores, shape (B, T, K); class 0 is the blank.
        charset: The model's, of K - 1 characters.
        rule: The constraints.
        temperature: What the logits are divided by.
        span: Where in the image the timesteps begin and end, shares of its width.
        search: Whether to search where the best path does not suffice; without it, that is what
            counts, whatever its confidence.
    Returns:
        One for each image, whatever else is in the batch; None if no allowed text fits into T
        timesteps, or if there was no search and the best path's is not allowed. Without
        constraints it may be the empty text.
    Raises:
        ValueError: If the shape is another one or without timesteps, the temperature is not
            within 1e-6 to 1e6, or a logit is NaN or infinite; minus infinity may be one that is
            not the highest of its timestep.
        UsageError: If the pattern has too many cases.
    """
    left = allowed(rule, charset)
    scores = scored(logits, charset, left, temperature)
    if not len(logits):
        return []
    texts = _best_path(scores)
    refused = ~_accepted(texts.labels, left)
    together = _together(scores, left, refused | (texts.confidences < _SURE))
    texts = replace(texts, confidences=np.minimum(texts.confidences / together, 1.0))
    found: list[Decoded | None] = [*_decoded(texts, left.chars, logits.shape[1], span)]
    if not search:
        return [None if no else text for no, text in zip(refused.tolist(), found, strict=True)]
    (doubtful,) = np.nonzero(refused | (texts.confidences < _ENOUGH))
    for image, decoded in _searched(scores, left, together, doubtful, span):
        before = found[image]
        if refused[image] or (decoded and before and decoded.confidence > before.confidence):
            found[image] = decoded
    return found


def _best_path(scores: Scores) -> _Texts:
    """Return the texts of the best paths: runs of equal classes, without the blanks."""
    path = scores.path
    batch, timesteps = path.shape
    begins = np.ones((batch, timesteps), np.bool_)
    np.not_equal(path[:, 1:], path[:, :-1], out=begins[:, 1:])
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], path.size)
    classes = path.reshape(-1)[starts]
    sums = np.minimum.reduceat(scores.sums.reshape(-1), starts)
    kept = classes != BLANK
    images, first = np.divmod(starts[kept], timesteps)
    labels, lengths = _filled(classes[kept], images, batch)
    logs = scores.log_probabilities(labels, lengths, np.arange(batch))
    past = first + (ends - starts)[kept]
    return _Texts(labels, lengths, np.exp(np.minimum(logs, 0.0)), first, past, 1 / sums[kept])


def _filled(classes: IntArray, rows: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Return the classes (M,) of so many rows side by side, (N, L), and how many each has, (N,)."""
    lengths = np.bincount(rows, minlength=count)
    before = lengths.cumsum() - lengths
    labels = np.zeros((count, lengths.max(initial=0)), np.int64)
    labels[rows, np.arange(len(rows)) - before[rows]] = classes
    return labels, lengths


def _accepted(labels: IntArray, left: Allowed) -> BoolArray:
    """Tell which texts, shape (N, L), are allowed."""
    if left.free:
        return np.ones(len(labels), np.bool_)
    state = np.full(len(labels), START)
    for column in labels.T:
        state = left.step[state, column]
    return np.asarray(left.accepting[state])


def _together(scores: Scores, left: Allowed, unsure: BoolArray) -> Floats:
    """Return what the probabilities of each image's texts are divided by, shape (B,).

    That is the probability of all allowed texts for those of ``unsure``, and 1 for the others.
    """
    together = np.ones(len(unsure))
    (images,) = np.nonzero(unsure)
    if not left.free and len(images):
        together[images] = scores.of(images).together(left)
    return together


def _searched(
    scores: Scores, left: Allowed, together: Floats, images: IntArray, span: Span
) -> Iterator[tuple[int, Decoded | None]]:
    """Yield each of some images, and the best of the texts that a beam finds in it."""
    (classes, _, timesteps), states = scores.weights.shape, len(left.step)
    at_once = max(1, _MOST_CELLS // (timesteps * (classes * states + _WIDTH * timesteps)))
    for first in range(0, len(images), at_once):
        some = images[first : first + at_once]
        best = _best_of_beam(scores.of(some), left, np.log(together[some]), span)
        yield from zip(some.tolist(), best, strict=True)


def _best_of_beam(
    scores: Scores, left: Allowed, together: Floats, span: Span
) -> list[Decoded | None]:
    """Return the best text of each image; ``together`` as a logarithm."""
    logs = np.log(np.maximum(scores.weights, _LEAST)) - np.log(scores.sums)
    classes, there = beam_search(logs.transpose(2, 1, 0).astype(np.float64), left, _WIDTH)
    rows, columns = np.nonzero(classes)
    labels, lengths = _filled(classes[rows, columns], rows, len(classes))
    every = np.arange(len(there))
    worth = scores.log_probabilities(labels, lengths, every.repeat(_WIDTH)).reshape(there.shape)
    best = np.where(there, np.maximum(worth, _NEVER), -np.inf).argmax(axis=1)
    chosen = every * _WIDTH + best
    texts = _aligned(scores, labels[chosen], lengths[chosen], worth[every, best] - together)
    decoded = _decoded(texts, left.chars, scores.sums.shape[1], span)
    return [text if any(is_there) else None for text, is_there in zip(decoded, there, strict=True)]


def _aligned(scores: Scores, labels: IntArray, lengths: IntArray, logs: Floats) -> _Texts:
    """Find where the characters of one text for each image are; ``logs`` of shape (N,)."""
    images = np.arange(len(labels))
    spans = best_alignment(scores.weights, labels, lengths, images)
    used = np.arange(labels.shape[1]) < lengths[:, None]
    sure = scores.weights[labels, images[:, None]] / scores.sums[:, None]
    sure = np.where(spans, sure, 0.0).max(axis=2)[used]
    starts = spans.argmax(axis=2)[used]
    ends = starts + spans.sum(axis=2)[used]
    return _Texts(labels, lengths, np.exp(np.minimum(logs, 0.0)), starts, ends, sure)


def _decoded(texts: _Texts, chars: str, timesteps: int, span: Span) -> list[Decoded]:
    table = np.array(["", *chars])
    whole = "".join(table[texts.labels[texts.labels != BLANK]].tolist())
    sure = np.maximum(texts.sure, texts.confidences.repeat(texts.lengths)).tolist()
    first, step = span[0], (span[1] - span[0]) / timesteps
    lefts, rights = ((first + edges * step).tolist() for edges in (texts.starts, texts.ends))
    readings = CharReading.several(whole, sure, zip(lefts, rights, strict=True))
    ends = texts.lengths.cumsum().tolist()
    found = zip([0, *ends], ends, texts.confidences.tolist(), strict=False)
    return [Decoded(whole[a:b], confidence, readings[a:b]) for a, b, confidence in found]
