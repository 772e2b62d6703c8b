"""The images of a folder by what others call them: paths elsewhere, other capitals, no suffix."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from captchascope.data.match import Folder, ImageFile, name_key
from captchascope.files import IMAGE_SUFFIXES

_LONGEST = 2**15
"""Characters of a path beyond which no system has any."""


class Found(NamedTuple):
    """What a name leads to.

    Attributes:
        images: The image; several where the name is that of each, none where there is none.
        moved: Whether the name says another folder than the image lies in.
        bare: Whether the name has no suffix, or another one.
    """

    images: tuple[ImageFile, ...] = ()
    moved: bool = False
    bare: bool = False


class Finder:
    r"""Finds images by names that need not be their paths in the folder.

    Example:
        >>> from captchascope.files import find_images
        >>> place = Path("examples")
        >>> finder = Finder(Folder.of(place, find_images(place)), place)
        >>> [image.file for image in finder.find("C:\\captchas\\1.JPEG").images]
        ['1.jpeg']
    """

    def __init__(self, folder: Folder, base: Path) -> None:
        """Look for the images of ``folder``; paths may be relative to ``base`` as well."""
        self._folder = folder
        self._root = Path(os.path.normpath(folder.path.absolute()))
        self._base = Path(os.path.normpath(base.absolute()))

    def find(self, file: str) -> Found:
        """Return the image whose path it is, or whose path ends most alike."""
        if len(file) > _LONGEST:
            return Found()
        image = self._folder.find(file) or self._beside(file)
        if image is not None:
            return Found((image,))
        parts = [part for part in re.split(r"[\\/]+", file) if part not in ("", ".", "..")]
        if not parts:
            return Found()
        *parents, name = parts
        parents.reverse()
        images, same = self._folder.endings.find(name, parents)
        bare = not images
        if bare:
            known = Path(name).suffix.lower() in IMAGE_SUFFIXES
            stem = Path(name).stem if known else name
            images, same = self._folder.endings.find(stem, parents, stem=True)
        outside = re.match(r"[\\/]|[A-Za-z]:|\.\.", file) is not None
        return Found(images, not same or outside, bare) if images else Found()

    def _beside(self, file: str) -> ImageFile | None:
        """Return the image that a path leads to from the label file."""
        if self._base == self._root or not file or "\0" in file:
            return None
        path = Path(os.path.normpath(self._base / file.replace("\\", "/")))
        if not path.is_relative_to(self._root):
            return None
        return self._folder.find(path.relative_to(self._root).as_posix())


def common_tail(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Return the parts that two paths have in common at their ends, the last first."""
    found: list[str] = []
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if name_key(a) != name_key(b):
            break
        found.append(a)
    return found
