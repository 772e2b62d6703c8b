"""What texts are like, and what that makes of unsure readings."""

from __future__ import annotations

import math
import string
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode import Constraints, Decoded, ReadOptions, decode_ctc
from captchascope.decode.ctc import log_probabilities
from captchascope.decode.prior import KINDS, Kind, TextPrior, decode_untold
from captchascope.records import FloatArray
from decode.brute import ABC, chances, logits

WHOLE = Charset("".join(dict.fromkeys("".join(kind.chars for kind in KINDS))) + ".")
FREE = Constraints()
SMALL = TextPrior((Kind(0.6, "ab"), Kind(0.3, "bc"), Kind(0.1, "abc")), 1.0)


def general(ignore_case: bool = False) -> TextPrior:
    """Return the prior of the whole alphabet."""
    prior = TextPrior.of(WHOLE, ignore_case)
    assert prior is not None
    return prior


def scores_of(*steps: str, doubt: str = "", second: float = 0.4) -> FloatArray:
    """Return logits that see ``steps``, - being the blank, in which a doubt is that probable.

    ``doubt`` has a character for each timestep, too; a space where there is none.
    """
    chances = np.full((len(steps), WHOLE.num_classes), 1e-5)
    for row, step, other in zip(chances, steps, doubt.ljust(len(steps)), strict=True):
        row[0 if step == "-" else WHOLE.encode(step)[0]] = 1.0
        if other != " ":
            row[WHOLE.encode(other)[0]] = second / (1 - second)
    return np.asarray(np.log(chances / chances.sum(axis=1, keepdims=True)), np.float32)


def one(scores: FloatArray, rule: Constraints = FREE, weight: float = 0.5) -> Decoded:
    """Return the text of one image, shape (T, K)."""
    prior = replace(general(rule.ignore_case), weight=weight)
    (found,) = decode_untold(scores[None], WHOLE, rule, 1.0, (0.0, 1.0), prior)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("steps", "doubt", "text"),
    [
        ("0-z-9-0-8", "  2      ", "02908"),
        ("2-7-+-o", "      0", "27+0"),
        ("3-t-5", "  +", "3+5"),
        ("2-四-+-8", "  4", "24+8"),
        ("A-B-x-4", "    X", "ABX4"),
    ],
)
def test_what_no_scheme_mixes_is_read_as_what_schemes_draw(
    steps: str, doubt: str, text: str
) -> None:
    """Where the image leaves it possible; an image that is clear is read as it is."""
    scores = scores_of(*steps, doubt=doubt)
    assert decode_ctc(scores[None], WHOLE, FREE) != [None]
    assert one(scores, weight=0).text == steps.replace("-", "") != text
    found = one(scores)
    assert found.text == text
    assert [char.char for char in found.chars] == list(text)
    assert all(found.confidence <= char.confidence <= 1 for char in found.chars)
    clear = scores_of(*steps, doubt=doubt, second=1e-4)
    assert one(clear).text == steps.replace("-", "")


def test_a_length_that_is_told_holds() -> None:
    """Candidates of another are none."""
    scores = scores_of(*"1-2-x-4")
    scores[4, 0] = scores[4].max() - 0.3
    for length in (3, 4):
        assert len(one(scores, ReadOptions(length=length).constraints).text) == length


def test_case_is_folded_where_it_is_ignored() -> None:
    """Then no kind differs by it from another."""
    scores = scores_of(*"A-b-C-4", doubt="a B c")
    assert one(scores, ReadOptions(ignore_case=True).constraints).text == "abc4"
    alphabets = [kind.chars for kind in general(ignore_case=True).kinds if not kind.shape]
    assert len(set(alphabets)) == len(alphabets)
    assert not set("".join(alphabets)).intersection(string.ascii_uppercase)


@settings(max_examples=30)
@given(logits(batch=3))
def test_without_weight_the_most_probable_text_wins(scores: FloatArray) -> None:
    """It is one that decoding without a prior finds, as confident as there."""
    flat = replace(SMALL, weight=0.0)
    untold = decode_untold(scores, ABC, FREE, 1.0, (0.0, 1.0), flat)
    for found, free, image in zip(untold, decode_ctc(scores, ABC, FREE), scores, strict=True):
        assert found is not None
        assert free is not None
        assert found.confidence == pytest.approx(free.confidence, abs=1e-5)
        assert chances(image)[found.text] == pytest.approx(free.confidence, abs=1e-5)


@settings(max_examples=30)
@given(logits(), st.sampled_from([None, "1-2", "2"]))
def test_the_text_that_wins_is_worth_no_less_than_any_candidate(
    scores: FloatArray, length: str | None
) -> None:
    """By its exact probability and the prior; its confidence is between 0 and 1."""
    rule = ReadOptions(length=length).constraints
    (found,) = decode_untold(scores, ABC, rule, 1.0, (0.0, 1.0), SMALL)
    (free,) = decode_ctc(scores, ABC, rule)
    if found is None or free is None:
        assert found is free
        return
    of = chances(scores[0])
    worth = {text: of[text] * math.exp(SMALL.log_odds(text)) for text in (found.text, free.text)}
    assert worth[found.text] >= worth[free.text] * (1 - 1e-5)
    assert 0 <= found.confidence <= 1
    fewest, most = rule.length or (0, 9)
    assert fewest <= len(found.text) <= most


@settings(max_examples=30)
@given(logits(batch=4), st.sampled_from([None, "1-2"]))
def test_a_text_does_not_depend_on_its_batch(scores: FloatArray, length: str | None) -> None:
    """Alone, or in another order, it is the same with the same confidences."""
    rule = ReadOptions(length=length).constraints
    known = ABC, rule, 1.5, (0.0, 1.0), SMALL
    together = decode_untold(scores, *known)
    backwards = decode_untold(scores[::-1], *known)[::-1]
    for image, *found in zip(scores, together, backwards, strict=True):
        (alone,) = decode_untold(image[None], *known)
        for other in found:
            if alone is None or other is None:
                assert alone is other
                continue
            assert other.text == alone.text
            assert other.confidence == pytest.approx(alone.confidence, abs=1e-6)


def test_no_image_has_no_text() -> None:
    """An empty batch is one too."""
    empty = np.zeros((0, 5, 4), np.float32)
    assert decode_untold(empty, ABC, FREE, 1.0, (0.0, 1.0), SMALL) == []


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4])
def test_the_texts_of_a_length_have_a_probability_of_1_together(length: int) -> None:
    """Or less, where a kind has none of that length."""
    sums = Kind(0.2, "1+", r"1{1,2}\+1{1,2}", ((0, 1, 1), (0, 1), (0, 1, 1)))
    prior = TextPrior((Kind(0.5, "1"), Kind(0.3, "1+"), sums))
    logs = [prior.log_probability("".join(text)) for text in product("1+", repeat=length)]
    together = sum(map(math.exp, logs))
    assert together == pytest.approx(1.0 if length > 2 else 0.8)


@pytest.mark.parametrize("kind", KINDS[-2:])
def test_sums_are_counted_as_their_shape_says(kind: Kind) -> None:
    """A kind's share is divided among as many texts as there are, tried for the shortest."""
    texts = ["".join(text) for text in product(kind.chars, repeat=3)]
    logs = [kind.log_probability(text) for text in texts]
    assert sum(map(math.exp, logs)) == pytest.approx(1)
    for text in ("12+3=", "9÷3=?", "120-7?"):
        assert kind.log_probability(text) > -math.inf
    for text in ("12", "1+", "=3+5", "1+2+3", "1+2?="):
        assert kind.log_probability(text) == -math.inf


def test_kinds_that_an_alphabet_lacks_are_left_out() -> None:
    """And where less than two are left, there is nothing to mix."""
    assert TextPrior.of(Charset("0123456789abc")) is None
    prior = TextPrior.of(Charset(string.digits + string.ascii_lowercase))
    assert prior is not None
    alphabets = [set(kind.chars) for kind in prior.kinds]
    assert set(string.digits) in alphabets
    assert not set("+A").intersection(*alphabets)
    assert sum(kind.share for kind in prior.kinds) == pytest.approx(1)


def test_a_long_text_is_no_error() -> None:
    """However improbable it is."""
    for text in ("A1" * 256, "贰.Aa+" * 100):
        assert math.isfinite(general().log_odds(text))


@settings(max_examples=30)
@given(logits(batch=2), st.sampled_from([None, "2"]))
def test_the_probability_of_a_text_is_its_confidence(
    scores: FloatArray, length: str | None
) -> None:
    """Which decoding gives it, whichever image it is of."""
    rule = ReadOptions(length=length).constraints
    for image, found in enumerate(decode_ctc(scores, ABC, rule, 2.0)):
        if found is not None:
            (log,) = log_probabilities(scores, ABC, rule, [found.text], np.array([image]), 2.0)
            assert math.exp(log) == pytest.approx(found.confidence, abs=2e-4)
