"""A figure as SVG within a page."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from captchascope.audit.report.svg import INK, SERIES, add_axes, blank_figure, inline_svg


def drawn(name: str, text: str = "a") -> str:
    """Draw a line, a hatched bar and a text."""
    figure = blank_figure(100)
    axes = add_axes(figure)
    axes.plot([0, 1], [0, 1], "o-", color=SERIES[0])
    axes.bar(0, 1, color="none", edgecolor=SERIES[1], hatch="//")
    axes.text(0, 0, text, color=INK)
    return inline_svg(figure, name, "A title", "What is seen")


def test_the_same_figure_gives_the_same_bytes() -> None:
    """Neither a date nor chance is in it."""
    assert drawn("one") == drawn("one")


def test_two_figures_of_a_page_share_no_id() -> None:
    """And what refers to one, refers to its own."""
    one, other = drawn("one"), drawn("other")
    ids = {
        name: set(re.findall(r'\bid="([^"]+)"', svg))
        for name, svg in (("one", one), ("other", other))
    }
    assert not ids["one"] & ids["other"]
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', one))
    assert {a or b for a, b in used} <= ids["one"]


def test_colours_are_those_of_the_page() -> None:
    """No colour of its own is left, which would be wrong in the dark."""
    svg = drawn("one")
    assert "var(--series-1)" in svg
    assert "var(--ink)" in svg
    assert not re.findall(r"#[0-9a-f]{6}\b", svg)


def test_text_stays_text_whatever_it_is() -> None:
    """Neither a formula nor an element, nor what the typeface lacks."""
    svg = drawn("one", "$x$ <b> & \u9a8c")
    assert "$x$ &lt;b&gt; &amp; \u9a8c" in svg


def test_it_says_what_it_shows() -> None:
    """To whoever does not see it."""
    svg = drawn("one")
    assert svg.startswith('<svg class="plot"')
    assert 'role="img" aria-labelledby="one-title one-description"' in svg
    assert '<title id="one-title">A title</title>' in svg
