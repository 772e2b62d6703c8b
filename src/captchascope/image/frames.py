"""Animations: how many frames there are, and the one picture that is looked at.

Captchas type their text letter by letter, flash a part of it at a time, or begin blank. In the
first kind the last frame shows all of it, in the second none does: what they show has to be merged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.files import codec_by_start
from captchascope.image.header import MOST_BLOCKS, MOST_CHUNKS, check_size, gif_table
from captchascope.records import RgbImage

MAX_FRAMES = 500
"""The most frames that are decoded of one animation."""

MAX_BYTES = 16 * 2**20
"""The longest encoded image that is decoded, unless the caller says otherwise."""

_GIF_END = 0x3B  # the trailer
_HEAD = 64  # bytes; a photograph, which is no animation, is known by them

_DISTINCT = 48  # levels between two pixels that show different things: lossy codecs stay below
_FAINT = 12  # levels that are noise even where text is
_BLOB = 8  # pixels that touch and differ are more than noise
_SHARE = 1000  # so is this part of the image, where that is more
_MOST_GROUPS = 200  # of pixels that change together; each costs time, and noise makes many
_FEW = 2**20  # levels that are compared at once: a call for each frame would take longer
_LARGEST_KERNEL = 255  # of OpenCV's median blur


@dataclass(frozen=True, slots=True)
class Animation:
    """What the headers of an animation tell.

    Attributes:
        frames: How many there are.
        size: Width and height of what they are drawn on; None where the image's header tells it.
    """

    frames: int
    size: tuple[int, int] | None = None

    def needed(self, which: str | int) -> int:
        """Return how many frames are decoded, from the first on, for those that count."""
        return self.frames if which in ("auto", "merge", "last") else _number(which)

    def check(self, size: tuple[int, int], needed: int, where: str, max_pixels: int) -> None:
        """Refuse to decode ``needed`` frames of a width and a height where that is too much.

        Raises:
            ImageError: If there are not so many, or they have more than ``max_pixels`` in all.
        """
        if needed > self.frames:
            what = f"has {self.frames:,} frames, and no frame {needed:,}"
            raise ImageError(where, what, f"choose 1 to {self.frames}")
        width, height = size
        check_size(where, width, height, max_pixels)
        if needed > MAX_FRAMES or needed * width * height > max_pixels:
            what = f"is too large: {needed:,} frames of {width} x {height} pixels"
            limits = f"{MAX_FRAMES} frames and {max_pixels:,} pixels are the limit"
            raise ImageError(
                where, f"{what}; {limits}", "look at the first one alone: frames first"
            )


@dataclass(frozen=True, slots=True)
class Look:
    """Which part of an animation was looked at.

    Attributes:
        frames: How many it has.
        frame: The one that was looked at, from 1; None where all were merged.
    """

    frames: int
    frame: int | None

    def __str__(self) -> str:
        return f"all {self.frames}" if self.frame is None else f"{self.frame} of {self.frames}"


def animation_of(data: bytes, codec: str) -> Animation | None:
    """Return what the headers tell of an animation, None for a still image.

    Nothing is decoded, and a still image is known within microseconds.
    """
    try:
        found = _COUNTS[codec](data) if codec in _COUNTS else None
    except (IndexError, struct.error):  # whoever decodes it will tell that it is cut off
        return None
    return found if found is not None and found.frames > 1 else None


def _gif(data: bytes) -> Animation:
    """Walk the blocks; a frame may be larger than the screen, which then grows.

    What is cut off behind its first frame counts as a frame more, which is missed when all are
    looked at: else what is left would pass for all of it.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + gif_table(flags)
    frames = start = blocks = 0
    try:
        while (kind := data[start := position]) != _GIF_END:
            if kind not in (0x2C, 0x21):  # as Pillow and browsers do
                position += 1
                continue
            if kind == 0x21:  # an extension
                position += 2
            else:
                left, top, across, down, flags = struct.unpack_from("<HHHHB", data, position + 1)
                width, height = max(width, left + across), max(height, top + down)
                position += 11 + gif_table(flags)
            while (length := data[position]) and blocks < MOST_BLOCKS:
                position += length + 1
                blocks += 1
            position += 1
            frames += kind == 0x2C
    except (IndexError, struct.error):
        frames += frames > 0 and (frames > 1 or start < len(data))
    return Animation(frames, (width, height))


def _png(data: bytes) -> Animation | None:
    """Find the chunk acTL, which stands before the pixels."""
    place = data.find(b"\0\0\0\x08acTL", 8, data.find(b"IDAT"))
    return None if place < 0 else Animation(struct.unpack_from(">I", data, place + 8)[0])


def _webp(data: bytes) -> Animation | None:
    """Count the chunks of frames, where the flag of an animation is set."""
    if data[12:16] != b"VP8X" or not data[20] & 2:
        return None
    position, frames = 12, 0
    for _ in range(MOST_CHUNKS):
        if position + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        frames += kind == b"ANMF"
        position += 8 + length + length % 2
    return Animation(frames)


def count_animations(files: Iterable[Path]) -> int:
    """Return how many files are animations, by their headers; what cannot be read is none."""
    found = 0
    for path in files:
        with suppress(OSError), path.open("rb") as file:
            codec = codec_by_start(start := file.read(_HEAD))
            if codec in _COUNTS:
                found += animation_of(start + file.read(MAX_BYTES), codec) is not None
    return found


_COUNTS = {"GIF": _gif, "PNG": _png, "WEBP": _webp}


def picture_of(frames: Sequence[RgbImage], count: int, which: str | int) -> tuple[RgbImage, Look]:
    """Return the one picture that is looked at, and what it is of.

    Args:
        frames: Of shape (H, W, 3), each as a viewer shows it; those that ``which`` needs. The
            first ones of a GIF may be smaller than the last.
        count: How many the animation has.
        which: ``merge``, ``last``, ``first``, a number from 1, or ``auto``: all merged if that
            shows something that the last frame does not, else the last one. A frame of one colour
            all over shows nothing, and is left out of what is merged or ``auto``.
    """
    if which not in ("auto", "merge", "last"):
        return frames[_number(which) - 1], Look(count, _number(which))
    frames = _of_one_size(frames)
    shown = [number for number, frame in enumerate(frames, 1) if not _is_blank(frame)] or [count]
    last = count if which == "last" else shown[-1]
    if which != "last":
        merged = _merged([frames[number - 1] for number in shown])
        if which == "merge" or _differ(merged, frames[last - 1]):
            return merged, Look(count, None)
    return frames[last - 1], Look(count, last)


def _number(which: str | int) -> int:
    return 1 if which == "first" else int(which)


def _of_one_size(frames: Sequence[RgbImage]) -> list[RgbImage]:
    """Return the frames as large as the last one: white lies at the right of others, and below."""
    found = []
    for frame in frames:
        whole = np.full(frames[-1].shape, 255, np.uint8)
        whole[: frame.shape[0], : frame.shape[1]] = frame
        found.append(whole)
    return found


def _is_blank(frame: RgbImage) -> bool:
    return bool((frame == frame[0, 0]).all())


def _merged(frames: Sequence[RgbImage]) -> RgbImage:
    """Return the last frame with what any frame shows that it does not.

    Pixels that become darker, or lighter, in the same frames belong together, as those of a letter
    do that is typed or flashes. For each such group it is decided which of its two states is the
    ink: the one that is farther from the background.
    """
    stack = np.stack(frames)
    changed = np.stack([_distance(frame, frames[0]) for frame in frames])
    places = changed.max(axis=0) > _FAINT
    merged = frames[-1].copy()
    if not places.any():
        return merged
    # Shapes (N, P, 3) and (N, P). The faint edge of a letter is decided on by itself.
    pixels, changes = stack[:, places], changed[:, places] > _DISTINCT
    apart = _apart(pixels, _background(stack)[places])
    levels = pixels.sum(axis=2, dtype=np.int32)
    lighter = np.take_along_axis(levels, changes.argmax(axis=0)[None], axis=0) > levels[:1]
    keys = np.packbits(np.concatenate((changes, lighter)), axis=0)
    # One number for each, as columns are slow to sort; above 63 frames two may share it.
    factors = np.random.default_rng(0).integers(1, 2**63, len(keys), np.uint64) * 2 + 1
    if len(keys) <= 8:
        factors = np.uint64(1) << (8 * np.arange(len(keys), dtype=np.uint64))
    single = np.zeros(keys.shape[1], np.uint64)
    for factor, key in zip(factors, keys, strict=True):
        single += factor * key
    _, groups, sizes = np.unique(single, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    order = np.argsort(groups, kind="stable")
    for group in np.argsort(-sizes, kind="stable")[:_MOST_GROUPS]:
        if sizes[group] < _BLOB:
            break
        members = order[ends[group] - sizes[group] : ends[group]]
        other = changes[:, members[0]]
        if not other.any():
            continue
        means = apart[:, members].mean(axis=1)
        ground = other if means[other].mean() < means[~other].mean() else ~other
        apart[:, members] = _apart(pixels[:, members], pixels[ground.argmax()][members])
    merged[places] = np.take_along_axis(pixels, apart.argmax(axis=0)[None, :, None], axis=0)[0]
    return merged


def _apart(pixels: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the levels between pixels (N, P, 3) and their ground (P, 3), shape (N, P)."""
    if pixels.size < _FEW:
        return cast(
            "NDArray[np.uint8]", np.where(pixels > ground, pixels - ground, ground - pixels).max(2)
        )
    return np.stack([_distance(one[None], ground[None])[0] for one in pixels])


def _background(stack: NDArray[np.uint8]) -> RgbImage:
    """Return about what the text is drawn on: the median over the frames, then over a wide area.

    A line of text covers less than half of any area as high as the image.
    """
    typical = np.sort(stack, axis=0)[len(stack) // 2]
    height, width = typical.shape[:2]
    kernel = min(max(height, 3), _LARGEST_KERNEL) | 1
    # OpenCV repeats the edge; reflected, the text near it stays as rare as it is.
    half = min(kernel // 2, height - 1, width - 1)
    padded = cv2.copyMakeBorder(typical, half, half, half, half, cv2.BORDER_REFLECT_101)
    blurred = cv2.medianBlur(padded, min(kernel, _LARGEST_KERNEL))
    return np.ascontiguousarray(blurred[half : half + height, half : half + width])


def _distance(one: RgbImage, other: RgbImage) -> NDArray[np.uint8]:
    """Return the levels between two images, in the channel where that is most; shape (H, W)."""
    return cast("NDArray[np.uint8]", np.asarray(cv2.absdiff(one, other)).max(axis=2))


def _differ(one: RgbImage, other: RgbImage) -> bool:
    """Tell whether two images differ in more than noise: in many pixels that touch each other."""
    apart = (_distance(one, other) > _DISTINCT).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(apart, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return bool(areas.size) and int(areas.max()) >= max(_BLOB, apart.size // _SHARE)
