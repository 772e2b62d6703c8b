"""The out-of-distribution score: how far from the training images an image is, to a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from captchascope.records import FloatArray
from captchascope.train.ctc.network import CtcNet

_QUANTILE = 0.995
_MARGIN = 1.5  # times the distance that nearly all images of the scheme are within
_LEAST = 1e-3  # of a feature's deviation: a constant one tells nothing

WITHIN = "network."
"""What stands before the name of each weight of the network in a model file."""


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


class WithDistance(nn.Module):
    """A network that tells of each image, beside its logits, its out-of-distribution score.

    That is how unlike the training images it is: the Mahalanobis distance of the features' mean
    over the timesteps (Lee et al. 2018, "A simple unified framework for detecting
    out-of-distribution samples", with one class), as the root of the mean square, so that training
    images are about 1 away.

    Args:
        network: The trained network.
        mean: The mean of the training images' features, shape (F,).
        whiten: What makes their deviations from it uncorrelated and of variance 1, shape (F, D).
    """

    centre: Tensor
    whiten: Tensor

    def __init__(self, network: CtcNet, mean: Tensor, whiten: Tensor) -> None:
        super().__init__()
        self.network = network
        # Not "mean": ONNX has one space of names for weights and results.
        self.register_buffer("centre", mean)
        self.register_buffer("whiten", whiten)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, channels, H, W), 0 to 1, to logits (B, T, K) and distances (B,)."""
        features = self.network.features(images)
        logits = cast(Tensor, self.network.head(self.network.drop(features)))
        deviations = (features.mean(1) - self.centre) @ self.whiten
        return logits, deviations.square().mean(1).sqrt()
