"""Glyphs decoded: the most probable text that is allowed."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode import Constraints, ReadOptions, decode_glyphs, folded
from captchascope.records import FloatArray

ABC = Charset("abc")
ROWS = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], np.float32)


@st.composite
def tables(draw_from: st.DrawFn, most_rows: int = 4) -> FloatArray:
    """Draw the probabilities of a few glyphs of up to four classes, ties and zeros included."""
    rows, classes = draw_from(st.integers(1, most_rows)), draw_from(st.integers(1, 4))
    row = st.lists(st.integers(0, 9), min_size=classes, max_size=classes).filter(any)
    weights = np.array(draw_from(st.lists(row, min_size=rows, max_size=rows)), np.float32)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def text_of(
    probabilities: FloatArray, charset: Charset = ABC, rule: Constraints | None = None
) -> str | None:
    """Decode, and forget the confidences."""
    found = decode_glyphs(probabilities, charset, rule or Constraints())
    return None if found is None else found.text


def confidences(probabilities: FloatArray, rule: Constraints) -> list[float]:
    """Decode, and forget the text."""
    found = decode_glyphs(probabilities, ABC, rule)
    assert found is not None
    return [char.confidence for char in found.chars]


def chance_of(probabilities: FloatArray, choice: tuple[int, ...]) -> float:
    """Multiply the probabilities of the classes of a choice."""
    return math.prod(float(probabilities[n, i]) for n, i in enumerate(choice))


def test_without_constraints_each_glyph_is_its_best() -> None:
    """The confidence of a character is its probability."""
    assert text_of(ROWS) == "ac"
    assert confidences(ROWS, Constraints()) == pytest.approx([0.7, 0.6])


def test_a_charset_leaves_the_others_out_and_shares_their_part() -> None:
    """The probabilities that are left sum to 1 again."""
    rule = ReadOptions(charset="bcx").constraints
    assert text_of(ROWS, rule=rule) == "bc"
    assert confidences(ROWS, rule) == pytest.approx([2 / 3, 2 / 3])


def test_a_charset_without_a_common_character_has_no_text() -> None:
    """It is for the reader to refuse such a charset beforehand."""
    assert text_of(ROWS, rule=ReadOptions(charset="xyz").constraints) is None


def test_a_pattern_chooses_the_best_text_that_matches_as_a_whole() -> None:
    """A match of a part is none."""
    assert text_of(ROWS, rule=ReadOptions(pattern="a[a-z]").constraints) == "ac"
    assert text_of(ROWS, rule=ReadOptions(pattern="[^a][^c]").constraints) == "bb"
    assert text_of(ROWS, rule=ReadOptions(pattern="a").constraints) is None
    assert confidences(ROWS, ReadOptions(pattern="bb").constraints) == pytest.approx([0.2, 0.3])


def test_a_pattern_that_no_text_matches_gives_none() -> None:
    """For want of its characters, or of its number of them."""
    assert text_of(ROWS, rule=ReadOptions(pattern="x{2}").constraints) is None
    assert text_of(ROWS, rule=ReadOptions(pattern="[abc]{3,4}|a").constraints) is None


def test_a_length_must_be_the_number_of_glyphs() -> None:
    """Glyphs are neither invented nor dropped."""
    assert text_of(ROWS, rule=ReadOptions(length="2").constraints) == "ac"
    assert text_of(ROWS, rule=ReadOptions(length="1-3").constraints) == "ac"
    assert text_of(ROWS, rule=ReadOptions(length=3).constraints) is None


def test_cases_are_merged_before_the_best_is_chosen() -> None:
    """Two halves of one letter outvote another one, and the text is in lower case."""
    rows = np.array([[0.3, 0.3, 0.4], [0.1, 0.8, 0.1]], np.float32)
    charset = Charset("aAB")
    assert text_of(rows, charset) == "BA"
    rule = ReadOptions(ignore_case=True).constraints
    assert text_of(rows, charset, rule) == "aa"
    found = decode_glyphs(rows, charset, rule)
    assert found is not None
    assert [char.confidence for char in found.chars] == pytest.approx([0.6, 0.9])


def test_cases_are_merged_in_the_constraints_too() -> None:
    """A charset in upper case means both."""
    rows = np.array([[0.3, 0.3, 0.4]], np.float32)
    rule = ReadOptions(charset="A", ignore_case=True).constraints
    assert text_of(rows, Charset("aAB"), rule) == "a"


@pytest.mark.parametrize("chars", ["ΑΣ", "ΣΑ", "İI", "iİ", "ẞß"])
def test_no_letter_is_lost_to_its_lower_case(chars: str) -> None:
    """A final sigma depends on its neighbours, and a dotted I becomes two characters."""
    rows = np.array([[0.1, 0.9], [0.9, 0.1]], np.float32)
    rule = ReadOptions(ignore_case=True).constraints
    found = decode_glyphs(rows, Charset(chars), rule)
    assert found is not None
    assert [char.char for char in found.chars] == [folded(chars[1]), folded(chars[0])]
    assert all(char.confidence > 0.89 for char in found.chars)
    only = ReadOptions(charset=chars[1], ignore_case=True).constraints
    assert text_of(rows, Charset(chars), only) == folded(chars[1]) * 2


@settings(max_examples=150)
@given(tables(), st.sets(st.text("abcd", min_size=1, max_size=4), min_size=1, max_size=20))
def test_the_text_is_the_best_of_those_allowed(
    probabilities: FloatArray, allowed: set[str]
) -> None:
    """As brute force over all texts finds it, up to ties."""
    rows, classes = probabilities.shape
    charset = Charset("abcd"[:classes])
    rule = ReadOptions(pattern="|".join(sorted(allowed))).constraints
    best = max(
        (
            chance_of(probabilities, choice)
            for choice in product(range(classes), repeat=rows)
            if "".join(charset.chars[i] for i in choice) in allowed
        ),
        default=None,
    )
    found = decode_glyphs(probabilities, charset, rule)
    if best is None:
        assert found is None
        return
    assert found is not None
    assert found.text in allowed
    assert found.confidence == pytest.approx(best, rel=1e-5)
    assert found.text == "".join(char.char for char in found.chars)
    assert all(0 <= char.confidence <= 1 for char in found.chars)
