"""Figures as tables and plots show them: shares, durations, counts."""

from __future__ import annotations

_SPACE = "\N{NO-BREAK SPACE}"


def percent(share: float) -> str:
    """Return a share as per cent: 100 % only where it is all, 0 % only where it is nothing."""
    value = share * 100
    for digits in (1, 2):
        text = f"{value:.{digits}f}"
        if (float(text) > 0 or share <= 0) and (float(text) < 100 or share >= 1):
            return (text if 0 < share < 1 else f"{value:.0f}") + _SPACE + "%"
    return f"{'<0.01' if value < 50 else '>99.99'}{_SPACE}%"


def minutes(amount: float) -> str:
    """Return a duration in minutes, in the unit that it is best read in."""
    if amount <= 0:
        return f"0{_SPACE}minutes"
    if amount < 1:
        return seconds(amount * 60)
    if amount >= 120:
        return f"{amount / 60:.1f}{_SPACE}hours"
    text = f"{amount:.1f}" if amount < 10 else f"{amount:.0f}"
    return _trimmed(text) + _SPACE + ("minute" if text in ("1", "1.0") else "minutes")


def seconds(amount: float) -> str:
    """Return a duration in seconds, in the unit that it is best read in."""
    if amount >= 120:
        return minutes(amount / 60)
    text = _trimmed(f"{amount:.0f}" if amount >= 10 else f"{amount:.1f}")
    return f"{text}{_SPACE}{'second' if text == '1' else 'seconds'}"


def number(amount: float) -> str:
    """Return a number in as many digits as matter: three, or all of a whole one."""
    if amount == int(amount):
        return f"{int(amount):,}"
    if abs(amount) >= 100:
        return f"{amount:,.0f}"
    return _trimmed(f"{amount:.1f}") if abs(amount) >= 10 else f"{amount:.3g}"


def chance(share: float) -> str:
    """Return a probability as ``1 in so many``."""
    if share <= 0:
        return "none"
    return "certain" if share >= 1 else f"1{_SPACE}in{_SPACE}{number(1 / share)}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
