"""The images of a folder by what others call them: paths elsewhere, other capitals, no suffix."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from captchascope.data.match import Folder, ImageFile
from captchascope.files import IMAGE_SUFFIXES


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
        self._by_name: defaultdict[str, list[ImageFile]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[ImageFile]] = defaultdict(list)
        for image in folder.images:
            self._by_name[name_key(image.path.name)].append(image)
            self._by_stem[name_key(image.path.stem)].append(image)

    def find(self, file: str) -> Found:
        """Return the image whose path it is, or whose path ends most alike."""
        image = self._folder.find(file) or self._beside(file)
        if image is not None:
            return Found((image,))
        parts = [part for part in re.split(r"[\\/]+", file) if part not in ("", ".", "..")]
        if not parts:
            return Found()
        *parents, name = parts
        if found := self._by_name.get(name_key(name)):
            return _nearest(found, parents, file, bare=False)
        known = Path(name).suffix.lower() in IMAGE_SUFFIXES
        found = self._by_stem.get(name_key(Path(name).stem if known else name), [])
        return _nearest(found, parents, file, bare=True)

    def _beside(self, file: str) -> ImageFile | None:
        """Return the image that a path leads to from the label file."""
        if self._base == self._root or not file or "\0" in file:
            return None
        path = Path(os.path.normpath(self._base / file.replace("\\", "/")))
        if not path.is_relative_to(self._root):
            return None
        return self._folder.find(path.relative_to(self._root).as_posix())


def name_key(name: str) -> str:
    """Return what names share that differ in capitals or in how accents are composed alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _nearest(images: Sequence[ImageFile], parents: list[str], file: str, *, bare: bool) -> Found:
    """Return the images whose folders end as ``parents`` do, by the most of them."""
    if not images:
        return Found()
    above = [PurePosixPath(image.file).parts[:-1] for image in images]
    alike = [len(common_tail(parents, folders)) for folders in above]
    nearest = [i for i, count in enumerate(alike) if count == max(alike)]
    same = all(len(above[i]) == alike[i] == len(parents) for i in nearest)
    outside = re.match(r"[\\/]|[A-Za-z]:|\.\.", file) is not None
    return Found(tuple(images[i] for i in nearest), not same or outside, bare)


def common_tail(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Return the parts that two paths have in common at their ends, the last first."""
    found: list[str] = []
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if name_key(a) != name_key(b):
            break
        found.append(a)
    return found
