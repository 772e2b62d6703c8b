"""Numbers in the README and the documents: measured, a bound of the code, or told by somebody."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from captchascope.glyphs.scheme import load_scheme
from captchascope.model.file import open_model
from numbers_told import LIMITS, TOLD
from shown import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SIZES = {
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
UNITS = (
    *("s", "ms", "us", "seconds?", "minutes?", "hours?", "bytes", *SIZES),
    *("times", r"of [\d,]+", "a second", "dollars", "gigabits", "megabytes"),
    *("images?", "captchas", "pixels", "rows", "lines", "columns", "cells", "values", "levels"),
    *("digits", "characters", "frames", "labels", "files", "tags", "fields", "states", "views"),
    *("parameters", "connections", "requests", "steps", "cores", "tokens", "weights"),
)
NUMBER = re.compile(
    rf"(?<![\w.,^:/#=-])(?P<digits>\d[\d,]*(?:\.\d+)?|\d+e\d+)(?: (?P<unit>{'|'.join(UNITS)})\b"
    r"|(?<=,\d\d\d)(?![\w,])|(?<=\d\.\d)(?!\.?\d)|(?<=\d\.\d\d)(?!\.?\d)|(?<=\d\.\d{3})(?!\.?\d))"
)
"""With a unit; or large, or with places after the point, whatever follows."""

NO_CLAIM = (
    re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE),  # which is run
    re.compile(r"^## Literature\n.*", re.DOTALL | re.MULTILINE),
    re.compile(r"`[^`\n]*`"),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"\d+(?:\.\d+)? ?%"),  # tests/test_docs.py
)


@dataclass(frozen=True)
class Number:
    """A number on a page: as it stands there, without its unit, and the unit."""

    page: str
    text: str
    digits: str
    unit: str

    @property
    def value(self) -> float:
        """What it says, in bytes where it is a size."""
        return float(self.digits.replace(",", "")) * SIZES.get(self.unit, 1)

    @property
    def unsure(self) -> float:
        """By how much it may be rounded: of sizes in decimal units half a unit, and of views."""
        thousand = SIZES.get(self.unit, 1000 if self.unit == "views" else 0)
        return thousand / 2 if self.unit in ("kB", "MB", "GB", "views") else 0


def numbers(page: Path) -> Iterator[Number]:
    """Yield the numbers of a page that say something of captchascope."""
    text = page.read_text(encoding="utf-8")
    for cut in NO_CLAIM:
        text = cut.sub(" ", text)
    for found in NUMBER.finditer(re.sub(r"\s+", " ", text)):
        unit = found["unit"] or ""
        yield Number(page.name, found[0].strip(), found["digits"], unit)


@cache
def results() -> list[tuple[str, str]]:
    """Return the numbers of bench/RESULTS.md, each with the word after it."""
    text = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    return re.findall(r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)(?: ?([^\W\d]+))?", text)


def is_measured(number: Number) -> bool:
    """Tell whether it stands in the results, there perhaps with more places after the point.

    One of less than three digits must have its unit there, too, as it would be found by chance.
    """
    places = len(number.digits.partition(".")[2])
    few = len(number.digits.replace(",", "").replace(".", "")) < 3
    return any(
        round(float(digits.replace(",", "")), places) == float(number.digits.replace(",", ""))
        and len(digits.partition(".")[2]) >= places
        and (not few or (number.unit and number.unit.rstrip("s") == unit.rstrip("s")))
        for digits, unit in results()
    )


ALL = [number for page in PAGES for number in numbers(page)]


def test_every_number_has_a_source() -> None:
    """To the digit: the results, a constant of the code, or a row that says who tells it."""
    offenders = [
        f"{number.page}: {number.text}"
        for number in ALL
        if number.text not in LIMITS.get(number.page, {})
        and number.text not in TOLD.get(number.page, {})
        and not is_measured(number)
    ]
    assert offenders == []
    assert len(ALL) >= 200


def test_no_source_is_of_a_number_that_is_gone() -> None:
    """Of either table."""
    there = {(number.page, number.text) for number in ALL}
    named = {
        (page, text) for table in (LIMITS, TOLD) for page, row in table.items() for text in row
    }
    assert named - there == set()


@pytest.mark.parametrize("page", LIMITS)
def test_bounds_are_those_of_the_code(page: str) -> None:
    """Each is a constant, or an attribute of one, by its path."""
    offenders = {}
    for number in ALL:
        if number.page == page and (path := LIMITS[page].get(number.text)):
            value = constant(path)
            if abs(value - number.value) > number.unsure:
                offenders[number.text] = (path, value)
    assert offenders == {}


def constant(path: str) -> float:
    """Return a number of the package, by its path and a factor or divisor after that."""
    place, sign, by = [*path.split(), "*", "1"][:3]
    found = model(place) if place.startswith("models/") else variable(place)
    if isinstance(found, str):
        found = len(found)
    return float(found) * float(by) if sign == "*" else float(found) / float(by)


def attribute(found: Any, name: str) -> Any:
    """Return what something has under a name: an attribute, an item, or a parameter's default."""
    if isinstance(found, Mapping):
        return found[name]
    if isinstance(found, click.Command):
        return next(each.default for each in found.params if each.name == name)
    if name.isdigit():
        return found[int(name)]
    if inspect.isfunction(found) or inspect.isclass(found):
        parameters = inspect.signature(found).parameters
        if name in parameters:
            return parameters[name].default
        return getattr(load_scheme("metu"), name)
    return getattr(found, name)


def variable(place: str) -> Any:
    """Return what a module of the package has."""
    module, _, names = place.partition(":")
    for part, needed in (("web", "fastapi"), ("collect", "selectolax"), ("train", "torch")):
        if module.split(".")[0] == part:
            pytest.importorskip(needed)
    return reduce(attribute, names.split("."), import_module(f"captchascope.{module}"))


def model(place: str) -> Any:
    """Return what the metadata of a model say, or how many bytes its file has."""
    file, _, names = place.partition(":")
    path = ROOT / "src" / "captchascope" / file
    if not names:
        return path.stat().st_size
    field, _, key = names.partition(".")
    found = getattr(open_model(path).metadata, field)
    return attribute(json.loads(found) if isinstance(found, str) else found, key)


PARAMETERS = {"3,582,000": (3, 99, "general"), "29,300": (1, 10, "fast")}
"""By what the page says: channels, characters and size of a network."""


@pytest.mark.parametrize("said", PARAMETERS)
def test_networks_have_as_many_parameters_as_is_said(said: str) -> None:
    """To the digits that are shown; one output more than characters, for the blank."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    from captchascope.train.ctc.network import CtcNet

    channels, characters, size = PARAMETERS[said]
    count = sum(each.numel() for each in CtcNet(channels, characters + 1, size).parameters())
    assert is_rounded(count, said)
    assert f"{said} parameters" in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def is_rounded(value: float, said: str) -> bool:
    """Tell whether a number is what is said once it is rounded to the digits that are shown."""
    digits = said.replace(",", "")
    _, point, places = digits.partition(".")
    zeros = len(digits) - len(digits.rstrip("0"))
    return round(value, len(places) if point else -zeros) == float(digits)


def test_what_is_computed_on_paper_is_right() -> None:
    """The table of hours and dollars, from the figures above it."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| 10\^(\d+) \| ([\d.]+) (\wB) \| (.*) \| [\d.]+ \wB \|$", text, re.M)
    assert len(rows) == 3
    for power, size, unit, rest in rows:
        images = 10 ** int(power)
        metu, any_model = (images / rate / 3600 for rate in (4600, 120))
        assert float(size) * SIZES[unit] == images * 5700
        computed = (metu, metu * 0.04, any_model, any_model * 0.04)
        for value, said in zip(computed, rest.split(" | "), strict=True):
            assert is_rounded(value, said), (value, said)
