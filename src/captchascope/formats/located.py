"""Finding the image of a Label Studio task among those of a folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from captchascope.files import IMAGE_SUFFIXES
from captchascope.labels import quoted
from captchascope.matching import Folder, Image

__all__ = ["Locator", "is_image", "path_of"]

_UPLOADED = re.compile("[0-9a-f]{8}-(.+)", re.DOTALL)
"""What an uploaded file is called: eight digits, so that none replaces another, and its name."""


def path_of(url: str) -> str:
    """Return the path that an address leads to, without the server and the leading slash.

    That is ``captchas/1.jpeg`` of ``/data/local-files/?d=captchas/1.jpeg``, and ``bucket``'s
    ``1.jpeg`` of ``s3://bucket/1.jpeg``.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # such as one half of a pair of brackets
        return url
    served = parse_qs(parts.query).get("d") if parts.path.endswith("/local-files/") else None
    path = served[0] if served else unquote(parts.path)
    return path.replace("\\", "/").lstrip("/")


def is_image(value: Any) -> bool:
    """Say whether a value of a task is the address of an image."""
    return isinstance(value, str) and PurePosixPath(path_of(value)).suffix.lower() in IMAGE_SUFFIXES


class Locator:
    """The images of a folder, by what Label Studio calls them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._by_name: defaultdict[str, list[Image]] = defaultdict(list)
        for image in folder.images:
            for name in {image.path.name, _sanitised(image.path.name)}:
                self._by_name[name].append(image)

    def find(self, data: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return the image's file, the key that names it, and what is wrong, if anything is.

        The file is one of the folder where it is found there. The key ``file``, which ``write``
        adds, goes before the address, as a folder may hold another one of its own name.
        """
        keys = [key for key, value in data.items() if is_image(value)]
        keys = [key for key in keys if key != "file"] or keys
        if "image" in keys or len(keys) == 1:
            key = "image" if "image" in keys else keys[0]
            return self._located(path_of(data[key]), data.get("file"), key)
        fault = "names no image" if not keys else f"names images under {len(keys)} keys"
        return "", "", fault

    def _located(self, path: str, known: Any, key: str) -> tuple[str, str, str]:
        if isinstance(known, str) and self._folder.find(known):
            return known, key, ""
        parts = PurePosixPath(path).parts
        for start in range(len(parts)):
            if image := self._folder.find("/".join(parts[start:])):
                return image.file, key, ""
        found = self._called(parts[-1] if parts else "")
        if len(found) > 1:
            return (
                path,
                key,
                f"names {quoted(path)}, and there are {len(found)} images of that name",
            )
        return found[0].file if found else path, key, ""

    def _called(self, name: str) -> list[Image]:
        """Return the images of a name, or those that were uploaded under it."""
        uploaded = _UPLOADED.fullmatch(name)
        return self._by_name.get(name) or self._by_name.get(uploaded[1] if uploaded else "") or []


def _sanitised(name: str) -> str:
    """Return a name as Label Studio stores it: blanks become underscores, odd characters go."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))
