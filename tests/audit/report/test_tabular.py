"""Figures as tables and plots show them."""

from __future__ import annotations

import pytest

from captchascope.audit.report import tabular


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-6, "<0.01 %"),
        (0.0004, "0.04 %"),
        (0.124, "12.4 %"),
        (0.5, "50.0 %"),
        (0.9996, "99.96 %"),
        (0.999999, ">99.99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_all_or_nothing_only_where_it_is(share: float, text: str) -> None:
    """However it is rounded."""
    assert tabular.percent(share).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.4, "0.4 seconds"),
        (1.0, "1 second"),
        (59.6, "60 seconds"),
        (150.0, "2.5 minutes"),
        (1800.0, "30 minutes"),
        (9000.0, "2.5 hours"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_fits(amount: float, text: str) -> None:
    """Seconds, minutes or hours."""
    assert tabular.seconds(amount).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (1234567, "1,234,567"), (412000.4, "412,000"), (14.37, "14.4"), (0.0002, "0.0002")],
)
def test_a_number_has_the_digits_that_matter(amount: float, text: str) -> None:
    """About three, or all of a whole number."""
    assert tabular.number(amount) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "none"), (1.0, "certain"), (1e-6, "1 in 1,000,000"), (0.4, "1 in 2.5")],
)
def test_a_chance_is_one_in_so_many(share: float, text: str) -> None:
    """As people say it."""
    assert tabular.chance(share).replace("\N{NO-BREAK SPACE}", " ") == text
