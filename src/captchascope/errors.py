"""Everything that captchascope raises on purpose.

    CaptchascopeError        WHERE: WHAT (REMEDY)
    ├── ImageError           an image that cannot be decoded, or is too large
    ├── SegmentationError    an image that decodes, but cannot be cut into glyphs
    ├── DatasetError         a folder, label file or row that cannot be used
    ├── SchemeError          a scheme file that cannot be used
    ├── ModelError           a model file that cannot be used
    ├── TrainingError        a training that cannot give a model
    ├── OutputError          something that cannot be written
    ├── MissingExtraError    a feature whose optional packages are not installed
    └── UsageError           a combination of options that makes no sense

The command line prints one line per error and ends with status 1, or 2 for a ``UsageError``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = [
    "CaptchascopeError",
    "DatasetError",
    "ImageError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "SchemeError",
    "SegmentationError",
    "TrainingError",
    "UsageError",
]


def likeliest(word: str, known: Iterable[str]) -> str:
    """Return the beginning of a remedy: which of the known words was meant, if one is like it.

    Example:
        >>> likeliest("mteu", ["any", "metu"]) + "name one of any, metu"
        'did you mean metu? name one of any, metu'
        >>> likeliest("henan", ["any", "metu"])
        ''
    """
    from difflib import get_close_matches  # only a mistake needs it

    found = get_close_matches(word, [*known], 1)
    return f"did you mean {found[0]}? " if found else ""


def counted(count: int, noun: str) -> str:
    """Return ``1 image`` or ``2 images``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_ODD = re.compile(r"'[^']*'|\d+(?:[.,]\d+)*")


def alike(what: str) -> str:
    """Return what errors of one kind say alike: all but what is quoted, and numbers.

    Example:
        >>> alike("is too large: 1,234 bytes"), alike("there is no 'x'")
        ('is too large: … bytes', 'there is no …')
    """
    return _ODD.sub("…", what)


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is behind it, each once: one raised from itself is behind itself."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        yield behind
        behind = behind.__cause__ or behind.__context__


class CaptchascopeError(Exception):
    """The root of the tree: where it happened, what happened, and what to do about it.

    Attributes:
        where: The file (with ``:ROW`` where there is a row), folder or option concerned.
        what: What is wrong, as half a sentence.
        remedy: What the user can do, as half a sentence; may be empty.
    """

    def __init__(self, where: str, what: str, remedy: str = "") -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        tail = f" ({self.remedy})" if self.remedy else ""
        return f"{self.where}: {self.what}{tail}"


class ImageError(CaptchascopeError):
    """An image that cannot be decoded, or whose header promises too many pixels."""


class SegmentationError(CaptchascopeError):
    """An image that decodes, but holds nothing that a scheme could cut into glyphs."""


class DatasetError(CaptchascopeError):
    """A data set, label file or row that cannot be used.

    Attributes:
        row: The 1-based line of the label file, where there is one.
    """

    def __init__(self, where: str, what: str, remedy: str = "", *, row: int | None = None) -> None:
        super().__init__(where if row is None else f"{where}:{row}", what, remedy)
        self.row = row


class SchemeError(CaptchascopeError):
    """A scheme file with a missing, unknown or impossible value."""


class ModelError(CaptchascopeError):
    """A model file that is damaged, foreign, or of a newer format."""


class TrainingError(CaptchascopeError):
    """A training that cannot begin, or cannot give a model."""


class OutputError(CaptchascopeError):
    """A file or folder that cannot be written."""


class MissingExtraError(CaptchascopeError):
    """A feature that needs optional packages; the remedy is the ``pip install`` line.

    pip takes what the extra needs from the package that is installed, and asks no registry for it.

    Attributes:
        extra: The name of the extra, such as ``train``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            feature,
            f"needs the packages of the extra '{extra}'",
            f"pip install 'captchascope[{extra}]'",
        )
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return MissingExtraError, (self.where, self.extra)


class UsageError(CaptchascopeError):
    """Options or arguments that contradict each other or name what does not exist."""
