"""The frozen records that pass between the parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from captchascope.errors import CaptchascopeError

__all__ = ["CharReading", "Decoded", "FloatArray", "GrayImage", "Reading", "RgbImage", "Sample"]

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
        """Return those of three columns of one length, as making them one by one would.

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one image.

    Attributes:
        text: The text, or None where reading failed or the reader abstained.
        confidence: The probability, 0 to 1, that the whole text is right.
        chars: The characters in reading order.
        error: Why there is no text; None where there is one.
        abstained: Whether the text was withheld because the reader was not sure enough, or there
            was none to give.
        unfamiliar: Whether the image is unlike anything the model was trained on; no model of the
            glyphs way can tell, so it is False.
    """

    text: str | None
    confidence: float
    chars: tuple[CharReading, ...] = ()
    error: CaptchascopeError | None = None
    abstained: bool = False
    unfamiliar: bool = False

    @classmethod
    def of(cls, decoded: Decoded | None, unfamiliar: bool = False) -> Reading:
        """Return the reading of what was decoded; one that abstains where that is no text."""
        if decoded is None:
            return cls(None, 0.0, abstained=True, unfamiliar=unfamiliar)
        text, none = decoded.text or None, not decoded.text
        return cls(text, decoded.confidence, decoded.chars, None, none, unfamiliar)

    def row(self, file: str) -> dict[str, object]:
        """Return it as a row of JSON, whose ``file`` is what the user called the image."""
        return {
            "file": file,
            "text": self.text,
            "confidence": round(self.confidence, 6),
            "chars": [{"char": c.char, "confidence": round(c.confidence, 6)} for c in self.chars],
            "error": None if self.error is None else self.error.what,
            "abstained": self.abstained,
            "unfamiliar": self.unfamiliar,
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
