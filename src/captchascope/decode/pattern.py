r"""What ``--pattern`` takes: a few of the pieces of regular expressions, none without an end.

    [0-9A-F]  [^01]     one character of a class, or one outside of it
    a  \.               the character itself; a backslash before punctuation
    {m}  {m,n}  ?       the piece before it, so many times
    ab|cd               either of two texts

A text matches as a whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NoReturn

from captchascope.errors import UsageError

__all__ = ["Pattern", "Piece", "folded"]

_MOST_TIMES = 64
_MOST_PLACES = 1024

_REMEDIES = {
    "*": "say how often: {0,8}",
    "+": "say how often: {1,8}",
    "?": "one {m,n} or ? for each piece; write \\? for the character itself",
    "{": "one {m,n} or ? for each piece; write \\{ for the character itself",
    "}": "write \\} for the character itself",
    "]": "write \\] for the character itself",
    "[": "write \\[ for the character itself",
    ".": "write [0-9A-Za-z], or \\. for the character itself",
    "(": "write the alternatives out: ab|cd",
    ")": "write the alternatives out: ab|cd",
    "^": "leave it away: the whole text must match",
    "$": "leave it away: the whole text must match",
    "\\d": "write [0-9]",
    "\\D": "write [^0-9]",
    "\\w": "write [0-9A-Za-z_]",
    "\\W": "write [^0-9A-Za-z_]",
    "\\b": "leave it away: the whole text must match",
    "\\A": "leave it away: the whole text must match",
    "\\Z": "leave it away: the whole text must match",
}
_TIMES = re.compile(r"\{([0-9]+)(?:,([0-9]+))?\}")


def folded(chars: str) -> str:
    """Return ``chars`` in lower case, one by one; a lower case of two characters is not taken."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in chars)


@dataclass(frozen=True, slots=True)
class Piece:
    """One character of a pattern, and how often it may come.

    Attributes:
        ranges: First and last character of each range; the same one for a single character.
        negated: Whether it is any character but those.
        fewest, most: How often.
    """

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False
    fewest: int = 1
    most: int = 1

    def holds(self, char: str, ignore_case: bool) -> bool:
        """Tell whether ``char``, in lower case where ``ignore_case``, is such a character."""
        cases = {char, char.upper()} if ignore_case else {char}
        found = any(
            any(low <= case <= high for case in cases if len(case) == 1)
            or (ignore_case and char in folded(low + high))
            for low, high in self.ranges
        )
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was understood; make one with ``parse``.

    Its states are sets of places between characters, kept as the bits of an integer: bit i says
    that the pieces before place i may have been read.

    Attributes:
        text: As it was written.
        places: The places before each piece, where a piece that comes several times is as many.
        starts, ends: The places before and after each alternative.
        optional: The places before pieces that may be left out.
    """

    text: str
    places: tuple[tuple[Piece, int], ...] = field(repr=False, compare=False)
    starts: int = field(repr=False, compare=False)
    ends: int = field(repr=False, compare=False)
    optional: int = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Understand a pattern.

        Raises:
            UsageError: If it holds anything but what this module's head shows; it names the
                piece, its place from 1, and what to write instead.
        """
        places: dict[Piece, int] = {}
        starts = ends = optional = 0
        place = 1
        for alternative in _Parser(text).alternatives():
            starts |= place
            for piece in alternative:
                for number in range(piece.most):
                    places[piece] = places.get(piece, 0) | place
                    optional |= place if number >= piece.fewest else 0
                    place <<= 1
            ends |= place
            place <<= 1
            if place.bit_length() > _MOST_PLACES:
                raise UsageError("pattern", "is too long", f"{_MOST_PLACES} characters at most")
        return cls(text, tuple(places.items()), starts, ends, optional)

    @property
    def start(self) -> int:
        """The state before the first character."""
        return self._closed(self.starts)

    def taking(self, char: str, ignore_case: bool = False) -> int:
        """Return the places from which ``char`` leads on."""
        return sum(places for piece, places in self.places if piece.holds(char, ignore_case))

    def after(self, state: int, taking: int) -> int:
        """Return the state after a character that leads on from the places ``taking``; 0: none."""
        return self._closed((state & taking) << 1)

    def accepts(self, state: int) -> bool:
        """Tell whether a text may end in a state."""
        return bool(state & self.ends)

    def matches(self, text: str, ignore_case: bool = False) -> bool:
        """Tell whether the whole of ``text`` is such a text."""
        state = self.start
        for char in folded(text) if ignore_case else text:
            state = self.after(state, self.taking(char, ignore_case))
        return self.accepts(state)

    def _closed(self, state: int) -> int:
        """Add the places that are reached by leaving pieces out."""
        while (more := state | (state & self.optional) << 1) != state:
            state = more
        return state


@dataclass(slots=True)
class _Parser:
    """Reads a pattern from left to right; ``at`` is the next character."""

    text: str
    at: int = 0

    def alternatives(self) -> Iterator[list[Piece]]:
        """Yield the pieces of each alternative."""
        if not self.text:
            raise UsageError("pattern", "is empty", "such as [0-9]{6}")
        for bar, group in groupby(self._pieces(), key=lambda piece: piece is None):
            if not bar:
                yield [piece for piece in group if piece is not None]

    def _pieces(self) -> Iterator[Piece | None]:
        """Yield every piece, and None for a bar."""
        before = None
        while self.at < len(self.text):
            if self.text[self.at] != "|":
                yield (before := self._repeated(self._piece()))
                continue
            if before is None or self.at + 1 == len(self.text):
                self._fail(self.at, "|", "has nothing beside it", "write ? for what may be absent")
            self.at += 1
            yield (before := None)

    def _piece(self) -> Piece:
        start, char = self.at, self.text[self.at]
        if char == "[":
            return self._class()
        if char in _REMEDIES:
            self._refuse(start, char)
        char = self._character()
        return Piece(((char, char),))

    def _character(self) -> str:
        """Take one character, or a backslash and the punctuation behind it."""
        start, char = self.at, self.text[self.at]
        if char == "\\":
            char = self.text[start + 1 : start + 2]
            if not char or char.isalnum():
                self._refuse(start, "\\" + char)
        if char.isspace() or not char.isprintable():
            self._fail(start, char, "is in no text", "leave it away")
        self.at = start + len(char) + (self.text[start] == "\\")
        return char

    def _class(self) -> Piece:
        start = self.at
        negated = self.text.startswith("[^", start)
        self.at += 1 + negated
        ranges = []
        while not self.text.startswith("]", self.at):
            if self.at == len(self.text):
                self._fail(start, "[", "has no end", "write ] behind the class")
            ranges.append(self._range())
        self.at += 1
        if not ranges:
            remedy = "name its characters: [0-9]; write \\] for the character itself"
            self._fail(start, self.text[start : self.at], "is an empty class", remedy)
        return Piece(tuple(ranges), negated)

    def _range(self) -> tuple[str, str]:
        start = self.at
        if self.text[start] == "[":
            self._refuse(start, "[")
        low = high = self._character()
        following = self.text[self.at + 1 : self.at + 2]
        if self.text.startswith("-", self.at) and following not in ("]", ""):
            self.at += 1
            high = self._character()
        if low > high:
            self._fail(start, f"{low}-{high}", "is a range backwards", f"write {high}-{low}")
        return low, high

    def _repeated(self, piece: Piece) -> Piece:
        if self.text.startswith("?", self.at):
            self.at += 1
            return Piece(piece.ranges, piece.negated, 0, 1)
        if not self.text.startswith("{", self.at):
            return piece
        start = self.at
        match = _TIMES.match(self.text, start)
        if match is None:
            self._refuse_times(start)
        self.at = match.end()
        counts = (match[1], match[2] or match[1])
        fewest, most = (int(n) if len(n) < 9 else _MOST_TIMES + 1 for n in counts)
        if fewest > most:
            self._fail(start, match[0], "is a range backwards", f"write {{{most},{fewest}}}")
        if not 1 <= most <= _MOST_TIMES:
            self._fail(start, match[0], "is no number of times", f"1 to {_MOST_TIMES}")
        return Piece(piece.ranges, piece.negated, fewest, most)

    def _refuse_times(self, start: int) -> NoReturn:
        end = self.text.find("}", start) + 1 or len(self.text)
        remedy = "say how often: {4} or {4,6}; write \\{ for the character itself"
        self._fail(start, self.text[start:end], "is not understood", remedy)

    def _refuse(self, start: int, piece: str) -> NoReturn:
        remedy = _REMEDIES.get(piece, "a backslash stands before punctuation alone")
        self._fail(start, piece, "is not understood", remedy)

    def _fail(self, start: int, piece: str, what: str, remedy: str) -> NoReturn:
        shown = piece if piece.isprintable() and not piece.isspace() else repr(piece)
        raise UsageError("pattern", f"{shown} at character {start + 1} {what}", remedy)
