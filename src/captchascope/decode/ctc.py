"""Connectionist temporal classification: from logits to the most probable text that is allowed.

The probability of a text is the sum over all its alignments, by the forward algorithm, at the
model's temperature, after the characters that are not allowed have been masked and every timestep
has been renormalised. Its confidence is that probability divided by the probability of all texts
that a length or a pattern allows: who says that there are six characters has ruled the others out,
and what the network gives to five or seven is shared among the texts of six. Two things bound it:

- A text that has 0.9999 undivided stays as it is, for dividing would add less than 0.0001.
- Texts that have less than a billionth together are divided by a billionth, so that an image which
  says something else altogether is read without confidence.

The confidence of a character is its highest probability within its timesteps, and at least the
text's.

All of it works on weights: the probabilities of a timestep divided by their highest. So the best
path weighs 1, and a sum over paths stays within the floating-point numbers without logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from captchascope.charset import BLANK, Charset
from captchascope.decode.automaton import (
    START,
    Allowed,
    BoolArray,
    Floats,
    IntArray,
    allowed,
    probability_allowed,
)
from captchascope.decode.beam import beam_search
from captchascope.decode.constraints import Constraints
from captchascope.records import CharReading, Decoded, FloatArray

Span: TypeAlias = tuple[float, float]

_SURE = 0.9999  # a text of this probability is given it undivided
_ENOUGH = 0.5  # the confidences of all allowed texts sum to 1, so no other text is above this one
_LEAST_TOGETHER = 1e-9  # probability of all allowed texts: by no less is divided
_WIDTH = 16  # of the beam
_MOST_CELLS = 1 << 22  # of what a search holds: how texts can end, and the texts that it found
_LEAST_WEIGHT = np.finfo(np.float32).tiny  # for the beam, so that it always reaches an allowed end
_NEVER = -1e300  # log probability, of a text that is there all the same

_GAP = 2  # columns of zeros before each text, which part it from the one before
_BETWEEN = 256  # timesteps between two rescalings; a sum at most triples in each
_LEAST = 1e-300


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
        timesteps, or if the best path's is not allowed and there was no search, or all that are
        have less than ``rule.least`` together. Without constraints it may be the empty text.
    Raises:
        ValueError: If the shape is another one or without timesteps, the temperature is not
            within 1e-6 to 1e6, or a logit is NaN or infinite; minus infinity may be one that is
            not the highest of its timestep.
        UsageError: If the pattern has too many cases.
    """
    left = allowed(rule, charset)
    scores = _scored(logits, left, temperature)
    if not len(logits):
        return []
    texts = _best_path(scores)
    refused = ~_accepted(texts.labels, left)
    together = np.ones(len(logits))
    if not left.free:
        (unsure,) = np.nonzero(refused | (texts.confidences < _SURE))
        if len(unsure):
            together[unsure] = scores.of(unsure).together(left)
    none = refused & (together < rule.least)
    texts = replace(texts, confidences=np.minimum(texts.confidences / together, 1.0))
    found: list[Decoded | None] = [*_decoded(texts, left.chars, logits.shape[1], span)]
    if search:
        (doubtful,) = np.nonzero((refused | (texts.confidences < _ENOUGH)) & ~none)
        for image, decoded in _searched(scores, left, together, doubtful, span):
            before = found[image]
            if refused[image] or (decoded and before and decoded.confidence > before.confidence):
                found[image] = decoded
    for image in np.flatnonzero(none if search else refused).tolist():
        found[image] = None
    return found


def log_probabilities(
    logits: FloatArray,
    charset: Charset,
    rule: Constraints,
    texts: Sequence[str],
    images: IntArray,
    temperature: float = 1.0,
) -> Floats:
    """Return the logarithm of the confidence of each of N texts that the constraints allow.

    Args:
        logits: Unnormalised scores, shape (B, T, K); class 0 is the blank.
        charset: The model's, of K - 1 characters.
        rule: The constraints.
        texts: N of them.
        images: Shape (N,): which of the B images each text is for.
        temperature: What the logits are divided by.
    Returns:
        Shape (N,), at most 0; minus infinity where there are too few timesteps.
    Raises:
        ValueError: As by ``decode_ctc``, or if a character is not among those that are left.
    """
    left = allowed(rule, charset)
    scores = _scored(logits, left, temperature)
    if not len(texts):
        return np.zeros(0)
    rows = np.repeat(np.arange(len(texts)), [*map(len, texts)])
    classes = np.array(Charset(left.chars).encode("".join(texts)), np.int64)
    logs = scores.log_probabilities(*_filled(classes, rows, len(texts)), images)
    if not left.free:
        logs -= np.log(scores.together(left))[images]
    return np.minimum(logs, 0.0)


@dataclass(frozen=True, slots=True)
class _Scores:
    """A network's scores of B images, for the K classes that are left.

    Attributes:
        weights: Shape (K, B, T): probabilities, divided by the highest of their timestep.
        sums: Shape (B, T): the sums of the weights.
        path: Shape (B, T): the classes of the highest.
    """

    weights: FloatArray
    sums: FloatArray
    path: IntArray

    def log_probabilities(self, labels: IntArray, lengths: IntArray, images: IntArray) -> Floats:
        """Return the log-probabilities of texts, shape (N,); arguments as of ``log_weights``."""
        logs = log_weights(self.weights, labels, lengths, images)
        return np.asarray(logs - np.log(self.sums).sum(axis=1)[images])

    def of(self, images: IntArray) -> _Scores:
        """Return the scores of some images."""
        return _Scores(self.weights[:, images], self.sums[images], self.path[images])

    def together(self, left: Allowed) -> Floats:
        """Return the probability of all allowed texts of each image, or the least of any."""
        probabilities = np.divide(self.weights, self.sums, dtype=np.float64)
        return np.clip(probability_allowed(probabilities, left), _LEAST_TOGETHER, 1.0)


def _scored(logits: FloatArray, left: Allowed, temperature: float) -> _Scores:
    """Return the scores of logits at a temperature; arguments and errors as ``decode_ctc``."""
    if logits.ndim != 3 or logits.shape[2] != left.classes or not logits.shape[1]:
        wanted = f"(B, T, {left.classes}) with T of at least 1"
        raise ValueError(f"the logits are of shape {logits.shape}, not {wanted}")
    if not 1e-6 <= temperature <= 1e6:
        raise ValueError(f"the temperature is {temperature}, not within 1e-6 to 1e6")
    if left.columns is not None:
        _check_finite(logits.max(axis=2))
        logits = logits[:, :, left.columns]
    weights = np.empty((logits.shape[2], *logits.shape[:2]), np.float32)
    weights[...] = logits.transpose(2, 0, 1)  # whole rows are quicker to compare than short ones
    highest = weights.max(axis=0)
    _check_finite(highest)
    weights -= highest
    path = _first(weights == 0)
    if temperature != 1:
        weights /= np.float32(temperature)
    np.exp(weights, out=weights)
    if left.groups is not None:
        weights = np.add.reduceat(weights, left.groups, axis=0)
        weights /= weights.max(axis=0)
        path = _first(weights == 1)
    return _Scores(weights, weights.sum(axis=0), path)


def _first(there: BoolArray) -> IntArray:
    """Return the first row of ``there``, shape (K, ...), with True: what argmax is slower at."""
    classes = len(there)
    from_behind = np.arange(classes, 0, -1, dtype=np.min_scalar_type(classes))
    marked = there * from_behind.reshape(-1, *[1] * (there.ndim - 1))
    return np.asarray(classes - marked.max(axis=0).astype(np.int64))


def _check_finite(highest: FloatArray) -> None:
    if not np.isfinite(highest).all():
        raise ValueError("the logits hold a NaN or an infinity")


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


def _best_path(scores: _Scores) -> _Texts:
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
    state = np.full(len(labels), START)
    if not left.free:
        for column in labels.T:
            state = left.step[state, column]
    return np.asarray(left.accepting[state])


def _searched(
    scores: _Scores, left: Allowed, together: Floats, images: IntArray, span: Span
) -> Iterator[tuple[int, Decoded | None]]:
    """Yield each of some images, and the best of the texts that a beam finds in it."""
    (classes, _, timesteps), states = scores.weights.shape, len(left.step)
    at_once = max(1, _MOST_CELLS // (timesteps * (classes * states + _WIDTH * timesteps)))
    for first in range(0, len(images), at_once):
        some = images[first : first + at_once]
        texts, there = _best_of_beam(scores.of(some), left, np.log(together[some]))
        decoded = _decoded(texts, left.chars, timesteps, span)
        for image, text, is_there in zip(some.tolist(), decoded, there, strict=True):
            yield image, text if is_there else None


def _best_of_beam(scores: _Scores, left: Allowed, together: Floats) -> tuple[_Texts, BoolArray]:
    """Return the best text of each of B images, and whether it is one at all, shape (B,).

    ``together``, shape (B,), is the logarithm of what the probabilities are divided by.
    """
    logs = np.log(np.maximum(scores.weights, _LEAST_WEIGHT)) - np.log(scores.sums)
    classes, there = beam_search(logs.transpose(2, 1, 0).astype(np.float64), left, _WIDTH)
    rows, columns = np.nonzero(classes)
    labels, lengths = _filled(classes[rows, columns], rows, len(classes))
    every = np.arange(len(there))
    worth = scores.log_probabilities(labels, lengths, every.repeat(_WIDTH)).reshape(there.shape)
    best = np.where(there, np.maximum(worth, _NEVER), -np.inf).argmax(axis=1)
    confidences = np.exp(np.minimum(worth[every, best] - together, 0.0))
    labels, lengths = labels[every * _WIDTH + best], lengths[every * _WIDTH + best]
    spans = best_alignment(scores.weights, labels, lengths, every)
    used = np.arange(labels.shape[1]) < lengths[:, None]
    sure = scores.weights[labels, every[:, None]] / scores.sums[:, None]
    sure = np.where(spans, sure, 0.0).max(axis=2)[used]
    starts = spans.argmax(axis=2)[used]
    ends = starts + spans.sum(axis=2)[used]
    return _Texts(labels, lengths, confidences, starts, ends, sure), np.asarray(there.any(axis=1))


def _decoded(texts: _Texts, chars: str, timesteps: int, span: Span) -> list[Decoded]:
    table = np.array(["", *chars])
    whole = "".join(table[texts.labels[texts.labels != BLANK]].tolist())
    sure = np.maximum(texts.sure, texts.confidences.repeat(texts.lengths)).tolist()
    first, step = span[0], (span[1] - span[0]) / timesteps
    lefts, rights = (first + texts.starts * step).tolist(), (first + texts.ends * step).tolist()
    readings = CharReading.several(whole, sure, zip(lefts, rights, strict=True))
    ends = texts.lengths.cumsum().tolist()
    each = [*map(slice, [0, *ends], ends)]
    written, chars_of = map(whole.__getitem__, each), map(readings.__getitem__, each)
    return list(map(Decoded, written, texts.confidences.tolist(), chars_of))


def log_weights(
    weights: FloatArray, labels: IntArray, lengths: IntArray, images: IntArray
) -> Floats:
    """Return the logarithm of the weight of all alignments of texts (the forward algorithm).

    Source: Graves et al. 2006, section 4.1.

    Args:
        weights: Shape (K, B, T), the highest of each timestep 1; class 0 is the blank.
        labels: Shape (N, L): the classes of N texts, filled up with zeros.
        lengths: Shape (N,): how many of them are the text's.
        images: Shape (N,): which of the B images each text is for.
    Returns:
        Shape (N,); minus infinity where there are too few timesteps.
    """
    laid = _laid_out(weights, labels, images)
    timesteps, count, width = laid.shape
    skips = _skips(labels).ravel()[_GAP:]
    sums = np.zeros((count, width))
    sums[:, _GAP] = 1.0  # as if a blank had come before the first timestep
    flat, moved, logs = sums.reshape(-1), np.empty(count * width - _GAP), np.zeros(count)
    here, one_back, two_back = flat[2:], flat[1:-1], flat[:-2]
    add, multiply = np.add, np.multiply
    for number, row in enumerate(laid.reshape(timesteps, -1)[:, _GAP:], 1):
        multiply(two_back, skips, moved)
        add(moved, one_back, moved)
        add(moved, here, moved)
        multiply(moved, row, here)
        if number % _BETWEEN == 0:
            most = np.maximum(sums.max(axis=1), _LEAST)
            sums /= most[:, None]
            logs += np.log(most)
    every, last = np.arange(count), _GAP + 2 * lengths
    ends = sums[every, last] + sums[every, last - 1]
    return np.where(ends > 0, logs + np.log(np.maximum(ends, _LEAST)), -np.inf)


def best_alignment(
    weights: FloatArray, labels: IntArray, lengths: IntArray, images: IntArray
) -> BoolArray:
    """Return which timesteps are which character's in the best alignment (Viterbi), (N, L, T).

    The arguments are those of ``log_weights``.
    """
    laid = np.log(np.maximum(_laid_out(weights, labels, images), _LEAST))
    laid[:, :, :_GAP] = -np.inf
    timesteps, count, width = laid.shape
    skips = np.where(_skips(labels) > 0, 0.0, -np.inf)
    came = np.full((3, count, width), -np.inf)  # from this place, one back, two back
    score = np.full((count, width), -np.inf)
    score[:, _GAP] = 0.0
    back = np.empty((timesteps, count, width), np.int64)
    for t in range(timesteps):
        came[0] = score
        came[1, :, 1:] = score[:, :-1]
        came[2, :, 2:] = score[:, :-2] + skips[:, 2:]
        back[t] = came.argmax(axis=0)
        score = came.max(axis=0) + laid[t]
    every, place = np.arange(count), _GAP + 2 * lengths
    place = place - (score[every, place - 1] > score[every, place])
    places = np.empty((count, timesteps), np.int64)
    for t in reversed(range(timesteps)):
        places[:, t] = place
        place = place - back[t, every, place]
    return np.equal(places[:, None], _GAP + 1 + 2 * np.arange(labels.shape[1])[:, None])


def _laid_out(weights: FloatArray, labels: IntArray, images: IntArray) -> Floats:
    """Return the weights of the labels with blanks around them, shape (T, N, gap + 2 L + 1)."""
    classes, batch, timesteps = weights.shape
    places = np.zeros((len(labels), _GAP + 2 * labels.shape[1] + 1), np.int64)
    places[:, _GAP + 1 :: 2] = labels
    places = places * batch + images[:, None]
    rows = weights.reshape(classes * batch, timesteps).take(places.reshape(-1), axis=0)
    laid = np.empty((timesteps, *places.shape))
    laid.reshape(timesteps, -1)[...] = rows.T
    laid[:, :, :_GAP] = 0.0
    return laid


def _skips(labels: IntArray) -> Floats:
    """Return 1 for each label before which the blank may be left out, laid out as the weights.

    That is every one that differs from the label before it.
    """
    skips = np.zeros((len(labels), _GAP + 2 * labels.shape[1] + 1))
    skips[:, _GAP + 3 :: 2] = labels[:, 1:] != labels[:, :-1]
    return skips
