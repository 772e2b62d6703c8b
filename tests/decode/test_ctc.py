"""Texts laid over timesteps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode import Constraints, Decoded, ReadOptions, decode_ctc
from captchascope.decode.automaton import IntArray
from captchascope.decode.ctc import best_alignment, log_weights
from captchascope.records import FloatArray
from decode.brute import ABC, chances, divided, logits, patterns, texts


def laid_out(written: list[str]) -> tuple[IntArray, IntArray]:
    """Return the labels and lengths of texts."""
    lengths = np.array([len(text) for text in written])
    labels = np.zeros((len(written), max(lengths)), np.int64)
    for row, text in zip(labels, written, strict=True):
        row[: len(text)] = ABC.encode(text)
    return labels, lengths


def weights_of(scores: FloatArray) -> FloatArray:
    """Return the weights of logits of shape (B, T, K)."""
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    return np.ascontiguousarray(weights.transpose(2, 0, 1), np.float32)


def paths_of(text: str, timesteps: int) -> list[tuple[int, ...]]:
    """Return every path that gives a text."""
    wanted = ABC.encode(text)
    paths = product(range(ABC.num_classes), repeat=timesteps)
    return [path for path in paths if [k for k, _ in groupby(path) if k] == wanted]


@settings(max_examples=25)
@given(logits(batch=2))
def test_the_weight_of_a_text_is_the_sum_over_its_paths(scores: FloatArray) -> None:
    """Of every text that there is room for, and none where there is none."""
    weights = weights_of(scores)
    timesteps = scores.shape[1]
    written = list(texts("ab", 3))
    labels, lengths = laid_out(written)
    found = log_weights(weights, labels, lengths, np.ones(len(written), np.int64))
    for text, log in zip(written, found, strict=True):
        chances = [
            math.prod(float(weights[k, 1, t]) for t, k in enumerate(path))
            for path in paths_of(text, timesteps)
        ]
        assert math.exp(log) == pytest.approx(math.fsum(chances), rel=1e-9)


@pytest.mark.parametrize("timesteps", [1, 255, 256, 257, 1500])
def test_many_timesteps_neither_overflow_nor_underflow(timesteps: int) -> None:
    """With all weights 1, the number of paths of a text without repetitions is a binomial."""
    length = min(timesteps, 300)
    labels = np.array([[1, 2] * 150])[:, :length]
    weights = np.ones((3, 1, timesteps), np.float32)
    (found,) = log_weights(weights, labels, np.array([length]), np.array([0]))
    paths = math.comb(timesteps + length, 2 * length)
    assert found == pytest.approx(math.log(paths), rel=1e-12)


def test_a_text_that_weighs_next_to_nothing_is_no_error() -> None:
    """Its weight is nothing."""
    weights = np.full((2, 1, 40), 1e-30, np.float32)
    (found,) = log_weights(weights, np.array([[1] * 15]), np.array([15]), np.array([0]))
    assert found == -math.inf


@settings(max_examples=25)
@given(logits())
def test_the_best_alignment_is_the_best_path_of_the_text(scores: FloatArray) -> None:
    """No path of the text weighs more than the one that is returned."""
    weights = weights_of(scores)
    timesteps = scores.shape[1]
    written = [text for text in texts("ab", 3) if paths_of(text, timesteps)]
    labels, lengths = laid_out(written)
    spans = best_alignment(weights, labels, lengths, np.zeros(len(written), np.int64))
    for text, span in zip(written, spans, strict=True):
        path = np.zeros(timesteps, np.int64)
        for char, where in zip(ABC.encode(text), span, strict=False):
            path[where] = char
        paths = paths_of(text, timesteps)
        assert tuple(path) in paths
        best = max(math.prod(float(weights[k, 0, t]) for t, k in enumerate(p)) for p in paths)
        assert math.prod(float(weights[k, 0, t]) for t, k in enumerate(path)) == pytest.approx(best)


FREE = Constraints()


def one(scores: FloatArray, charset: Charset = ABC, rule: Constraints = FREE) -> Decoded:
    """Decode the logits of one image, shape (T, K), that have a text."""
    (found,) = decode_ctc(scores[None], charset, rule)
    assert found is not None
    return found


def seen(*path: str, charset: Charset = ABC, sure: float = 8.0) -> FloatArray:
    """Return logits, shape (T, K), of a network that sees these, a minus for the blank."""
    scores = np.zeros((len(path), charset.num_classes), np.float32)
    for t, char in enumerate(path):
        scores[t, 0 if char == "-" else charset.encode(char)[0]] = sure
    return scores


def test_the_best_path_is_the_text() -> None:
    """Runs are one character, and blanks part equal ones."""
    assert one(seen("-", "a", "a", "-", "a", "b", "-")).text == "aab"


@settings(max_examples=80)
@given(logits(batch=3), patterns() | st.none(), st.sampled_from([None, "1", "2-3", "3"]))
def test_the_text_is_the_most_probable_of_those_allowed(
    scores: FloatArray, pattern: str | None, length: str | None
) -> None:
    """And its confidence its share of what they have together; None where none is allowed."""
    rule = ReadOptions(pattern=pattern, length=length).constraints
    fewest, most = rule.length or (0, 99)
    for image, found in zip(scores, decode_ctc(scores, ABC, rule), strict=True):
        possible = {
            text: chance
            for text, chance in chances(image).items()
            if fewest <= len(text) <= most and (pattern is None or re.fullmatch(pattern, text))
        }
        if found is None:
            assert not possible
            continue
        sure = divided(possible)
        assert found.confidence == pytest.approx(sure[found.text], rel=1e-4, abs=1e-6)
        assert found.confidence == pytest.approx(max(sure.values()), rel=1e-4, abs=1e-6)


FOLDINGS: dict[str, tuple[ReadOptions, str, Callable[[str], str]]] = {
    "a charset of both cases": (ReadOptions("aB"), "aB", str),
    "one case": (ReadOptions("A1"), "aA1", str.upper),
    "one case, small": (ReadOptions("ab1"), "aAbB1", str.lower),
    "one case, kept": (ReadOptions("ab1", case="keep"), "ab1", str),
    "no letter": (ReadOptions("1"), "1", str),
    "case ignored": (ReadOptions("Ab", ignore_case=True), "aAbB", str.lower),
    "a pattern of one case": (ReadOptions(pattern="[AB1]{1,3}"), "aAbB1", str.upper),
    "a pattern of one case, kept": (
        ReadOptions(pattern="[AB]{1,3}", case="keep"),
        "aAbB1",
        str,
    ),
    "a pattern that leaves one case of two": (
        ReadOptions("abAB", None, "b[a1]?"),
        "aAbB",
        str.lower,
    ),
    "a pattern of both cases": (ReadOptions(pattern="[aB1]{1,3}"), "aAbB1", str),
}
"""Options, the characters that they leave, and the names that those are given."""


@pytest.mark.parametrize("told", FOLDINGS.values(), ids=[*FOLDINGS])
@settings(max_examples=12)
@given(logits(classes=6), st.sampled_from([None, "1", "2-3"]))
def test_a_charset_masks_classes_and_cases_are_summed(
    told: tuple[ReadOptions, str, Callable[[str], str]], scores: FloatArray, length: str | None
) -> None:
    """Each timestep sums to 1 again; the text is the best of those that all paths can give."""
    options, only, fold = told
    charset = Charset("aAbB1")
    rule = replace(options, length=length).constraints
    fewest, most = rule.length or (0, 99)
    possible = {
        text: chance
        for text, chance in chances(scores[0], charset, only, fold).items()
        if fewest <= len(text) <= most and (rule.pattern is None or rule.pattern.matches(text))
    }
    (found,) = decode_ctc(scores, charset, rule)
    if found is None:
        assert not possible
        return
    sure = possible if (rule.length, rule.pattern) == (None, None) else divided(possible)
    assert found.confidence == pytest.approx(sure[found.text], rel=1e-4, abs=1e-6)
    assert found.confidence == pytest.approx(max(sure.values()), rel=1e-4, abs=1e-6)
    for char in found.chars:
        classes = [0, *(i for i, c in enumerate(charset.chars, 1) if c in only)]
        shares = np.exp(scores[0, :, classes].T.astype(np.float64))
        shares /= shares.sum(axis=1, keepdims=True)
        same = [i for i, k in enumerate(classes) if k and fold(charset.chars[k - 1]) == char.char]
        assert char.confidence <= max(shares[:, same].sum(axis=1).max(), found.confidence) + 1e-6


@settings(max_examples=30)
@given(logits(), st.sampled_from(["1", "1-2", "2-3"]))
def test_a_length_that_the_text_has_makes_it_no_less_sure(scores: FloatArray, length: str) -> None:
    """It rules out others, and nothing else; and the less it leaves, the surer."""
    free = one(scores[0])
    known = ReadOptions(length=length).constraints
    fewest, most = known.length or (0, 0)
    if fewest <= len(free.text) <= most:
        found = one(scores[0], rule=known)
        exact = one(scores[0], rule=ReadOptions(length=len(free.text)).constraints)
        assert found.text == exact.text == free.text
        assert free.confidence <= found.confidence + 1e-6
        assert found.confidence <= exact.confidence + 1e-4


def test_what_is_shared_among_lengths_is_given_to_the_one_that_is_known() -> None:
    """A network that can't tell a from aa, nor the second from b, is sure of a alone."""
    scores = np.log(np.array([[0, 1, 0, 0], [0.5, 0.5, 0, 0], [0, 0.6, 0.4, 0]]) + 1e-12)
    scores = scores.astype(np.float32)
    any_length, short, long = (ReadOptions(length=n).constraints for n in ("1-2", 1, 2))
    assert one(scores, rule=any_length).confidence == pytest.approx(0.4)
    assert one(scores, rule=short).confidence == pytest.approx(1)
    first, second = one(scores, rule=long).chars
    assert first.confidence == pytest.approx(1)
    assert second.confidence == pytest.approx(4 / 7)


def test_a_text_that_is_sure_by_itself_stays_so() -> None:
    """There is next to nothing to divide by, on either side of where it is left out."""
    for sure in (11.5, 12.0, 12.5, 13.0):
        scores = seen(*"-a-b-", sure=sure)
        free, known = one(scores), one(scores, rule=ReadOptions(length=2).constraints)
        assert free.confidence <= known.confidence + 1e-7
        assert known.confidence == pytest.approx(free.confidence, abs=2e-4)


def test_what_contradicts_the_image_has_little_confidence() -> None:
    """Though no other text is allowed; where the image leaves it possible, it is certain."""
    rule = ReadOptions(pattern="cc").constraints
    assert one(seen(*"-a-b-", sure=5.0), rule=rule).confidence == pytest.approx(1)
    assert one(seen(*"-a-b-", sure=20.0), rule=rule).confidence < 1e-6


@settings(max_examples=30)
@given(logits(batch=4), patterns() | st.none())
def test_a_text_does_not_depend_on_its_batch(scores: FloatArray, pattern: str | None) -> None:
    """Alone, or in another order, it is the same with the same confidences."""
    rule = ReadOptions(pattern=pattern).constraints
    together = decode_ctc(scores, ABC, rule)
    backwards = decode_ctc(scores[::-1], ABC, rule)[::-1]
    for image, *found in zip(scores, together, backwards, strict=True):
        (alone,) = decode_ctc(image[None], ABC, rule)
        for other in found:
            if alone is None or other is None:
                assert alone is other
                continue
            assert other.text == alone.text
            assert other.confidence == pytest.approx(alone.confidence, abs=1e-6)
            assert [c.place for c in other.chars] == [c.place for c in alone.chars]


@settings(max_examples=30)
@given(logits(batch=2), patterns() | st.none(), st.floats(0.25, 4))
def test_characters_are_as_sure_as_their_text_at_least(
    scores: FloatArray, pattern: str | None, temperature: float
) -> None:
    """They are the text's, from left to right within the image, and nothing is surer than 1."""
    for found in decode_ctc(scores, ABC, ReadOptions(pattern=pattern).constraints, temperature):
        if found is None:
            continue
        assert "".join(char.char for char in found.chars) == found.text
        assert 0 <= found.confidence <= 1
        assert all(found.confidence <= char.confidence <= 1 for char in found.chars)
        edges = [0.0, *(x for char in found.chars for x in char.place or ()), 1.0]
        assert len(edges) == 2 * len(found.chars) + 2
        assert edges == sorted(edges)
        assert all(left < right for left, right in zip(edges[1::2], edges[2::2], strict=False))


def test_a_character_is_where_it_was_seen() -> None:
    """As shares of the image's width, with the highest probability that it has there."""
    scores = seen("-", "a", "a", "-", "b", "-", "-", "-")
    scores[2, 1] = 9
    for rule in (FREE, ReadOptions(pattern="a[bc]").constraints):
        first, second = one(scores, rule=rule).chars
        assert (first.place, second.place) == ((1 / 8, 3 / 8), (4 / 8, 5 / 8))
    first, second = one(scores).chars
    assert first.confidence == pytest.approx(np.exp(9) / (np.exp(9) + 3))
    forced = one(scores, rule=ReadOptions(pattern="ac").constraints)
    assert [char.place for char in forced.chars] == [(1 / 8, 3 / 8), (4 / 8, 5 / 8)]
    assert forced.chars[1].confidence == forced.confidence


@pytest.mark.parametrize("rule", [FREE, ReadOptions(length="2").constraints])
def test_places_are_those_in_the_whole_image(rule: Constraints) -> None:
    """Where the timesteps cover only a part of it."""
    scores = seen("-", "a", "b", "-")[None]
    (whole,), (part,) = (
        decode_ctc(scores, ABC, rule, span=span) for span in ((0.0, 1.0), (0.25, 0.75))
    )
    assert whole is not None
    assert part is not None
    assert [char.place for char in whole.chars] == [(0.25, 0.5), (0.5, 0.75)]
    assert [char.place for char in part.chars] == [(0.375, 0.5), (0.5, 0.625)]


def test_many_unsure_paths_beat_one_surer_path() -> None:
    """The best path says nothing, but most of the probability says a."""
    scores = np.log(np.array([[0.6, 0.4, 1e-9, 1e-9]] * 2, np.float32))
    found = one(scores)
    assert found.text == "a"
    assert found.confidence == pytest.approx(0.64, abs=1e-4)


@settings(max_examples=30)
@given(logits(), st.sampled_from([None, "1-2", "2", "3"]))
def test_without_a_search_the_best_path_counts(scores: FloatArray, length: str | None) -> None:
    """As confident as ever where it is allowed, however little that is; else there is no text."""
    rule = ReadOptions(length=length).constraints
    (found,) = decode_ctc(scores[:1], ABC, rule, search=False)
    path = scores[0].argmax(axis=1)
    kept = path[np.append(True, path[1:] != path[:-1])]
    text = "".join(ABC.chars[i - 1] for i in kept if i)
    if rule.length is not None and not rule.length[0] <= len(text) <= rule.length[1]:
        assert found is None
        return
    assert found is not None
    assert found.text == text
    best = one(scores[0], rule=rule)
    assert found.confidence <= best.confidence + 1e-9
    if best.text == text:  # a search that finds it again may round otherwise
        assert found.confidence == pytest.approx(best.confidence, abs=1e-9)


@given(logits(), st.sampled_from(["1-2", "2", "3"]), st.floats(0, 1))
def test_too_improbable_texts_are_none(scores: FloatArray, length: str, least: float) -> None:
    """Together, where the best path is none of them."""
    rule = ReadOptions(length=length).constraints
    assert rule.length is not None
    (path,) = decode_ctc(scores[:1], ABC, rule, search=False)
    known = rule, replace(rule, least=least)
    (found,), (kept,) = (decode_ctc(scores[:1], ABC, each) for each in known)
    fewest, most = rule.length
    shares = [p for text, p in chances(scores[0]).items() if fewest <= len(text) <= most]
    together = math.fsum(shares)
    if abs(together - least) > 1e-6:
        assert kept == (None if path is None and together < least else found)


def test_nothing_may_be_the_text() -> None:
    """As far as the constraints go."""
    nothing = seen("-", "-", "-")
    assert one(nothing) == Decoded("", one(nothing).confidence, ())
    assert one(nothing).confidence > 0.99
    assert one(nothing, rule=ReadOptions(pattern="a?").constraints).text == ""
    assert len(one(nothing, rule=ReadOptions(length="1-2").constraints).text) == 1


@pytest.mark.parametrize(
    ("path", "rule", "text"),
    [
        ("-a-b-c-", ReadOptions(length=2).constraints, ""),
        ("-a-b-c-", ReadOptions(length="3-5").constraints, "abc"),
        ("-a-b-c-", ReadOptions(pattern="[ab]{2,3}").constraints, ""),
        ("-a-b-c-", ReadOptions(pattern="cc?c?|abc?").constraints, "abc"),
        ("-a-b---", ReadOptions(length=3).constraints, ""),
        ("-a-a-a-", ReadOptions(pattern="[ab]a[bc]").constraints, "aab"),
        ("a" * 9, ReadOptions(pattern="a{5}").constraints, "aaaaa"),
    ],
)
def test_constraints_hold_whatever_the_image_says(path: str, rule: Constraints, text: str) -> None:
    """Where the best path breaks them, the best of the other texts is taken."""
    scores = seen(*path, sure=5.0)
    found = one(scores, rule=rule)
    fewest, most = rule.length or (0, 99)
    assert fewest <= len(found.text) <= most
    assert rule.pattern is None or rule.pattern.matches(found.text)
    assert not text or sorted(found.text) == sorted(text)


def test_a_text_that_does_not_fit_is_none() -> None:
    """Neither what is longer than the image, nor what the model does not know."""
    scores = seen(*"a-a-a")[None]
    assert decode_ctc(scores, ABC, ReadOptions(length="4-9").constraints) != [None]
    assert decode_ctc(scores, ABC, ReadOptions(length="6-9").constraints) == [None]
    assert decode_ctc(scores, ABC, ReadOptions(pattern="a{4}").constraints) == [None]
    assert decode_ctc(scores, ABC, ReadOptions(pattern="x|ay").constraints) == [None]
    assert decode_ctc(scores, ABC, ReadOptions(charset="xyz", length=1).constraints) == [None]


def test_a_temperature_flattens() -> None:
    """As if the logits had been divided by it."""
    scores = seen(*"-a-bb-c")
    (hot,) = decode_ctc(scores[None], ABC, FREE, 2.5)
    assert hot is not None
    assert hot.text == "abc"
    assert hot.confidence == pytest.approx(one(scores / np.float32(2.5)).confidence, rel=1e-5)
    assert hot.confidence < one(scores).confidence


def test_an_image_with_many_timesteps_and_characters() -> None:
    """Longer than any captcha."""
    text = "abc" * 100
    path = (c for char in text for c in (char, "-", "-", "-"))
    assert one(seen(*path, sure=20.0)).text == text


def test_impossible_classes_are_no_error() -> None:
    """Minus infinity is a probability of nothing, which a constraint may still ask for."""
    scores = seen(*"-a-b-")
    scores[:, 3] = -np.inf
    assert one(scores).text == "ab"
    found = one(scores, rule=ReadOptions(pattern="ac").constraints)
    assert (found.text, found.confidence) == ("ac", 0.0)


def test_no_image_has_no_text() -> None:
    """An empty batch is one too."""
    assert decode_ctc(np.zeros((0, 5, 4), np.float32), ABC, FREE) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("rule", [FREE, ReadOptions(charset="ab").constraints])
def test_no_number_is_no_logit(value: float, rule: Constraints) -> None:
    """Wherever it is, among the characters that are left out too."""
    scores = seen("a", "-", "b")[None]
    scores[0, 1, 3] = value
    with pytest.raises(ValueError, match="the logits hold a NaN or an infinity"):
        decode_ctc(scores, ABC, rule)


@pytest.mark.parametrize("shape", [(5, 4), (1, 5, 3), (1, 5, 5), (1, 0, 4), (1, 1, 5, 4)])
def test_another_shape_is_an_error(shape: tuple[int, ...]) -> None:
    """It says which one is wanted."""
    with pytest.raises(ValueError, match=r"the logits are of shape .* not \(B, T, 4\)"):
        decode_ctc(np.zeros(shape, np.float32), ABC, FREE)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_no_temperature_is_an_error(temperature: float) -> None:
    """Nothing can be divided by it."""
    with pytest.raises(ValueError, match="the temperature is"):
        decode_ctc(seen("a")[None], ABC, FREE, temperature)
