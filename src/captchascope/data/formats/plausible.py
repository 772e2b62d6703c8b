"""Whether texts that stand in the place of labels may be labels at all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from captchascope.data.formats.parts import (
    are_times,
    chance_of_clock,
    chance_of_counting,
    digest_length,
)
from captchascope.data.labels import shown
from captchascope.files import natural_key

SURE = 0.005
"""What random labels look like less often than that is taken for certain."""

GUESS = 0.3
"""What they look like more often than that tells nothing."""

DIGEST = 12
"""Hexadecimal digits of one length from here on are digests; what is shorter may be labels."""

FEWEST = 5
"""Names of which fewer tell little when they are compared."""

SPREAD = 10
"""Numbers that leave at most nine gaps for each one present still count as counting."""

_RANDOM = 20  # characters from which a mixture of letters and digits was made by no captcha


class NoLabelsError(Exception):
    """The texts are no labels; the error says what they are, as half a sentence."""


def _hint(count: int) -> float:
    """Return what is doubted where it is less likely; few names must be doubted sooner."""
    return 0.02 if count > 2 * FEWEST else 0.1


def is_number(text: str) -> bool:
    """Say whether a text is made of ASCII digits."""
    return text.isascii() and text.isdecimal()


def check_numbers(found: Sequence[str]) -> None:
    """Check that bare numbers may be labels.

    Raises:
        NoLabelsError: If they are rather running numbers or times.
    """
    values = sorted({*found}, key=natural_key)
    numbers = [int(value) for value in values]
    if len(values) == 1 and numbers[0] <= SPREAD:
        raise NoLabelsError(f"{shown(values[0])} is a running number")
    span = max(numbers) - min(numbers) + 1
    if len(values) > 1 and (
        (len({*map(len, values)}) > 1 and span <= 2 * SPREAD * len(values))
        or all(value[0] == "0" for value in values)
        or (span <= SPREAD * len(values) and (2 * span < 10 ** len(values[0]) or span < 100))
        or (len(values) > 2 and len({b - a for a, b in pairwise(numbers)}) == 1)
        or chance_of_counting(values, sparse=True) < SURE
    ):
        raise NoLabelsError(f"{shown(values[0])} and {shown(values[1])} are running numbers")
    if are_times(values):
        raise NoLabelsError(f"{shown(values[0])} is a time")
    if chance_of_clock(values) < SURE:
        raise NoLabelsError(f"{shown(values[0])} and all the others are times of the day")


def doubts_of_numbers(found: Sequence[str]) -> list[str]:
    """Return what speaks against numbers as labels, without deciding it."""
    values = {*found}
    first, others = {v[0] for v in values}, set("".join(v[1:] for v in values))
    others -= {"0"} - first  # many programs draw numbers of n digits without one in front
    share = len(first) / max(len(others), 1)
    if len({*map(len, values)}) > 1:
        return ["they are numbers of several lengths"]
    if len(values) > 1 and _chance_within([*values]) < _hint(len(values)):
        return ["they may hold a running number"]
    if chance_of_clock(values) < 1:
        return ["they may be times of the day"]
    if len(others) > len(first) and len(others) ** len(first) * share ** len(values) < SURE:
        return [
            f"they may be numbers of images, as they begin with {' '.join(sorted(first))} alone"
        ]
    return []


def doubts_of_texts(values: Sequence[str]) -> list[str]:
    """Return what speaks against texts as labels, without deciding it.

    Raises:
        NoLabelsError: If they are digests or running numbers, or hold such without a separator.
    """
    example = shown(min((v for v in values if not is_number(v)), key=natural_key))
    digest, most = digest_length(values), max(map(len, values))
    if digest >= DIGEST or (min(map(len, values)) >= _RANDOM and _is_mixed(values)):
        raise NoLabelsError(f"{example} is a digest, or as random as one")
    doubts = []
    if len({*values}) > 1:
        head, tail = affixes(values)
        middles = [value[len(head) : len(value) - len(tail)] for value in values]
        counted = all(map(is_number, middles))
        if counted and (
            head.rstrip("0123456789") or (tail and chance_of_counting(middles) < GUESS)
        ):
            raise NoLabelsError(f"{example} is a running number")
        chance, shared = _chance_within(values), max(head, tail, key=len)
        if chance < SURE / 5:
            raise NoLabelsError(f"{example} holds a running number")
        if len(values) >= FEWEST and len(shared) > 2:
            raise NoLabelsError(f"{example} and all the others share {shown(shared)}")
        if min(chance, _chance_of_digits(values)) < _hint(len(values)):
            doubts.append("they may hold a running number")
        if len(shared) > 1:
            doubts.append(f"all share {shown(shared)}, which is taken for a part of them")
    words = [value.rstrip("0123456789") for value in values]
    numbered = any(word != value for word, value in zip(words, values, strict=True))
    repeated = len(words) > 3 and 2 * len({*words}) <= len(words)
    if numbered and repeated and all(len(word) > 1 and word.isalpha() for word in words):
        doubts.append("they may be words and running numbers")
    if digest or (most > DIGEST and _is_mixed(values)):
        doubts.append("they may be digests")
    return doubts


def _is_mixed(texts: Sequence[str]) -> bool:
    """Say whether letters and digits are mixed, as in no word and no sum."""
    return all(any(map(str.isalpha, t)) or is_number(t) for t in texts) and any(
        map(str.isdecimal, "".join(texts))
    )


def affixes(values: Sequence[str]) -> tuple[str, str]:
    """Return what all begin and end with; together they leave something of each."""
    head = _beginning(values)[: min(map(len, values)) - 1]
    return head, _beginning([value[len(head) + 1 :][::-1] for value in values])[::-1]


def _beginning(values: Sequence[str]) -> str:
    first, last = min(values), max(values)
    places = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(places, len(first))]


def _chance_within(values: Sequence[str]) -> float:
    """Return how likely labels begin or end as ``0001HE59`` does: with a number that counts."""
    cuts = [[v[: len(v) - len(v.lstrip("0123456789"))] for v in values]]
    cuts += [[v[len(v.rstrip("0123456789")) :] for v in values]]
    for length in range(1, min(7, *map(len, values))):
        cuts += [[v[:length] for v in values], [v[-length:] for v in values]]
    numbers = (cut for cut in cuts if all(map(is_number, cut)))
    digits = "".join(filter(is_number, "".join(values)))
    return min((chance_of_counting(cut, digits=digits) for cut in numbers), default=1.0)


def _chance_of_digits(values: Sequence[str]) -> float:
    """Return how likely texts all begin, or all end, with digits, given how many they hold.

    Of a few names that do, nothing tells whether a running number is at that end.
    """
    rest = "".join(value[1:-1] for value in values) or "a"
    share = sum(map(str.isdecimal, rest)) / len(rest)
    ends = ([value[0] for value in values], [value[-1] for value in values])
    if not any(all(map(is_number, end)) for end in ends):
        return 1.0
    return share ** len(values) if len(values) > 2 * FEWEST else 0.0
