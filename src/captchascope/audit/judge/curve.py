"""The learning curve: the solve rate after trainings on so many labels, and the labels needed.

All trainings are measured on the same images, so that what is hard in those is hard for all of
them: more trainings do not make up for few images. Nor do more images make up for few trainings,
which differ by chance. Both are counted as random, crossed with each other (Gallas 2006, "One-shot
estimate of MRMC variance: AUC", Academic Radiology 13, 353-362).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.audit.figures import Reads, Training, Untrained
from captchascope.audit.results import Curve, CurvePoint, LabelsNeeded

SHARES = 0.01, 0.5, 0.9, 0.99
"""Solve rates whose labels are told. From 1 % on a scheme is counted as broken by Bursztein, Martin
and Mitchell (2011), "Text-based CAPTCHA strengths and weaknesses", CCS 2011."""

_Floats = NDArray[np.float64]

_SPREADS: _Floats = np.linspace(0.0, 1.6, 17)
_USUAL_SPREAD = 0.4
"""The scale of what the spread of trainings, the standard deviation of their log odds, is before
any is seen: half-normal (Gelman 2006, "Prior distributions for variance parameters in hierarchical
models", Bayesian Analysis 1, 515-534). That of bench/few_labels.py, twenty trainings, is about it.
"""

_RATES: _Floats = np.concatenate(([0.0], 1 / (1 + np.exp(-np.linspace(-9, 9, 361))), [1.0]))
_EDGES = 0.025, 0.975
_DRAWS = 500
_BEND = 0.3  # how far the curve between two numbers of labels may be from a straight line
_LEAST = 1e-3  # the rate below which log odds are cut off, and above one less it


@dataclass(frozen=True, slots=True)
class _Measured:
    """The outcomes of some trainings.

    Attributes:
        labels: How many they were made with.
        outcomes: Whether each reads each image, shape (S, N); of the general reader, S is 1.
    """

    labels: int
    outcomes: _Floats

    @property
    def rate(self) -> float:
        """The mean solve rate."""
        return float(self.outcomes.mean())

    @property
    def odds(self) -> float:
        """The derivative of the rate by its log odds, not quite zero where all or none is right."""
        size = self.outcomes.size
        rate = (self.rate * size + 1) / (size + 2)
        return rate * (1 - rate)

    @property
    def alike(self) -> float:
        """How alike trainings err: the variance of images, as a share of what one alone has.

        It is 1 where they read the same images, and 1/S where each reads others. One image counts
        as read alike beforehand, as few errors cannot tell.
        """
        trainings, images = map(int, self.outcomes.shape)
        between = float(self.outcomes.mean(axis=0).var()) * images
        alone = self.rate * (1 - self.rate) * images
        return min(1.0, max(1 / trainings, (between + 1) / (alone + 1)))

    def likelihoods(self) -> _Floats:
        """Return the logarithm of how probable the differences are at each of the spreads."""
        trainings, images = map(int, self.outcomes.shape)
        if trainings < 2:
            return np.zeros(len(_SPREADS))
        rates = self.outcomes.mean(axis=1, keepdims=True)
        rest = self.outcomes - rates - self.outcomes.mean(axis=0) + self.rate
        noise = float((rest**2).sum()) / ((trainings - 1) * max(1, images - 1) * images)
        noise = max(noise, 1 / (2 * trainings * images**2))
        variances = (self.odds * _SPREADS) ** 2 + noise
        losses: _Floats = np.log(variances) + float(rates.var(ddof=1)) / variances
        return -(trainings - 1) / 2 * losses


@dataclass(frozen=True, slots=True)
class _Estimate:
    """What is known of a rate: how probable it is that the true one is at most so much.

    Attributes:
        measured: Of what.
        below: At each of ``_RATES``.
    """

    measured: _Measured
    below: _Floats

    @classmethod
    def of(cls, measured: _Measured, weights: _Floats) -> _Estimate:
        """Return what is known, where the spreads are as probable as ``weights`` say.

        For the general reader it is the score interval of Wilson (1927) at any level; for trainings
        their spread adds to the variance, averaged over what that may be.
        """
        trainings, images = measured.outcomes.shape
        rates = _RATES[1:-1, None]
        variance = rates * (1 - rates) * measured.alike / images
        spread = _SPREADS if measured.labels else np.zeros(len(_SPREADS))
        variance = variance + (rates * (1 - rates) * spread) ** 2 / trainings
        below = _normal((rates - measured.rate) / np.sqrt(variance)) @ weights
        ends = 0.0 if measured.rate > 0 else 0.5, 1.0 if measured.rate < 1 else 0.5
        below = np.concatenate(([ends[0]], below, [ends[1]]))
        return cls(measured, np.maximum.accumulate(below))

    def at(self, probabilities: _Floats) -> _Floats:
        """Return the rates below which the true one is with such probabilities."""
        return np.interp(probabilities, self.below, _RATES)

    def point(self) -> CurvePoint:
        """Return the point of the curve."""
        low, high = self.at(np.array(_EDGES)).tolist()
        rate, trainings = self.measured.rate, len(self.measured.outcomes)
        count = trainings if self.measured.labels else 0
        return CurvePoint(self.measured.labels, count, rate, min(low, rate), max(high, rate))


def learning_curve(untrained: Untrained | None, trainings: Sequence[Training]) -> Curve:
    """Return the mean solve rate after trainings on so many labels, and the labels needed.

    The first point is the general reader's, told what anybody sees, with 0 labels. How far
    trainings differ by chance is taken from all numbers of labels of which there are several,
    and from what is usual; with one training alone, the latter is assumed. A training that the time
    limit cut short counts only where no other has as many labels.

    Args:
        untrained: What the general reader reads; None where it was not measured.
        trainings: All measured on the images that the general reader was measured on.
    """
    measured = _measured(untrained, trainings)
    if not measured:
        return Curve((), ())
    logs = -((_SPREADS / _USUAL_SPREAD) ** 2) / 2
    logs = logs + sum(one.likelihoods() for one in measured)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    estimates = [_Estimate.of(one, weights) for one in measured]
    points = tuple(estimate.point() for estimate in estimates)
    needed = _needed(points, estimates, float(weights @ _SPREADS**2))
    return Curve(points, needed)


def _measured(untrained: Untrained | None, trainings: Sequence[Training]) -> list[_Measured]:
    """Return the outcomes of the trainings by their number of labels, the fewest first."""
    found: defaultdict[int, list[Training]] = defaultdict(list)
    for training in trainings:
        if training.reads.exact is not None:
            found[training.labels].append(training)
    measured = []
    general = None if untrained is None else untrained.told or untrained.untold
    if general is not None and general.exact is not None:
        measured.append(_Measured(0, _outcomes([general])))
    for labels, made in sorted(found.items()):
        whole = [training for training in made if not training.cut_short] or made
        measured.append(_Measured(labels, _outcomes([training.reads for training in whole])))
    return measured


def _outcomes(reads: Sequence[Reads]) -> _Floats:
    """Return whether each reader reads each image, shape (S, N).

    Where only rates are known, all are taken to err alike.
    """
    rows = []
    for one in reads:
        assert one.exact is not None
        hits, total = one.exact.hits, one.exact.total
        rows.append(one.outcomes or "1" * hits + "0" * (total - hits))
    return np.array([[float(outcome) for outcome in row] for row in rows])


def _needed(
    points: Sequence[CurvePoint], estimates: Sequence[_Estimate], spread: float
) -> tuple[LabelsNeeded, ...]:
    """Return how many labels each of ``SHARES`` takes, with intervals from draws of the points."""
    rng = np.random.default_rng(0)
    places = np.log1p([point.labels for point in points])
    weights = np.array([1 / max(1e-9, (point.high - point.low) ** 2) for point in points])
    normal = rng.multivariate_normal(
        np.zeros(len(points)), _correlations(estimates, spread), _DRAWS, method="eigh"
    )
    below = _normal(normal)
    drawn = np.stack([one.at(below[:, i]) for i, one in enumerate(estimates)], axis=1)
    curves = [_best(row, weights, points) for row in drawn]
    bends = np.exp(_BEND * rng.standard_normal(_DRAWS))
    rates = np.array([point.exact for point in points])
    middle = _best(rates, weights, points)
    found = []
    for share in SHARES:
        labels = _labels(share, places, middle, 1.0)
        pairs = zip(curves, bends, strict=True)
        several = sorted(_labels(share, places, curve, bend) for curve, bend in pairs)
        low = several[int(_EDGES[0] * _DRAWS)]
        high = several[math.ceil(_EDGES[1] * _DRAWS) - 1]
        found.append(_told(share, min(low, labels), labels, max(high, labels), points))
    return tuple(found)


def _correlations(estimates: Sequence[_Estimate], spread: float) -> _Floats:
    """Return how much the errors of the points have in common, as they are of the same images."""
    sizes = {one.measured.outcomes.shape[1] for one in estimates}
    count = len(estimates)
    if len(sizes) > 1 or sizes == {1}:
        return np.eye(count)
    means = np.stack([one.measured.outcomes.mean(axis=0) for one in estimates])
    shared = np.atleast_2d(np.cov(means)) / sizes.pop()
    total = shared + np.diag([_own(one.measured, spread) for one in estimates])
    scale = np.sqrt(np.maximum(np.diag(total), 1e-12))
    correlations: _Floats = total / np.outer(scale, scale)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _own(measured: _Measured, spread: float) -> float:
    """Return the variance of a mean rate by which trainings were made."""
    return measured.odds**2 * spread / len(measured.outcomes) if measured.labels else 0.0


def _best(rates: _Floats, weights: _Floats, points: Sequence[CurvePoint]) -> _Floats:
    """Return the rising curve of an attacker who may leave labels aside, and use no training."""
    curve = _monotone(rates, weights)
    return curve if points[0].labels else np.maximum(curve, rates[0])


def _monotone(rates: _Floats, weights: _Floats) -> _Floats:
    """Return the rising sequence that is nearest to rates: pool adjacent violators.

    Ayer et al. (1955), "An empirical distribution function for sampling with incomplete
    information", Annals of Mathematical Statistics 26, 641-647.
    """
    blocks: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
        blocks.append((rate, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, u, m), (b, v, n) = blocks[-2:]
            blocks[-2:] = [((a * u + b * v) / (u + v), u + v, m + n)]
    return np.repeat([rate for rate, _, _ in blocks], [count for _, _, count in blocks])


def _labels(share: float, places: _Floats, curve: _Floats, bend: float) -> float:
    """Return the labels at which a rising curve reaches a share; infinite where it does not.

    Between two points the log odds are a line over log(1 + labels), but for a bend.
    """
    above = np.flatnonzero(curve >= share)
    if not len(above):
        return math.inf
    i = int(above[0])
    if i == 0:
        return float(np.expm1(places[0]))
    low, high = _log_odds(curve[i - 1]), _log_odds(curve[i])
    part = (_log_odds(share) - low) / (high - low) if high > low else 1.0
    part = min(1.0, max(0.0, part)) ** bend
    return float(np.expm1(places[i - 1] + part * (places[i] - places[i - 1])))


def _log_odds(rate: float) -> float:
    rate = min(1 - _LEAST, max(_LEAST, float(rate)))
    return math.log(rate / (1 - rate))


def _normal(values: _Floats) -> _Floats:
    """Return the normal distribution function."""
    flat = [0.5 * math.erfc(-value / math.sqrt(2)) for value in values.ravel().tolist()]
    return np.array(flat).reshape(values.shape)


def _told(
    share: float, low: float, labels: float, high: float, points: Sequence[CurvePoint]
) -> LabelsNeeded:
    """Return the labels needed, also in words; None is what was not tried."""
    tried = points[-1].labels > 0
    most = f"more than {points[-1].labels:,}" if tried else "unknown: no training was tried"
    said = [most if math.isinf(value) else f"{_rounded(value):,}" for value in (low, labels, high)]
    if math.isinf(labels):
        words = most if math.isinf(low) or said[0] == "0" else f"{most} (at least {said[0]})"
    elif said[1] == "0":
        maybe = f"none (0 to {said[2]})" if tried else "perhaps none: no training was tried"
        words = "none" if said[2] == "0" else maybe
    else:
        words = f"about {said[1]} ({said[0]} to {said[2]})"
    known = [None if math.isinf(value) else value for value in (labels, low, high)]
    return LabelsNeeded(share, known[0], known[1], known[2], words)


def _rounded(labels: float) -> int:
    """Return a number of labels to two digits."""
    return int(float(f"{labels:.2g}"))
