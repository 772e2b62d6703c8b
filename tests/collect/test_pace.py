"""When a request may go out."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from captchascope.collect.pace import Pace, retry_after

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def test_the_gap_begins_when_an_exchange_ends() -> None:
    """A slow site is not asked any faster."""
    pace = Pace(0.05)
    pace.wait()
    pace.done()
    begun = time.monotonic()
    pace.wait()
    assert time.monotonic() - begun > 0.04


def test_the_longer_of_two_waits_counts() -> None:
    """What a site asks for is not shortened by the gap."""
    pace = Pace(0.0)
    begun = time.monotonic()
    pace.hold(0.06)
    pace.done()
    pace.wait()
    assert time.monotonic() - begun >= 0.06


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("0", 0), ("1", 1), (" 120 ", 120), ("", 0), ("soon", 0), ("-5", 0), ("1e3", 0)),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Sun, 03 May 2026 12:00:07 -0000", 7),
        ("Sun, 99 May 2026 12:00:07 GMT", 0),
        ("9" * 400, 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    """What makes no sense asks for nothing."""
    assert retry_after(value, NOW) == seconds
