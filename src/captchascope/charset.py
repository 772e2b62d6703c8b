"""Ids to text and back: the one place that knows which class is the blank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
            repeated = sorted({c for c in self.chars if self.chars.count(c) > 1})
            raise ValueError(f"a charset names each character once, not {''.join(repeated)!r}")
        bad = [c for c in self.chars if c.isspace() or not c.isprintable()]
        if bad:
            raise ValueError(f"a charset holds printable characters only, not {bad[0]!r}")
        object.__setattr__(self, "_ids", {c: i for i, c in enumerate(self.chars, BLANK + 1)})

    @classmethod
    def of_labels(cls, labels: Iterable[str]) -> Charset:
        """Return the sorted alphabet of some labels: the same labels, the same ids."""
        return cls("".join(sorted(set().union(*labels))))

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
