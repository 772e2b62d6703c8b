"""What the texts of one scheme have in common, found by what a network makes of its images."""

from __future__ import annotations

from string import ascii_letters, digits

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.charset import Charset, expanded
from captchascope.decode import Constraints, ReadOptions
from captchascope.decode.consistent import inferred_scheme, lengths_of
from captchascope.records import FloatArray
from decode.brute import chances, logits

KNOWN = Charset(digits + ascii_letters + "+-×÷*/=?")
FREE = Constraints()


def read_as(text: str, sure: float = 0.98, known: Charset = KNOWN) -> FloatArray:
    """Return the probabilities of a network that reads a text: each character, then a blank."""
    rows = np.full((2 * len(text), known.num_classes), (1 - sure) / (known.num_classes - 1))
    rows[np.arange(0, 2 * len(text), 2), known.encode(text)] = sure
    rows[1::2, 0] = sure
    return rows.astype(np.float32)


def drawn(chars: str, lengths: tuple[int, int], count: int = 60, seed: int = 1) -> list[str]:
    """Draw texts of some characters and lengths, each as probable as any other."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(lengths[0], lengths[1] + 1, count)
    return ["".join(rng.choice([*chars], size)) for size in sizes]


@settings(max_examples=40)
@given(logits(classes=5), st.sampled_from(["ab", "bAB", "aAbB", "aAb, as ab", "aB, as b"]))
def test_the_probability_of_a_length_is_that_of_all_its_texts(
    scores: FloatArray, told: str
) -> None:
    """Each path is tried: those of no other characters, by the names that these are given."""
    only, _, names = told.partition(", as ")
    charset = Charset("aAbB")
    shares = np.exp(scores[0].astype(np.float64))
    shares /= shares.sum(axis=1, keepdims=True)
    fold = str.lower if names else str
    groups: dict[str, list[int]] = {}
    for char in only:
        groups.setdefault(fold(char), []).extend(charset.encode(char))
    found = lengths_of(shares[:, :, None], [*groups.values()], 4)[0]
    wanted = np.zeros(5)
    kept = shares[:, [0, *charset.encode(only)]].sum(axis=1).prod()
    for text, chance in chances(scores[0], charset, only, fold).items():
        if len(text) <= 4:
            wanted[len(text)] += kept * chance
    assert found == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("lengths", [(4, 4), (6, 6), (4, 6), (1, 3)])
@pytest.mark.parametrize(
    "written", ["0-9", "a-z", "A-Z", "0-9a-z", "0-9A-Z", "0-9a-f", "0-9A-F", "0-9+×=?", "A-Za-z"]
)
def test_the_scheme_of_clear_images_is_found(written: str, lengths: tuple[int, int]) -> None:
    """Exactly, whatever it is."""
    chars = expanded(written)
    texts = drawn(chars, lengths, 100)
    scheme = inferred_scheme([*map(read_as, texts)], KNOWN, FREE)
    assert scheme is not None
    assert scheme.length == lengths
    assert set(chars) <= set(scheme.chars)
    if lengths[0] > 1:
        assert (
            len(scheme.chars) <= len(chars) + 4
        )  # of the signs, some are thought of that are not there


@settings(max_examples=25)
@given(
    st.sampled_from(["0-9", "a-z", "A-Z", "0-9a-z", "0-9A-Fa-f", "A-H2-9"]),
    st.integers(1, 7),
    st.integers(0, 2),
    st.integers(5, 50),
)
def test_no_text_that_is_seen_is_ruled_out(written: str, least: int, more: int, count: int) -> None:
    """Where there are a few images at least."""
    texts = drawn(expanded(written), (least, least + more), count, count)
    scheme = inferred_scheme([*map(read_as, texts)], KNOWN, FREE)
    if scheme is not None:
        low, high = scheme.length
        assert all(low <= len(text) <= high for text in texts)
        assert set("".join(texts)) <= set(scheme.chars)


def test_what_was_never_seen_is_left_out() -> None:
    """If there were enough images to see it; a hundred are no proof that one of 36 is missing."""
    clear = expanded("A-H2-9")
    scheme = inferred_scheme([*map(read_as, drawn(clear, (5, 5), 100))], KNOWN, FREE)
    assert scheme is not None
    assert set(scheme.chars) == set(clear)
    nearly = expanded("0-9A-Z").replace("O", "")
    scheme = inferred_scheme([*map(read_as, drawn(nearly, (4, 4), 100))], KNOWN, FREE)
    assert scheme is not None
    assert set(scheme.chars) == set(expanded("0-9A-Z"))


def test_an_image_in_twenty_may_be_anything() -> None:
    """What it says is outweighed, and what it costs is bounded."""
    texts = [*drawn(digits, (6, 6), 95), "xY", "QQQQ?", "8c", "a1b2c3d", "o"]
    scheme = inferred_scheme([*map(read_as, texts)], KNOWN, FREE)
    assert scheme is not None
    assert (scheme.chars, scheme.length) == (digits, (6, 6))


def test_letters_of_one_shape_say_nothing_of_their_case() -> None:
    """A network that takes capitals for small letters, where only size differs, is not believed."""
    small = str.maketrans("COSUVWXZ", "cosuvwxz")
    texts = [text.translate(small) for text in drawn(expanded("A-Z"), (5, 5), 60)]
    scheme = inferred_scheme([*map(read_as, texts)], KNOWN, FREE)
    assert scheme is not None
    assert set(scheme.chars) == set(expanded("A-Z"))


def test_a_sign_that_is_misread_leaves_more_than_digits() -> None:
    """Sums in which + is read as a letter are no digits, though most of their characters are."""
    texts = [f"{text[:2]}t{text[2:]}" for text in drawn(digits, (4, 4), 100)]
    scheme = inferred_scheme([read_as(text, 0.8) for text in texts], KNOWN, FREE)
    assert scheme is not None
    assert scheme.length == (5, 5)
    assert "t" in scheme.chars


def test_one_image_says_little() -> None:
    """Of nothing, or of what is read in any way, nothing is inferred."""
    assert inferred_scheme([], KNOWN, FREE) is None
    assert inferred_scheme([read_as("aB3")], KNOWN, FREE) is None
    lost = np.full((20, KNOWN.num_classes), 1 / KNOWN.num_classes, np.float32)
    assert inferred_scheme([lost] * 50, KNOWN, FREE) is None


def test_what_is_told_stays() -> None:
    """Only the rest is inferred; where case is ignored, in lower case."""
    shares = [*map(read_as, drawn(expanded("0-9A-Z"), (4, 4)))]
    for options, chars, length in (
        (ReadOptions(charset="0-9a-z"), expanded("0-9a-z"), (4, 4)),
        (ReadOptions(length="3-5"), expanded("0-9A-Z"), (3, 5)),
        (ReadOptions(ignore_case=True), expanded("0-9a-z"), (4, 4)),
    ):
        scheme = inferred_scheme(shares, KNOWN, options.constraints)
        assert scheme is not None
        assert (set(scheme.chars), scheme.length) == (set(chars), length)


def test_a_model_limits_what_is_thought_of() -> None:
    """Its alphabet is all that there can be, and its lengths."""
    known = Charset("0123456789ABCDEF")
    texts = drawn(digits, (4, 4))
    shares = [read_as(text, known=known) for text in texts]
    scheme = inferred_scheme(shares, known, FREE, (3, 5))
    assert scheme is not None
    assert (scheme.chars, scheme.length) == (digits, (4, 4))
    only = Charset(digits)
    scheme = inferred_scheme([read_as(text, known=only) for text in texts], only, FREE, (4, 4))
    assert scheme is not None
    assert (scheme.chars, scheme.length) == (digits, (4, 4))
