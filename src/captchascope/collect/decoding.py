"""What is an image, and by which suffix it goes."""

from __future__ import annotations

from captchascope.image import MAX_PIXELS, load_gray
from captchascope.imageheader import read_header

__all__ = ["suffix_of"]


def suffix_of(data: bytes, where: str) -> str:
    """Return the suffix of an image, by its content, having decoded all of it.

    Args:
        data: Encoded.
        where: What an error names.

    Raises:
        ImageError: If it is no image, or not a whole one.
    """
    codec = read_header(data, where, MAX_PIXELS).codec
    load_gray(data, name=where)
    return f".{codec.lower()}"
