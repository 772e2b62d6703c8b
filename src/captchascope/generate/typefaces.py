"""The bundled fonts with letters and digits, by name; where each is from says ``FONTS.md``."""

from __future__ import annotations

import string
from functools import cache, lru_cache
from importlib import resources
from io import BytesIO

from PIL import ImageFont

from captchascope.errors import UsageError

__all__ = ["CHARACTERS", "face", "names"]

CHARACTERS = frozenset(string.digits + string.ascii_letters)
"""What every font has, but for those that are left out of ``names()``."""

_FOLDER = resources.files("captchascope.generate").joinpath("fonts")
_DIGITS_ONLY = "captchascope-digits"


@cache
def names() -> tuple[str, ...]:
    """Return the fonts that have all of 0-9, A-Z and a-z, sorted, such as ``sans-01``."""
    files = (path.name for path in _FOLDER.iterdir())
    fonts = {file.removesuffix(".ttf") for file in files if file.endswith(".ttf")}
    return tuple(sorted(fonts - {_DIGITS_ONLY}))


@lru_cache(maxsize=512)
def face(name: str, size: float) -> ImageFont.FreeTypeFont:
    """Return a font for Pillow; it is shared by all that ask for it.

    Args:
        name: One of ``names()``.
        size: Pixels of the em.
    Raises:
        UsageError: If there is no such font.
    """
    if name not in names():
        raise UsageError(name, "is no bundled font", f"choose of {', '.join(names())}")
    return ImageFont.truetype(BytesIO(_bytes(name)), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _bytes(name: str) -> bytes:
    return _FOLDER.joinpath(f"{name}.ttf").read_bytes()
