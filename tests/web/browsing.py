"""A real Chromium that tells of everything it did not like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

from captchascope.collect.address import CollectError
from captchascope.collect.browser import executable

PATIENCE = 60_000  # milliseconds; no page takes a hundredth of it, and a lease lasts twice as long
expect.set_options(timeout=PATIENCE)  # a busy machine is no failure

_AXE = """
async rules => {
    const only = rules.length ? {runOnly: rules} : {};
    const found = await axe.run(document, {resultTypes: ["violations"], ...only});
    return found.violations.map(({id, impact, nodes}) =>
        ({id, impact, nodes: nodes.map(({html, failureSummary}) => [html, failureSummary])}));
}
"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the Chromium of this machine; skip the test where there is none."""
    try:
        path = executable()
    except CollectError as error:
        pytest.skip(str(error))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open a page of its own; what the browser complains of in the end is a failure.

    That is whatever a script did not catch, and what a console shows in red, such as each breach
    of the Content-Security-Policy.
    """
    complaints: list[str] = []
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    try:
        yield page
    finally:
        context.close()
    assert not complaints, complaints


def begun(page: Page, url: str) -> None:
    """Open the label page, and wait for its first image."""
    page.goto(url)
    expect(page.locator("#work")).to_be_visible()


def faults(page: Page) -> list[Any]:
    """Return what axe-core finds serious or critical on a page as it is, in light and in dark.

    Only two rules depend on the colours, so they alone are looked at twice.
    """
    page.evaluate(AXE_SCRIPT)
    found = []
    looks: list[tuple[Literal["light", "dark"], list[str]]]
    looks = [("light", []), ("dark", ["color-contrast", "link-in-text-block"])]
    for colours, rules in looks:
        page.emulate_media(color_scheme=colours)
        found += page.evaluate(_AXE, rules)
    page.emulate_media(color_scheme="light")
    return [fault for fault in found if fault["impact"] in ("serious", "critical")]
