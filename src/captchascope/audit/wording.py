"""Figures as they stand in sentences."""

from __future__ import annotations

from captchascope.evaluate import Rate


def percent(share: float) -> str:
    """Return a share as a percentage: whole above a tenth, and never 0 or 100 for what is not.

    Example:
        >>> percent(0.8712), percent(0.034), percent(0.999), percent(0.0)
        ('87 %', '3.4 %', '99.9 %', '0 %')
    """
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if share < 0.0005:
        return "less than 0.1 %"
    if share >= 0.9995:
        return "more than 99.9 %"
    places = 0 if 0.1 <= share < 0.995 else 1
    return f"{100 * share:.{places}f}".removesuffix(".0") + " %"


def rate_in_words(rate: Rate, things: str = "images") -> str:
    """Return a rate with its counts and its interval.

    Example:
        >>> rate_in_words(Rate(435, 500))
        '435 of 500 images (87 %, 95 % interval 84 % to 90 %)'
    """
    interval = f"95 % interval {percent(rate.low)} to {percent(rate.high)}"
    return f"{rate.hits:,} of {rate.total:,} {things} ({percent(rate.value)}, {interval})"


def one_in(chance: float) -> str:
    """Return a small probability as people say it.

    Example:
        >>> one_in(0.0001), one_in(0.5)
        ('1 in 10,000', '1 in 2')
    """
    return f"1 in {round(1 / chance):,}" if chance > 0 else "none"


def in_time(minutes: float) -> str:
    """Return a duration in the unit that suits it.

    Example:
        >>> in_time(0.5), in_time(12.4), in_time(600.0)
        ('less than a minute', '12 minutes', '10 hours')
    """
    if minutes < 1:
        return "less than a minute"
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
