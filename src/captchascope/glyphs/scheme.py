"""A scheme: every figure that the stages need, read from TOML and checked when it is made.

A shipped scheme goes by its name, any other by the path of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Literal

from captchascope.charset import Charset
from captchascope.errors import SchemeError, likeliest
from captchascope.files import read_regular
from captchascope.records import build

_MAX_BYTES = 2**20  # of a scheme file
_FOLDER = Path(__file__).parents[1] / "schemes"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of image is told, denoised and binarized."""

    name: str
    more_black_than: int
    blur: Literal["median", "gaussian", "none"]
    blur_size: int
    threshold: int
    window_of: Literal["gray", "denoised"] = "gray"

    def __post_init__(self) -> None:
        _require(_is_odd(self.blur_size), "blur_size", "odd, 1 to 255")
        _require(0 <= self.threshold <= 254, "threshold", "0 to 254")


@dataclass(frozen=True, slots=True)
class Components:
    """Which connected components are noise."""

    connectivity: Literal[4, 8]
    min_area: int


@dataclass(frozen=True, slots=True)
class Clip:
    """Where the text is cut out of the image."""

    left: int
    right_limit: int
    crop: Literal["cleaned", "uncleaned"]

    def __post_init__(self) -> None:
        _require(self.left >= 0, "left", "at least 0")
        _require(self.left < self.right_limit, "right_limit", "greater than left")


@dataclass(frozen=True, slots=True)
class Split:
    """Into how many parts the crop is cut, each part again, and so on."""

    parts: tuple[int, ...]

    def __post_init__(self) -> None:
        _require(len(self.parts) > 0 and min(self.parts) >= 1, "parts", "numbers of at least 1")
        _require(prod(self.parts) <= 64, "parts", "64 glyphs together at most")

    @property
    def count(self) -> int:
        """The number of glyphs."""
        return prod(self.parts)


@dataclass(frozen=True, slots=True)
class Repair:
    """When a part of a glyph goes back to the glyph before it."""

    enabled: bool
    close_size: int
    narrower_than: float

    def __post_init__(self) -> None:
        _require(_is_odd(self.close_size), "close_size", "odd, 1 to 255")
        _require(0 <= self.narrower_than <= 1, "narrower_than", "0 to 1")


@dataclass(frozen=True, slots=True)
class GlyphSize:
    """The size that every glyph is brought to, in pixels."""

    height: int
    width: int

    def __post_init__(self) -> None:
        _require(min(self.height, self.width) >= 4, "height and width", "at least 4")
        _require(max(self.height, self.width) <= 256, "height and width", "256 at most")


@dataclass(frozen=True, slots=True)
class Retry:
    """When and where a reader of windows tries other cuts."""

    below: float
    better: float
    rights: tuple[int, ...]

    def __post_init__(self) -> None:
        _require(0 <= self.below <= 1, "below", "0 to 1")
        _require(self.better >= 1, "better", "at least 1")


@dataclass(frozen=True, slots=True)
class Scheme:
    """One CAPTCHA family, and how it is cut into glyphs; the fields are the tables of the file."""

    name: str
    title: str
    charset: str
    width: int
    height: int
    ink: Literal["dark", "light"]
    kinds: tuple[Kind, ...]
    components: Components
    clip: Clip
    split: Split
    repair: Repair
    glyph: GlyphSize
    window: GlyphSize
    retry: Retry

    def __post_init__(self) -> None:
        Charset(self.charset)
        _require(min(self.width, self.height) >= 1, "width and height", "at least 1")
        _require(len(self.kinds) > 0, "kinds", "one table at least")
        _require(self.kinds[-1].more_black_than < 0, "kinds", "ended by one that takes every image")
        _require(self.clip.left < self.width, "clip.left", f"less than the width, {self.width}")
        fewest = self.clip.left + self.split.count
        rights = self.retry.rights
        _require(min(rights, default=fewest) >= fewest, "retry.rights", "right of the text")
        rule = f"at most the width, {self.width}"
        _require(max(rights, default=0) <= self.width, "retry.rights", rule)
        _require(max(self.window.height, self.window.width) <= 128, "window", "128 pixels at most")
        _require(min(self.glyph.height, self.glyph.width) >= 8, "glyph", "8 pixels at least")


def _is_odd(size: int) -> bool:
    return 1 <= size <= 255 and size % 2 == 1


def _require(holds: bool, key: str, rule: str) -> None:
    if not holds:
        raise ValueError(f"{key} must be {rule}")


def scheme_names() -> list[str]:
    """Return the names of the schemes that ship."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def load_scheme(
    name_or_path: str | Path, *, uncleaned: bool = False, repair: bool = True
) -> Scheme:
    """Return the shipped scheme of that name, or the scheme in that TOML file.

    Args:
        name_or_path: Of the scheme.
        uncleaned: Whether to crop as the tutorial does, before the noise is dropped.
        repair: Whether parts of glyphs go back to the glyph before, where the scheme has it so.
    Raises:
        SchemeError: If there is no such scheme or file, or the file is not a scheme: the message
            names the file, the key and the valid ones.
    """
    import tomllib  # here, since a model carries its scheme: reading needs no TOML

    where = str(name_or_path)
    try:
        table = tomllib.loads(_text(where))
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise SchemeError(where, f"is not TOML: {error}", "correct the line it names") from None
    scheme = from_mapping(table, where)
    if uncleaned:
        scheme = replace(scheme, clip=replace(scheme.clip, crop="uncleaned"))
    if not repair:
        scheme = replace(scheme, repair=replace(scheme.repair, enabled=False))
    return scheme


def scheme_source(name: str) -> str:
    """Return the TOML of a shipped scheme.

    Raises:
        SchemeError: If none has that name.
    """
    if name not in scheme_names():
        known = scheme_names()
        remedy = f"{likeliest(name, known)}name one of {', '.join(known)}"
        raise SchemeError(name, "no such scheme ships", remedy)
    return _text(name)


def from_mapping(table: Mapping[str, object], where: str) -> Scheme:
    """Return the scheme of a parsed table; ``where`` is the file that errors name.

    Raises:
        SchemeError: As ``load_scheme``.
    """
    try:
        return build(Scheme, table)
    except ValueError as error:
        remedy = "correct it; the shipped metu.toml shows every key"
        raise SchemeError(where, str(error), remedy) from None


def _text(where: str) -> str:
    if where in scheme_names():
        return (_FOLDER / f"{where}.toml").read_text(encoding="utf-8")
    names = scheme_names()
    known = f"name one of {', '.join(names)}, or a TOML file"
    try:
        return read_regular(Path(where), _MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise SchemeError(where, "no such scheme", likeliest(where, names) + known) from None
    except UnicodeDecodeError:
        remedy = "give a TOML file, saved as UTF-8"
        raise SchemeError(where, "is not UTF-8 text", remedy) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SchemeError(where, f"cannot be read: {reason}", known) from None
