"""What people say of an image, and where it stands after that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["CSV", "NONE_YET", "Guess", "Mark", "Standing", "standing_of"]

CSV = "labels.csv"
"""The session of marks that were taken from the file; no browser's can be called so."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one session said of one image, once.

    Attributes:
        seq: When, in the order of all marks and withdrawals.
        key: What the browser calls it, so that sending it twice stores it once.
        image: The number of the image.
        session: Who said it.
        text: What is in the image; None where it is unreadable.
        final: Whether it settles what was said before, as a review does.
        guess: What the model had suggested.
        seconds: How long it took.
        undone: When it was withdrawn; None while it stands.
    """

    seq: int
    key: str
    image: int
    session: str
    text: str | None
    final: bool = False
    guess: str | None = None
    seconds: float | None = None
    undone: int | None = None

    def stands(self, at: int | None = None) -> bool:
        """Say whether it stood at a time; None is now."""
        if at is None:
            return self.undone is None
        return self.seq <= at and (self.undone is None or self.undone > at)


State: TypeAlias = Literal["open", "labelled", "unreadable", "disputed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an image, all in all.

    Attributes:
        state: ``open`` where nobody has said anything, ``disputed`` where they differ.
        text: The label; None unless ``labelled``.
    """

    state: State
    text: str | None = None


NONE_YET = Standing("open")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model reads in an image.

    Attributes:
        text: The text; None where it cannot be read.
        confidence: The probability, 0 to 1, that all of it is right.
        chars: Each character with the probability that it is right.
        model: The number of the model that read it, counted up as models come.
    """

    text: str | None
    confidence: float
    chars: tuple[tuple[str, float], ...]
    model: int


def standing_of(marks: Sequence[Mark], at: int | None = None) -> Standing:
    """Return where an image stands after some marks.

    The last word of each session counts; sessions that differ leave the image disputed. A final
    mark settles all before it.

    Args:
        marks: All of the image, in order.
        at: The time to look at, as ``Mark.seq`` counts; None is now.
    """
    standing = [mark for mark in marks if mark.stands(at)]
    settled = max((i for i, mark in enumerate(standing) if mark.final), default=0)
    last = {mark.session: mark.text for mark in standing[settled:]}
    said = set(last.values())
    if not said:
        return NONE_YET
    if len(said) > 1:
        return Standing("disputed")
    text = said.pop()
    return Standing("unreadable") if text is None else Standing("labelled", text)
