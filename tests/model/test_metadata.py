"""Metadata: there and back as strings, and every way to be refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.errors import ModelError
from captchascope.image import Preprocessing
from captchascope.model.metadata import FORMAT, Metadata, is_calibrated

SIZE = {"kind": "glyph", "height": 4, "width": 3}
DIGITS = Charset("0123456789")
META = Metadata(
    FORMAT, "glyphs", DIGITS, SIZE, "0 to 1", SIZE, 1.25, "0.1.0", 7, "nothing", {"exact": 0.5}
)
NEWER: dict[str, Any] = {
    "lengths": (4, 6),
    "unfamiliar": 2.5,
    "preprocessing": Preprocessing(rows=2, ink="red"),
}


@pytest.mark.parametrize(
    ("texts", "enough"), [(0, False), (29, False), (30, True), (None, True), ("29", True)]
)
def test_thirty_texts_tell_how_right_the_confidence_is(texts: object, enough: bool) -> None:
    """Files of before the count was kept say nothing of it."""
    assert is_calibrated({} if texts is None else {"validation_samples": texts}) is enough


def _refusal(props: dict[str, str]) -> str:
    with pytest.raises(ModelError) as caught:
        Metadata.from_props(props, "m.onnx")
    assert caught.value.where == "m.onnx"
    assert caught.value.remedy
    return str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
CHARS = st.characters(exclude_categories=("Z", "C"))
METADATA = st.builds(
    Metadata,
    format=st.just(FORMAT),
    method=st.sampled_from(["glyphs", "whole"]),
    charset=st.lists(CHARS, min_size=1, unique=True).map("".join).map(Charset),
    input=OBJECTS,
    normalisation=st.text(),
    scheme=st.none() | OBJECTS,
    temperature=st.floats(1e-4, 1e4),
    version=st.text(),
    seed=st.none() | st.integers(),
    data=st.text(),
    metrics=OBJECTS,
    lengths=st.none() | st.tuples(st.integers(1, 9), st.integers(9, 99)),
    unfamiliar=st.none() | st.floats(0, allow_infinity=False),
    preprocessing=st.builds(
        Preprocessing,
        st.sampled_from(["auto", "merge", 3]),
        st.integers(1, 9),
        st.sampled_from([None, "red", "#c00"]),
    ),
)


@given(METADATA)
def test_metadata_comes_back_as_it_went(metadata: Metadata) -> None:
    """Through the strings of an ONNX file, nothing is lost; keys of others are passed over."""
    assert Metadata.from_props(metadata.to_props() | {"author": "me"}, "m.onnx") == metadata


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"method": "ocr"},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"temperature": 1e-30},
        {"lengths": (0, 3)},
        {"lengths": (4, 3)},
        {"unfamiliar": -1.0},
        {"unfamiliar": float("inf")},
    ],
)
def test_impossible_metadata_cannot_be_made(change: dict[str, Any]) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(META, **change)


def test_metadata_that_json_lacks_cannot_be_written() -> None:
    """A NaN would make a file that other JSON readers refuse."""
    with pytest.raises(ValueError, match="JSON compliant"):
        replace(META, metrics={"exact": float("nan")}).to_props()


@pytest.mark.parametrize("key", META.to_props())
def test_a_missing_key_is_named(key: str) -> None:
    """All keys of the first release are needed."""
    props = META.to_props()
    del props[key]
    assert _refusal(props).startswith(f"m.onnx: lacks the metadata {key!r} (")


def test_newer_keys_may_be_missing() -> None:
    """They are not written where there is nothing to say, as before there were any."""
    whole = replace(META, **NEWER)
    assert whole.to_props().keys() - META.to_props().keys() == NEWER.keys()
    old = {key: text for key, text in whole.to_props().items() if key not in NEWER}
    assert Metadata.from_props(old, "m.onnx") == META


INVALID = {
    "format": ["one", "0", "true", "9" * 5000, "9" * 41, "-1" + "0" * 4000],
    "method": ["", "ocr", "9" * 4000],
    "charset": ["", "00", "a b"],
    "input": [
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({"a": "b" * 2**20}),
        '{"a":' * 17 + "1" + "}" * 17,
        '{"height": 4, "height": 5}',
        '{"height": 1e999}',
    ],
    "scheme": ["1", '{"a":' * 50_000 + "1" + "}" * 50_000, '{"a": [{"b": 1, "b": 1}]}'],
    "temperature": ["warm", "nan", "-1", "1e999", "1e-320", "1e300"],
    "seed": ["1.5", "false", "1" * 5000],
    "metrics": ['{"exact": NaN}', "null", '{"exact": -1e999}', '{"exact": %s}' % ("9" * 4000)],
    "lengths": [
        "4",
        "[4]",
        "[4, 5, 6]",
        "[4.0, 5]",
        "[true, 5]",
        "[0, 5]",
        "[6, 4]",
        "[NaN, 1]",
        "[1, %s]" % ("9" * 4000),
    ],
    "unfamiliar": ["far", "-1", "nan", "1e999"],
    "preprocessing": [
        "2",
        "{",
        '{"rows": 0}',
        '{"ink": "mauve"}',
        '{"columns": 2}',
        '{"rows": NaN}',
    ],
}


@pytest.mark.parametrize(
    ("key", "text"), [(k, text) for k, texts in INVALID.items() for text in texts]
)
def test_an_invalid_value_is_named(key: str, text: str) -> None:
    """The error names the key and fits on a line."""
    message = _refusal(META.to_props() | {key: text})
    assert "invalid metadata" in message
    assert key in message
    assert len(message) < 400


def test_a_newer_format_asks_for_an_upgrade() -> None:
    """Whatever else a newer format has or lacks."""
    assert _refusal({"format": str(FORMAT + 1)}).endswith("(upgrade captchascope)")
