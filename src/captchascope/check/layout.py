"""Findings about how texts stand in the images: in several rows, or in one ink of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from captchascope.charset import Charset
from captchascope.check.report import Finding
from captchascope.data.dataset import Dataset
from captchascope.decode import ReadOptions
from captchascope.errors import ImageError, UsageError
from captchascope.image import Preprocessing, load_image
from captchascope.image.ink import ink_masks
from captchascope.image.rows import ink_profile, row_cuts, written_lines
from captchascope.reader import Reader, load
from captchascope.records import RgbImage, Sample

_AS_IT_IS = Preprocessing()
_LOOKED_AT, _READ = 24, 12  # images, evenly chosen
_FEWEST = 4  # images: of less, nothing is said
_ROWS = {3: "three", 2: "two"}
_GAP = 0.3  # of the emptier row's ink may be between rows that could be some, at most
_SURE_GAP = 0.1  # the same where they surely are
_LOWEST = 6  # pixels
_UNEVEN = 1.7  # times as high as another is a row at most
_MANY, _NEARLY_ALL = 0.5, 0.8  # of the images

_PART = 0.2  # of all that is written is in an ink, at least, if a text may be
_WIDE = 0.6  # of the width that is written on, too
_SHARED = 0.4  # of the columns of an ink that hold another one, if they lie over each other

_LEAST = 0.3  # of some texts are read the one way ...
_CLEARLY = 1.5  # ... and so many times as many as the other way, if that is to be right


def layout_findings(dataset: Dataset, preprocessing: Preprocessing = _AS_IT_IS) -> list[Finding]:
    """Return what should be told of the images, so that their texts can be read.

    Some images are looked at, and where these seem to show something, the model that reads
    anything tells which way it reads what they are labelled with.

    Args:
        dataset: Its labels are believed.
        preprocessing: What is told already: of that, nothing is found.

    Example:
        >>> from captchascope.data.dataset import read_dataset
        >>> layout_findings(read_dataset("examples"))
        []
    """
    every = -(-len(dataset.samples) // _LOOKED_AT) or 1
    frames = replace(preprocessing, rows=1, ink=None)
    looked: list[tuple[Sample, RgbImage]] = []
    for sample in dataset.samples[::every]:
        with suppress(ImageError):
            looked.append((sample, load_image(sample.path, 3, preprocessing=frames)))
    if len(looked) < _FEWEST:
        return []
    images = [image for _, image in looked]
    judge = _Judge(looked[:: -(-len(looked) // _READ)], preprocessing)
    findings = [] if preprocessing.rows > 1 else [*_rows(images, judge)]
    if preprocessing.ink is None and not findings:
        findings = [*_inks(images, judge)]
    return findings


class _Judge:
    """Tells which way the model that reads anything reads what some images are labelled with."""

    def __init__(
        self, samples: Sequence[tuple[Sample, RgbImage]], preprocessing: Preprocessing
    ) -> None:
        # No model reads a blank between characters, nor is a case to be relied upon.
        self._labels = ["".join(sample.label.split()) for sample, _ in samples]
        self._images = [image for _, image in samples]
        self._done = preprocessing

    @cached_property
    def _reader(self) -> Reader:
        """The reader of such texts alone, if it can read them."""
        reader = load()
        chars = "".join(sorted({*"".join(self._labels)} & {*reader.charset.chars}))
        lengths = sorted({*map(len, self._labels)})
        length = f"{lengths[0]}-{lengths[-1]}"
        with suppress(UsageError, ValueError):
            return reader.with_options(ReadOptions(Charset(chars).written, length))
        return reader

    def right(self, preprocessing: Preprocessing) -> float:
        """Return which share is read as labelled, whatever the case, if this is done first."""
        done = replace(self._reader.options, rows=preprocessing.rows, ink=preprocessing.ink)
        readings = self._reader.with_options(done).read_many(self._images, errors="return")
        pairs = zip(readings, self._labels, strict=True)
        right = sum((reading.text or "").lower() == label.lower() for reading, label in pairs)
        return right / len(self._labels)

    @cached_property
    def plain(self) -> float:
        """Which share is read as labelled without anything told."""
        return self.right(self._done)

    def prefers(self, rows: int | None = None, ink: str | None = None) -> float | None:
        """Return which share is right if this is told, where that is clearly more than without.

        0 where it is not; None where hardly any is right either way.
        """
        told = self.right(self._done.told(rows=rows, ink=ink))
        if max(self.plain, told) < _LEAST:
            return None
        return told if told >= _CLEARLY * self.plain else 0.0


def _rows(images: Sequence[RgbImage], judge: _Judge) -> Iterator[Finding]:
    """Yield whether the texts stand in several rows."""
    for rows, word in _ROWS.items():
        gaps = np.array([_gap(image, rows) for image in images])
        if (gaps[:, 1] <= _GAP).mean() < _MANY:
            continue
        surely = (gaps[:, 0] <= _SURE_GAP).mean()
        better = judge.prefers(rows=rows)
        if better or (better is None and surely >= _NEARLY_ALL):
            what = f"the text stands in {word} rows"
            yield Finding("rows", "warning", "images", what, f"tell it with --rows {rows}")
            return


def _gap(image: RgbImage, rows: int) -> tuple[float, float]:
    """Return how much is written between rows of text, as a share of what is in the emptiest one.

    The second share is less what is everywhere, such as grain. Both are 1 where the rows are too
    uneven to be such.
    """
    profile = ink_profile(image)
    if len(profile) < _LOWEST * rows or profile.max() == profile.min():
        return 1.0, 1.0
    cuts = row_cuts(profile, rows)
    written = [written_lines(profile[top:bottom]) for top, bottom in pairwise(cuts)]
    heights = [last + 1 - first for first, last in written]
    if max(heights) > _UNEVEN * min(heights):
        return 1.0, 1.0
    full = min(float(profile[a:b].max()) for a, b in pairwise(cuts))
    between, everywhere = float(profile[cuts[1:-1]].max()), float(profile.min())
    if full <= everywhere:
        return 1.0, 1.0
    return between / full, (between - everywhere) / (full - everywhere)


def _inks(images: Sequence[RgbImage], judge: _Judge) -> Iterator[Finding]:
    """Yield whether the texts stand in one ink, and something else over them in others."""
    found = Counter(ink for image in images for ink in _written_over(image))
    likely = [ink for ink, count in found.most_common() if count >= _MANY * len(images)]
    shares = {ink: judge.prefers(ink=ink) or 0.0 for ink in likely}
    ink = max(shares, key=shares.__getitem__, default=None)
    if ink is not None and shares[ink] > 0:
        what = "the text is in one ink of several"
        yield Finding("inks", "warning", "images", what, f"tell it with --ink {ink}")


def _written_over(image: RgbImage) -> set[str]:
    """Return the inks of an image that a text may be in while something is in another one."""
    # The smooth edges of black are gray.
    found = ink_masks(image).items()
    masks = {ink: mask for ink, mask in found if ink != "gray" and mask.any()}
    if len(masks) < 2:
        return set()
    whole = np.any([*masks.values()], axis=0)
    columns = {ink: mask.any(axis=0) for ink, mask in masks.items()}
    width = whole.any(axis=0).sum()
    wide = {
        ink
        for ink, mask in masks.items()
        if mask.sum() >= _PART * whole.sum() and columns[ink].sum() >= _WIDE * width
    }
    return {
        ink
        for ink in wide
        if any(
            other != ink
            and (columns[ink] & columns[other]).sum() >= _SHARED * columns[ink].sum()
            and (masks[ink] & masks[other]).sum() < _SHARED * masks[ink].sum()
            for other in wide
        )
    }
