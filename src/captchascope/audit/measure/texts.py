"""Some images of what is audited, evenly chosen and decoded, each with what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from captchascope.audit.setting import Setting
from captchascope.audit.subject import evenly
from captchascope.decode import ReadOptions
from captchascope.decode.pattern import folded
from captchascope.errors import ImageError
from captchascope.image import Preprocessing, load_image
from captchascope.records import RgbImage, Sample
from captchascope.sums import value_of

_LARGEST = 200_000  # pixels of an image that is kept: a larger one is reduced to that
_MOST = 200_000_000  # pixels that are decoded, about


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """An image that was decoded.

    Attributes:
        image: Shape (H, W, 3), reduced where it is large.
        label: What is written in it; "" where nobody knows.
        sample: Its name and label as they are; None without a label.
    """

    image: RgbImage
    label: str = ""
    sample: Sample | None = None

    def counts(self, told: ReadOptions) -> tuple[int, int] | None:
        """Return fewest and most characters that it may show; None where nothing tells."""
        return (len(self.label),) * 2 if self.label else told.constraints.length


def decoded(items: Sequence[Sample | Path], told: ReadOptions) -> list[Text]:
    """Return images as they are read, and what they say; what cannot be decoded is left out.

    Of huge ones only so many first ones are decoded as can be in a few seconds.
    Where the labels are results of sums, they do not tell what is written.
    """
    preprocessing = told.preprocessing(Preprocessing())
    found, pixels = [], 0
    for item in items:
        if pixels > _MOST:
            break
        path, sample = (item, None) if isinstance(item, Path) else (item.path, item)
        label = "" if sample is None else sample.label
        if told.solve and value_of(label) is None:
            label = ""
        try:
            image = load_image(path, 3, preprocessing=preprocessing)
        except ImageError:
            continue
        pixels += image.shape[0] * image.shape[1]
        image = _reduced(image)
        found.append(Text(image, folded(label) if told.ignore_case else label, sample))
    return found


def _reduced(image: RgbImage) -> RgbImage:
    scale = (_LARGEST / (image.shape[0] * image.shape[1])) ** 0.5
    if scale >= 1:
        return image
    size = max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0]))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def measured_and_others(
    setting: Setting, measured: int, others: int
) -> tuple[list[Text], list[Text]]:
    """Return so many images, at most, that are measured on, and others of the scheme.

    They are of those held out, and of the pool; without labels, each third one is another.
    """
    subject, told = setting.subject, setting.reading
    if held := subject.held.samples:
        pool = evenly(subject.pool.samples, others)
        return decoded(evenly(held, measured), told), decoded(pool, told)
    every = decoded(evenly(subject.images, min(3 * measured // 2, measured + others)), told)
    thirds = range(2, len(every), 3)
    return [text for i, text in enumerate(every) if i not in thirds], [every[i] for i in thirds]
