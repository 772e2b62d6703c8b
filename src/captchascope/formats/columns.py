"""What people call the column of the image, and that of its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from captchascope.labels import quoted

__all__ = ["FILE", "LABEL", "AmbiguousError", "role"]

FILE = (
    *("file", "file_name", "filename", "file_path", "filepath", "path", "image", "img"),
    *("image_file", "image_name", "image_path", "img_file", "img_name", "img_path"),
)
"""Names of the column that says which image; the first is ours, and goes before the others."""

LABEL = (
    *("label", "text", "solution", "answer", "transcription", "transcript", "code", "word"),
    *("ground_truth", "gt", "target"),
)
"""Names of the column that says what the image reads; the first is ours."""


class AmbiguousError(ValueError):
    """More than one column could be the one that is looked for.

    Attributes:
        remedy: What to do about it.
    """

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        names = " and ".join(map(quoted, found))
        super().__init__(f"has {len(found)} columns that could be the {wanted}: {names}")
        self.remedy = f"call the right one {wanted!r}"


def role(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """Return which of the names is one of those wanted, None where none is.

    Capitals don't matter, nor does how the words are joined: ``File Name`` is ``file_name``.

    Raises:
        AmbiguousError: If several are, and none of them is the first of those wanted.
    """
    found = [name for name in names if _folded(name) in wanted]
    if wanted[0] in found:
        return wanted[0]
    if len(found) > 1:
        raise AmbiguousError(wanted[0], found)
    return found[0] if found else None


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
