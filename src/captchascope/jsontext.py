"""JSON that comes from outside, taken strictly."""

from __future__ import annotations

import json
from typing import Any, NoReturn

_SHOWN = 40  # characters of a key


class RepeatedKeyError(ValueError):
    """An object has a key twice, so that nobody can know which of its values is meant.

    Attributes:
        key: The key, or its beginning.
    """

    def __init__(self, key: str) -> None:
        self.key = key[:_SHOWN]
        super().__init__(f"the key {self.key!r} is given more than once")


def parse_json(text: str | bytes) -> Any:
    """Return what JSON holds (RFC 8259); names of objects are unique, and NaN is no number.

    Raises:
        ValueError: If it is no JSON, also where it is nested too deeply to tell.
        RepeatedKeyError: If an object has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
