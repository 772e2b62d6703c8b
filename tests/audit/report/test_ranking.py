"""Many audits on one page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from audit import making
from audit.report.test_page import numbers
from captchascope.audit.report.as_json import to_json
from captchascope.audit.report.ranking import ranking_html
from captchascope.audit.results import Audit, Curve, CurvePoint, Grade


def scheme(name: str, grade: Grade | None, half: float | None, last: float = 0.9) -> Audit:
    """Return an audit of a scheme of which half takes so many labels."""
    audit = making.rich()
    points = (CurvePoint(0, 0, last / 8, last / 9, last / 7), CurvePoint(500, 3, last, last, last))
    needed = tuple(
        replace(one, labels=half, words="more than 500" if half is None else f"about {half:.0f}")
        if one.share == 0.5
        else one
        for one in making.curve().needed
    )
    return replace(
        audit,
        subject=replace(audit.subject, name=name, generated=True),
        verdict=replace(audit.verdict, grade=grade),
        curve=Curve(points, needed),
    )


def several() -> list[Audit]:
    """Return audits in no order, of which one lacks everything."""
    bare = making.nothing_measured()
    return [
        scheme("strong", "B", None, 0.1),
        scheme("broken", "F", 20.0),
        replace(bare, subject=replace(bare.subject, name="unknown")),
        scheme("weak", "D", 200.0),
        scheme("weaker <i>", "D", 90.0),
    ]


def test_the_weakest_scheme_is_first() -> None:
    """By grade, then by labels; what was not graded is last."""
    page = ranking_html(several())
    names = re.findall(r'<th scope="row"><b>(.*?)</b>', page)
    assert names == ["broken", "weaker &lt;i&gt;", "weak", "strong", "unknown"]


def test_every_figure_of_it_stands_in_an_audits_json() -> None:
    """To the last digit."""
    audits = several()
    known = {figure for audit in audits for figure in numbers(to_json(audit))}
    shown = {float(text) for text in re.findall(r'<data value="([^"]+)">', ranking_html(audits))}
    assert shown
    assert shown <= known


def test_it_is_right_html_with_a_plot_for_each_curve_and_its_example() -> None:
    """And asks for nothing from elsewhere."""
    parsing = pytest.importorskip("tinyhtml5.parser", reason="needs the group 'dev'")
    example = making.picture("An image of broken.", 1, 1)
    page = ranking_html(several(), {"broken": example})
    parser = parsing.HTMLParser(namespace_html_elements=False)
    parser.parse(page)
    assert parser.errors == []
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert sorted(set(ids)) == sorted(ids)
    assert page.count('<svg class="plot"') == 4
    assert page.count(example.png) == 1
    assert 'alt="An image of broken."' in page
    assert "<script" not in page


def test_one_audit_is_a_ranking_too() -> None:
    """Even where nothing was measured."""
    assert "1 scheme side by side" in ranking_html([making.nothing_measured()])
