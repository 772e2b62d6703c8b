"""Charsets: ids to text and back."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.charset import BLANK, Charset

DIGITS = Charset("0123456789")
PRINTABLE = st.characters(exclude_categories=("Z", "C"))


@given(st.lists(PRINTABLE, min_size=1, max_size=30, unique=True), st.data())
def test_decoding_undoes_encoding(chars: list[str], data: st.DataObject) -> None:
    """For every text, and no character is ever the blank."""
    charset = Charset("".join(chars))
    text = "".join(data.draw(st.lists(st.sampled_from(chars))))
    ids = charset.encode(text)
    assert all(BLANK < i < charset.num_classes for i in ids)
    assert charset.decode(ids) == text
    assert all(char in charset for char in text)


def test_ids_count_from_one() -> None:
    """Class 0 is the blank, which has no character."""
    assert DIGITS.encode("0919") == [1, 10, 2, 10]
    assert DIGITS.decode([0, 1, 0, 0, 10, 0]) == "09"
    assert DIGITS.decode([]) == ""
    assert DIGITS.num_classes == 11


def test_unknown_characters_cannot_be_encoded() -> None:
    """The message names the character and the alphabet."""
    with pytest.raises(ValueError, match="'a' is not one of '0123456789'"):
        DIGITS.encode("12a")
    assert "a" not in DIGITS
    assert "12" not in DIGITS


@pytest.mark.parametrize("number", [-1, 11])
def test_unknown_ids_cannot_be_decoded(number: int) -> None:
    """A negative one does not count from the end."""
    with pytest.raises(ValueError, match=f"{number} is not a class id below 11"):
        DIGITS.decode([1, number])


@pytest.mark.parametrize(
    ("chars", "message"),
    [
        ("", "at least one character"),
        ("abca", "once, not 'a'"),
        ("abcbac", "once, not 'abc'"),
        ("a b", "printable characters only, not ' '"),
        ("a\u00a0", "printable characters only"),
        ("a\n", "printable characters only"),
        ("a\0", "printable characters only"),
        ("a\u202e", "printable characters only"),
        ("a\ud800", "printable characters only"),
    ],
)
def test_some_alphabets_are_refused(chars: str, message: str) -> None:
    """Those that a label file could not carry safely."""
    with pytest.raises(ValueError, match=message):
        Charset(chars)


def test_the_alphabet_of_labels_is_sorted() -> None:
    """The same labels in any order give the same ids."""
    assert Charset.of_labels(["cab", "dad"]) == Charset.of_labels(["dad", "cab"]) == Charset("abcd")
    with pytest.raises(ValueError, match="at least one"):
        Charset.of_labels([])


def test_a_charset_is_a_value() -> None:
    """It can be compared, hashed, shown and sent to another process."""
    copy = pickle.loads(pickle.dumps(DIGITS))
    assert copy == DIGITS
    assert copy.encode("42") == DIGITS.encode("42")
    assert len({copy, DIGITS, Charset("9876543210")}) == 2
    assert repr(DIGITS) == "Charset(chars='0123456789')"
