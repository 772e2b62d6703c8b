"""The frozen records that pass between the parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from itertools import repeat
from pathlib import Path
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from numpy.typing import NDArray

from captchascope.errors import CaptchascopeError

if TYPE_CHECKING:
    from fractions import Fraction

GrayImage: TypeAlias = NDArray[np.uint8]
"""A grayscale image, shape (H, W), 0 black to 255 white."""

RgbImage: TypeAlias = NDArray[np.uint8]
"""A colour image, shape (H, W, 3): red, green, blue."""

FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CharReading:
    """One character that was read.

    Attributes:
        char: The character.
        confidence: The probability that it is right.
        place: Its left and right edge as shares, 0 to 1, of the image's width, about; None where
            the model cut the character out, and it is the cut that tells.
    """

    char: str
    confidence: float
    place: tuple[float, float] | None = None

    @classmethod
    def several(
        cls,
        chars: Sequence[str],
        confidences: Iterable[float],
        places: Iterable[tuple[float, float]],
    ) -> tuple[CharReading, ...]:
        """Return the characters of three columns of one length, as making them one by one would.

        Reading makes more of these than of anything else. What ``frozen`` puts in the way of
        setting an attribute costs two thirds of the time, so the slots are filled directly.
        """
        made = tuple(map(object.__new__, repeat(cls, len(chars))))
        columns = {"char": chars, "confidence": confidences, "place": places}
        for name, column in columns.items():
            deque(map(cls.__dict__[name].__set__, made, column), maxlen=0)
        return made


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text that a model's output was decoded to.

    Attributes:
        text: The text; may be empty.
        confidence: The probability that all of it is right.
        chars: One for each character of the text.
    """

    text: str
    confidence: float
    chars: tuple[CharReading, ...]

    def within(self, left: float, right: float) -> Decoded:
        """Return the same, read in a part of an image that begins and ends at these shares.

        Every character has a place in that part.
        """
        places = [
            (left + (right - left) * char.place[0], left + (right - left) * char.place[1])
            for char in self.chars
            if char.place is not None
        ]
        sure = [char.confidence for char in self.chars]
        return Decoded(self.text, self.confidence, CharReading.several(self.text, sure, places))


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of reading one image.

    Attributes:
        text: The text, or None where reading failed or the reader abstained.
        confidence: The probability, 0 to 1, that the whole text is right.
        chars: The characters in reading order.
        error: Why there is no text; None where there is one.
        abstained: Whether the text was withheld because the reader was not sure enough or was to
            solve sums and it is none, or there was none to give.
        unfamiliar: Whether the image is unlike anything the model was trained on; no model that
            cuts glyphs can tell, so it is False.
        frames: Of an animation, what was looked at: ``all 3`` merged, or ``3 of 4``; None for an
            image that stands still.
    """

    text: str | None
    confidence: float
    chars: tuple[CharReading, ...] = ()
    error: CaptchascopeError | None = None
    abstained: bool = False
    unfamiliar: bool = False
    frames: str | None = None

    @classmethod
    def of(cls, decoded: Decoded | None, unfamiliar: bool = False) -> Reading:
        """Return the reading of what was decoded; one that abstains where that is no text."""
        if decoded is None:
            return cls(None, 0.0, abstained=True, unfamiliar=unfamiliar)
        text, none = decoded.text or None, not decoded.text
        return cls(text, decoded.confidence, decoded.chars, None, none, unfamiliar)

    def in_rows(self, rows: int) -> Reading:
        """Return the same, read in an image whose so many rows were laid side by side.

        The characters' places become those in the image itself.
        """
        chars = []
        for char in self.chars:
            if char.place is not None:
                left, right = rows * char.place[0], rows * char.place[1]
                row = min(int((left + right) / 2), rows - 1)
                char = replace(char, place=(max(left - row, 0.0), min(right - row, 1.0)))
            chars.append(char)
        return replace(self, chars=tuple(chars))

    def abstaining(self, below: float) -> Reading:
        """Return the reading without its text where it is less sure than ``below``."""
        if self.text is None or self.confidence >= below:
            return self
        return replace(self, text=None, abstained=True)

    @property
    def value(self) -> int | Fraction | None:
        """The exact result of the text where it is a sum, such as ``3+5=?``; else None.

        Which texts are sums, ``captchascope.sums`` says.
        """
        from captchascope.sums import value_of  # only who asks waits for it

        return None if self.text is None else value_of(self.text)

    def row(self, file: str) -> dict[str, object]:
        """Return the reading as a row of JSON, whose ``file`` is what the user called the image.

        A value that is no whole number is text, such as 8/3: JSON has no fractions.
        """
        value = self.value
        return {
            "file": file,
            "text": self.text,
            "value": value if value is None or isinstance(value, int) else str(value),
            "confidence": round(self.confidence, 6),
            "chars": [{"char": c.char, "confidence": round(c.confidence, 6)} for c in self.chars],
            "error": None if self.error is None else self.error.what,
            "abstained": self.abstained,
            "unfamiliar": self.unfamiliar,
            "frames": self.frames,
        }


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image of a data set.

    Attributes:
        file: The name as the label file has it, relative to the data set's folder.
        label: The text in the image; always a string.
        path: Where the image lies.
        row: The 1-based line of the label file; None where the name is the label.
        columns: The further columns of the row, such as ``kind``.
        position: The 1-based place among all images of the folder in natural order; None where
            the sample was not read from a folder.
    """

    file: str
    label: str
    path: Path
    row: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    position: int | None = None


T = TypeVar("T")


def build(cls: type[T], table: object, path: str = "") -> T:
    """Make a ``cls`` of ``table``, tables within tables included.

    Args:
        cls: A dataclass whose fields are str, bool, int, float, Literal, tuple, dataclasses, or
            one of these or None.
        table: What the parser gave.
        path: The key that ``table`` stands under, for the message.
    Raises:
        ValueError: If a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{path or 'the file'} must be a table")
    prefix = f"{path}." if path else ""
    hints = get_type_hints(cls)
    known = {f.name: f.default is MISSING for f in fields(cls)}  # type: ignore[arg-type]
    if unknown := [key for key in table if key not in known]:
        raise ValueError(f"unknown key {prefix}{unknown[0]}; valid ones are {', '.join(known)}")
    if missing := [key for key, needed in known.items() if needed and key not in table]:
        raise ValueError(f"the key {prefix}{missing[0]} is missing")
    values = {key: _value(hints[key], table[key], prefix + key) for key in known if key in table}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None


def _value(hint: Any, value: object, path: str) -> object:
    if is_dataclass(hint):
        return build(hint, value, path)  # type: ignore[arg-type]
    kind, among = get_origin(hint), get_args(hint)
    if kind in (UnionType, Union):  # the latter before Python 3.14, where a Literal is among them
        return None if value is None else _value(among[0], value, path)
    if kind is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{path} must be a list")
        return tuple(_value(among[0], item, f"{path}[{i}]") for i, item in enumerate(value, 1))
    if kind is Literal:
        if value not in among or type(value) is not type(among[0]):
            raise ValueError(f"{path} must be one of {', '.join(map(repr, among))}, not {value!r}")
        return value
    accepted = (int, float) if hint is float else (hint,)
    if not isinstance(value, accepted) or isinstance(value, bool) is not (hint is bool):
        raise ValueError(f"{path} must be of type {hint.__name__}, not {value!r}")
    return value
