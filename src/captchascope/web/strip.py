"""Where in an image each character was seen, as marks below the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from captchascope.records import CharReading
from captchascope.web.shown import Picture

__all__ = ["Mark", "Strip", "strip_of"]

_WIDTH = 340.0
_TALLEST = 170.0
_GAP = 8.0  # between the picture and what is below it
_BRACKET = 6.0
_LETTERS = 62.0  # the height below the brackets: leaders, characters, confidences
_APART = 38.0  # of two characters; less, and their confidences touch


@dataclass(frozen=True, slots=True)
class Mark:
    """One character, in the units of the drawing.

    Attributes:
        char: The character.
        confidence: The probability that it is right.
        left: Where the picture shows it, from here
        right: to there.
        middle: The middle of that.
        x: The middle of the character below; beside ``middle`` where two are close together.
    """

    char: str
    confidence: float
    left: float
    right: float
    middle: float
    x: float


@dataclass(frozen=True, slots=True)
class Strip:
    """A drawing ``width`` by ``height`` with the picture at its top, and the marks below.

    Attributes:
        x: The left edge of the picture.
        picture: Its width and height in the drawing.
        bracket: The top of the brackets below it.
        marks: From left to right.
        text: What the drawing shows, in words.
    """

    width: float
    height: float
    x: float
    picture: tuple[float, float]
    bracket: float
    marks: tuple[Mark, ...]
    text: str


def strip_of(picture: Picture, chars: Sequence[CharReading]) -> Strip | None:
    """Return the drawing of a reading.

    None where the model does not tell where it saw the characters, or there is no room to write
    what it thinks of each.
    """
    places = [char.place for char in chars if char.place is not None]
    if not chars or len(places) < len(chars) or len(chars) * _APART > _WIDTH:
        return None
    scale = min(_WIDTH / picture.width, _TALLEST / picture.height)
    width, height = picture.width * scale, picture.height * scale
    start = (_WIDTH - width) / 2
    edges = [(start + left * width, start + right * width) for left, right in places]
    middles = [(left + right) / 2 for left, right in edges]
    marks = [
        Mark(char.char, char.confidence, round(left, 1), round(right, 1), round(middle, 1), x)
        for char, (left, right), middle, x in zip(
            chars, edges, middles, _spread(middles), strict=True
        )
    ]
    seen = ", ".join(
        f"{c.char} at {left:.0%} to {right:.0%}"
        for c, (left, right) in zip(chars, places, strict=True)
    )
    return Strip(
        _WIDTH,
        round(height + _GAP + _BRACKET + _LETTERS, 1),
        round(start, 1),
        (round(width, 1), round(height, 1)),
        round(height + _GAP, 1),
        tuple(marks),
        f"Where each character was seen, in shares of the width from the left: {seen}.",
    )


def _spread(middles: Sequence[float]) -> list[float]:
    """Move what is too close together apart, by the least sum of squares.

    Less its rank times the distance, each place must only not be below the one before: that is an
    isotonic regression, solved by pooling adjacent violators (Ayer et al. 1955).
    """
    pools: list[tuple[float, int]] = []  # mean, and of how many
    for rank, middle in enumerate(middles):
        mean, count = middle - rank * _APART, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    low, high = _APART / 2, _WIDTH - _APART * (len(middles) - 0.5)
    starts = [min(max(mean, low), high) for mean, count in pools for _ in range(count)]
    return [round(start + rank * _APART, 1) for rank, start in enumerate(starts)]
