"""The records that pass between the parts."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest

from captchascope.errors import ImageError
from captchascope.records import CharReading, Decoded, Reading, Sample, build


def test_records_are_frozen() -> None:
    """What one part was given, no other part can change."""
    for record, field in (
        (CharReading("1", 0.5), "char"),
        (Decoded("1", 0.5, ()), "text"),
        (Reading("1", 0.5), "text"),
        (Sample("1.png", "1", Path("1.png")), "label"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field, "2")


def test_a_reading_is_plain_unless_said_otherwise() -> None:
    """No error, not withheld, not unfamiliar."""
    reading = Reading("12", 0.5)
    assert (reading.chars, reading.error) == ((), None)
    assert not reading.abstained
    assert not reading.unfamiliar


def test_the_value_of_a_reading_is_that_of_its_text() -> None:
    """Where that is a sum; a row has it as JSON can."""
    cases = [("3+5=?", 8, 8), ("8/3", Fraction(8, 3), "8/3"), ("1234", None, None)]
    for text, value, written in [*cases, (None, None, None)]:
        reading = Reading(text, 0.5)
        assert reading.value == value
        assert json.loads(json.dumps(reading.row("a")))["value"] == written


def test_samples_share_no_columns() -> None:
    """Each has a mapping of its own."""
    one, other = (Sample(f"{n}.png", "1", Path(f"{n}.png")) for n in (1, 2))
    assert one.columns == other.columns == {}
    assert one.columns is not other.columns


def test_readings_travel_between_processes() -> None:
    """The error with them."""
    read = Reading("1", 0.5, (CharReading("1", 0.5),))
    assert pickle.loads(pickle.dumps(read)) == read
    failed = pickle.loads(pickle.dumps(Reading(None, 0.0, error=ImageError("a", "b", "c"))))
    assert isinstance(failed.error, ImageError)
    assert str(failed.error) == "a: b (c)"


def test_several_characters_are_those_made_one_by_one() -> None:
    """Frozen and complete like any other."""
    columns = "ab", [0.5, 0.25], [(0.0, 0.5), (0.5, 1.0)]
    several = CharReading.several(*columns)
    assert several == tuple(map(CharReading, *columns))
    with pytest.raises(FrozenInstanceError):
        several[1].confidence = 1.0  # type: ignore[misc]


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


@dataclass(frozen=True)
class Graded:
    """A table whose grade may be unknown."""

    grade: Literal["A", "B"] | None


def test_a_choice_may_be_none_too() -> None:
    """And is a choice where it is not."""
    assert build(Graded, {"grade": None}) == Graded(None)
    assert build(Graded, {"grade": "B"}) == Graded("B")
    with pytest.raises(ValueError, match="grade must be one of 'A', 'B', not 'C'"):
        build(Graded, {"grade": "C"})
