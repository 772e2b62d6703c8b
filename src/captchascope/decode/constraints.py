"""The constraints that a user may set on texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from captchascope.charset import Charset
from captchascope.decode.pattern import Pattern
from captchascope.errors import UsageError

__all__ = ["Constraints", "parse_length"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is known about the texts beforehand; None where nothing is.

    Attributes:
        charset: Only these characters.
        length: Fewest and most characters.
        pattern: What the whole text must match.
        ignore_case: Upper and lower case are one character, given in lower case.
    """

    charset: Charset | None = None
    length: tuple[int, int] | None = None
    pattern: Pattern | None = None
    ignore_case: bool = False

    @classmethod
    def parse(
        cls,
        charset: str | None = None,
        length: str | int | None = None,
        pattern: str | None = None,
        ignore_case: bool = False,
    ) -> Constraints:
        """Make constraints of what a user wrote.

        Raises:
            UsageError: If one of them is malformed; it names the option.
        """
        try:
            chars = None if charset is None else Charset(charset)
        except ValueError as error:
            raise UsageError("--charset", str(error), "such as 0123456789") from None
        compiled = None if pattern is None else Pattern.parse(pattern)
        return cls(chars, parse_length(length), compiled, ignore_case)


def parse_length(length: str | int | None) -> tuple[int, int] | None:
    """Return fewest and most of ``6`` or ``4-6``.

    Raises:
        UsageError: If it is neither, or the range is empty.
    """
    if length is None:
        return None
    match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", str(length))
    fewest, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= fewest <= most:
        raise UsageError("--length", f"is no length: {length}", "write 6, or 4-6")
    return fewest, most
