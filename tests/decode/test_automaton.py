"""Constraints made ready for a model."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.decode import Constraints, ReadOptions, allowed
from captchascope.decode.automaton import DEAD, START, Allowed, probability_allowed
from captchascope.errors import UsageError
from captchascope.records import FloatArray
from decode.brute import ABC, chances, logits, patterns, texts


def accepts(left: Allowed, text: str) -> bool:
    """Follow a text through the automaton."""
    state = START
    for char in text:
        state = int(left.step[state, left.chars.index(char) + 1])
    return bool(left.accepting[state])


@settings(max_examples=50)
@given(patterns() | st.none(), st.sampled_from([None, "1", "2-3", "4-9"]))
def test_length_and_pattern_are_one_automaton(pattern: str | None, length: str | None) -> None:
    """It accepts what both allow, of all texts of a few characters."""
    rule = ReadOptions(pattern=pattern, length=length).constraints
    left = allowed(rule, ABC)
    fewest, most = rule.length or (0, 99)
    for text in texts("abc", 4):
        fits = pattern is None or re.fullmatch(pattern, text) is not None
        assert accepts(left, text) == (fits and fewest <= len(text) <= most)


@settings(max_examples=50)
@given(patterns(), st.sampled_from([None, "2-3", "9"]))
def test_a_state_that_leads_nowhere_is_dead(pattern: str, length: str | None) -> None:
    """From every other one an accepting state is reached."""
    left = allowed(ReadOptions(pattern=pattern, length=length).constraints, ABC)
    hopeful = left.accepting.copy()
    for _ in left.step:
        hopeful |= hopeful[left.step[:, 1:]].any(axis=1)
    reached = left.step[left.step != DEAD]
    assert hopeful[reached].all()
    assert left.possible() == hopeful[START]
    assert not hopeful[DEAD]


def test_a_blank_changes_no_state() -> None:
    """But that of a state that leads nowhere."""
    left = allowed(ReadOptions(pattern="ab?c", length="2-3").constraints, ABC)
    states = np.arange(len(left.step))
    assert set(left.step[:, 0][left.step[:, 0] != states]) <= {DEAD}


def test_a_charset_leaves_classes_out() -> None:
    """The blank never; nothing is renumbered where nothing is left out."""
    assert allowed(Constraints(), ABC).columns is None
    left = allowed(ReadOptions(charset="xca").constraints, ABC)
    assert left.chars == "ac"
    assert left.columns is not None
    assert left.columns.tolist() == [0, 1, 3]
    assert left.groups is None


def test_cases_are_grouped() -> None:
    """Each group begins where the one before it ends, the blank's first."""
    left = allowed(ReadOptions(ignore_case=True).constraints, Charset("aBAb"))
    assert left.chars == "ab"
    assert left.columns is not None
    assert left.groups is not None
    assert left.columns.tolist() == [0, 1, 3, 2, 4]
    assert left.groups.tolist() == [0, 1, 3]


def test_a_case_that_is_told_is_folded_into() -> None:
    """A model of one case is left as it is, or serves for the other one."""
    rule = ReadOptions(charset="a-c1").constraints
    left = allowed(rule, Charset("aBAb1"))
    assert left.chars == "ab1"
    assert left.columns is not None
    assert left.columns.tolist() == [0, 1, 3, 2, 4, 5]
    assert allowed(rule, Charset("abc1")).columns is None
    capitals = allowed(rule, Charset("AB1"))
    assert (capitals.chars, capitals.columns, capitals.groups) == ("ab1", None, None)
    kept = ReadOptions(charset="a-c1", case="keep").constraints
    assert [allowed(kept, Charset(chars)).chars for chars in ("aBAb1", "AB1")] == ["ab1", "1"]


def test_a_text_of_so_many_characters_may_be_impossible() -> None:
    """And of others possible."""
    left = allowed(ReadOptions(pattern="a{2,3}|b{5}").constraints, ABC)
    assert [left.possible(n) for n in range(7)] == [False, False, True, True, False, True, False]
    assert left.possible()
    assert not allowed(ReadOptions(pattern="x|yz").constraints, ABC).possible()
    assert not allowed(ReadOptions(pattern="ab", length=3).constraints, ABC).possible()


def test_long_lengths_cost_little() -> None:
    """No text is longer than a few hundred characters."""
    assert len(allowed(ReadOptions(length="1-9999").constraints, ABC).step) < 600
    assert not allowed(ReadOptions(length="9999").constraints, ABC).possible()


def test_a_pattern_of_too_many_cases_is_wrong_usage() -> None:
    """Such as one that must remember where a character was."""
    rule = ReadOptions(pattern="[ab]{0,40}a[ab]{14}").constraints
    with pytest.raises(UsageError, match=r"pattern: has too many cases \(shorten"):
        allowed(rule, ABC)


def test_constraints_are_made_ready_once() -> None:
    """For one charset."""
    first = allowed(ReadOptions(pattern="[ab]{2}").constraints, Charset("ab"))
    assert allowed(ReadOptions(pattern="[ab]{2}").constraints, Charset("ab")) is first
    assert allowed(ReadOptions(pattern="[ab]{2}").constraints, Charset("abc")) is not first


@pytest.mark.parametrize(
    ("rule", "counting"),
    [
        (ReadOptions(length=6).constraints, True),
        (ReadOptions(length="2-4", charset="ab").constraints, True),
        (ReadOptions(pattern="[abc]{2,3}").constraints, True),
        (ReadOptions(pattern="[ab]{2,3}").constraints, False),
        (ReadOptions(pattern="[ab]{2,3}", charset="ab").constraints, True),
        (ReadOptions(pattern="ab?c").constraints, False),
        (ReadOptions(length=2, charset="xyz").constraints, False),
        (Constraints(), False),
    ],
)
def test_it_is_known_whether_only_the_length_matters(rule: Constraints, counting: bool) -> None:
    """Whether it is given as a length or as a pattern."""
    assert allowed(rule, Charset("abc")).counting is counting


def shares(scores: FloatArray) -> NDArray[np.float64]:
    """Return the probabilities, shape (K, B, T), of logits of shape (B, T, K)."""
    powers = np.exp(scores.astype(np.float64))
    return np.asarray((powers / powers.sum(axis=2, keepdims=True)).transpose(2, 0, 1))


@settings(max_examples=60)
@given(logits(batch=2), patterns() | st.none(), st.sampled_from([None, "1", "2-3", "3", "4-9"]))
def test_it_is_the_sum_over_every_allowed_text(
    scores: FloatArray, pattern: str | None, length: str | None
) -> None:
    """As trying every path finds it; nothing where no text is allowed."""
    rule = ReadOptions(pattern=pattern, length=length).constraints
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
    left = allowed(ReadOptions(length=length).constraints, ABC)
    assert left.counting
    found = probability_allowed(shares(scores), left)
    other = probability_allowed(shares(scores), replace(left, counting=False))
    np.testing.assert_allclose(found, other, rtol=1e-9, atol=1e-13)


def test_it_does_not_matter_how_many_images_are_summed_at_once() -> None:
    """Of more than there is room for, each has what it has alone."""
    scores = np.random.default_rng(1).normal(0, 2, (20_000, 9, 4)).astype(np.float32)
    left = allowed(Constraints(length=(2, 3)), ABC)
    together = probability_allowed(shares(scores), left)
    for image in range(0, len(scores), 1999):
        alone = probability_allowed(shares(scores[image : image + 1]), left)
        np.testing.assert_allclose(alone, together[image : image + 1], rtol=1e-12)
