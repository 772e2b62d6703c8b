"""The report of an audit: its figures, its size, and that it is right HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from audit import making
from audit.report.test_as_json import AUDITS
from captchascope.audit.figures import Picture
from captchascope.audit.judge.grading import RULES
from captchascope.audit.report.as_json import from_json, json_text, to_json
from captchascope.audit.report.page import LARGEST, Shelf, audit_html


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Write every audit's page."""
    return {name: audit_html(make()) for name, make in AUDITS.items()}


def numbers(value: Any) -> Iterator[float]:
    """Yield every number of a JSON document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield value


@pytest.mark.parametrize("name", AUDITS)
def test_every_figure_of_the_page_stands_in_the_json(name: str, pages: dict[str, str]) -> None:
    """To the last digit, as each is kept beside what is shown."""
    known = set(numbers(json.loads(json_text(AUDITS[name]()))))
    shown = [float(text) for text in re.findall(r'<data value="([^"]+)">', pages[name])]
    assert shown
    assert set(shown) <= known


def test_the_page_is_made_of_the_json_and_the_pictures_alone(pages: dict[str, str]) -> None:
    """Whoever has the JSON has all that the page says."""
    page = audit_html(from_json(to_json(making.one_point())))
    assert page == pages["one point"]


@pytest.mark.parametrize("name", AUDITS)
def test_the_page_is_right_html(name: str, pages: dict[str, str]) -> None:
    """As the HTML standard's own algorithm parses it; every reference leads somewhere."""
    parsing = pytest.importorskip("tinyhtml5.parser", reason="needs the group 'dev'")
    parser = parsing.HTMLParser(namespace_html_elements=False)
    parser.parse(pages[name])
    assert parser.errors == []
    ids = re.findall(r'\bid="([^"]*)"', pages[name])
    assert sorted(set(ids)) == sorted(ids)
    named = re.findall(r'aria-labelledby="([^"]*)"', pages[name])
    links = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', pages[name])
    used = {one for pair in links for one in pair if one}
    assert used | {one for names in named for one in names.split()} <= set(ids)


@pytest.mark.parametrize("name", AUDITS)
def test_the_page_asks_for_nothing(name: str, pages: dict[str, str]) -> None:
    """Neither a script nor anything from elsewhere; links wait for whoever follows them."""
    page = pages[name]
    assert "<script" not in page
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert not re.findall(r'\b(?:src|href)="(?!data:image/png|#|https://)', page)
    assert not re.findall(r"<(?:link|iframe|object|embed)\b|@import|url\((?!#)", page)


def test_every_plot_has_a_table_behind_it(pages: dict[str, str]) -> None:
    """And every picture a text in its place."""
    page = pages["rich"]
    assert page.count('<svg class="plot"') == 12
    behind = page.count("<summary>The figures as a table")
    assert behind == 12 - 4 + 1  # the four knobs share one
    assert page.count("<img") == len(re.findall(r'<img [^>]*alt="[^"]+"', page)) > 0


def test_what_was_not_measured_is_said(pages: dict[str, str]) -> None:
    """With what to do about it."""
    for name, why in (
        ("nothing", "the audit was interrupted: run it again"),
        ("unlabelled", "it takes labels: label at least 50 images"),
        ("rich", "the time limit left no room (--full)"),
    ):
        assert "What could not be measured" in pages[name]
        assert why in pages[name]
    assert "This audit was interrupted." in pages["nothing"]
    assert "This audit was interrupted." not in pages["rich"]
    assert "What could not be measured" in pages["nothing"]


def test_the_rule_of_the_grade_is_written_out(pages: dict[str, str]) -> None:
    """Every line of it, whatever the grade."""
    for page in pages.values():
        assert all(f">{rule.when}</td>" in page for rule in RULES)


def test_it_says_how_it_was_measured(pages: dict[str, str]) -> None:
    """The command, the seed and the versions."""
    page = pages["rich"]
    command = "captchascope audit &#39;captchas/registration page&#39; -o report.html --seed 7"
    assert command in page
    for text in ("onnxruntime 1.32.0", "torch 2.13.0", "2026-11-27 05:12:44 UTC", "labels.csv"):
        assert text in page


def test_names_are_shown_as_they_are(pages: dict[str, str]) -> None:
    """And never taken for HTML, nor for a formula."""
    assert "<b>$x$" not in pages["one point"]
    assert "&lt;b&gt;$x$ &amp; \u9a8c\u8bc1\u7801" in pages["one point"]


def test_pictures_that_do_not_fit_are_left_out() -> None:
    """The page stays below three megabytes, and says what is missing."""
    many = tuple(Picture(f"{i:04}" * 40_000, f"Picture {i}") for i in range(30))
    finding = replace(making.rich().findings[0], pictures=many)
    page = audit_html(replace(making.nothing_measured(), findings=(finding,)))
    assert len(page.encode()) < LARGEST
    assert "lest this file becomes too large: Picture 29" in page


def test_a_picture_is_in_the_page_once(pages: dict[str, str]) -> None:
    """Where it comes again, a link leads to it."""
    again = making.picture("Nine of ten images are cut where a person would cut them.", 3, 2, 8)
    assert pages["rich"].count(again.png) == 1
    shelf = Shelf(10_000_000)
    first, second = shelf.place(again), shelf.place(again)
    assert (first.width, first.height, first.before) == (450, 100, False)
    assert (second.uri, second.id, second.before) == ("", first.id, True)


def test_the_same_audit_gives_the_same_page(pages: dict[str, str]) -> None:
    """To the byte."""
    assert audit_html(making.one_point()) == pages["one point"]


def test_what_was_not_tried_is_not_told_as_if_it_were(pages: dict[str, str]) -> None:
    """Without labels nothing is told to the reader, and no curve is drawn."""
    assert "It was told nothing of these." in pages["unlabelled"]
    assert 'id="curve"' not in pages["unlabelled"]


def test_a_guess_that_often_succeeds_is_not_played_down() -> None:
    """What is said of the alphabet goes with the finding that there are few answers."""
    audit = making.rich()
    assert audit.figures.alphabet is not None
    alphabet = replace(audit.figures.alphabet, guess=0.01)
    page = audit_html(replace(audit, figures=replace(audit.figures, alphabet=alphabet)))
    assert "A blind guess hardly ever succeeds" in audit_html(audit)
    assert "A blind guess hardly ever succeeds" not in page


def test_a_seed_can_be_copied() -> None:
    """It has no commas, as the command would not take them."""
    audit = making.rich()
    page = audit_html(replace(audit, conditions=replace(audit.conditions, seed=990_016)))
    assert ">990016</data>" in page
