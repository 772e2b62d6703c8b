"""From images to the logits of their timesteps, by the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from captchascope.ctc.inputs import WholeSpec, normalise, prepare
from captchascope.records import FloatArray, GrayImage, RgbImage

Network: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]
"""A batch (B, channels, H, W) to logits (B, T, K), and distances (B,) where it tells them."""

_AT_ONCE = 32  # images: what a network makes of more no longer fits into a processor's cache
_MOVES = (-2, -1, 1, 2)  # rows


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the network made of the images of one size.

    Attributes:
        places: Where each of the B images was among all that were given, in rising order.
        images: As the network saw them, each of shape (H, W) or (H, W, 3).
        logits: Shape (B, T, K); class 0 is the blank.
        distances: Shape (B,): how far each is from what the network was trained on; None where
            the network does not tell.
    """

    places: Sequence[int]
    images: Sequence[GrayImage | RgbImage]
    logits: FloatArray
    distances: FloatArray | None


@dataclass(frozen=True, slots=True)
class WholeRecogniser:
    """The network, and the sizing in front of it.

    Images of the same size go through the network together and others apart: nothing is padded.

    Attributes:
        spec: What the network looks at.
        run: The network.
    """

    spec: WholeSpec
    run: Network

    def __call__(self, images: Sequence[GrayImage | RgbImage]) -> Iterator[Bucket]:
        """Yield every image's logits, those of one width at a time.

        Args:
            images: Each of shape (H, W) or (H, W, 3), as ``spec.channels`` says.
        """
        fitted = [prepare(image, self.spec) for image in images]
        buckets: dict[int, list[int]] = {}
        for place, image in enumerate(fitted):
            buckets.setdefault(image.shape[1], []).append(place)
        for places in buckets.values():
            alike = fitted if len(buckets) == 1 else [fitted[place] for place in places]
            yield Bucket(places, alike, *self._outputs(alike))

    def again(self, bucket: Bucket, some: Sequence[int]) -> FloatArray:
        """Look again at some images of a bucket, moved up and down by a row and by two.

        A network that makes the image smaller with every stage sees other things in an image that
        is moved: what it errs on is often read right by the mean of several looks.

        Args:
            bucket: As it was yielded.
            some: N of its images, at least one, as indices of ``bucket.images``.

        Returns:
            Shape (N, T, K): for each, the mean of its logits as it is and as it is moved. Those of
            the first look, where a mean has no highest: looks may exclude what others do not.
        """
        first, each = bucket.logits[list(some)], _AT_ONCE // len(_MOVES)
        chosen = [some[start : start + each] for start in range(0, len(some), each)]
        moved = [self._moved([bucket.images[i] for i in several]) for several in chosen]
        mean = (first + np.concatenate(moved)) / (1 + len(_MOVES))
        lost = ~np.isfinite(mean.max(axis=2)).all(axis=1)
        mean[lost] = first[lost]
        return np.asarray(mean)

    def _moved(self, images: Sequence[GrayImage | RgbImage]) -> FloatArray:
        """Return the sum of the logits of images as they are moved, shape (N, T, K)."""
        batch = normalise(images)
        rows = np.arange(batch.shape[2])
        moved = [batch.take((rows + by).clip(0, rows[-1]), axis=2) for by in _MOVES]
        logits, _ = self.run(np.concatenate(moved))
        return np.asarray(logits.reshape(len(_MOVES), len(batch), *logits.shape[1:]).sum(axis=0))

    def _outputs(
        self, images: Sequence[GrayImage | RgbImage]
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return logits (B, T, K) and distances (B,) of images of one size, a few at once."""
        given = [
            self.run(normalise(images[first : first + _AT_ONCE]))
            for first in range(0, len(images), _AT_ONCE)
        ]
        logits = np.concatenate([of_some for of_some, _ in given])
        distances = [of_some for _, of_some in given if of_some is not None]
        return logits, np.concatenate(distances) if len(distances) == len(given) else None
