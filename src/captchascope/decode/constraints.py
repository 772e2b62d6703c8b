"""Constraints on the texts and options of reading, as users write them and as they are parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from captchascope.charset import Charset, expanded
from captchascope.decode.pattern import Pattern, folded
from captchascope.errors import UsageError

if TYPE_CHECKING:
    from captchascope.image import Preprocessing

Case: TypeAlias = Literal["fold", "keep"]
"""What letters mean that are told in one case alone: both, given in that case, or themselves."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints on the texts: what is known beforehand, None where nothing is.

    Attributes:
        charset: Only these characters.
        length: Fewest and most characters.
        pattern: What the whole text must match.
        ignore_case: Upper and lower case are one character, given in lower case.
        case: What letters mean that are told in one case alone.
        solve: The texts are sums.
        least: How probable it must be that the text is an allowed one; else there is none.
    """

    charset: Charset | None = None
    length: tuple[int, int] | None = None
    pattern: Pattern | None = None
    ignore_case: bool = False
    case: Case = "fold"
    solve: bool = False
    least: float = 0.0

    def folding(self, alphabet: str) -> Callable[[str], str]:
        """Return what gives a text the case in which letters are told, character by character.

        It leaves a text as it is where no letters are told, or some in either case. A pattern tells
        those that it can read.

        Args:
            alphabet: What the model knows.
        """
        if self.ignore_case:
            return folded
        pairs = {ord(other): char for char in self._told(alphabet) if (other := _swapped(char))}
        if self.case == "keep" or len({char.isupper() for char in pairs.values()}) != 1:
            return str
        return lambda text: text.translate(pairs)

    def _told(self, alphabet: str) -> str:
        """Return the characters that charset and pattern leave; none where there is neither."""
        chars = "" if self.charset is None else self.charset.chars
        if self.pattern is None:
            return chars
        chars = chars or alphabet + "".join(map(_swapped, alphabet))
        taken = zip(chars, self.pattern.taking(chars), strict=True)
        return "".join(char for char, places in taken if places)


def _swapped(char: str) -> str:
    """Return a letter in its other case; "" where it has none, or shares it with a third."""
    other = char.swapcase()
    return other if len(other) == 1 and other != char == other.swapcase() else ""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The options of reading as a user writes them; the same everywhere, under the same names.

    Attributes:
        charset: Read only these characters; ranges such as ``0-9a-z`` may be among them.
        length: Read only texts of so many characters: 6, "6" or "4-6".
        pattern: Read only texts that match this as a whole.
        ignore_case: Take upper and lower case for one, and give lower case.
        case: Where a charset or a pattern has letters of one case alone, ``fold`` takes upper and
            lower case for one and gives that case; ``keep`` reads nothing but that case.
        min_confidence: Abstain below this confidence, 0 to 1.
        solve: Read sums, whose values are wanted, and abstain from all else. Where no pattern is
            given, a text that may be a sum is read as one.
        frames: Which frame of an animation is looked at: ``auto``, ``merge``, ``last``, ``first``,
            or its number from 1. None, here and below, for what the model was trained on.
        rows: In how many rows the text stands.
        ink: Look at what is written in this colour alone: a name such as ``red``, or ``#cc0000``;
            ``all`` for all colours.
        constraints: What the others say of the texts, parsed.

    Raises:
        UsageError: If a value is malformed; ``where`` is the option's name.
    """

    charset: str | None = None
    length: str | int | None = None
    pattern: str | None = None
    ignore_case: bool = False
    case: Case = "fold"
    min_confidence: float = 0.0
    solve: bool = False
    frames: str | int | None = None
    rows: str | int | None = None
    ink: str | None = None
    constraints: Constraints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, given, example in (
            ("charset", self.charset, "0-9"),
            ("pattern", self.pattern, "[0-9]{6}"),
        ):
            if not isinstance(given, str | None):
                raise UsageError(name, "must be text", f"such as {example!r}")
        try:
            within = 0 <= self.min_confidence <= 1
        except TypeError:  # no number
            within = False
        if not within:
            what = f"must be 0 to 1, not {self.min_confidence}"
            raise UsageError("min_confidence", what, "such as 0.9")
        try:
            chars = None if self.charset is None else Charset(expanded(self.charset))
        except ValueError as error:
            remedy = "write the characters themselves, such as 0-9 or a-z"
            raise UsageError("charset", str(error), remedy) from None
        if self.case not in get_args(Case):
            raise UsageError("case", f"cannot be {self.case!r}", "'fold' or 'keep'")
        if self.ignore_case and self.case == "keep":
            raise UsageError("case", "keep contradicts ignoring case", "leave one of them away")
        pattern = None if self.pattern is None else Pattern.parse(self.pattern)
        length = None if self.length is None else parse_length(self.length)
        rule = Constraints(chars, length, pattern, self.ignore_case, self.case, self.solve)
        object.__setattr__(self, "constraints", rule)
        if (self.frames, self.rows, self.ink) != (None, None, None):
            from captchascope.image import Preprocessing  # OpenCV, only where it is needed

            self.preprocessing(Preprocessing())

    def preprocessing(self, trained: Preprocessing) -> Preprocessing:
        """Return what is done to the images of a model that was ``trained`` on others.

        Raises:
            UsageError: If a value is malformed.
        """
        return trained.told(self.frames, self.rows, self.ink)


def parse_length(length: str | int) -> tuple[int, int]:
    """Return fewest and most of ``6`` or ``4-6``.

    Raises:
        UsageError: If it is neither, or the range is empty.
    """
    match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", str(length))
    fewest, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= fewest <= most:
        raise UsageError("length", f"is no length: {length}", "write 6, or 4-6")
    return fewest, most
