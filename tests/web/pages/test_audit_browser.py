"""The Audit page in a real Chromium: it goes on by itself, and axe-core finds nothing serious."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("matplotlib", reason="needs the extra 'report'")
pytest.importorskip("filelock", reason="needs the extra 'report'")
pytest.importorskip("playwright", reason="needs the extra 'browser'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")

from playwright.sync_api import Page, expect

from captchascope.web.settings import Settings
from web.browsing import faults, launched, opened
from web.serving import serving

PATIENCE = 300_000  # milliseconds: an audit gives way to all else on a busy machine


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve with a folder that is gone."""
    gone = tmp_path_factory.mktemp("folder") / "gone"
    with serving(Settings(models=("metu",), data=gone)) as served:
        yield f"{served.url}/audit"


@pytest.fixture(scope="module")
def page(url: str) -> Iterator[Page]:
    """Open the page in Chromium."""
    with launched() as browser, opened(browser) as tab:
        tab.goto(url)
        yield tab


def test_an_audit_that_fails_is_told(page: Page) -> None:
    """With the form to try again."""
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("gone", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert faults(page) == []


def test_an_audit_is_followed_stopped_and_read(page: Page, url: str) -> None:
    """The page moves on, and keeps the focus; the report has its style, though no script may."""
    page.goto(url)
    page.select_option("#subject", "plain")
    page.get_by_role("button", name="Start").click()
    stop = page.get_by_role("button", name="Stop")
    stop.focus()
    expect(page.locator("progress[value]")).to_be_visible(timeout=PATIENCE)
    expect(stop).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("Enter")
    report = page.get_by_role("link", name="Open the report")
    expect(report).to_be_visible(timeout=PATIENCE)
    assert faults(page) == []
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save it", exact=True).click()
    assert saved.value.suggested_filename == "audit.html"
    report.click()
    expect(page.locator("style")).not_to_have_count(0)
    assert page.evaluate("document.styleSheets[0].cssRules.length") > 0
