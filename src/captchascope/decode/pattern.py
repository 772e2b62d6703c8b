r"""Patterns, as ``--pattern`` takes them: the regular expressions that say which texts there are.

    a  \.  .               the character itself, a backslash before punctuation; any character
    [0-9A-F]  [^01]        one character of a class, or one outside of it
    \d  \w  \D  \W  \S     a digit; a letter, a digit or _; any other; in a class, too
    ab|cd  x(ab|cd)        either of two texts; (?:ab|cd) is the same
    ?  *  +                the piece before it once or not at all, any number of times, once or more
    {m}  {m,n}  {m,}       so many times

A text matches as a whole or not at all, as with ``re.fullmatch``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from captchascope.errors import UsageError

_END = 1  # the place behind the last character

_MOST_PLACES = 1024
_MOST_TIMES = 64
_DEEPEST = 50  # groups within groups

_ITSELF = "write \\{} for the character itself"
_ONCE = "one ?, *, + or {{m,n}} for each piece; " + _ITSELF
_REMEDIES = {
    **{char: _ONCE.format(char) for char in "?*+{"},
    **{char: _ITSELF.format(char) for char in "}][)"},
    **dict.fromkeys(["^", "$", "\\b", "\\A", "\\Z"], "leave it away: the whole text must match"),
    "\\s": "leave it away: no text has spaces",
    "(?": "groups are ( ) and (?: ); write the alternatives out: ab|cd",
}
_KINDS = frozenset({"\\d", "\\D", "\\w", "\\W", "\\S"})
_SIGNS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_TIMES = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")


def folded(chars: str) -> str:
    """Return ``chars`` in lower case, one by one; a lower case of two characters is not taken."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in chars)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was understood; make one with ``parse``.

    An automaton of places (Glushkov 1961): one for each character of the pattern, a piece that
    comes several times having several. A state is the set of places that may read what comes
    next, kept as the bits of an integer, ``_END`` among them where the text may end; 0 is dead.

    Attributes:
        text: As it was written.
        start: The state before the first character.
        following: The bits of the state after the character of each place, a row for each.
        classes: What a place may read, and the places of each.
    """

    text: str
    start: int = field(repr=False, compare=False)
    following: NDArray[np.uint8] = field(repr=False, compare=False)
    classes: dict[_Class, int] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Understand a pattern.

        Raises:
            UsageError: If it holds anything but what this module's head shows, naming the piece,
                its place from 1, and what to write instead; or if it is too long.
        """
        if not text:
            raise UsageError("pattern", "is empty", "such as [0-9]{6}")
        parser = _Parser(text)
        whole = parser.alternatives()
        if parser.char:
            parser.refuse(parser.at, ")")
        parser.lead(whole.tails, _END)
        classes: dict[_Class, int] = {}
        for place, one in enumerate(parser.classes):
            classes[one] = classes.get(one, 0) | 1 << place
        size = len(parser.classes) // 8 + 1
        rows = b"".join(places.to_bytes(size, "little") for places in parser.following)
        following = np.frombuffer(rows, np.uint8).reshape(-1, size)
        return cls(text, whole.heads | (_END * whole.absent), following, classes)

    def taking(self, chars: str, ignore_case: bool = False) -> list[int]:
        """Return the places that read each character, lower case where ``ignore_case``."""
        found = [0] * len(chars)
        for one, places in self.classes.items():
            holds, ends = re.compile(one.source).fullmatch, folded(one.ends)
            for i, char in enumerate(chars):
                # re.IGNORECASE would take the Turkish i and ı for one.
                held = holds(char) or (ignore_case and (holds(char.upper()) or char in ends))
                found[i] |= places * (bool(held) != one.negated)
        return found

    def after(self, state: int, taking: int) -> int:
        """Return the state after a character that the places ``taking`` read."""
        taken = (state & taking).to_bytes(self.following.shape[1], "little")
        places = np.unpackbits(np.frombuffer(taken, np.uint8), bitorder="little")
        led = self.following[places[: len(self.following)].nonzero()]
        return int.from_bytes(np.bitwise_or.reduce(led, axis=0).tobytes(), "little")

    def accepts(self, state: int) -> bool:
        """Tell whether a text may end in a state."""
        return bool(state & _END)

    def matches(self, text: str, ignore_case: bool = False) -> bool:
        """Tell whether the whole of ``text`` is such a text."""
        chars = folded(text) if ignore_case else text
        return self.accepts(reduce(self.after, self.taking(chars, ignore_case), self.start))


class _Class(NamedTuple):
    """A set of characters.

    Attributes:
        source: The characters, as ``re`` has them.
        ends: Those that are written in it, singly or as the ends of a range.
        negated: Whether it is any character but those.
    """

    source: str
    ends: str = ""
    negated: bool = False


class _Part(NamedTuple):
    """What a part of a pattern is to its neighbours.

    Attributes:
        heads, tails: The places of its first and of its last character.
        absent: Whether there may be none.
    """

    heads: int
    tails: int
    absent: bool = False


@dataclass(slots=True)
class _Parser:
    """Reads a pattern from left to right; ``at`` is the next character."""

    text: str
    at: int = 0
    depth: int = 0
    classes: list[_Class] = field(default_factory=lambda: [_Class("")])  # the end reads nothing
    following: list[int] = field(default_factory=lambda: [0])

    @property
    def char(self) -> str:
        """The next character, nothing at the end."""
        return self.text[self.at : self.at + 1]

    def lead(self, tails: int, heads: int) -> None:
        """Let the places of ``tails`` lead to those of ``heads``."""
        while tails:  # the lowest bit at a time
            self.following[(tails & -tails).bit_length() - 1] |= heads
            tails &= tails - 1

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self.lead(one.tails, other.heads)
        heads = one.heads | other.heads * one.absent
        return _Part(heads, other.tails | one.tails * other.absent, one.absent and other.absent)

    def alternatives(self, start: int = 0) -> _Part:
        """Read the group that begins at ``start``, or all, up to a closing bracket or the end."""
        found = _Part(0, 0)
        while True:
            pieces = []
            while self.char not in ("", "|", ")"):
                pieces.append(self._repeated())
            if not pieces:
                bar = self.at - (self.char != "|")
                if self.text[bar : bar + 1] == "|":
                    self._fail(bar, "|", "has nothing beside it", "write ? for what may be absent")
                if self.depth == 0:
                    self.refuse(self.at, ")")
                self._fail(start, self.text[start : self.at + 1], "is empty", _ITSELF.format("("))
            heads, tails, absent = reduce(self._joined, pieces)
            found = _Part(found.heads | heads, found.tails | tails, found.absent or absent)
            if self.char != "|":
                return found
            self.at += 1

    def _repeated(self) -> _Part:
        """Read a piece and how often it may come, and copy it for each time."""
        first = len(self.following)
        heads, tails, absent = self._piece()
        fewest, most = self._times()
        width, times = len(self.following) - first, most or max(fewest, 1)
        if first + width * times > _MOST_PLACES + 1:
            raise UsageError("pattern", "is too long", f"{_MOST_PLACES} characters at most")
        shifts = range(0, width * times, width)
        self.classes[first:] *= times
        inner = self.following[first:]
        self.following[first:] = [places << by for by in shifts for places in inner]
        parts = [
            _Part(heads << by, tails << by, absent or i >= fewest) for i, by in enumerate(shifts)
        ]
        if most is None:
            self.lead(parts[-1].tails, parts[-1].heads)
        return reduce(self._joined, parts)

    def _times(self) -> tuple[int, int | None]:
        """Read how often a piece may come: fewest, and most or None."""
        start = self.at
        if self.char != "{":
            self.at += self.char in _SIGNS
            return _SIGNS.get(self.text[start : self.at], (1, 1))
        match = _TIMES.match(self.text, start)
        if match is None:
            end = self.text.find("}", start) + 1 or len(self.text)
            remedy = f"say how often: {{4}} or {{4,6}}; {_ITSELF.format('{')}"
            self._fail(start, self.text[start:end], "is not understood", remedy)
        self.at = match.end()
        endless = match[2] != "" and match[3] == ""
        counts = match[1], match[3] or match[1]
        fewest, most = (int(n) if len(n) < 9 else _MOST_TIMES + 1 for n in counts)
        if fewest > most:
            self._fail(start, match[0], "is a range backwards", f"write {{{most},{fewest}}}")
        if not 1 - endless <= most <= _MOST_TIMES:
            self._fail(start, match[0], "is no number of times", f"1 to {_MOST_TIMES}")
        return fewest, None if endless else most

    def _piece(self) -> _Part:
        if self.char == "(":
            return self._group()
        if self.char == "[":
            one = self._class()
        elif self.char == ".":
            self.at += 1
            one = _Class(".")
        elif self.char in _REMEDIES:
            self.refuse(self.at, self.char)
        else:
            char = self._character()
            one = _Class(char, "" if char in _KINDS else char[-1])
        place = 1 << len(self.classes)
        self.classes.append(one)
        self.following.append(0)
        return _Part(place, place)

    def _group(self) -> _Part:
        start = self.at
        self.at += 3 if self.text.startswith("(?:", start) else 1
        if self.char == "?":
            self.refuse(start, "(?")
        self.depth += 1
        if self.depth > _DEEPEST:
            self._fail(start, "(", "is too deep within others", f"{_DEEPEST} groups at most")
        part = self.alternatives(start)
        if not self.char:
            self._fail(start, "(", "has no end", f"write ) behind it; {_ITSELF.format('(')}")
        self.depth -= 1
        self.at += 1
        return part

    def _class(self) -> _Class:
        start, members, ends = self.at, "", ""
        self.at += 2 if self.text.startswith("[^", start) else 1
        head = self.text[start : self.at]
        while self.char != "]":
            if not self.char:
                self._fail(start, "[", "has no end", "write ] behind the class")
            if self.char == "[":
                self.refuse(self.at, "[")
            source, written = self._range()
            members, ends = members + source, ends + written
        self.at += 1
        if not members:
            remedy = f"name its characters: [0-9]; {_ITSELF.format(']')}"
            self._fail(start, f"{head}]", "is an empty class", remedy)
        return _Class(f"[{members}]", ends, head == "[^")

    def _range(self) -> tuple[str, str]:
        r"""Read a range, a character or such as ``\d``: as ``re`` has it, and its ends."""
        start, low = self.at, self._character()
        if self.char != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low, "" if low in _KINDS else low[-1]
        self.at += 1
        high = self._character()
        written = self.text[start : self.at]
        if {low, high} & _KINDS:
            self._fail(start, written, "is no range", _ITSELF.format("-"))
        if low[-1] > high[-1]:
            self._fail(start, written, "is a range backwards", f"write {high[-1]}-{low[-1]}")
        return f"{low}-{high}", low[-1] + high[-1]

    def _character(self) -> str:
        r"""Read ``a``, ``\.`` or ``\d``, and return it as ``re`` has it."""
        start, char = self.at, self.char
        self.at += 1
        if char == "\\":
            char = self.char
            self.at += 1
            if "\\" + char in _KINDS:
                return "\\" + char
            if not char or char.isalnum():
                self.refuse(start, "\\" + char)
        if char.isspace() or not char.isprintable():
            self._fail(start, char, "is in no text", "leave it away")
        return re.escape(char)

    def refuse(self, start: int, piece: str) -> NoReturn:
        """Raise a UsageError about a piece that is none."""
        remedy = _REMEDIES.get(piece, "a backslash stands before punctuation alone")
        self._fail(start, piece, "is not understood", remedy)

    def _fail(self, start: int, piece: str, what: str, remedy: str) -> NoReturn:
        shown = piece if piece.isprintable() and not piece.isspace() else repr(piece)
        raise UsageError("pattern", f"{shown} at character {start + 1} {what}", remedy)
