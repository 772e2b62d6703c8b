"""From probabilities to text: the constraints that a user may set, and the confidence.

The confidence of a character is its probability among the allowed characters, given that one of
them is right, at the model's temperature; the confidence of a text is the product of its
characters'. A length or a pattern chooses among texts and changes no probability.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from captchascope.charset import Charset
from captchascope.errors import UsageError
from captchascope.records import CharReading, FloatArray

__all__ = ["Constraints", "Decoded", "decode_glyphs", "folded", "parse_length"]

Decoded: TypeAlias = tuple[CharReading, ...]

_TEXTS_TRIED = 20_000  # before a pattern is given up


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is known about the texts beforehand; None where nothing is.

    Attributes:
        charset: Only these characters.
        length: Fewest and most characters.
        pattern: A regular expression that the whole text must match.
        ignore_case: Upper and lower case are one character, given in lower case.
    """

    charset: Charset | None = None
    length: tuple[int, int] | None = None
    pattern: re.Pattern[str] | None = None
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
        try:
            compiled = None if pattern is None else re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError("--pattern", f"is no regular expression: {error}", "mend it") from None
        return cls(chars, parse_length(length), compiled, ignore_case)

    def accepts(self, text: str) -> bool:
        """Return whether ``text`` has the right length and matches the pattern."""
        fits = self.length is None or self.length[0] <= len(text) <= self.length[1]
        return fits and (self.pattern is None or self.pattern.fullmatch(text) is not None)


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


def folded(chars: str) -> str:
    """Return ``chars`` in lower case, one by one; a lower case of two characters is not taken."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in chars)


def decode_glyphs(probabilities: FloatArray, charset: Charset, rule: Constraints) -> Decoded | None:
    """Return the most probable text of independent glyphs that the constraints allow.

    Args:
        probabilities: Shape (N, C): column i is the character with the id i + 1.
        charset: The model's.
        rule: The constraints.
    Returns:
        One reading per glyph; None if no allowed text is among the 20,000 most probable.
    """
    chars, allowed = _allowed(probabilities, charset, rule)
    if allowed.shape[1] == 0:
        return None
    for choice in _most_probable(allowed):
        if rule.accepts("".join(chars[i] for i in choice)):
            return tuple(
                CharReading(chars[i], min(float(allowed[n, i]), 1.0)) for n, i in enumerate(choice)
            )
    return None


def _allowed(
    probabilities: FloatArray, charset: Charset, rule: Constraints
) -> tuple[str, FloatArray]:
    """Return the characters that are left, and their renormalised probabilities, (N, len)."""
    chars = charset.chars
    if rule.ignore_case:
        lower = folded(chars)
        chars = "".join(dict.fromkeys(lower))
        columns = [[low == char for low in lower] for char in chars]
        probabilities = np.stack([probabilities[:, c].sum(axis=1) for c in columns], axis=1)
    if rule.charset is not None:
        wanted = folded(rule.charset.chars) if rule.ignore_case else rule.charset.chars
        kept = [i for i, c in enumerate(chars) if c in wanted]
        chars = "".join(chars[i] for i in kept)
        probabilities = probabilities[:, kept]
        probabilities = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-30)
    return chars, probabilities


def _most_probable(probabilities: FloatArray) -> Iterator[tuple[int, ...]]:
    """Yield choices of one class per row, the most probable first.

    The best one takes every row's best class; each further one takes a next best class in one
    row of a choice that was already given, so a heap finds them in order.
    """
    yield tuple(probabilities.argmax(axis=1).tolist())
    order = np.argsort(-probabilities, axis=1, kind="stable")
    costs = -np.log(np.maximum(np.take_along_axis(probabilities, order, axis=1), 1e-30))
    rows, classes = costs.shape
    heap = [(float(costs[:, 0].sum()), (0,) * rows)]
    seen = {heap[0][1]}
    for number in range(_TEXTS_TRIED):
        if not heap:
            return
        cost, ranks = heapq.heappop(heap)
        if number:
            yield tuple(int(order[n, rank]) for n, rank in enumerate(ranks))
        for n, rank in enumerate(ranks):
            following = (*ranks[:n], rank + 1, *ranks[n + 1 :])
            if rank + 1 < classes and following not in seen:
                seen.add(following)
                step = float(costs[n, rank + 1] - costs[n, rank])
                heapq.heappush(heap, (cost + step, following))
