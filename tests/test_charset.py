"""Charsets: ids to text and back."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.charset import BLANK, Charset, expanded
from captchascope.errors import UsageError

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


@pytest.mark.parametrize(
    ("written", "chars"),
    [
        ("0-9a-z", "0123456789abcdefghijklmnopqrstuvwxyz"),
        ("0-9A-Fxyz", "0123456789ABCDEFxyz"),
        ("0-2-", "012-"),
        ("-a-c", "-abc"),
        ("+-", "+-"),
        ("x-x", "x"),
        ("а-в一-三", "абв一丁丂七丄丅丆万丈三"),
        ("ab9", "ab9"),
        ("", ""),
    ],
)
def test_ranges_stand_for_their_characters(written: str, chars: str) -> None:
    """In the order in which they are written; a ``-`` at either end is itself."""
    assert expanded(written) == chars


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("9-0", r"charset: 9-0 is a range backwards \(write 0-9\)"),
        ("0-9z-a", r"charset: z-a is a range backwards \(write a-z\)"),
        ("A-z", r"charset: A-z is no range \(.*of capitals or of small letters"),
        ("0-z", "charset: 0-z is no range"),
        ("+-×", r"charset: \+-× is no range \(.*a literal - stands last: 0-9a-z-\)"),
        ("à-ÿ", "charset: à-ÿ is no range"),  # there is a sign between them
        ("--9", "charset: --9 is no range"),
        ("0-9-x", r"charset: has a - before x that ends no range \(a literal - stands last"),
        ("一-鿿" * 9, "charset: has more than 65536 characters"),
    ],
)
def test_what_is_no_range_is_wrong_usage(written: str, message: str) -> None:
    """It never means three characters, or none, without a word."""
    with pytest.raises(UsageError, match=message):
        expanded(written)


ENDS = st.sampled_from("0123456789abcxyzABCXYZабя+-.×十")


@given(st.lists(ENDS | PRINTABLE, min_size=1, max_size=30, unique=True))
def test_a_charset_can_be_written(chars: list[str]) -> None:
    """What is written means the same characters, and is no longer than they are."""
    charset = Charset("".join(chars))
    assert sorted(expanded(charset.written)) == sorted(charset.chars)
    assert len(charset.written) <= len(charset.chars)
    assert not charset.written[:-1].startswith("-")


@given(st.text("0123abcABC-+", max_size=12))
def test_every_character_means_itself_or_ends_a_range(written: str) -> None:
    """What is written stands for all of it, and for what lies between the ends of ranges."""
    if "-" not in written[1:-1]:
        assert expanded(written) == written
    with suppress(UsageError):
        chars = expanded(written)
        assert {*written} - {"-"} <= {*chars}
        assert {*chars} - {*written} <= {*"12bB"}
        assert ("-" in chars) == (written[:1] == "-" or written[-1:] == "-")


def test_a_charset_is_written_in_ranges() -> None:
    """Of three characters or more."""
    written = [Charset(chars).written for chars in ("0123456789abcdxy", "ACB-+", "89AB", "01234")]
    assert written == ["0-9a-dxy", "ACB+-", "89AB", "0-4"]
