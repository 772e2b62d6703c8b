"""Sizes of images: odd ones, mixed ones, and those too narrow for their label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TypeAlias

from captchascope.check.report import Finding, Mention, counted
from captchascope.records import Sample

__all__ = ["narrow_findings", "size_findings", "timesteps_needed"]

_Size: TypeAlias = tuple[int, int]

_FEWEST = 10  # images: of less, none is odd
_NEARLY_ALL = 0.9  # of the images have the usual size, if any other is odd
_FAR = 3  # times the median side, or less than one such part of it, is odd in any set
_COLUMNS = 4  # of the image for a timestep of the network


def size_findings(
    sizes: Sequence[tuple[int, int]], files: Sequence[str] | None = None
) -> list[Finding]:
    """Return what is to be said about the sizes of some images.

    Args:
        sizes: Width and height of each, in pixels.
        files: Their names; without them no finding names any.
    """
    counts = Counter(sizes)
    if len(counts) < 2:
        return []
    odd = _odd(counts)
    at = [i for i, size in enumerate(sizes) if size in odd]
    findings = []
    if odd:
        names = [] if files is None else [files[i] for i in at]
        mentions = [Mention(n, {"size": _shown(sizes[i])}) for n, i in zip(names, at, strict=False)]
        what = f"{counted(len(at), 'image')} of an odd size: most have {_range(counts, odd)}"
        remedy = "look whether they belong to the set"
        findings.append(Finding("odd-size", "warning", "images", what, remedy, tuple(mentions)))
    if len(rest := counts.keys() - odd) > 1:
        what = f"{len(rest)} sizes, {_range(counts, odd)}"
        remedy = "none needed; of one size, reading would be a little faster"
        findings.append(Finding("mixed-sizes", "note", "images", what, remedy))
    return findings


def _odd(counts: Counter[_Size]) -> set[_Size]:
    """Return the sizes that are not the usual one, or that are far off where there is none."""
    if counts.total() < _FEWEST:
        return set()
    usual, most = counts.most_common(1)[0]
    if most >= _NEARLY_ALL * counts.total():
        return counts.keys() - {usual}
    middle = [median(size[side] for size in counts.elements()) for side in (0, 1)]
    return {
        size
        for size in counts
        if any(not m / _FAR <= side <= m * _FAR for side, m in zip(size, middle, strict=True))
    }


def _range(counts: Counter[_Size], odd: set[_Size]) -> str:
    widths, heights = zip(*(counts.keys() - odd), strict=True)
    low, high = (min(widths), min(heights)), (max(widths), max(heights))
    return _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"


def _shown(size: _Size) -> str:
    return f"{size[0]} x {size[1]}"


def narrow_findings(
    samples: Sequence[Sample], sizes: Sequence[tuple[int, int]]
) -> Iterator[Finding]:
    """Yield the images too narrow for their label.

    The network of the whole way has a timestep for every four columns of what it is given, and a
    text needs one for each character and one between two equal neighbours, for the blank that
    CTC puts there (Graves et al. 2006). Training enlarges small images, so the network could be
    fed; but with fewer than four columns of its own for each of these timesteps, a character is
    three pixels wide, and no enlargement brings back what that does not show.

    Args:
        samples: With their labels.
        sizes: Width and height of the image of each, in pixels.
    """
    narrow = [
        Mention(
            s.file,
            {"label": s.label, "width": width, "needed": _COLUMNS * timesteps_needed(s.label)},
        )
        for s, (width, _) in zip(samples, sizes, strict=True)
        if width < _COLUMNS * timesteps_needed(s.label)
    ]
    if narrow:
        are = "image is" if len(narrow) == 1 else "images are"
        what = (
            f"{len(narrow)} {are} too narrow for the label: a character needs {_COLUMNS} pixels, "
            f"and so does the gap between two equal ones"
        )
        remedy = "correct the labels, or save the images larger where they come from"
        yield Finding("too-narrow", "error", "images", what, remedy, tuple(narrow))


def timesteps_needed(label: str) -> int:
    """Return the fewest timesteps of a text: CTC puts a blank between two equal characters."""
    return len(label) + sum(a == b for a, b in pairwise(label))
