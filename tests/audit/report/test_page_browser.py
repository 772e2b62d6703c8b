"""The report in a real Chromium: light, dark, narrow, without scripts, and printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs the extra 'report'")
pytest.importorskip("playwright", reason="needs the extra 'browser'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")
pytest.importorskip("pypdfium2", reason="needs the group 'dev'")

import pypdfium2
from playwright.sync_api import Browser, Page, ViewportSize

from audit.report.test_as_json import AUDITS
from audit.report.test_ranking import several
from captchascope.audit.report.page import audit_html
from captchascope.audit.report.ranking import ranking_html
from web.browsing import faults, launched, opened

DESK: ViewportSize = {"width": 1120, "height": 760}
PHONE: ViewportSize = {"width": 360, "height": 740}

OUTSIDE = """
() => [...document.querySelectorAll("body *")].filter(element =>
    !element.closest(".scroll, .unseen, svg")
    && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(element => element.outerHTML.slice(0, 80))
"""
"""What stands out of the page to the right; tables scroll within their places."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write every audit's page and one that ranks audits, and return their addresses."""
    folder, addresses = tmp_path_factory.mktemp("reports"), {}
    for name, make in AUDITS.items():
        file = folder / f"{name}.html"
        file.write_text(audit_html(make()), encoding="utf-8")
        addresses[name] = file.as_uri()
    file = folder / "ranking.html"
    file.write_text(ranking_html(several()), encoding="utf-8")
    return addresses | {"ranking": file.as_uri()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with launched() as started:
        yield started


def unfold(page: Page) -> None:
    """Open all that is folded."""
    page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")


@pytest.mark.parametrize("name", ["rich", "nothing", "ranking"])
def test_axe_finds_nothing_serious(browser: Browser, files: dict[str, str], name: str) -> None:
    """In light and in dark, with all tables open; nor does the browser complain of anything."""
    with opened(browser, viewport=DESK) as page:
        page.goto(files[name])
        unfold(page)
        assert faults(page) == []


@pytest.mark.parametrize("name", [*AUDITS, "ranking"])
def test_a_phone_needs_no_sideways_scroll(
    browser: Browser, files: dict[str, str], name: str
) -> None:
    """Of 360 pixels; wide tables scroll by themselves."""
    with opened(browser, viewport=PHONE) as page:
        page.goto(files[name])
        unfold(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 360
        assert page.evaluate(OUTSIDE) == []


def test_every_picture_is_shown(browser: Browser, files: dict[str, str]) -> None:
    """The page's own policy allows them."""
    with opened(browser, viewport=DESK) as page:
        page.goto(files["rich"])
        unfold(page)
        shown = "() => [...document.images].map(image => image.complete && image.naturalWidth > 0)"
        loaded = page.evaluate(shown)
        assert len(loaded) > 10
        assert all(loaded)


def test_the_text_of_plots_can_be_read_in_the_dark(browser: Browser, files: dict[str, str]) -> None:
    """It has the page's colour, which the dark changes."""
    colour = "() => getComputedStyle(document.querySelector('svg.plot text')).fill"
    with opened(browser, viewport=DESK) as page:
        page.goto(files["rich"])
        seen = []
        for look in ("light", "dark"):
            page.emulate_media(color_scheme=look)
            seen.append(page.evaluate(colour))
    light, dark = (sum(map(int, text[4:-1].split(","))) for text in seen)
    assert light < 3 * 110
    assert dark > 3 * 150


def test_it_works_without_scripts(browser: Browser, files: dict[str, str]) -> None:
    """A table opens by a click, and links lead to their sections."""
    with opened(browser, viewport=DESK, java_script_enabled=False) as page:
        page.goto(files["rich"])
        table = page.locator("#curve details").first.locator("table")
        assert not table.is_visible()
        page.locator("#curve summary").first.click()
        assert table.is_visible()
        page.locator("nav a", has_text="How it was measured").click()
        assert page.url.endswith("#method")


@pytest.mark.parametrize("name", ["rich", "nothing"])
def test_it_prints_on_paper_of_a4_with_all_tables(
    browser: Browser, files: dict[str, str], name: str, tmp_path: Path
) -> None:
    """What is folded on the screen is open on paper, and nothing is cut at the right."""
    file = tmp_path / "report.pdf"
    with opened(browser, viewport=DESK, color_scheme="dark") as page:
        page.goto(files[name])
        page.pdf(path=file, prefer_css_page_size=True)
    document = pypdfium2.PdfDocument(file)
    try:
        sizes = {
            tuple(round(side) for side in document[i].get_size()) for i in range(len(document))
        }
        text = "\n".join(document[i].get_textpage().get_text_range() for i in range(len(document)))
    finally:
        document.close()
    assert sizes == {(595, 842)}
    assert "How it was measured" in text
    if name == "rich":
        assert "averaged weights" in text  # of the table of every training
        assert "half covered" in text  # of the table behind the small plots
