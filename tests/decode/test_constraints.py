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
        ("charset", "11", "charset: a charset names each character once"),
        ("pattern", "[0-9", "pattern: [ at character 1 has no end"),
        ("length", "six", "length: is no length: six"),
    ],
)
def test_malformed_constraints_are_wrong_usage(option: str, value: str, message: str) -> None:
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
