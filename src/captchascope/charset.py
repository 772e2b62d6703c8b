"""Ids to text and back: the one place that knows which class is the blank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from captchascope.errors import UsageError

BLANK = 0
"""The class that stands for "no character"; the characters follow from 1."""


@dataclass(frozen=True, slots=True)
class Charset:
    """An ordered alphabet; character i of ``chars`` has the id i + 1, and id 0 is the blank.

    Raises:
        ValueError: If ``chars`` is empty, repeats a character, or holds white space or a
            control character, which a label file could not carry safely.
    """

    chars: str
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.chars:
            raise ValueError("a charset needs at least one character")
        if len(set(self.chars)) != len(self.chars):
            repeated = sorted(c for c, times in Counter(self.chars).items() if times > 1)
            raise ValueError(f"a charset names each character once, not {''.join(repeated[:9])!r}")
        bad = [c for c in self.chars if c.isspace() or not c.isprintable()]
        if bad:
            raise ValueError(f"a charset holds printable characters only, not {bad[0]!r}")
        object.__setattr__(self, "_ids", {c: i for i, c in enumerate(self.chars, BLANK + 1)})

    @classmethod
    def of_labels(cls, labels: Iterable[str]) -> Charset:
        """Return the sorted alphabet of some labels: the same labels, the same ids."""
        return cls("".join(sorted(set().union(*labels))))

    @property
    def written(self) -> str:
        """The characters as ``expanded`` takes them: short, with ``0-9`` for ten digits."""
        pieces: list[str] = []
        run = ""
        for char in [*self.chars.replace("-", ""), ""]:
            if run and not (char and ord(char) == ord(run[-1]) + 1 and _alike(run[-1] + char)):
                pieces.append(f"{run[0]}-{run[-1]}" if len(run) > 2 else run)
                run = ""
            run += char
        return "".join(pieces) + "-" * ("-" in self)

    @property
    def num_classes(self) -> int:
        """The number of characters, and one for the blank."""
        return len(self.chars) + 1

    def __contains__(self, char: object) -> bool:
        return char in self._ids

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text``, each at least 1.

        Raises:
            ValueError: If a character is not in the alphabet.
        """
        try:
            return [self._ids[c] for c in text]
        except KeyError as error:
            raise ValueError(f"{error.args[0]!r} is not one of {self.chars!r}") from None

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ``ids``; blanks are skipped.

        Raises:
            ValueError: If an id is not a class of this charset.
        """
        bad = [i for i in ids if not 0 <= i < self.num_classes]
        if bad:
            raise ValueError(f"{bad[0]} is not a class id below {self.num_classes}")
        return "".join(self.chars[i - 1] for i in ids if i != BLANK)


def expanded(text: str) -> str:
    """Return the characters that a user has written, with those of each range in its place.

    A range such as ``0-9``, ``A-F`` or ``a-z`` has ends of one kind: digits, capitals, small
    letters, or letters without a case. A ``-`` that is meant itself stands first or last.

    Raises:
        UsageError: If a range is backwards or of several kinds, a ``-`` stands elsewhere, or there
            are more characters than any script has.
    """
    found, at = "", 0
    while at < len(text):
        if len(found) > _MOST:
            raise UsageError("charset", f"has more than {_MOST} characters", "name fewer")
        low, dash, high = text[at], text[at + 1 : at + 2], text[at + 2 : at + 3]
        if dash == "-" and high:
            found += _range(low, high)
            at += 3
        elif low == "-" and 0 < at < len(text) - 1:
            raise UsageError("charset", f"has a - before {dash} that ends no range", _LAST)
        else:
            found += low
            at += 1
    return found


_MOST = 1 << 16
_LAST = "a literal - stands last: 0-9a-z-"


def _range(low: str, high: str) -> str:
    """Return the characters from one to another."""
    within = low + high
    if _alike(within):
        if low > high:
            raise UsageError("charset", f"{low}-{high} is a range backwards", f"write {high}-{low}")
        within = "".join(map(chr, range(ord(low), ord(high) + 1)))
    if not _alike(within):
        remedy = f"a range is of digits, of capitals or of small letters; {_LAST}"
        raise UsageError("charset", f"{low}-{high} is no range", remedy)
    return within


def _alike(chars: str) -> bool:
    """Tell whether all of some characters are digits, or capitals, or small letters, or others."""
    kinds = {(c.isdecimal(), c.isupper(), c.islower()) for c in chars}
    return len(kinds) == 1 and chars.isalnum()
