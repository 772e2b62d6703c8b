"""The out-of-distribution score: how much less an image is like its scheme than like any other.

All that a network sees from the pixels to the text counts: what comes first tells grounds, colours
and strokes apart, and what comes last characters, and as little else as it can.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from captchascope.ctc.inputs import CtcSpec, prepare
from captchascope.generate import draw_captcha
from captchascope.generate.foreign import KINDS, draw_foreign
from captchascope.image import load_image
from captchascope.records import GrayImage, RgbImage
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import outputs_of

_CAPTCHAS, _OF_A_KIND = 240, 8  # that are drawn to compare with, and of each kind of others
_SEED = 880_021  # of those; nothing else is drawn by it
_DIRECTIONS, _ROUNDS = 48, 12  # that are kept, and of looking for them
_PIXELS, _FEWEST = 16_000_000, 60  # that are looked at, and images, however large
_TIMED = 8  # images that tell how long others take
_FOLDS = 3
_QUANTILE = 0.99  # of the scheme's images, as a score sees them that was fitted on others
_LEAST = 1e-3  # of the largest deviation of a statistic: a constant one tells nothing

_Floats: TypeAlias = NDArray[np.float64]

WITHIN = "network."
"""What stands before the name of each weight of the network in a model file."""


def statistics(images: Tensor, maps: Sequence[Tensor], features: Tensor) -> Tensor:
    """Return the mean and the deviation of each channel over an image, shape (B, S).

    Args:
        images: Shape (B, channels, H, W), 0 to 1.
        maps: What ``CtcNet.maps`` gives for them.
        features: What ``CtcNet.row`` gives for the last of those.
    """
    parts = []
    for x, over in (*((x, (2, 3)) for x in (images, *maps)), (features, (1,))):
        mean = x.mean(over)
        variance = x.square().mean(over) - mean.square()
        parts += [mean, variance.relu().sqrt()]  # which rounding may leave below 0
    return torch.cat(parts, dim=1)


def statistics_of(network: CtcNet, images: Sequence[GrayImage | RgbImage]) -> _Floats:
    """Return the statistics of prepared images, shape (N, S)."""

    def seen(batch: Tensor) -> Tensor:
        maps = network.maps(batch)
        return statistics(batch, maps, network.row(maps[-1]))

    return np.stack(outputs_of(seen, images)).astype(np.float64)


class Familiar(nn.Module):
    """The relative Mahalanobis distance (Ren et al. 2021) of an image's statistics.

    That is how far it is from a scheme's own images, less how far it is from others, as mean
    squares, in the directions in which the own vary least beside the others; moved so that the own
    are about 1, and never below 0.

    Args:
        centre: The mean of the others' statistics, shape (S,).
        directions: In which the others are uncorrelated and of variance 1, and the own
            uncorrelated, shape (S, D).
        own: The mean of the scheme's own images along these, shape (D,).
        precision: One over their variance, shape (D,).
        shift: What is added.
    """

    centre: Tensor
    directions: Tensor
    own: Tensor
    precision: Tensor

    def __init__(
        self, centre: _Floats, directions: _Floats, own: _Floats, precision: _Floats, shift: float
    ) -> None:
        super().__init__()
        self.shift = shift
        # None is called "mean": ONNX has one space of names for weights and results.
        for name, value in (
            ("centre", centre),
            ("directions", directions),
            ("own", own),
            ("precision", precision),
        ):
            self.register_buffer(name, torch.from_numpy(value).float())

    def of(self, seen: Tensor) -> Tensor:
        """Map statistics (B, S) to scores (B,), which may still be below 0."""
        along = (seen - self.centre) @ self.directions
        own = (along - self.own).square() * self.precision
        return (own - along.square()).mean(1) + self.shift

    def forward(self, images: Tensor, maps: Sequence[Tensor], features: Tensor) -> Tensor:
        """Map what ``statistics`` takes to scores (B,)."""
        return self.of(statistics(images, maps, features)).relu()


class WithDistance(nn.Module):
    """A network that tells of each image, beside its logits, its out-of-distribution score.

    Args:
        network: The trained network.
        score: Images, maps and features to scores (B,).
    """

    def __init__(self, network: CtcNet, score: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.score = score

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, channels, H, W), 0 to 1, to logits (B, T, K) and scores (B,)."""
        maps = self.network.maps(images)
        features = self.network.row(maps[-1])
        logits = cast(Tensor, self.network.head(self.network.drop(features)))
        return logits, self.score(images, maps, features)


@dataclass(frozen=True, slots=True)
class _Others:
    """The statistics of images that are not of the scheme: mean, scale and covariance in it."""

    centre: _Floats
    scale: _Floats
    covariance: _Floats

    @classmethod
    def of(cls, samples: _Floats) -> _Others:
        scale = samples.std(axis=0)
        scale = np.maximum(scale, max(_LEAST * float(scale.max()), 1e-6))
        return cls(samples.mean(axis=0), scale, _covariance(samples / scale))

    def fit(self, own: _Floats, shift: float = 0.0) -> Familiar:
        """Fit the score of a scheme to the statistics of its images, shape (N, S)."""
        own = (own - self.centre) / self.scale
        directions, variances = _least_varied(_covariance(own), self.covariance)
        middle = own.mean(axis=0) @ directions
        directions = directions / self.scale[:, None]
        return Familiar(self.centre, directions, middle, 1 / variances, shift)


def _covariance(samples: _Floats) -> _Floats:
    """Return the covariance of samples (N, S), shrunk as so few need it (Ledoit and Wolf 2004)."""
    x = samples - samples.mean(axis=0)
    count, size = x.shape
    found: _Floats = x.T @ x / count
    target = np.eye(size) * np.trace(found) / size
    apart = ((found - target) ** 2).sum()
    error = ((x**2).T @ x**2 / count - found**2).sum() / count
    share = min(1.0, error / apart) if apart > 0 else 1.0
    return np.asarray(share * target + (1 - share) * found + _LEAST**2 * np.eye(size))


def _least_varied(own: _Floats, others: _Floats) -> tuple[_Floats, _Floats]:
    """Return directions (S, D) and, along each, how much less the own vary than the others, (D,).

    The others vary by 1 along each, and neither are correlated. They are found by subspace
    iteration: a large network has statistics by the thousand, and few directions are needed.
    """
    size = len(own)
    inverse = np.linalg.inv(np.linalg.cholesky(own))
    spread = inverse @ others @ inverse.T
    basis = np.random.default_rng(0).normal(size=(size, min(size, 2 * _DIRECTIONS)))
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(spread @ basis)
    values, vectors = np.linalg.eigh(basis.T @ spread @ basis)
    values, vectors = values[::-1][:_DIRECTIONS], vectors[:, ::-1][:, :_DIRECTIONS]
    return inverse.T @ (basis @ vectors) / np.sqrt(values), 1 / values


def familiar(
    network: CtcNet,
    spec: CtcSpec,
    images: Sequence[GrayImage | RgbImage],
    others: Sequence[GrayImage | RgbImage] | None = None,
    until: float | None = None,
) -> tuple[Familiar, float]:
    """Fit the score of a scheme, and the limit above which an image is none of it.

    The limit is found on images that the score was not fitted on, a part of them at a time.

    Args:
        network: The trained network.
        spec: What it looks at.
        images: Of the scheme, at least one, prepared; large ones are not all looked at.
        others: Images that are not, prepared; None for captchas of many kinds, and a few that are
            none. A reader of any captcha has but ``foreign_images``.
        until: ``time.monotonic`` by which it should be done, by looking at fewer; None for never.
    """
    count = _count(network, images, until)
    images = _fewer(images, count)
    if others is None:
        share = min(1.0, count / (_CAPTCHAS + _OF_A_KIND * len(KINDS)))
        captchas, of_a_kind = round(share * _CAPTCHAS), max(1, round(share * _OF_A_KIND))
        others = [*_captchas(spec, captchas), *foreign_images(spec, of_a_kind)]
    own, apart = statistics_of(network, images), _Others.of(statistics_of(network, others))
    found = np.empty(len(own))
    part = np.arange(len(own)) % _FOLDS
    for fold in np.unique(part):
        held = part == fold
        score = apart.fit(own if held.all() else own[~held])
        found[held] = score.of(torch.from_numpy(own[held]).float()).numpy()
    shift = 1 - float(found.mean())
    return apart.fit(own, shift), round(float(np.quantile(found, _QUANTILE)) + shift, 4)


def _count(network: CtcNet, images: Sequence[GrayImage | RgbImage], until: float | None) -> int:
    """Return how many such images are looked at, where there are so many, and as many others."""
    some, begun = images[:_TIMED], time.monotonic()
    count: int = _PIXELS * len(some) // sum(image.shape[0] * image.shape[1] for image in some)
    if until is not None:
        statistics_of(network, some)
        now = time.monotonic()
        count = min(count, int((until - now) / (now - begun) * len(some) / 2))
    return max(_FEWEST, count)


def _fewer(images: Sequence[GrayImage | RgbImage], count: int) -> Sequence[GrayImage | RgbImage]:
    """Return at most so many of the images, evenly chosen."""
    return images[:: -(-len(images) // count)]


def foreign_images(spec: CtcSpec, of_a_kind: int = 60) -> list[GrayImage | RgbImage]:
    """Draw images that are no captchas, as the network looks at them."""
    drawn = (draw_foreign(kind, _SEED, number) for kind in KINDS for number in range(of_a_kind))
    return [prepare(load_image(image, spec.channels), spec) for image in drawn]


def _captchas(spec: CtcSpec, count: int) -> list[GrayImage | RgbImage]:
    drawn = (draw_captcha("general", _SEED, number).jpeg() for number in range(count))
    return [prepare(load_image(image, spec.channels), spec) for image in drawn]
