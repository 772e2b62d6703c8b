"""The network of the whole way as a model file has it, and its weights out of one again."""

from __future__ import annotations

from typing import cast

import onnx
import torch
from torch import Tensor, nn

from captchascope.train.ctc.network import CtcNet

_WITHIN = "network."  # before the name of each weight of the CtcNet in the file


class Exported(nn.Module):
    """A network that tells of each image, beside its logits, how unlike the training images it is.

    The distance is Mahalanobis's, of the features' mean over the timesteps (Lee et al. 2018,
    "A simple unified framework for detecting out-of-distribution samples", with one class), as the
    root of the mean square, so that training images are about 1 away.

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


def state_of(data: bytes) -> dict[str, Tensor]:
    """Return the weights of the ``CtcNet`` in a model file, named as in its ``state_dict``.

    Only the counters of batches are not in it, which ``load_state_dict`` does not miss.

    Args:
        data: The whole file, of an ``Exported``, already checked by ``open_model_bytes``.
    """
    weights = onnx.load_from_string(data).graph.initializer
    return {
        weight.name.removeprefix(_WITHIN): torch.from_numpy(
            onnx.numpy_helper.to_array(weight).copy()
        )
        for weight in weights
        if weight.name.startswith(_WITHIN)
    }
