"""Schemes: the shipped figures, the round trips, and every way to be refused."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.errors import SchemeError
from captchascope.glyphs.scheme import (
    Scheme,
    from_mapping,
    load_scheme,
    scheme_names,
    scheme_source,
)

METU = load_scheme("metu")
TABLE = tomllib.loads(scheme_source("metu"))


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the shipped table with another value under a dotted path, whose numbers count."""
    table: Any = deepcopy(TABLE)
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place = table
    for key in parents:
        place = place[key]
    place[last] = value
    return dict(table)


def refusal(table: dict[str, Any]) -> str:
    """Return what is said against a table."""
    with pytest.raises(SchemeError) as caught:
        from_mapping(table, "mine.toml")
    assert caught.value.where == "mine.toml"
    assert caught.value.remedy
    return caught.value.what


def leaves(table: object, path: str = "") -> list[str]:
    """List the dotted paths of everything in a table."""
    items: list[tuple[Any, object]] = []
    if isinstance(table, dict):
        items = list(table.items())
    elif isinstance(table, list):
        items = list(enumerate(table))
    below = [leaf for key, value in items for leaf in leaves(value, f"{path}.{key}")]
    return [path[1:], *below] if path else below


def test_the_shipped_scheme_has_the_figures_of_the_tutorial() -> None:
    """No figure of the stages may change unnoticed."""
    assert scheme_names() == ["metu"]
    figures = asdict(METU)
    for tuned in ("title", "window", "retry"):  # measured, not the tutorial's
        del figures[tuned]
    for kind in figures["kinds"]:
        del kind["window_of"]
    speckle = ("speckle", 500, "median", 3, 170)
    periodic = ("periodic pattern", -1, "gaussian", 3, 155)
    keys = ("name", "more_black_than", "blur", "blur_size", "threshold")
    assert figures == {
        "name": "metu",
        "charset": "0123456789",
        "width": 150,
        "height": 50,
        "ink": "dark",
        "kinds": (dict(zip(keys, speckle, strict=True)), dict(zip(keys, periodic, strict=True))),
        "components": {"connectivity": 8, "min_area": 15},
        "clip": {"left": 30, "right_limit": 125, "crop": "cleaned"},
        "split": {"parts": (2, 3)},
        "repair": {"enabled": True, "close_size": 3, "narrower_than": 0.35},
        "glyph": {"height": 24, "width": 14},
    }
    assert METU.split.count == 6


def test_a_scheme_survives_the_round_trips() -> None:
    """A model file carries its scheme as JSON, and must give the same one."""
    assert from_mapping(asdict(METU), "x") == METU
    assert from_mapping(json.loads(json.dumps(asdict(METU))), "x") == METU
    assert from_mapping(TABLE, "x") == METU


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    """A scheme of one's own is the shipped one with other figures."""
    file = tmp_path / "mine.toml"
    text = scheme_source("metu").replace('name = "metu"', 'name = "mine"').replace("= 15 ", "= 9 ")
    file.write_text(text, encoding="utf-8")
    expected = replace(METU, name="mine", components=replace(METU.components, min_area=9))
    assert load_scheme(file) == load_scheme(str(file)) == expected


def test_the_switches_change_one_figure_each() -> None:
    """The tutorial's crop, and no repair."""
    assert load_scheme("metu") == METU
    assert load_scheme("metu", uncleaned=True) == replace(
        METU, clip=replace(METU.clip, crop="uncleaned")
    )
    assert load_scheme("metu", repair=False) == replace(
        METU, repair=replace(METU.repair, enabled=False)
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("colour", "unknown key colour; valid ones are name, title, charset, width, height, ink"),
        ("clip.colour", "unknown key clip.colour; valid ones are left, right_limit, crop"),
        (
            "kinds.1.colour",
            "unknown key kinds[2].colour; valid ones are name, more_black_than, blur",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_valid_ones(path: str, message: str) -> None:
    """A misspelt option is never ignored."""
    assert refusal(changed(path, 1)).startswith(message)


@pytest.mark.parametrize("path", ["ink", "clip.left", "kinds.1.threshold", "retry"])
def test_a_missing_key_is_named(path: str) -> None:
    """There are no defaults: a file shows every figure."""
    table = changed(path, None)
    place: Any = table
    *parents, last = path.split(".")
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    del place[last]
    assert refusal(table) == f"the key {path.replace('.1.', '[2].')} is missing"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("width", "150", "width must be of type int, not '150'"),
        ("width", True, "width must be of type int, not True"),
        ("glyph.height", 24.0, "glyph.height must be of type int, not 24.0"),
        ("repair.enabled", 1, "repair.enabled must be of type bool, not 1"),
        ("repair.narrower_than", True, "repair.narrower_than must be of type float, not True"),
        ("components.connectivity", 6, "components.connectivity must be one of 4, 8, not 6"),
        ("components.connectivity", 8.0, "components.connectivity must be one of 4, 8, not 8.0"),
        ("ink", "blue", "ink must be one of 'dark', 'light', not 'blue'"),
        ("ink", ["dark"], "ink must be one of 'dark', 'light', not ['dark']"),
        ("kinds", {}, "kinds must be a list"),
        ("kinds.1", 3, "kinds[2] must be a table"),
        ("split.parts", [2, 3.0], "split.parts[2] must be of type int, not 3.0"),
        ("split", 6, "split must be a table"),
    ],
)
def test_a_wrong_type_is_named(path: str, value: object, message: str) -> None:
    """A bool is no number, and a whole number with a point is no whole number."""
    assert refusal(changed(path, value)) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("charset", "", "a charset needs at least one character"),
        ("charset", "0010", "a charset names each character once, not '0'"),
        ("width", 0, "width and height must be at least 1"),
        ("height", -50, "width and height must be at least 1"),
        ("width", 30, "clip.left must be less than the width, 30"),
        ("kinds", [], "kinds must be one table at least"),
        ("kinds.1.more_black_than", 0, "kinds must be ended by one that takes every image"),
        ("kinds.0.blur_size", 2, "kinds[1].blur_size must be odd, 1 to 255"),
        ("kinds.0.blur_size", 0, "kinds[1].blur_size must be odd, 1 to 255"),
        ("kinds.0.blur_size", 257, "kinds[1].blur_size must be odd, 1 to 255"),
        ("kinds.1.threshold", 255, "kinds[2].threshold must be 0 to 254"),
        ("kinds.1.threshold", -1, "kinds[2].threshold must be 0 to 254"),
        ("clip.left", -1, "clip.left must be at least 0"),
        ("clip.left", 125, "clip.right_limit must be greater than left"),
        ("split.parts", [], "split.parts must be numbers of at least 1"),
        ("split.parts", [6, 0], "split.parts must be numbers of at least 1"),
        ("split.parts", [13, 5], "split.parts must be 64 glyphs together at most"),
        ("repair.close_size", 4, "repair.close_size must be odd, 1 to 255"),
        ("repair.close_size", 10**9 + 1, "repair.close_size must be odd, 1 to 255"),
        ("repair.narrower_than", 1.01, "repair.narrower_than must be 0 to 1"),
        ("repair.narrower_than", float("nan"), "repair.narrower_than must be 0 to 1"),
        ("glyph.width", 3, "glyph.height and width must be at least 4"),
        ("window.height", 257, "window.height and width must be 256 at most"),
        ("retry.below", -0.1, "retry.below must be 0 to 1"),
        ("retry.better", 0.9, "retry.better must be at least 1"),
        ("retry.rights", [105, 35], "retry.rights must be right of the text"),
    ],
)
def test_an_impossible_value_is_named(path: str, value: object, message: str) -> None:
    """The message gives the range."""
    assert refusal(changed(path, value)) == message


@settings(max_examples=300)
@given(
    st.sampled_from(leaves(TABLE)),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.integers(), max_size=3)
    | st.just({}),
)
def test_any_value_anywhere_is_taken_or_refused(path: str, value: object) -> None:
    """Nothing but a SchemeError comes of a file, and what is taken survives the round trip."""
    try:
        scheme = from_mapping(changed(path, value), "mine.toml")
    except SchemeError:
        return
    again = from_mapping(asdict(scheme), "again")
    assert repr(again) == repr(scheme)  # NaN is not equal to itself


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "is not TOML: Invalid value"),
        (b"a = " + b"[" * 9999, "is not TOML: "),
        (b"width = " + b"1" * 5000, "is not TOML: "),
        (b"", "the key name is missing"),
        (b"\xff\xd8\xff\xe0 JFIF", "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_scheme(tmp_path: Path, content: bytes, message: str) -> None:
    """The error names the file."""
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(SchemeError) as caught:
        load_scheme(file)
    assert caught.value.where == str(file)
    assert caught.value.what.startswith(message)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """The remedy lists the shipped names."""
    for where, what in (
        (tmp_path / "none.toml", "no such scheme"),
        ("metoo", "no such scheme"),
        (tmp_path, "cannot be read: "),
        ("a\0b", "cannot be read: "),
    ):
        with pytest.raises(SchemeError, match="name one of metu, or a TOML file") as caught:
            load_scheme(where)
        assert caught.value.what.startswith(what)


def test_only_shipped_schemes_have_a_source(tmp_path: Path) -> None:
    """A path is no name."""
    assert scheme_source("metu").startswith("# The METU registration page")
    with pytest.raises(SchemeError, match="name one of metu"):
        scheme_source(str(tmp_path))


def test_a_scheme_can_be_compared_and_used_as_a_key() -> None:
    """It is frozen through and through."""
    assert len({METU, load_scheme("metu"), replace(METU, name="other")}) == 2
    with pytest.raises(AttributeError):
        METU.name = "other"  # type: ignore[misc]
    assert isinstance(METU, Scheme)


def test_a_key_that_came_later_may_be_missing() -> None:
    """Models and schemes from before it mean what they meant then."""
    table = deepcopy(TABLE)
    for kind in table["kinds"]:
        del kind["window_of"]
    assert [kind.window_of for kind in from_mapping(table, "old.toml").kinds] == ["gray", "gray"]
