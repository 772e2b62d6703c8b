"""Inference from a data set: alphabet, lengths, size and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import Dataset
from captchascope.errors import ImageError
from captchascope.image import Channels, Preprocessing, load_image
from captchascope.records import RgbImage

_AS_IT_IS = Preprocessing()
_LOOKED_AT = 200  # images
_HEIGHTS = 32, 64
_STEP = 8
_MOST = 4096  # columns
_PER_CHARACTER = 12  # columns of the longest text's characters at least: three timesteps each
_COLOURED = 40  # levels between a pixel's channels
_SHARE = 0.01  # of the pixels that must be so coloured


@dataclass(frozen=True, slots=True)
class Inferred:
    """The properties of a data set that training needs.

    Attributes:
        charset: The alphabet of its labels.
        lengths: The fewest and most characters of a label.
        spec: What the network is to look at.
        preprocessing: What is done to every image first.
    """

    charset: Charset
    lengths: tuple[int, int]
    spec: CtcSpec
    preprocessing: Preprocessing = field(default_factory=Preprocessing)

    def scaled(self, dataset: Dataset, height: int) -> Inferred:
        """Return the same for images of a data set that are scaled to another height."""
        return inferred(dataset, self.charset, height, self.preprocessing, self.lengths)

    def lines(self) -> list[str]:
        """Return the properties as they are told to the user."""
        fewest, most = self.lengths
        spec = self.spec
        width = f"{spec.min_width} to {spec.max_width}" if spec.width is None else f"{spec.width}"
        colour = "gray" if spec.channels == 1 else "in colour"
        done = self.preprocessing
        looks = [f"in {done.rows} rows"] * (done.rows > 1) + [f"in {done.ink}"] * bool(done.ink)
        return [
            f"alphabet  {self.charset.chars} ({len(self.charset.chars)} characters)",
            f"length    {fewest}" if fewest == most else f"length    {fewest} to {most}",
            f"input     {width} x {spec.height} pixels, {colour}",
            *([f"text      {', '.join(looks)}"] if looks else []),
        ]

    def columns(self) -> str:
        """Return which columns the network looks at, as it is told to the user."""
        spec = self.spec
        return "all columns" if spec.end is None else f"columns {spec.left + 1} to {spec.end}"


def alphabet_of(dataset: Dataset) -> Charset | None:
    """Return the characters of the labels that a model can have; None where there are none."""
    used = set[str]().union(*(sample.label for sample in dataset.samples))
    fit = sorted(char for char in used if char.isprintable() and not char.isspace())
    return Charset("".join(fit)) if fit else None


def inferred(
    dataset: Dataset,
    charset: Charset,
    height: int | None = None,
    preprocessing: Preprocessing = _AS_IT_IS,
    lengths: tuple[int, int] | None = None,
) -> Inferred:
    """Look at the labels and some images of ``dataset``, at least one of which must decode.

    Args:
        dataset: What to look at.
        charset: The alphabet of its labels.
        height: What images are scaled to; None for what they have, if they are all of one size
            that a network can look at as it is, or about that.
        preprocessing: What is done to every image first.
        lengths: The fewest and most characters of a label; None for those in ``dataset``.

    Raises:
        ImageError: If none decodes; it is about the first.
    """
    if lengths is None:
        counts = [len(sample.label) for sample in dataset.samples]
        lengths = min(counts), max(counts)
    spec = _spec(_looked_at(dataset, preprocessing), height, lengths[1])
    return Inferred(charset, lengths, spec, preprocessing)


def _looked_at(dataset: Dataset, preprocessing: Preprocessing) -> list[RgbImage]:
    images, first = [], None
    every = -(-len(dataset.samples) // _LOOKED_AT)
    for sample in dataset.samples[::every]:
        try:
            images.append(load_image(sample.path, 3, preprocessing=preprocessing))
        except ImageError as error:
            first = first or error
    if not images and first is not None:
        raise first
    return images


def _spec(images: Sequence[RgbImage], height: int | None, longest: int) -> CtcSpec:
    least = _PER_CHARACTER * longest
    sizes = {image.shape[:2] for image in images}
    channels: Channels = 3 if np.mean([_is_coloured(image) for image in images]) > 0.1 else 1
    rows, columns = images[0].shape[:2]
    if height is None and len(sizes) == 1 and _fits(rows, columns, least):
        return CtcSpec("whole", rows, columns, columns, columns, channels)
    if height is None:
        median = float(np.median([image.shape[0] for image in images]))
        height = min(max(round(median / _STEP) * _STEP, _HEIGHTS[0]), _HEIGHTS[1])
    free = [_fitted(image.shape[1] * height / image.shape[0], least) for image in images]
    width = free[0] if len(sizes) == 1 else None
    return CtcSpec("whole", height, width, min(free), max(free), channels)


def _fits(height: int, width: int, least: int) -> bool:
    """Tell whether a network can look at images of this size without any scaling."""
    return _HEIGHTS[0] <= height <= _HEIGHTS[1] and max(least, 4 * _STEP) <= width <= _MOST


def _fitted(width: float, least: int) -> int:
    """Return a multiple of eight near ``width``, wide enough for the longest text."""
    fewest = -(-max(least, 4 * _STEP) // _STEP) * _STEP
    return min(max(round(width / _STEP) * _STEP, fewest), _MOST)


def _is_coloured(image: RgbImage) -> bool:
    spread = image.max(axis=2).astype(int) - image.min(axis=2)
    return bool((spread > _COLOURED).mean() > _SHARE)
