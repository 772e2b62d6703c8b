"""Images that come again, and how many different ones there are by that."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from captchascope.audit.figures import Picture, Repeats
from captchascope.audit.measure.pictures import picture_of, titled
from captchascope.audit.measure.pool import pool_of
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.subject import digest_of
from captchascope.collect.kept import Collection
from captchascope.draw.canvas import beside
from captchascope.errors import ImageError
from captchascope.files import NaturalKey, natural_key, printable, read_regular
from captchascope.image import MAX_BYTES, load_rgb

_BYTES, _PIXELS = 20_000, 5_000
"""Images whose bytes are compared, and of these whose pixels are too, at most."""

_ROOM = 110, 290  # height and width of an image in the picture, pixels

_Groups: TypeAlias = Mapping[bytes, Sequence[Path]]
"""Images that are the same, by what tells them from others."""


def measure_repeats(setting: Setting) -> Repeats:
    """Measure how many images came before, byte by byte or pixel by pixel.

    Files that are no images count for nothing, though they be the same.

    Raises:
        UnmeasuredError: If no image can be read; or they were collected, which stores the same one
            once, and none has the pixels of another.
    """
    images, chooser = setting.subject.images, np.random.default_rng(setting.seed)
    chosen = [images[i] for i in chooser.permutation(len(images))[:_BYTES]]
    files = _Files(chosen)
    if not files.contents:
        raise UnmeasuredError("no image can be read: check that the files are images")
    besides = _again(files.shown) - files.again_near
    counted = files.shown if besides else files.contents
    if not _again(counted) and _collected(setting, files):
        why = "collect stores the same image once; save some hundreds by other means, to tell"
        raise UnmeasuredError(why)
    pool = pool_of(_count(counted), len(counted))
    labels = [sample.label for sample in setting.subject.samples]
    return Repeats(
        images=_count(files.contents),
        same_bytes=_again(files.contents),
        same_pixels=_again(files.contents) + besides,
        same_text=len(labels) - len(set(labels)) if labels else None,
        pool=None if pool.size is None else float(pool.size),
        pool_low=float(pool.low),
        picture=_picture(counted) if _again(counted) else None,
        pool_high=None if pool.high is None else float(pool.high),
    )


def _collected(setting: Setting, files: _Files) -> bool:
    collection = Collection.at(setting.pages or setting.subject.held.folder)
    return collection is not None and any(content.hex() in collection for content in files.contents)


class _Files:
    """Images, and which of them are the same.

    Attributes:
        contents: Those of the same bytes.
        shown: Of the first of them, those of the same pixels.
        again_near: Of these, those whose bytes came before.
    """

    def __init__(self, chosen: Sequence[Path]) -> None:
        pixels = cache(_pixels)  # of one image of those that have the same bytes
        contents = _grouped(chosen, _content)
        first = {path: paths[0] for paths in contents.values() for path in paths}
        near = [path for path in chosen[:_PIXELS] if path in first]
        known = {first[path] for path in near}
        self.shown = _grouped(near, lambda path: pixels(first[path]))
        self.contents = {
            content: paths
            for content, paths in contents.items()
            if (len(paths) == 1 and paths[0] not in known) or pixels(paths[0]) is not None
        }
        readable = [first[path] for paths in self.shown.values() for path in paths]
        self.again_near = len(readable) - len(set(readable))


def _grouped(paths: Iterable[Path], key: Callable[[Path], bytes | None]) -> _Groups:
    """Return the paths by what they have in common; those that have nothing are left out."""
    groups = defaultdict[bytes, list[Path]](list)
    for path in paths:
        if (found := key(path)) is not None:
            groups[found].append(path)
    return groups


def _content(path: Path) -> bytes | None:
    try:
        return hashlib.sha256(read_regular(path, MAX_BYTES)).digest()
    except (OSError, ValueError):
        return None


def _pixels(path: Path) -> bytes | None:
    try:
        return digest_of(load_rgb(path))
    except ImageError:
        return None


def _by_name(path: Path) -> NaturalKey:
    return natural_key(str(path))


def _count(groups: _Groups) -> int:
    return sum(map(len, groups.values()))


def _again(groups: _Groups) -> int:
    """Return how many came before."""
    return _count(groups) - len(groups)


def _picture(groups: _Groups) -> Picture:
    """Show two that are the same, of those that came most often."""
    most = max(map(len, groups.values()))
    pairs = [sorted(paths, key=_by_name)[:2] for paths in groups.values() if len(paths) == most]
    pair = min(pairs, key=lambda paths: _by_name(paths[0]))
    views = [titled(load_rgb(path), path.name, _ROOM) for path in pair]
    names = " and ".join(printable(path.name) for path in pair)
    times = "twice" if most == 2 else f"{most:,} times"
    caption = f"One image that was shown {times}, as {names}{' among others' * (most > 2)}."
    return picture_of(beside(views), caption)


REPEATS = Measurement("repeats", "images that come again", Repeats, measure_repeats, 5)
