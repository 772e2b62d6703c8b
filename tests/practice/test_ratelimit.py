"""How many requests there may be in a second."""

from __future__ import annotations

from captchascope.practice.ratelimit import RateLimit


def test_so_many_pass_in_any_second() -> None:
    """The next one may once the first of them is a second old."""
    limit = RateLimit(3)
    assert [limit.wait(now) for now in (10.0, 10.5, 10.75, 10.9)] == [0, 0, 0, 1]
    assert [limit.wait(now) for now in (11.0, 11.25, 11.5, 11.6)] == [0, 1, 0, 1]


def test_who_waits_as_told_gets_through() -> None:
    """However often somebody was turned away before."""
    limit = RateLimit(1)
    assert limit.wait(0.0) == 0
    for tenth in range(1, 10):
        assert limit.wait(tenth / 10) == 1
    assert limit.wait(0.9 + 1) == 0
