"""Every image of a data set, decoded once, and what is remembered of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2

from captchascope.check.report import Finding, Mention, counted
from captchascope.errors import ImageError
from captchascope.files import read_regular
from captchascope.image import MAX_BYTES, MAX_PIXELS, load_rgb
from captchascope.imageheader import read_header
from captchascope.records import RgbImage, Sample

__all__ = ["Seen", "blank_findings", "look_findings", "seen", "unreadable_findings"]

_NEARLY_ALL = 0.9  # of the images look alike, if the others are odd
_FEWEST = 10  # images: of less, none is odd


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a decoded image: little, as there may be a million.

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


def seen(sample: Sample) -> Seen:
    """Decode the image of a sample.

    Raises:
        ImageError: If that is not possible.
    """
    pixels = load_rgb(sample.path)
    codec = read_header(read_regular(sample.path, MAX_BYTES), sample.file, MAX_PIXELS).codec
    height, width = pixels.shape[:2]
    digest = hashlib.blake2b(f"{width} {height} ".encode(), digest_size=16)
    digest.update(pixels.data)
    return Seen(sample, (width, height), codec, *_colours(pixels), digest.digest())


def _colours(pixels: RgbImage) -> tuple[bool, bool]:
    """Return whether an image is coloured, and whether it is blank."""
    red, green, blue = (cv2.extractChannel(pixels, channel) for channel in range(3))
    apart = max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF))
    _, deviation = cv2.meanStdDev(pixels)
    return apart > 0, not deviation.any()


def unreadable_findings(errors: Sequence[tuple[Sample, ImageError]]) -> Iterator[Finding]:
    """Yield the images that cannot be decoded, and why."""
    if errors:
        what = f"{counted(len(errors), 'image')} cannot be decoded"
        remedy = "download or copy them again, or remove them"
        files = tuple(Mention(s.file, {"problem": error.what}) for s, error in errors)
        yield Finding("unreadable", "error", "images", what, remedy, files)


def blank_findings(images: Sequence[Seen]) -> Iterator[Finding]:
    """Yield the images that show nothing."""
    blank = [Mention(i.sample.file, {"label": i.sample.label}) for i in images if i.blank]
    if blank:
        what = f"{counted(len(blank), 'image')} of one colour all over"
        remedy = "download them again, or remove them: nothing can be read there"
        yield Finding("blank", "error", "images", what, remedy, tuple(blank))


def look_findings(images: Sequence[Seen]) -> Iterator[Finding]:
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
