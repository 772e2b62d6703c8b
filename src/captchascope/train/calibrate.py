"""Temperature scaling: one temperature for all logits of a network (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from captchascope.records import FloatArray
from captchascope.train.ctc.losses import ctc_loss

_CLASS_GRID = torch.logspace(-2, 2, 161, base=2.0)
TEMPERATURES: NDArray[np.float64] = np.geomspace(0.25, 4, 81)
"""Those of texts that are tried, shape (81,)."""

_SPREAD = 0.2  # of the logarithm of temperatures, as they are before anything is validated
_SPREAD_OF_FEW = 0.3  # the same, where few labels have trained a network that was known before
_LEAST = 1e-6  # probability: nothing is surer, nor the contrary
_CAREFUL = 0.95  # probability that the temperature need not be higher


def class_temperature(logits: Tensor, targets: Tensor) -> float:
    """Return the temperature that makes classes most probable, given the right ones.

    Args:
        logits: Of each glyph, shape (M, C).
        targets: Its class, shape (M,).

    Returns:
        One of a grid from 0.25 to 4; 1 where there is nothing to calibrate on.
    """
    if len(targets) == 0:
        return 1.0
    losses = [nn.functional.cross_entropy(logits / t, targets).item() for t in _CLASS_GRID]
    return round(_CLASS_GRID[int(np.argmin(losses))].item(), 4)


def text_temperature(
    logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]], source: float = 1.0
) -> float:
    """Return the most probable temperature of a network's logits, given the right texts.

    Before they are seen it is log-normal around that of the network it began with: ten texts that
    are all right are no evidence that the eleventh will be, and without this they would make the
    network as sure as can be.

    A text is made probable among all texts, of other lengths too, though a reader divides by those
    of its lengths alone. That is evidence besides: how modest a network is about the length, on
    which it is hardly ever wrong, tells how modest it is elsewhere. Measured on `metu`: either way
    the error is 0.002 on images like those of the training, but on images made hard by noise, blur
    or coarse pixels it is 0.02 with this way's 0.84, and 0.01 to 0.05 with the other's 1.

    Args:
        logits: Of each image, shape (T, K).
        targets: The ids of its text.
        source: The temperature of the network that this one began with; 1 where it began with none.

    Returns:
        One of a grid from 0.25 to 4; the source's where there is nothing to calibrate on.
    """
    if not logits:
        return source
    losses = np.sum([_losses(*group) for group in _groups(logits, targets)], axis=0)
    losses += (np.log(TEMPERATURES / source) / _SPREAD) ** 2 / 2
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def few_temperature(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], source: float
) -> float:
    """Return a temperature at which a network that has seen few labels is hardly too sure.

    What is known before is that it is about that of the network it began with; each reading, right
    or wrong with its confidence, tells more. As few tell little, the temperature is not the most
    probable one but one that is as high as need be with 95 % probability: with more readings, those
    two come together.

    Args:
        confidences: Of N readings at each of ``TEMPERATURES``, shape (81, N).
        right: Whether each is right, shape (N,).
        source: The temperature of the network that this one began with.

    Returns:
        One of the grid; the source's where there are no readings.
    """
    before = (np.log(TEMPERATURES / source) / _SPREAD_OF_FEW) ** 2 / 2
    if not len(right):
        return source
    sure = np.clip(confidences, _LEAST, 1 - _LEAST)
    losses = before - np.log(np.where(right, sure, 1 - sure)).sum(axis=1)
    weights = np.exp(losses.min() - losses)
    enough = np.searchsorted(np.cumsum(weights) / weights.sum(), _CAREFUL)
    return round(float(TEMPERATURES[int(enough)]), 4)


def _groups(
    logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield images of the same number of timesteps together: logits, targets, lengths."""
    alike: dict[int, list[int]] = {}
    for index, given in enumerate(logits):
        alike.setdefault(len(given), []).append(index)
    for group in alike.values():
        texts = [targets[index] for index in group]
        yield (
            torch.from_numpy(np.stack([logits[index] for index in group])),
            torch.from_numpy(np.concatenate(texts)),
            torch.tensor([len(text) for text in texts]),
        )


def _losses(logits: Tensor, targets: Tensor, lengths: Tensor) -> NDArray[np.float64]:
    """Return the loss of all texts at each temperature of the grid."""
    return np.array(
        [float((ctc_loss(logits / t, targets, lengths) * lengths).sum()) for t in TEMPERATURES]
    )
