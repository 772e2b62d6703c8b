"""JSON that comes from outside, taken strictly."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any, NoReturn

_SHOWN = 40  # characters of a key
_LONGEST_NUMBER = 100  # digits; taking n of them apart needs time that grows with n * n
_STRING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)


class RepeatedKeyError(ValueError):
    """An object has a key twice, so that nobody can know which of its values is meant.

    Attributes:
        key: The key, or its beginning.
    """

    def __init__(self, key: str) -> None:
        self.key = key[:_SHOWN]
        super().__init__(f"the key {self.key!r} is given more than once")


class TooManyValuesError(ValueError):
    """There are more values than anybody has use for, each of which takes time and memory."""


def parse_json(text: str | bytes, most: int = 100_000) -> Any:
    """Return what JSON holds (RFC 8259); names of objects are unique, and NaN is no number.

    Args:
        text: The JSON.
        most: How many values it may hold; sixteen megabytes of ``[],`` would take seconds.
    Raises:
        ValueError: If it is no JSON, also where it is nested too deeply to tell.
        TooManyValuesError: If it holds more values.
        RepeatedKeyError: If an object has a key twice.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    if _values(text) > most:
        _count(text, most)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _values(text: str) -> int:
    """Return how many values begin or end in a part of JSON, in which is no string."""
    return sum(text.count(sign) for sign in ",[{")


def _count(text: str, most: int) -> None:
    """Count the values, no matter what is in strings.

    Raises:
        TooManyValuesError: As soon as there are too many.
    """
    count = end = 0
    for string in chain(_STRING.finditer(text), [None]):
        count += _values(text[end : string.start() if string else len(text)])
        if count > most:
            raise TooManyValuesError(f"there are more than {most:,} values")
        end = string.end() if string else 0


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"there is a number of {len(digits)} digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
