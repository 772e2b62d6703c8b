"""What training images look like to a network, and how far from it an image is unfamiliar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from captchascope.records import FloatArray

_QUANTILE = 0.995
_MARGIN = 1.5  # times the distance that nearly all images of the scheme are within
_LEAST = 1e-3  # of a feature's deviation: a constant one tells nothing


def means_of(features: Sequence[FloatArray]) -> FloatArray:
    """Return the features of each image, shape (T, F), meant over the timesteps: shape (N, F)."""
    return np.stack([of_image.mean(axis=0) for of_image in features])


def whitening(means: FloatArray) -> tuple[Tensor, Tensor]:
    """Return the mean of features (N, F), shape (F,), and what makes them of variance 1, (F, F)."""
    deviations = np.maximum(means.std(axis=0), _LEAST)
    return torch.from_numpy(means.mean(axis=0)), torch.diag(torch.from_numpy(1 / deviations))


def threshold(means: FloatArray, mean: Tensor, whiten: Tensor) -> float:
    """Return the distance above which an image is none of the scheme that ``means`` are of."""
    distances = ((torch.from_numpy(means) - mean) @ whiten).square().mean(1).sqrt()
    return round(_MARGIN * float(np.quantile(distances.numpy(), _QUANTILE)), 4)
