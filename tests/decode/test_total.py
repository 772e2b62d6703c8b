"""How probable all allowed texts are together."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.decode import Constraints, allowed, total
from captchascope.decode.total import probability_allowed
from captchascope.records import FloatArray

from .brute import ABC, chances, logits, patterns


def shares(scores: FloatArray) -> NDArray[np.float64]:
    """Return the probabilities, shape (K, B, T), of logits of shape (B, T, K)."""
    powers = np.exp(scores.astype(np.float64))
    return np.asarray((powers / powers.sum(axis=2, keepdims=True)).transpose(2, 0, 1))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(logits(batch=2), patterns() | st.none(), st.sampled_from([None, "1", "2-3", "3", "4-9"]))
def test_it_is_the_sum_over_every_allowed_text(
    scores: FloatArray, pattern: str | None, length: str | None
) -> None:
    """As trying every path finds it; nothing where no text is allowed."""
    rule = Constraints.parse(pattern=pattern, length=length)
    fewest, most = rule.length or (0, 99)
    found = probability_allowed(shares(scores), allowed(rule, ABC))
    for image, probability in zip(scores, found, strict=True):
        possible = [
            chance
            for text, chance in chances(image).items()
            if fewest <= len(text) <= most and (pattern is None or re.fullmatch(pattern, text))
        ]
        assert probability == pytest.approx(sum(possible), rel=1e-9, abs=1e-13)


def test_the_lengths_of_many_timesteps_share_it_all() -> None:
    """Each text has one length, so over the lengths the probabilities sum to 1."""
    scores = np.random.default_rng(0).normal(0, 3, (3, 60, 4)).astype(np.float32)
    lengths = [allowed(Constraints(length=(n, n)), ABC) for n in range(1, 61)]
    nothing = shares(scores)[0].prod(axis=1)
    found = np.sum([probability_allowed(shares(scores), left) for left in lengths], axis=0)
    np.testing.assert_allclose(found + nothing, 1, rtol=1e-12)


@pytest.mark.parametrize("timesteps", [1, 2, 3, 4, 7, 8, 40])
@pytest.mark.parametrize("length", ["1", "2-3", "3", "1-50"])
def test_counting_from_both_ends_gives_the_same(timesteps: int, length: str) -> None:
    """As going back from the end, which any constraint can do."""
    scores = np.random.default_rng(timesteps).normal(0, 2, (5, timesteps, 4)).astype(np.float32)
    left = allowed(Constraints.parse(length=length), ABC)
    assert left.counting
    found = probability_allowed(shares(scores), left)
    other = probability_allowed(shares(scores), replace(left, counting=False))
    np.testing.assert_allclose(found, other, rtol=1e-9, atol=1e-13)


def test_it_does_not_matter_how_many_images_are_summed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One by one it is the same."""
    probabilities = shares(np.random.default_rng(1).normal(0, 2, (7, 9, 4)).astype(np.float32))
    left = allowed(Constraints(length=(2, 3)), ABC)
    together = probability_allowed(probabilities, left)
    monkeypatch.setattr(total, "_CELLS", 1)
    np.testing.assert_allclose(probability_allowed(probabilities, left), together, rtol=1e-12)
