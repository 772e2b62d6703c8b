"""Files: images in their natural order, and bounded reading."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TypeAlias

from captchascope.errors import CaptchascopeError, DatasetError

StrPath: TypeAlias = str | os.PathLike[str]

NaturalKey: TypeAlias = tuple[str, str]

IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp"),
        *(".avif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".svg"),
    }
)

_BESIDE = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".ipynb"})
"""Suffixes of what stands beside images and is no image: labels, and notebooks that use them."""

_FOREIGN = frozenset(
    {
        *(".7z", ".db", ".doc", ".docx", ".exe", ".gz", ".js", ".lock", ".log", ".md", ".mp4"),
        *(".ods", ".onnx", ".pdf", ".pt", ".pth", ".py", ".pyc", ".rar", ".sh", ".sqlite", ".tar"),
        *(".toml", ".xls", ".xlsx", ".xml", ".yaml", ".yml", ".zip"),
    }
)
"""Suffixes of what is no image, and is not opened to see."""

_OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
"""What Windows puts into folders by itself, in lower case."""

_START = 1024
"""Bytes of a file of any other name by which it is seen whether it is an image."""

_BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that end a line, steer a terminal, or cannot be encoded."""

_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def natural_key(text: str) -> NaturalKey:
    """Return a sort key by which ``2.jpeg`` comes before ``10.jpeg``.

    Runs of ASCII digits compare as numbers of any size, the rest by code point; texts that
    differ only in leading zeros compare as they stand, so the order is total.
    """
    return _DIGITS.sub(_counted, text), text


_DIGITS = re.compile("0*([0-9]+)")


def _counted(run: re.Match[str]) -> str:
    """Return digits after what begins no name, and their number as a character."""
    return f"\1{chr(min(len(run[1]), sys.maxunicode))}{run[1]}"


@dataclass(frozen=True, slots=True)
class FoundImages:
    """The images below a folder, and what else is there.

    Attributes:
        paths: In the natural order of their relative paths.
        passed_over: How many other files there are of each suffix, "" for those of none that says
            anything. Hidden files, labels, notebooks, and what Windows adds by itself are not among
            them.
    """

    paths: list[Path]
    passed_over: Mapping[str, int]

    @property
    def note(self) -> str:
        """What is passed over, as half a sentence: the most frequent first; empty if nothing."""
        count = sum(self.passed_over.values())
        ordered = sorted(self.passed_over.items(), key=lambda item: (-item[1], not item[0], item))
        kinds = ", ".join(f"{n} {suffix or 'other'}" for suffix, n in ordered)
        return f"{count} {'file' if count == 1 else 'files'} passed over: {kinds}" if count else ""


def find_images(folder: StrPath) -> list[Path]:
    """Return the images below ``folder``; order and errors as ``survey_folder``."""
    return survey_folder(folder).paths


def survey_folder(folder: StrPath) -> FoundImages:
    """Return the images below ``folder``, and what is passed over.

    A file is an image by its suffix; one with no suffix, or one that says nothing (captchas saved
    as ``captcha.php``), by its first bytes. Hidden files and folders are skipped, and links to
    folders are not entered.

    Raises:
        DatasetError: If the folder is missing, cannot be read, or holds no image.
    """
    root = Path(folder)
    found: list[Path] = []
    passed_over: Counter[str] = Counter()
    for path in walk_files(root):
        if is_image(path):
            found.append(path)
        else:
            pass_over(path.name, passed_over)
    images = FoundImages(
        sorted(found, key=lambda path: [natural_key(p) for p in path.relative_to(root).parts]),
        passed_over,
    )
    if not found:
        suffixes = " ".join(sorted(IMAGE_SUFFIXES))
        what = f"holds no images; {images.note}" if images.note else "holds no images"
        raise DatasetError(printable(root), what, f"known are {suffixes}")
    return images


def path_as_given(folder: str, file: Path) -> str:
    """Return the folder exactly as it was given, and the path of a file within it."""
    start = folder if folder.endswith(("/", "\\")) else f"{folder}/"
    return start + file.relative_to(folder).as_posix()


def walk_visible(root: Path, failed: Callable[[OSError], object]) -> Iterator[Path]:
    """Yield what is no folder below one, in no order, but for what is hidden.

    Links to folders are not entered; what cannot be listed is told to ``failed``, and left out.
    """
    for parent, folders, files in os.walk(root, onerror=failed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in files if not name.startswith("."))


def walk_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, in no order, but for what is hidden.

    Links to folders are not entered, and a folder that goes while it is walked is none.

    Raises:
        DatasetError: If the folder, or one within it, cannot be read.
    """

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) or error.filename == os.fspath(root):
            raise error

    try:
        yield from (path for path in walk_visible(root, failed) if path.is_file())
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        remedy = "name a folder that you can read"
        raise DatasetError(printable(root), f"cannot be read: {what}", remedy) from error


def pass_over(name: str, passed_over: Counter[str]) -> None:
    """Count a file that is no image, as ``FoundImages`` counts them."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in _BESIDE and name.lower() not in _OF_SYSTEMS:
        passed_over[suffix if re.fullmatch(r"\.\w{1,9}", suffix) else ""] += 1


def is_image(path: Path) -> bool:
    """Tell whether a file is an image; only one whose suffix says nothing is opened."""
    known = image_by_suffix(path.name)
    if known is not None:
        return known
    try:
        with path.open("rb", buffering=0) as file:
            return codec_by_start(file.read(_START)) is not None
    except OSError:  # whoever may not read it will not miss it
        return False


def image_by_suffix(name: str) -> bool | None:
    """Tell whether a file is an image by the suffix of its name; None where that says nothing."""
    suffix = name[name.rfind(".") :].lower()  # a million names have no time for pathlib
    if suffix in IMAGE_SUFFIXES:
        return True
    return False if suffix in _BESIDE or suffix in _FOREIGN else None


def codec_by_start(data: bytes) -> str | None:
    """Return the format of an encoded image by its first bytes, as Pillow calls it.

    An SVG drawing is told, too, which Pillow has no name for; None for all that is no image.
    """
    if data.startswith(b"\xff\xd8"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    # Two letters are little to go by, and text may begin with them.
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    start = data[:_START]
    if start[4:8] == b"ftyp" and _AVIF.match(start[8 : int.from_bytes(start[:4])]):
        return "AVIF"
    if _PPM.match(start):
        return "PPM"
    lead = start.lower().removeprefix(b"\xef\xbb\xbf").lstrip()
    page = lead.startswith(b"<!doctype html") or b"<html" in lead
    return "SVG" if lead.startswith(b"<") and b"<svg" in lead and not page else None


_AVIF = re.compile(rb"(?:.{4})*?avi[fs]", re.DOTALL)
_PPM = re.compile(rb"P[1-6](?:\s+(?:#[^\n]*\n\s*)*[0-9]+){2}\s")


def printable(text: StrPath) -> str:
    """Return a path or text with all that would break or reorder a line of output escaped."""
    text = os.fspath(text)
    if text.isascii() and text.isprintable():  # as most are
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if c in _REORDERING or unicodedata.category(c) in _BREAKING
        else c
        for c in text
    )


@dataclass(frozen=True, slots=True)
class Refusals:
    """The errors that ``read_regular`` raises in the place of an OSError.

    Attributes:
        error: The class of the error.
        kind: What the file should be, such as ``an image``.
        if_endless: What to do about a pipe or device.
        if_large: What to do about too many bytes.
    """

    error: type[CaptchascopeError]
    kind: str
    if_endless: str
    if_large: str

    def check_size(self, where: str, size: int, limit: int) -> None:
        """Raise the error if there are more than ``limit`` bytes."""
        if size > limit:
            what = f"is too large: {size:,} bytes, the limit is {limit:,}"
            raise self.error(where, what, self.if_large)

    def check(self, where: str, status: os.stat_result, limit: int) -> None:
        """Raise the error if it is not a regular file, or one of more than ``limit`` bytes."""
        if stat.S_ISDIR(status.st_mode):
            raise self.error(where, f"is a directory, not {self.kind}", "name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise self.error(where, "is not a regular file", self.if_endless)
        self.check_size(where, status.st_size, limit)

    def of(self, error: OSError | ValueError, where: str) -> CaptchascopeError:
        """Return what is told of a path that cannot be read."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return self.error(where, "does not exist", "check the path")
        if isinstance(error, PermissionError):
            return self.error(where, "may not be read", "check its permissions")
        what = getattr(error, "strerror", None) or str(error)
        return self.error(where, f"cannot be read: {what}", "check the path")


def read_regular(
    path: Path, limit: int, refusals: Refusals | None = None, where: str = ""
) -> bytes:
    """Return the bytes of a regular file: a device or a pipe could be without end.

    With ``refusals``, theirs is raised instead of an OSError or ValueError, and names ``where``.

    Raises:
        OSError: If it is none, is larger than ``limit`` bytes, or cannot be read.
        ValueError: If there is a null character in the path.
    """
    try:
        status = path.stat()
        if refusals is not None:
            refusals.check(where, status, limit)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
        with path.open("rb") as file:
            return file.read(status.st_size)
    except (OSError, ValueError) as error:
        if refusals is None:
            raise
        raise refusals.of(error, where) from error
