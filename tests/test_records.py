"""The records that pass between the parts."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from captchascope.errors import ImageError
from captchascope.records import CharReading, Decoded, Reading, Sample


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
