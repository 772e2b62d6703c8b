"""Noise: the right amount of it, in the right places."""

from __future__ import annotations

from math import lcm

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.generate.noise import chance, dashes, displace, uniform


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def test_uniform_stays_within_its_bounds() -> None:
    """The lower one included."""
    numbers = [uniform(rng(seed), -2.0, 3.0) for seed in range(200)]
    assert -2 <= min(numbers) < -1.5
    assert 2.5 < max(numbers) < 3
    assert uniform(rng(), 1.5, 1.5) == 1.5


@pytest.mark.parametrize("probability", [0, 0.1, 0.5, 1])
def test_chance_is_as_frequent_as_asked(probability: float) -> None:
    """Never and always are exact."""
    drawn = chance(rng(), (100, 200), probability)
    assert drawn.shape == (100, 200)
    assert drawn.mean() == pytest.approx(probability, abs=0.02 if 0 < probability < 1 else 0)


def test_nothing_is_displaced_without_scatter_and_shift() -> None:
    """The result is a copy all the same."""
    pixels = np.arange(35, dtype=np.uint8).reshape(5, 7)
    displaced = displace(rng(), pixels, scatter=0, shift=0)
    np.testing.assert_array_equal(displaced, pixels)
    assert not np.shares_memory(displaced, pixels)


def test_a_shift_to_both_sides_leaves_the_rows_where_they_were() -> None:
    """At a probability of 1 each row moves to the left and back."""
    pixels = np.arange(35, dtype=np.uint8).reshape(5, 7)
    np.testing.assert_array_equal(displace(rng(), pixels, scatter=0, shift=1), pixels)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 20))
def test_a_pixel_comes_from_nearby(seed: int, height: int, width: int) -> None:
    """From one row away at most, and from two columns where its row moved too."""
    y, x = np.indices((height, width))
    numbered = y * 1000 + x
    displaced = displace(rng(seed), numbered, scatter=0.5, shift=0.5)
    assert (abs(displaced // 1000 - y) <= 1).all()
    assert (abs(displaced % 1000 - x) <= 2).all()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    step=st.tuples(st.integers(2, 6), st.integers(2, 9)),
    period=st.integers(2, 9),
    data=st.data(),
)
def test_dashes_repeat(seed: int, step: tuple[int, int], period: int, data: st.DataObject) -> None:
    """The pattern has a period in both directions, and whole lines without gaps at full length."""
    on = data.draw(st.integers(1, period))
    drawn = dashes(rng(seed), (90, 150), step=step, period=period, on=on)
    assert drawn.shape == (90, 150)
    tall, wide = lcm(step[0], period), lcm(step[1], period)
    np.testing.assert_array_equal(drawn[:, wide:], drawn[:, :-wide])
    np.testing.assert_array_equal(drawn[tall:], drawn[:-tall])
    if on == period:
        inside = drawn[:tall, :wide]
        assert inside.all(axis=1).sum() == tall // step[0]
        assert inside.all(axis=0).sum() == wide // step[1]
    assert drawn.any()
