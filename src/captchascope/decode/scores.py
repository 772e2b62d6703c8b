"""What a network said of some images, at a temperature and within a charset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.decode.alignment import log_weights
from captchascope.decode.automaton import Allowed, BoolArray, IntArray
from captchascope.decode.total import probability_allowed
from captchascope.records import FloatArray

__all__ = ["Floats", "Scores", "scored"]

Floats: TypeAlias = NDArray[np.float64]

_LEAST_TOGETHER = 1e-9  # probability of all allowed texts, as far as it is believed


@dataclass(frozen=True, slots=True)
class Scores:
    """What a network said of B images, for the K classes that are left; make them with ``scored``.

    Attributes:
        weights: Shape (K, B, T): probabilities, divided by the highest of their timestep.
        sums: Shape (B, T): the sums of the weights.
        path: Shape (B, T): the classes of the highest.
    """

    weights: FloatArray
    sums: FloatArray
    path: IntArray

    def log_probabilities(self, labels: IntArray, lengths: IntArray, images: IntArray) -> Floats:
        """Return those of texts, shape (N,); the arguments are those of ``log_weights``."""
        logs = log_weights(self.weights, labels, lengths, images)
        return np.asarray(logs - np.log(self.sums).sum(axis=1)[images])

    def of(self, images: IntArray) -> Scores:
        """Return those of some images."""
        return Scores(self.weights[:, images], self.sums[images], self.path[images])

    def together(self, left: Allowed) -> Floats:
        """Return the probability of all allowed texts of each image, as far as it is believed."""
        probabilities = np.divide(self.weights, self.sums, dtype=np.float64)
        return np.clip(probability_allowed(probabilities, left), _LEAST_TOGETHER, 1.0)


def scored(logits: FloatArray, charset: Charset, left: Allowed, temperature: float) -> Scores:
    """Return the scores of logits, shape (B, T, K), at a temperature.

    Raises:
        ValueError: If the shape is another one or without timesteps, the temperature is not
            within 1e-6 to 1e6, or a logit is NaN or infinite; minus infinity may be one that is
            not the highest of its timestep.
    """
    _check(logits, charset, temperature)
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
    if left.groups is None:
        return Scores(weights, weights.sum(axis=0), path)
    weights = np.add.reduceat(weights, left.groups, axis=0)
    weights /= weights.max(axis=0)
    return Scores(weights, weights.sum(axis=0), _first(weights == 1))


def _check(logits: FloatArray, charset: Charset, temperature: float) -> None:
    if logits.ndim != 3 or logits.shape[2] != charset.num_classes or not logits.shape[1]:
        wanted = f"(B, T, {charset.num_classes}) with T of at least 1"
        raise ValueError(f"the logits are of shape {logits.shape}, not {wanted}")
    if not 1e-6 <= temperature <= 1e6:
        raise ValueError(f"the temperature is {temperature}, not within 1e-6 to 1e6")


def _first(there: BoolArray) -> IntArray:
    """Return the first row of ``there``, shape (K, ...), with True: what argmax is slower at."""
    classes = len(there)
    from_behind = np.arange(classes, 0, -1, dtype=np.min_scalar_type(classes))
    marked = there * from_behind.reshape(-1, *[1] * (there.ndim - 1))
    return np.asarray(classes - marked.max(axis=0).astype(np.int64))


def _check_finite(highest: FloatArray) -> None:
    if not np.isfinite(highest).all():
        raise ValueError("the logits hold a NaN or an infinity")
