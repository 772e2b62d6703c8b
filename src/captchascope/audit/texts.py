"""Some images of what is audited, evenly chosen and decoded, each with what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from captchascope.audit.setting import Setting
from captchascope.decode import ReadOptions
from captchascope.decode.pattern import folded
from captchascope.errors import ImageError
from captchascope.image import Preprocessing, load_image
from captchascope.records import RgbImage, Sample
from captchascope.sums import value_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """An image that was decoded.

    Attributes:
        image: Shape (H, W, 3).
        label: What is written in it; "" where nobody knows.
        sample: Its name and label as they are; None without a label.
    """

    image: RgbImage
    label: str = ""
    sample: Sample | None = None

    def counts(self, told: ReadOptions) -> tuple[int, int] | None:
        """Return fewest and most characters that it may show; None where nothing tells."""
        return (len(self.label),) * 2 if self.label else told.constraints.length


def evenly(items: Sequence[T], count: int) -> list[T]:
    """Return at most ``count`` of the items, evenly spread, in their order."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def decoded(items: Sequence[Sample | Path], told: ReadOptions) -> list[Text]:
    """Return images as they are read, and what they say; what cannot be decoded is left out.

    Where the labels are results of sums, they do not tell what is written.
    """
    preprocessing = told.preprocessing(Preprocessing())
    found = []
    for item in items:
        path, sample = (item, None) if isinstance(item, Path) else (item.path, item)
        label = "" if sample is None else sample.label
        if told.solve and value_of(label) is None:
            label = ""
        try:
            image = load_image(path, 3, preprocessing=preprocessing)
        except ImageError:
            continue
        found.append(Text(image, folded(label) if told.ignore_case else label, sample))
    return found


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
