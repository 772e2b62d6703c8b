"""Patterns: what is understood, what is refused, and which texts match."""

from __future__ import annotations

import pickle
import random
import re
import string
import warnings
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode import Constraints, allowed
from captchascope.decode.pattern import Pattern, folded
from captchascope.errors import UsageError
from decode.brute import patterns, texts


@settings(max_examples=150)
@given(patterns(), st.booleans())
def test_a_pattern_matches_what_it_matches_as_a_regular_expression(
    written: str, ignore_case: bool
) -> None:
    """As the standard library has it, over all texts of a few characters."""
    pattern = Pattern.parse(written)
    expected = re.compile(written, re.IGNORECASE if ignore_case else re.NOFLAG)
    for text in texts("abB1-", 3):
        assert pattern.matches(text, ignore_case) == bool(expected.fullmatch(text))


@pytest.mark.parametrize(
    ("written", "right", "wrong"),
    [
        ("[0-9A-F]{6}", ["01ABEF", "000000"], ["01ABE", "01ABEFA", "01ABEG", "01abef", ""]),
        ("[^0-9]", ["a", "é"], ["0", "ab"]),
        ("[a^-]{2}", ["a^", "--"], ["b-"]),
        ("[-a]", ["-", "a"], ["b"]),
        (r"[\]\-\\]{1,3}", ["]-\\", "]"], ["a"]),
        (r"\[\.\?\{\}\|\(", ["[.?{}|("], ["[x?{}|("]),
        ("a?b?", ["", "a", "b", "ab"], ["ba", "aa"]),
        ("ab|cd", ["ab", "cd"], ["acd", "abd", "abcd"]),
        ("a,b-c=", ["a,b-c="], ["ab"]),
        ("[а-я]{1,2}", ["жу"], ["zu"]),
        ("a{64}", ["a" * 64], ["a" * 63, "a" * 65]),
        ("a{007}", ["a" * 7], ["a"]),
        ("[0-9]+", ["0", "0" * 500], ["", "a", "0a"]),
        ("ab*", ["a", "abbb"], ["b", "aba"]),
        ("a{2,}", ["aa", "a" * 70], ["a", "aab"]),
        ("a{0,}b", ["b", "aab"], ["a"]),
        ("a.c", ["abc", "a.c", "aéc"], ["ac", "abbc"]),
        ("x(ab|cd)?", ["x", "xab", "xcd"], ["xa", "xabcd"]),
        ("(?:[A-Z][0-9]){2}", ["A1B2"], ["A1", "AB12"]),
        ("((a|b)c)+", ["ac", "acbc"], ["", "abc"]),
        (r"a\d{6}", ["a123456", "a٣٣٣٣٣٣"], ["a12345", "aabcdef"]),
        (r"\w+", ["aZ9_é"], ["-", ""]),
        (r"\D\W\S", ["a-b", "---"], ["1-b", "aab"]),
        (r"[\w-]{2}", ["a-", "_9"], [".."]),
        (r"[^\d_]", ["a"], ["1", "_"]),
    ],
)
def test_what_is_understood(written: str, right: list[str], wrong: list[str]) -> None:
    """Classes, characters, numbers of times, alternatives; the whole text or nothing."""
    pattern = Pattern.parse(written)
    assert [text for text in right + wrong if pattern.matches(text)] == right


@pytest.mark.parametrize(
    ("written", "what", "remedy"),
    [
        ("", "is empty", "such as [0-9]{6}"),
        ("+a", "+ at character 1 is not understood", "one ?, *, + or {m,n} for each piece"),
        ("a(*)", "* at character 3 is not understood", "one ?, *, + or {m,n} for each piece"),
        ("a+*", "* at character 3 is not understood", "one ?, *, + or {m,n} for each piece"),
        ("a(?=b)", "(? at character 2 is not understood", "groups are ( ) and (?: ); write"),
        ("(?P<x>a)", "(? at character 1 is not understood", "groups are ( ) and (?: ); write"),
        ("(?!a)b", "(? at character 1 is not understood", "groups are ( ) and (?: ); write"),
        ("ab)", ") at character 3 is", r"write \) for the character itself"),
        (")", ") at character 1 is", r"write \) for the character itself"),
        ("a()", "() at character 2 is empty", r"write \( for the character itself"),
        ("(?:)", "(?:) at character 1 is empty", r"write \( for the character itself"),
        ("a(", "( at character 2 is empty", r"write \( for the character itself"),
        ("a(b", "( at character 2 has no end", "write ) behind it"),
        ("(" * 51 + "a" + ")" * 51, "( at character 51 is too deep", "50 groups at most"),
        ("^a", "^ at character 1 is", "leave it away: the whole text must match"),
        ("a$", "$ at character 2 is", "leave it away: the whole text must match"),
        (r"a\bc", r"\b at character 2 is", "leave it away: the whole text must match"),
        (r"a\s", r"\s at character 2 is", "leave it away: no text has spaces"),
        (r"[\d-z]", r"\d-z at character 2 is no range", r"write \- for the character itself"),
        (r"[a-\w]", r"a-\w at character 2 is no range", r"write \- for the character itself"),
        (r"a\1", r"\1 at character 2 is", "a backslash stands before punctuation alone"),
        ("a\\", "\\ at character 2 is", "a backslash stands before punctuation alone"),
        ("a{,2}", "{,2} at character 2 is", "say how often: {4} or {4,6}"),
        ("a{ 2}", "{ 2} at character 2 is", "say how often: {4} or {4,6}"),
        ("a{2", "{2 at character 2 is", "say how often: {4} or {4,6}"),
        ("{2}", "{ at character 1 is", "one ?, *, + or {m,n} for each piece"),
        ("a{2}{3}", "{ at character 5 is", "one ?, *, + or {m,n} for each piece"),
        ("a{2}?", "? at character 5 is", "one ?, *, + or {m,n} for each piece"),
        ("a??", "? at character 3 is", "one ?, *, + or {m,n} for each piece"),
        ("a{3,2}", "{3,2} at character 2 is a range backwards", "write {2,3}"),
        ("a{0}", "{0} at character 2 is no number of times", "1 to 64"),
        ("a{65,}", "{65,} at character 2 is no number of times", "1 to 64"),
        ("a{1,65}", "{1,65} at character 2 is no number of times", "1 to 64"),
        ("a{" + "9" * 5000 + "}", "{999", "1 to 64"),
        ("[]", "[] at character 1 is an empty class", "name its characters: [0-9]"),
        ("a[^]", "[^] at character 2 is an empty class", "name its characters: [0-9]"),
        ("a[bc", "[ at character 2 has no end", "write ] behind the class"),
        ("[a-", "[ at character 1 has no end", "write ] behind the class"),
        ("[z-a]", "z-a at character 2 is a range backwards", "write a-z"),
        ("[[:digit:]]", "[ at character 2 is", r"write \[ for the character itself"),
        ("a]", "] at character 2 is", r"write \] for the character itself"),
        ("a}", "} at character 2 is", r"write \} for the character itself"),
        ("|a", "| at character 1 has nothing beside it", "write ? for what may be absent"),
        ("a||b", "| at character 3 has nothing beside it", "write ? for what may be absent"),
        ("(a|)b", "| at character 3 has nothing beside it", "write ? for what may be absent"),
        ("(|a)b", "| at character 2 has nothing beside it", "write ? for what may be absent"),
        ("a|", "| at character 2 has nothing beside it", "write ? for what may be absent"),
        ("a b", "' ' at character 2 is in no text", "leave it away"),
        ("[a\tb]", r"'\t' at character 3 is in no text", "leave it away"),
        ("a\n", r"'\n' at character 2 is in no text", "leave it away"),
        ("\\ ", "' ' at character 1 is in no text", "leave it away"),
        ("[ab]{64}" * 20, "is too long", "1024 characters at most"),
        ("((a{64}){64}){64}", "is too long", "1024 characters at most"),
        ("(a|b){64}(c{2,}d*){64}" * 64, "is too long", "1024 characters at most"),
    ],
)
def test_what_is_not_understood_is_wrong_usage(written: str, what: str, remedy: str) -> None:
    """The error names the piece and its place, and what to write instead."""
    with pytest.raises(UsageError) as caught:
        Pattern.parse(written)
    assert caught.value.where == "pattern"
    assert caught.value.what.startswith(what)
    assert caught.value.remedy.startswith(remedy)


@settings(max_examples=300)
@given(st.text(st.sampled_from(r"ab09[]^-{},?|\.*+():w dW"), max_size=12))
def test_whatever_is_written_is_understood_as_a_regular_expression_or_refused(
    written: str,
) -> None:
    """Nothing fails in another way, or means anything else than people think."""
    try:
        pattern = Pattern.parse(written)
    except UsageError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # [a||b] may mean something else some day
        expected = re.compile(written)
    for text in texts("ab09-", 2):
        assert pattern.matches(text) == bool(expected.fullmatch(text))


def test_cases_are_one_where_they_are_to_be() -> None:
    """In classes and ranges, in classes of others, and for letters of two lower cases."""
    upper = Pattern.parse("[A-F]Z")
    assert upper.matches("fZ", ignore_case=True)
    assert upper.matches("Fz", ignore_case=True)
    assert not upper.matches("fz")
    assert not Pattern.parse("[^A]").matches("a", ignore_case=True)
    assert Pattern.parse("Σ").matches(folded("Σ"), ignore_case=True)
    assert Pattern.parse("ß").matches("ß", ignore_case=True)
    assert Pattern.parse("ẞ").matches("ß", ignore_case=True)
    assert not Pattern.parse("[^A-Z]").matches("a", ignore_case=True)
    assert not Pattern.parse("i").matches("ı", ignore_case=True)
    assert not Pattern.parse("[a-z]").matches("ı", ignore_case=True)


def test_the_automaton_of_any_pattern_is_made_or_given_up() -> None:
    """It has few states, however its pieces are combined, and whatever may be absent in it."""
    letters = string.ascii_letters + string.digits
    chance = random.Random(0)
    classes = ["[" + "".join(chance.sample(letters, 31)) + "]" for _ in range(300)]
    written = [
        "(a|b)*a(a|b){20}",
        "(a*)*" * 200,
        "((a?){8}(b*){8}){32}",
        "?".join(classes) + "?",
        f"({'*|'.join(classes)}*)*",
        f"({'|'.join(one * 3 for one in classes)})+",
        f".*{classes[0]}{''.join(classes)}",
    ]
    for one in written:
        with suppress(UsageError):
            assert (
                len(allowed(Constraints(pattern=Pattern.parse(one)), Charset(letters)).step) <= 2048
            )


def test_a_pattern_travels_between_processes() -> None:
    """And is the same one there."""
    pattern = Pattern.parse("[0-9]{2,4}|ab")
    sent = pickle.loads(pickle.dumps(pattern))
    assert sent == pattern
    assert sent.matches("123")
    assert hash(sent) == hash(pattern)
