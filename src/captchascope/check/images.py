"""Findings about the images of a data set: each is decoded once, and little of it is kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import cv2

from captchascope.check.report import Finding, Mention
from captchascope.errors import ImageError, counted
from captchascope.files import read_regular
from captchascope.image import MAX_BYTES, Preprocessing, load_image
from captchascope.image.datauri import unpacked
from captchascope.image.header import codec_of
from captchascope.image.svg import text_in
from captchascope.records import Sample

_AS_IT_IS = Preprocessing()
_NEARLY_ALL = 0.9  # of the images look alike or have one size, if the others are odd
_FEWEST = 10  # images: of less, none is odd
_FAR = 3  # times the median side, or less than one such part of it, is odd in any set
_COLUMNS = 4  # of the image for a timestep of the network


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The facts that are kept of a decoded image: few, as there may be a million images.

    Attributes:
        sample: Whose image it is.
        size: Width and height in pixels, as it is shown.
        codec: The format, whatever the name says.
        coloured: Whether any pixel has the least colour: of a file that is stored in colour, hardly
            ever none has.
        blank: Whether all pixels are alike.
        digest: Of the size and every pixel.
    """

    sample: Sample
    size: tuple[int, int]
    codec: str
    coloured: bool
    blank: bool
    digest: bytes

    @property
    def look(self) -> str:
        """Format and colour, as it is told to the user."""
        return f"{self.codec} {'in colour' if self.coloured else 'in gray'}"


def inspect_image(sample: Sample, preprocessing: Preprocessing = _AS_IT_IS) -> ImageFacts:
    """Decode the image of a sample, and do to it what is done first.

    Raises:
        ImageError: If that is not possible.
    """
    pixels = load_image(sample.path, 3, preprocessing=preprocessing)
    red, green, blue = (cv2.extractChannel(pixels, channel) for channel in range(3))
    apart = max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF))
    _, deviation = cv2.meanStdDev(pixels)
    codec = codec_of(unpacked(read_regular(sample.path, MAX_BYTES), sample.file), sample.file)
    height, width = pixels.shape[:2]
    digest = hashlib.blake2b(f"{width} {height} ".encode(), digest_size=16)
    digest.update(pixels.data)
    coloured, blank = apart > 0, not deviation.any()
    return ImageFacts(sample, (width, height), codec, coloured, blank, digest.digest())


def unreadable_findings(errors: Sequence[tuple[Sample, ImageError]]) -> Iterator[Finding]:
    """Yield the images that cannot be decoded, and why."""
    if errors:
        what = f"{counted(len(errors), 'image')} cannot be decoded"
        remedy = "download or copy them again, or remove them"
        files = tuple(Mention(s.file, {"problem": error.what}) for s, error in errors)
        yield Finding("unreadable", "error", "images", what, remedy, files)


def leak_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield the SVG drawings that hold their text as text: no picture need be read there."""
    leaks = []
    for sample in samples:
        with suppress(OSError, ValueError):
            if sample.path.suffix.lower() == ".svg" and (
                held := text_in(read_regular(sample.path, MAX_BYTES))
            ):
                leaks.append(Mention(sample.file, {"label": sample.label, "text": held}))
    if leaks:
        what = f"{counted(len(leaks), 'SVG drawing')} with the text as text, which any script reads"
        remedy = "draw the characters as paths, or serve an image of pixels"
        yield Finding("text-leak", "warning", "images", what, remedy, tuple(leaks))


def blank_findings(images: Sequence[ImageFacts]) -> Iterator[Finding]:
    """Yield the images that show nothing."""
    blank = [Mention(i.sample.file, {"label": i.sample.label}) for i in images if i.blank]
    if blank:
        what = f"{counted(len(blank), 'image')} of one colour all over"
        remedy = "download them again, or remove them: nothing can be read there"
        yield Finding("blank", "error", "images", what, remedy, tuple(blank))


def look_findings(images: Sequence[ImageFacts]) -> Iterator[Finding]:
    """Yield the images of another format or colour than nearly all, or the mixture."""
    looks = Counter(image.look for image in images)
    if len(looks) < 2:
        return
    usual, most = looks.most_common(1)[0]
    files: tuple[Mention, ...] = ()
    if most >= _NEARLY_ALL * len(images) and len(images) >= _FEWEST:
        odd = [image for image in images if image.look != usual]
        files = tuple(Mention(i.sample.file, {"look": i.look}) for i in odd)
        what = f"{counted(len(odd), 'image')} of another format or colour: nearly all are {usual}"
        remedy = "look whether they belong to the set"
    else:
        mixture = ", ".join(f"{count} {look}" for look, count in looks.most_common())
        what, remedy = f"mixed formats or colours: {mixture}", "none needed, if they all belong"
    yield Finding("odd-look" if files else "mixed-looks", "note", "images", what, remedy, files)


def duplicate_findings(images: Sequence[ImageFacts]) -> Iterator[Finding]:
    """Yield the images whose every pixel is that of an earlier one, whatever the file's format.

    With different labels one of them is wrong; with equal ones they do no harm but where one is
    trained on and the other tested on.
    """
    first: dict[bytes, ImageFacts] = {}
    again = [(image, first.setdefault(image.digest, image)) for image in images if not image.blank]
    pairs = [(image, other) for image, other in again if image is not other]
    torn = tuple(_mention(*pair) for pair in pairs if pair[0].sample.label != pair[1].sample.label)
    if torn:
        what = f"{counted(len(torn), 'image')} the same as another with a different label"
        remedy = "keep the right one"
        yield Finding("conflicting-duplicates", "error", "images", what, remedy, torn)
    same = tuple(_mention(*pair) for pair in pairs if pair[0].sample.label == pair[1].sample.label)
    if same:
        what = f"{counted(len(same), 'image')} the same as another, with the same label"
        remedy = "remove them, or what is tested on may have been trained on"
        yield Finding("duplicates", "note", "images", what, remedy, same)


def _mention(image: ImageFacts, other: ImageFacts) -> Mention:
    facts = {"label": image.sample.label, "same_as": other.sample.file}
    return Mention(image.sample.file, facts | {"labelled": other.sample.label})


def size_findings(sizes: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    """Yield the odd sizes among some images, given as width and height in pixels by name."""
    counts = Counter(sizes.values())
    if len(counts) < 2:
        return
    odd = _odd(counts)
    rest = counts.keys() - odd
    widths, heights = zip(*rest, strict=True)
    ends = _shown((min(widths), min(heights))), _shown((max(widths), max(heights)))
    shown = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    if odd:
        files = [Mention(file, {"size": _shown(s)}) for file, s in sizes.items() if s in odd]
        what = f"{counted(len(files), 'image')} of an odd size: most have {shown}"
        remedy = "look whether they belong to the set"
        yield Finding("odd-size", "warning", "images", what, remedy, tuple(files))
    if len(rest) > 1:
        remedy = "none needed; of one size, reading would be a little faster"
        yield Finding("mixed-sizes", "note", "images", f"{len(rest)} sizes, {shown}", remedy)


def _odd(counts: Counter[tuple[int, int]]) -> set[tuple[int, int]]:
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


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def narrow_findings(
    samples: Sequence[Sample], sizes: Sequence[tuple[int, int]]
) -> Iterator[Finding]:
    """Yield the images too narrow for their label.

    The network that reads without segmentation has a timestep for every four columns of what it is
    given, and a text needs one for each character and one between two equal neighbours, for the
    blank that CTC puts there (Graves et al. 2006). Training enlarges small images, so the network
    could be fed; but with fewer than four columns of its own for each of these timesteps, a
    character is three pixels wide, and no enlargement brings back what that does not show.

    ``sizes`` are the width and height of each sample's image, in pixels.
    """
    narrow = [
        Mention(sample.file, {"label": sample.label, "width": width, "needed": needed})
        for sample, (width, _) in zip(samples, sizes, strict=True)
        if width < (needed := _COLUMNS * timesteps_needed(sample.label))
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
