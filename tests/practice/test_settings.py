"""Which requests go wrong, and how it is said."""

from __future__ import annotations

from collections import Counter

import pytest

from captchascope.errors import UsageError
from captchascope.practice.settings import FAULTS, Faults

ALL = "503=10%, truncated=5%,html=2.5%,429=5%,redirect=1%"


def test_shares_are_read_from_a_list_of_commas() -> None:
    """With a blank here and there, and fractions of a percent."""
    shares = dict(Faults.parse(ALL).shares)
    assert shares == {"503": 0.1, "truncated": 0.05, "html": 0.025, "429": 0.05, "redirect": 0.01}
    assert set(shares) == set(FAULTS)


def test_no_list_is_no_fault() -> None:
    """All requests are answered well."""
    assert Faults.parse("") == Faults()
    assert not any(Faults().strike(1, number) for number in range(200))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("404=5%", "no kind '404' (known are 503, 429, truncated, html, redirect)"),
        ("html", "html needs a share from 0% to 100%, not '' (such as html=10%)"),
        ("html=0.1", "html needs a share from 0% to 100%, not '0.1' (such as html=10%)"),
        ("html=-1%", "html needs a share from 0% to 100%, not '-1%' (such as html=10%)"),
        ("html=101%", "html needs a share from 0% to 100%, not '101%' (such as html=10%)"),
        ("html=1%,html=2%", "html is given twice (name each kind once)"),
        ("html=60%,503=41%", "the shares exceed 100 % (leave some requests whole)"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(text: str, what: str) -> None:
    """The line names what there is."""
    with pytest.raises(UsageError) as raised:
        Faults.parse(text)
    assert str(raised.value) == f"faults: {what}"


def test_each_kind_strikes_as_often_as_was_said() -> None:
    """Within four standard deviations, over ten thousand requests."""
    faults, count = Faults.parse(ALL), 10_000
    struck = Counter(faults.strike(3, number) for number in range(1, count + 1))
    for kind, share in faults.shares:
        spread = (count * share * (1 - share)) ** 0.5
        assert abs(struck[kind] - count * share) < 4 * spread, kind


def test_the_seed_decides() -> None:
    """The same one strikes the same requests, another one others."""
    faults = Faults.parse(ALL)

    def fates(seed: int) -> list[str | None]:
        return [faults.strike(seed, number) for number in range(1, 301)]

    assert fates(5) == fates(5)
    assert fates(5) != fates(6)


def test_a_hundred_percent_spares_nothing() -> None:
    """Alone, or together."""
    for text in ("html=100%", "html=50%,503=50%", "503=33.3%,429=33.3%,html=33.4%"):
        assert all(Faults.parse(text).strike(1, number) for number in range(1, 500))
