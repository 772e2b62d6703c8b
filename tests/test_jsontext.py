"""JSON from outside: what it says is clear, or it is refused."""

from __future__ import annotations

import pytest

from captchascope.jsontext import RepeatedKeyError, parse_json


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
    "text", ["", "{", "NaN", "[-Infinity]", "[" * 100_000, b"\xff\xfe", "1" * 5000]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    """However deep it is nested, and however long its numbers are."""
    with pytest.raises(ValueError, match=r"JSON|deep|Expect|digit|decode"):
        parse_json(text)


def test_a_long_key_is_cut_in_what_is_said() -> None:
    """An answer to it is never as long as what was sent."""
    key = "k" * 9000
    with pytest.raises(RepeatedKeyError) as caught:
        parse_json(f'{{"{key}": 1, "{key}": 1}}')
    assert len(str(caught.value)) < 100
