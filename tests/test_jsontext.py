"""JSON from outside: what it says is clear, or it is refused."""

from __future__ import annotations

import pytest

from captchascope.jsontext import RepeatedKeyError, TooManyValuesError, parse_json


def test_json_is_taken_as_it_is() -> None:
    """As text and as bytes."""
    for text in ('{"a": [1, 2.5, null, {"a": true}]}', b'{"a": [1, 2.5, null, {"a": true}]}'):
        assert parse_json(text) == {"a": [1, 2.5, None, {"a": True}]}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "\\u0061": 3}}]'])
def test_a_key_given_twice_is_refused(text: str) -> None:
    """Wherever it stands, and however it is spelt; nobody could say which value counts."""
    with pytest.raises(RepeatedKeyError, match="the key 'a' is given more than once"):
        parse_json(text)


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[-Infinity]", "[" * 100_000, "[" * 90_000, b"\xff\xfe", "1" * 5000]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    """However deep it is nested, and however long its numbers are."""
    with pytest.raises(ValueError, match=r"JSON|deep|Expect|digit|decode|values"):
        parse_json(text)


def test_a_long_key_is_cut_in_what_is_said() -> None:
    """An answer to it is never as long as what was sent."""
    key = "k" * 9000
    with pytest.raises(RepeatedKeyError) as caught:
        parse_json(f'{{"{key}": 1, "{key}": 1}}')
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "text",
    [
        "[" + "[]," * 1000 + "1]",
        "[" + "1," * 1000 + "1]",
        "{" + ",".join(f'"{n}":1' for n in range(1001)) + "}",
        '{"a":' * 1001 + "1" + "}" * 1001,
        '["' + '\\"' * 1000 + '",' + "{}," * 1000 + "1]",
        ("[" + "[]," * 1000 + "1]").encode("utf-16"),
    ],
)
def test_more_values_than_anybody_needs_are_refused(text: str | bytes) -> None:
    """Before any is made: their number is the bound, not how long they are."""
    with pytest.raises(TooManyValuesError, match="more than 1,000 values"):
        parse_json(text, 1000)


@pytest.mark.parametrize("text", [",[{" * 1000, '\\",' * 1000 + "\\\\", "\\\\" * 1000])
def test_what_is_within_a_string_is_one_value(text: str) -> None:
    """Also a quote behind a backslash, as in a drawing that is sent as a data URI."""
    whole = f'{{"a": "{text}"}}'
    assert [*parse_json(whole, 3)] == ["a"]
    with pytest.raises(ValueError, match=r"Unterminated|values"):
        parse_json(whole[:-2] + "\\", 3)


@pytest.mark.parametrize("number", ["9" * 101, "-" + "9" * 100])
def test_a_number_that_takes_long_to_take_apart_is_refused(number: str) -> None:
    """A body may hold thousands of them."""
    assert parse_json(number[:100]) == int(number[:100])
    with pytest.raises(ValueError, match="a number of 101 digits"):
        parse_json(f"[{number}]")
