"""Training on images without end: drawn beside the network, seen once, never stored.

Each process draws images of its own numbers, and gathers those of one width until they are a
batch. What is drawn ahead is bounded by the batches that wait and the images that wait for others
of their width.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec, normalise, prepare
from captchascope.generate import draw_captcha
from captchascope.image import load_image
from captchascope.records import GrayImage, RgbImage
from captchascope.train.ctc.augment import augment_image
from captchascope.train.ctc.data import Batch, TextImages

_AHEAD = 4  # batches of each process that wait for the network
_AS_DRAWN = 0.5  # of the images are not augmented: what is drawn varies by itself


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, and for which network.

    Attributes:
        scheme: A name of ``generate.SCHEMES``.
        seed: Of the images.
        charset: The alphabet; every text must be within it.
        spec: What the network looks at.
        strength: Of the augmentation.
    """

    scheme: str
    seed: int
    charset: Charset
    spec: CtcSpec
    strength: float

    def image(self, number: int) -> tuple[GrayImage | RgbImage, str]:
        """Return an image as it is read from its file and prepared, and its text."""
        drawn = draw_captcha(self.scheme, self.seed, number)
        image = load_image(drawn.jpeg(), self.spec.channels)
        return prepare(image, self.spec), drawn.label

    def sample(self, first: int, count: int) -> TextImages:
        """Draw some images to validate on."""
        pairs = [self.image(number) for number in range(first, first + count)]
        targets = [np.array(self.charset.encode(text), np.int64) for _, text in pairs]
        return TextImages(tuple(image for image, _ in pairs), tuple(targets))


class DrawnBatches:
    """Batches of images that are drawn when they are needed.

    Args:
        drawing: What is drawn.
        size: Images per batch.
        processes: How many draw; with none, this one does.
        rank: Which of the processes trains with these; each has its own drawn.
    """

    def __init__(self, drawing: Drawing, size: int, processes: int, rank: int = 0) -> None:
        self._drawing, self._size, self._processes, self._rank = drawing, size, processes, rank

    def after(self, given: int) -> Generator[Batch]:
        """Yield batches without end.

        Those after a resume are others than would have come, as which images had waited for others
        of their width is not kept; none of them was given before.
        """
        images = _Stream(self._drawing, self._size, given, self._rank)
        loader: DataLoader[Batch] = DataLoader(
            images,
            batch_size=None,
            num_workers=self._processes,
            prefetch_factor=_AHEAD if self._processes else None,
            multiprocessing_context="spawn" if self._processes else None,
        )
        yield from loader


class _Stream(IterableDataset[Batch]):
    """The batches of one drawing process."""

    def __init__(self, drawing: Drawing, size: int, given: int, rank: int) -> None:
        self._drawing, self._size, self._given, self._rank = drawing, size, given, rank

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        worker = get_worker_info()
        own = worker.id if worker else 0
        rng = np.random.default_rng((self._drawing.seed, self._given, self._rank, own))
        waiting: dict[int, list[tuple[GrayImage | RgbImage, str]]] = {}
        while True:
            # Numbers at random: none is given twice but by chance, whoever draws and resumes.
            image, text = self._drawing.image(int(rng.integers(2**62)))
            if rng.random() >= _AS_DRAWN:
                image = augment_image(image, rng, self._drawing.strength)
            alike = waiting.setdefault(image.shape[1], [])
            alike.append((image, text))
            if len(alike) == self._size:
                yield self._batch(waiting.pop(image.shape[1]))

    def _batch(self, pairs: list[tuple[GrayImage | RgbImage, str]]) -> Batch:
        ids = [self._drawing.charset.encode(text) for _, text in pairs]
        images = torch.from_numpy(normalise([image for image, _ in pairs]))
        return Batch(
            images.contiguous(memory_format=torch.channels_last),
            torch.tensor([one for text in ids for one in text]),
            torch.tensor([len(text) for text in ids]),
        )
