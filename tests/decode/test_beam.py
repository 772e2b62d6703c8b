"""The beam search, where it is alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.decode import Constraints, ReadOptions, allowed
from captchascope.decode.beam import beam_search
from captchascope.records import FloatArray
from decode.brute import ABC, chances, logits, patterns


def found_by(scores: FloatArray, rule: Constraints, width: int) -> list[str]:
    """Return the texts that a beam finds in logits of shape (T, K)."""
    powers = np.exp(scores.astype(np.float64))
    logs = np.log(powers / powers.sum(axis=1, keepdims=True))
    classes, there = beam_search(logs[:, None], allowed(rule, ABC), width)
    return [
        ABC.decode(row.tolist())
        for row, is_there in zip(classes, there[0], strict=True)
        if is_there
    ]


@settings(max_examples=40)
@given(logits(), patterns() | st.none(), st.sampled_from([None, "1", "2-3"]))
def test_a_beam_that_is_wide_enough_finds_every_allowed_text(
    scores: FloatArray, pattern: str | None, length: str | None
) -> None:
    """Each once, and no other."""
    rule = ReadOptions(pattern=pattern, length=length).constraints
    fewest, most = rule.length or (0, 99)
    wanted = [
        text
        for text in chances(scores[0])
        if fewest <= len(text) <= most and (pattern is None or re.fullmatch(pattern, text))
    ]
    assert sorted(found_by(scores[0], rule, 500)) == sorted(wanted)


@settings(max_examples=40)
@given(logits(), patterns())
def test_the_narrowest_beam_ends_with_an_allowed_text(scores: FloatArray, pattern: str) -> None:
    """If there is one that fits into the timesteps at all."""
    found = found_by(scores[0], ReadOptions(pattern=pattern).constraints, 1)
    possible = {text for text in chances(scores[0]) if re.fullmatch(pattern, text)}
    assert len(found) == bool(possible)
    assert set(found) <= possible


def test_what_a_constraint_needs_is_not_lost_to_what_looks_better() -> None:
    """A beam of one, which c would fill if the second timestep were not known."""
    scores = np.array([[0, 0, 0, 5], [0, 0, 9, 0]], np.float32)
    assert found_by(scores, ReadOptions(pattern="ab|c").constraints, 1) == ["ab"]


@pytest.mark.parametrize("text", ["aaa", "aab", "abb"])
def test_equal_characters_need_a_blank_between(text: str) -> None:
    """So they need a timestep more."""
    short = np.zeros((len(text), 4), np.float32)
    longer = np.zeros((2 * len(text) - 1, 4), np.float32)
    rule = ReadOptions(pattern=text).constraints
    assert found_by(short, rule, 4) == []
    assert found_by(longer, rule, 4) == [text]
