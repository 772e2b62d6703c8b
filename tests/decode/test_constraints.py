"""Constraints as a user writes them."""

from __future__ import annotations

import pytest

from captchascope.decode import ReadOptions, parse_length
from captchascope.errors import UsageError


@pytest.mark.parametrize(
    ("written", "length"),
    [
        (6, (6, 6)),
        ("6", (6, 6)),
        ("4-6", (4, 6)),
        ("06", (6, 6)),
        ("9999", (9999,) * 2),
    ],
)
def test_lengths(written: str | int, length: tuple[int, int]) -> None:
    """One number, or two with a dash."""
    assert parse_length(written) == length


@pytest.mark.parametrize(
    "written", ["", "0", "-1", -1, "6-4", "0-6", "4-", "-6", "4-5-6", "4 - 6", "6\n", "x", "10000"]
)
def test_what_is_no_length_is_wrong_usage(written: str | int) -> None:
    """The remedy shows both ways to write one."""
    with pytest.raises(UsageError, match=r"(?s)length: is no length: .*write 6, or 4-6"):
        parse_length(written)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("charset", "", "charset: a charset needs at least one character"),
        ("charset", "9-0", "charset: 9-0 is a range backwards (write 0-9)"),
        ("charset", "0-95", "charset: a charset names each character once, not '5'"),
        ("case", "lower", "case: cannot be 'lower' ('fold' or 'keep')"),
        ("charset", "11", "charset: a charset names each character once"),
        ("pattern", "[0-9", "pattern: [ at character 1 has no end"),
        ("length", "six", "length: is no length: six"),
        ("charset", "digits", "charset: a charset names each character once, not 'i' (write the "),
        ("charset", range(10), "charset: must be text (such as '0-9')"),
        ("charset", 123, "charset: must be text (such as '0-9')"),
        ("pattern", 6, "pattern: must be text (such as '[0-9]{6}')"),
        ("min_confidence", "high", "min_confidence: must be 0 to 1, not high (such as 0.9)"),
    ],
)
def test_malformed_constraints_are_wrong_usage(option: str, value: object, message: str) -> None:
    """The error names the option."""
    with pytest.raises(UsageError) as caught:
        ReadOptions(**{option: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)
    assert caught.value.remedy


def test_the_same_constraints_are_equal() -> None:
    """So what they were made ready for is made ready once."""
    one, other = (ReadOptions("abc", "4-6", "[a-c]{4,6}", True).constraints for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != ReadOptions("abc", "4-6", "[a-c]{4,5}", True).constraints


def test_a_charset_may_have_ranges() -> None:
    """They are the same constraints as the characters themselves."""
    assert ReadOptions("0-9a-f").constraints == ReadOptions("0123456789abcdef").constraints


def test_case_is_not_both_ignored_and_kept() -> None:
    """Folding it is what ignoring it does."""
    with pytest.raises(UsageError, match="case: keep contradicts ignoring case") as caught:
        ReadOptions(ignore_case=True, case="keep")
    assert caught.value.remedy
    assert ReadOptions(ignore_case=True, case="fold").constraints.ignore_case


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (ReadOptions(), "aBcXé1"),
        (ReadOptions("a-z"), "abcxé1"),
        (ReadOptions("A-Z0-9"), "ABCXé1"),
        (ReadOptions("b1"), "abcXé1"),
        (ReadOptions("0-9"), "aBcXé1"),
        (ReadOptions("0-9aB"), "aBcXé1"),
        (ReadOptions("É"), "aBcXÉ1"),
        (ReadOptions("a-z", case="keep"), "aBcXé1"),
        (ReadOptions("A-Z", ignore_case=True), "abcxé1"),
        (ReadOptions(pattern=r"[A-Z]{2}\d"), "ABCXé1"),
        (ReadOptions(pattern=r"\w{3}"), "aBcXé1"),
        (ReadOptions(pattern="[^A-Z]+"), "abcxé1"),
        (ReadOptions("a-zA-Z", pattern="x[a-b]+"), "abcxé1"),
        (ReadOptions("a-z", pattern="[A-Z]+"), "aBcXé1"),
    ],
)
def test_letters_told_in_one_case_mean_both(options: ReadOptions, given: str) -> None:
    """Given in that case; letters that are not told stay as they are."""
    fold = options.constraints.folding("abcxyzABCXYZ01")
    assert fold("aBcXé1") == given


def test_a_pattern_is_told_in_the_case_that_a_model_lacks() -> None:
    """It reads what the pattern says from the letters that it has."""
    rule = ReadOptions(pattern="[a-c]{2}").constraints
    assert rule.folding("ABC01")("AB") == "ab"
