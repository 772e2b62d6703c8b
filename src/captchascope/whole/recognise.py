"""From images to the logits of their timesteps, by the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from captchascope.records import FloatArray, GrayImage, RgbImage
from captchascope.whole.inputs import WholeSpec, normalise, prepare

__all__ = ["Bucket", "Network", "WholeRecogniser"]

Network: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]
"""A batch (B, channels, H, W) to logits (B, T, K), and distances (B,) where it tells them."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the network made of the images of one size.

    Attributes:
        places: Where each of the B images was among all that were given, in rising order.
        logits: Shape (B, T, K); class 0 is the blank.
        distances: Shape (B,): how far each is from what the network was trained on; None where
            the network does not tell.
    """

    places: Sequence[int]
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
            yield Bucket(places, *self.run(normalise(alike)))
