"""Figures in sentences are neither rounded to certainty nor overexact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.audit.wording import in_time, one_in, percent, rate_in_words
from captchascope.evaluate import Rate


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.01, "1 %"),
        (0.012, "1.2 %"),
        (0.5, "50 %"),
        (0.8712, "87 %"),
        (0.996, "99.6 %"),
        (0.9999, "more than 99.9 %"),
        (0.0001, "less than 0.1 %"),
    ],
)
def test_percentages(share: float, words: str) -> None:
    """Whole above a tenth, to one place below."""
    assert percent(share) == words


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_nothing_is_0_and_only_all_is_100(share: float) -> None:
    """What is solved once in 10,000 times is solved."""
    assert percent(share) not in ("0 %", "100 %")


def test_rates_have_their_counts_and_interval() -> None:
    """So that they can be checked."""
    words = "435 of 500 images (87 %, 95 % interval 84 % to 90 %)"
    assert rate_in_words(Rate(435, 500)) == words


def test_chances_and_times() -> None:
    """As people say them."""
    assert one_in(1e-6) == "1 in 1,000,000"
    assert one_in(0) == "none"
    assert [in_time(minutes) for minutes in (0.2, 1.2, 8.3, 600)] == [
        "less than a minute",
        "a minute",
        "8 minutes",
        "10 hours",
    ]
