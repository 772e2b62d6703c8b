"""How many different images there are, by how many of those drawn were different."""

from __future__ import annotations

import math

import numpy as np
import pytest

from captchascope.audit.measure.pool import pool_of


@pytest.mark.parametrize(("size", "drawn"), [(300, 200), (40, 100), (5000, 200)])
def test_the_interval_covers_the_truth(size: int, drawn: int) -> None:
    """Of 400 draws from a pool, its size is in 95 % of the intervals, or a little more."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        pool = pool_of(drawn, len(np.unique(rng.integers(0, size, drawn))))
        covered += pool.low <= size and (pool.high is None or size <= pool.high)
    assert covered >= 400 * 0.95 - 3 * math.sqrt(400 * 0.95 * 0.05)


def test_the_size_is_about_right() -> None:
    """The median estimate of a pool of 300, of which 200 were drawn."""
    rng = np.random.default_rng(8)
    drawn = (len(np.unique(rng.integers(0, 300, 200))) for _ in range(200))
    sizes = [pool_of(200, distinct).size for distinct in drawn]
    assert np.median(np.array(sizes, np.float64)) == pytest.approx(300, rel=0.05)


def test_a_single_repeat_bounds_the_pool() -> None:
    """Of N, 3 draws show 2 or fewer with 1 - (N-1)(N-2)/N^2: 0.025 lies between 118 and 119."""
    assert pool_of(3, 2).high == pytest.approx(118, rel=0.03)


@pytest.mark.parametrize("drawn", [30, 500, 20_000])
def test_where_nothing_came_again_there_are_at_least_so_many(drawn: int) -> None:
    """Of fewer, that so many draws all differ has a chance of less than 0.025 (birthdays)."""
    pool = pool_of(drawn, drawn)
    assert pool.size is None
    assert pool.high is None
    sizes = (0.99 * pool.low, 1.01 * pool.low)
    fewer, more = (math.prod(1 - i / size for i in range(drawn)) for size in sizes)
    assert fewer < 0.025 <= more


def test_what_was_seen_many_times_is_known() -> None:
    """Ten images of which each came fifty times are all that there are."""
    pool = pool_of(500, 10)
    assert (pool.size, pool.low, pool.high) == (10, 10, 10)


@pytest.mark.parametrize(("drawn", "distinct"), [(3, 4), (3, 0), (0, 0)])
def test_what_cannot_be_is_refused(drawn: int, distinct: int) -> None:
    """More different ones than all, or none."""
    with pytest.raises(ValueError, match="different ones of"):
        pool_of(drawn, distinct)
