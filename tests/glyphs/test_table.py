"""Tables into dataclasses, apart from what the schemes already try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from captchascope.glyphs.table import build


@dataclass(frozen=True)
class Inner:
    """A table within a table."""

    share: float
    way: Literal["up", "down"]

    def __post_init__(self) -> None:
        if self.share < 0:
            raise ValueError("share must be at least 0")


@dataclass(frozen=True)
class Outer:
    """A table."""

    on: bool
    inner: Inner
    list: tuple[Inner, ...]


INNER = {"share": 1, "way": "up"}


def test_tables_become_dataclasses_all_the_way_down() -> None:
    """A whole number will do for a float, and a list becomes a tuple."""
    built = build(Outer, {"on": False, "inner": INNER, "list": [INNER, INNER]})
    assert built == Outer(False, Inner(1, "up"), (Inner(1, "up"), Inner(1, "up")))
    assert build(Outer, {"on": True, "inner": INNER, "list": ()}).list == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "the file must be a table"),
        ([], "the file must be a table"),
        ({"on": True, "inner": [], "list": []}, "inner must be a table"),
        ({"on": True, "inner": INNER, "list": "up"}, "list must be a list"),
        ({"on": True, "inner": INNER | {"share": -1}, "list": []}, "inner.share must be at least"),
        ({"on": True, "inner": INNER, "list": [INNER, 1]}, r"list\[2\] must be a table"),
        ({"on": True, "inner": {"share": 1}, "list": []}, "the key inner.way is missing"),
        ({1: 2}, "unknown key 1; valid ones are on, inner, list"),
    ],
)
def test_the_message_gives_the_path(table: object, message: str) -> None:
    """Items of lists count from 1."""
    with pytest.raises(ValueError, match=message):
        build(Outer, table)


@dataclass(frozen=True)
class Perhaps:
    """A value that may be missing."""

    width: int | None


def test_a_value_that_may_be_none() -> None:
    """Null is one, and anything else has its type."""
    assert build(Perhaps, {"width": None}) == Perhaps(None)
    assert build(Perhaps, {"width": 3}) == Perhaps(3)
    with pytest.raises(ValueError, match="width must be of type int, not '3'"):
        build(Perhaps, {"width": "3"})
