"""A data set as arrays, and shuffled batches of them without end, augmented in the background.

A batch is decided by the seed and its number alone, so that a training that goes on from a
checkpoint sees what it would have seen. OpenCV and numpy let go of the interpreter while they
work, so threads do where other loaders need processes.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from typing import NamedTuple, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from captchascope.check import narrow_findings, timesteps_needed
from captchascope.ctc.inputs import fitted_width, normalise, prepare
from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, DatasetError, ImageError
from captchascope.image import load_image
from captchascope.records import GrayImage, RgbImage, Sample
from captchascope.train.ctc.augment import augment_image
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import CtcNet

_AHEAD = 4  # batches that are made before they are asked for
_STRETCH = 1.25  # widest to narrowest image that share a batch
_WIDTH_STEP = 8


@dataclass(frozen=True, slots=True, eq=False)
class TextImages:
    """The images of some samples, and their texts.

    Attributes:
        images: Prepared for the network, each of shape (height, w) or (height, w, 3).
        targets: Of each image the ids of its text's characters.
        problems: The samples that could not be used; they are left out.
        samples: What each image is of; none where that is not known.
    """

    images: tuple[GrayImage | RgbImage, ...]
    targets: tuple[NDArray[np.int64], ...]
    problems: tuple[CaptchascopeError, ...] = ()
    samples: tuple[Sample, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def fingerprint(self) -> str:
        """Return a hash of every pixel and text."""
        seen = hashlib.blake2b(digest_size=16)
        for image, target in zip(self.images, self.targets, strict=True):
            seen.update(str((image.shape, target.tolist())).encode())
            seen.update(np.ascontiguousarray(image).data)
        return seen.hexdigest()


def text_images(dataset: Dataset, known: Inferred) -> TextImages:
    """Decode and prepare every sample of ``dataset``.

    Args:
        dataset: Its labels must be within the alphabet.
        known: What is done to the images, and the alphabet.
    """
    images, targets, problems, samples = [], [], [], []
    for sample in dataset.samples:
        got = loaded(sample, known)
        if isinstance(got, CaptchascopeError):
            problems.append(got)
        else:
            images.append(got)
            targets.append(np.array(known.charset.encode(sample.label), np.int64))
            samples.append(sample)
    return TextImages(tuple(images), tuple(targets), tuple(problems), tuple(samples))


def loaded(
    sample: Sample, known: Inferred, data: bytes | None = None
) -> GrayImage | RgbImage | CaptchascopeError:
    """Return a sample's image, prepared, or why it cannot be trained on.

    Args:
        sample: Its path names it in errors.
        known: What is done to the image.
        data: The encoded image; None for what lies at the path.
    """
    spec, where = known.spec, str(sample.path)
    source = sample.path if data is None else data
    try:
        image = load_image(source, spec.channels, name=where, preprocessing=known.preprocessing)
    except ImageError as error:
        return error
    height, width = image.shape[:2]
    fits = CtcNet.timesteps(fitted_width(height, width, spec)) >= timesteps_needed(sample.label)
    if not fits or any(narrow_findings([sample], [(width, height)])):
        what = f"has a label of {len(sample.label)} characters, more than the image can hold"
        return DatasetError(where, what, "correct the label, or use larger images")
    return prepare(image, spec)


class Batch(NamedTuple):
    """A batch, as a step is given it.

    Attributes:
        images: Shape (B, channels, H, W), 0 to 1.
        targets: The ids of all texts, one after the other.
        lengths: How many of them each text has, shape (B,).
    """

    images: Tensor
    targets: Tensor
    lengths: Tensor


def batch_of(images: Sequence[GrayImage | RgbImage], targets: Sequence[NDArray[np.int64]]) -> Batch:
    """Return a batch of prepared images of one size, at least one, and the ids of their texts."""
    return Batch(
        torch.from_numpy(normalise(images)).contiguous(memory_format=torch.channels_last),
        torch.from_numpy(np.concatenate(targets)),
        torch.tensor([len(target) for target in targets]),
    )


class Batches:
    """The batches of one process.

    Args:
        data: At least one sample.
        size: Images per batch.
        strength: Of the augmentation.
        seed: Decides order and augmentation.
        share: Which process of how many this is; each has its own batches.
    """

    def __init__(
        self,
        data: TextImages,
        size: int,
        strength: float,
        seed: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.data, self.size, self.strength, self.seed = data, size, strength, seed
        self._rank, self._world = share
        self._widths = shared_widths([image.shape[1] for image in data.images])

    def after(self, given: int) -> Generator[Batch]:
        """Yield the batches that come after so many that were given."""
        waiting: deque[Future[Batch]] = deque()
        first = self._rank + given * self._world
        own = islice(order(self._widths, self.size, self.seed), first, None, self._world)
        pool = ThreadPoolExecutor(1, "augment")
        try:
            for number, indices in zip(count(first, self._world), own, strict=False):
                waiting.append(pool.submit(self._made, number, indices))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _made(self, number: int, indices: list[int]) -> Batch:
        rng = np.random.default_rng((self.seed, 1, number))
        images = [augment_image(self._fitted(i), rng, self.strength) for i in indices]
        return batch_of(images, [self.data.targets[i] for i in indices])

    def _fitted(self, index: int) -> GrayImage | RgbImage:
        """Return an image at the width that it shares with others."""
        return at_width(self.data.images[index], self._widths[index])


def at_width(image: GrayImage | RgbImage, width: int) -> GrayImage | RgbImage:
    """Return an image stretched or squeezed to a width, or itself where it has that."""
    if image.shape[1] == width:
        return image
    way = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    size = width, image.shape[0]
    return cast("GrayImage | RgbImage", cv2.resize(image, size, interpolation=way))


def order(widths: list[int], size: int, seed: int) -> Iterator[list[int]]:
    """Yield without end which images make the next batch: equally wide, each as often as others.

    Every pass over the data is shuffled anew. Images wait until a batch of their width is full.
    """
    waiting: dict[int, list[int]] = {}
    for number in count():
        for index in np.random.default_rng((seed, 0, number)).permutation(len(widths)).tolist():
            group = waiting.setdefault(widths[index], [])
            group.append(index)
            if len(group) == size:
                yield waiting.pop(widths[index])


def shared_widths(widths: list[int]) -> list[int]:
    """Return a width for each image so that many have the same.

    Widths that are within a quarter of each other become their median. An image is stretched by
    less than an augmentation would do, and batches need not be made of the few that are equal.
    """
    shared: dict[int, int] = {}
    group: list[int] = []
    for width in [*sorted(widths), None]:
        if group and (width is None or width > _STRETCH * group[0]):
            middle = group[len(group) // 2]
            if len(set(group)) > 1:
                middle = max(_WIDTH_STEP, round(middle / _WIDTH_STEP) * _WIDTH_STEP)
            shared.update(dict.fromkeys(group, middle))
            group = []
        if width is not None:
            group.append(width)
    return [shared[width] for width in widths]
