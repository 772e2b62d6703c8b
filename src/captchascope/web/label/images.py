"""The images of the folder: found, and read again safely each time that one is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

from captchascope.data.match import Folder
from captchascope.errors import ImageError
from captchascope.files import find_images, printable, read_regular
from captchascope.image import MAX_BYTES

_NO_UTF_8 = re.compile("[\ud800-\udfff]")  # what a byte of a name becomes that is no character


def files_of(folder: Path) -> list[str]:
    """Return the images that can be labelled, relative to the folder and in natural order.

    Links that lead out of the folder are left out, and so are names that no UTF-8 file of labels
    could hold.

    Raises:
        DatasetError: If the folder cannot be read or holds none.
    """
    found = Folder.of(folder, find_images(folder)).images
    return [image.file for image in found if not (image.outside or _NO_UTF_8.search(image.file))]


def bytes_of(folder: Path, file: str) -> bytes:
    """Return the bytes of an image of the folder, once all links are followed still in it.

    Raises:
        ImageError: If it leads outside, or cannot be read.
    """
    try:
        root, path = Path(os.path.realpath(folder)), Path(os.path.realpath(folder / file))
        if not path.is_relative_to(root):
            raise ImageError(printable(file), "leads outside the folder", "copy it into the folder")
        return read_regular(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ImageError(printable(file), f"cannot be read: {what}", "put it back") from error
