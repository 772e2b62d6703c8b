"""Some images of what is audited, evenly chosen and decoded, each with what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from captchascope.decode import ReadOptions
from captchascope.decode.pattern import folded
from captchascope.errors import ImageError
from captchascope.image import Preprocessing, load_image
from captchascope.records import RgbImage, Sample

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """An image, shape (H, W, 3), and what it says; "" where nobody knows."""

    image: RgbImage
    label: str = ""

    def counts(self, told: ReadOptions) -> tuple[int, int] | None:
        """Return fewest and most characters that it may show; None where nothing tells."""
        return (len(self.label),) * 2 if self.label else told.constraints.length


def evenly(items: Sequence[T], count: int) -> list[T]:
    """Return at most ``count`` of the items, evenly spread, in their order."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def decoded(items: Sequence[Sample | Path], told: ReadOptions) -> list[Text]:
    """Return images as they are read, and what they say; what cannot be decoded is left out."""
    preprocessing = told.preprocessing(Preprocessing())
    found = []
    for item in items:
        path, label = (item, "") if isinstance(item, Path) else (item.path, item.label)
        try:
            image = load_image(path, 3, preprocessing=preprocessing)
        except ImageError:
            continue
        found.append(Text(image, folded(label) if told.ignore_case else label))
    return found
