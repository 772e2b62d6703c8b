"""Where the images come from when the page needs a browser: an installed Chromium.

The browser never reaches the network: ``traffic.py`` answers each of its requests, and whatever
it did not catch would go to a proxy that is not there.
"""

from __future__ import annotations

import base64
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass

import httpx
from playwright.sync_api import (
    ElementHandle,
    Page,
    Playwright,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from captchascope.collect.address import shown
from captchascope.collect.client import USER_AGENT
from captchascope.collect.fetch import Fetcher
from captchascope.collect.page import data_of
from captchascope.collect.sources import IN_PAGE, Shot, found
from captchascope.collect.traffic import Traffic
from captchascope.collect.trouble import CollectError, RefusedError
from captchascope.finding import printable

__all__ = ["BrowserSource", "executable"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
VARIABLE = "CAPTCHASCOPE_BROWSER"

SCREENSHOT = "screenshot"
"""The status of an image that only the browser has."""

PATIENCE = 10.0  # seconds, for the element to appear, and to change after a click
_POLL = 10.0  # milliseconds
_HANGS = 120_000.0  # milliseconds; every request ends long before

_NO_FORMS = """
addEventListener('submit', event => event.preventDefault(), true);
HTMLFormElement.prototype.submit = () => {};
"""

_STATE = """
element => {
    if (!(element instanceof HTMLImageElement))
        return {link: '', complete: document.readyState === 'complete'};
    const link = element.currentSrc || element.src;
    return {link, complete: element.complete && link !== ''};
}
"""

_BLOB = """
async ([link, most]) => {
    const blob = await (await fetch(link)).blob();
    if (blob.size > most) return null;
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096)
        text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(text);
}
"""


def executable() -> str:
    """Return the Chromium that is on this machine.

    Raises:
        CollectError: If there is none.
    """
    named = os.environ.get(VARIABLE)
    for name in (named,) if named else NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    what = "finds no Chromium" if not named else f"finds no {printable(named)}, which {VARIABLE} is"
    raise CollectError("--browser", what, f"install chromium, or name one in {VARIABLE}")


@dataclass(frozen=True, slots=True)
class _Look:
    """What an element shows at a moment; two looks are equal where nothing has changed."""

    link: str
    answers: int
    drawn: bytes


class BrowserSource:
    """A page in a browser, loaded anew each time, or refreshed by a click."""

    def __init__(
        self, fetcher: Fetcher, url: httpx.URL, selector: str, refresh: str | None
    ) -> None:
        """Start the browser.

        Raises:
            CollectError: If there is none, or it does not start.
        """
        self._url = url
        self._selector = selector
        self._refresh = refresh
        self._loaded = False
        self._playwright, self._page = _started()
        self._traffic = Traffic(fetcher, self._page.context)

    def next(self) -> Shot:
        """Load the page, or click for another image, and take what the element shows."""
        try:
            if self._refresh is None or not self._loaded:
                self._load()
                element = self._settled(None)
            else:
                before = self._look(self._element())
                self._click(self._refresh)
                element = self._settled(before)
            return self._shot(element)
        except RefusedError:
            self._loaded = False
            raise
        except PlaywrightError as error:
            self._traffic.check()
            self._loaded = False
            what = f"went wrong in the browser: {str(error).splitlines()[0]}"
            raise RefusedError(shown(self._url), what, "see the page in a browser") from error

    def close(self) -> None:
        """End the browser."""
        with suppress(PlaywrightError):
            if (browser := self._page.context.browser) is not None:
                browser.close()
        self._playwright.stop()

    def _load(self) -> None:
        """Go to the page; redirects were followed before the browser hears of it."""
        url = self._traffic.first(self._url)
        self._page.goto(str(url), wait_until="domcontentloaded")
        self._traffic.check()
        self._loaded = True

    def _click(self, selector: str) -> None:
        element = self._page.query_selector(selector)
        if element is None:
            what = f"has nothing to click at {printable(selector)}"
            raise RefusedError(self._page.url, what, "check --refresh-selector")
        element.click(timeout=PATIENCE * 1000, no_wait_after=True)

    def _element(self) -> ElementHandle:
        element = self._page.query_selector(self._selector)
        if element is None:
            what = f"has nothing that matches {printable(self._selector)}"
            raise RefusedError(shown(self._page.url), what, "check --selector")
        return element

    def _settled(self, before: _Look | None) -> ElementHandle:
        """Wait until the element is there, complete, and another than before."""
        until = time.monotonic() + PATIENCE
        trouble = "does not finish its image"
        while time.monotonic() < until:
            with suppress(PlaywrightError, RefusedError):  # a navigation may be under way
                element = self._element()
                if element.evaluate(_STATE)["complete"]:
                    if before is None or self._look(element) != before:
                        return element
                    trouble = "shows the same image after the click"
            waited = time.monotonic()
            self._page.wait_for_timeout(_POLL)
            self._traffic.check()
            until += self._traffic.spent(waited)
        self._element()
        raise RefusedError(shown(self._page.url), trouble, "check the selectors", weight=4)

    def _look(self, element: ElementHandle) -> _Look:
        link = str(element.evaluate(_STATE)["link"])
        drawn = b"" if link else element.screenshot()
        return _Look(link, self._traffic.answers(link), drawn)

    def _shot(self, element: ElementHandle) -> Shot:
        """Return the bytes that the element shows: those that came, where any did."""
        link = str(element.evaluate(_STATE)["link"])
        page = str(self._page.url)
        if link.startswith("data:"):
            return Shot(data_of(link, shown(page)), page, IN_PAGE)
        if link.startswith("blob:"):
            packed = self._page.evaluate(_BLOB, [link, self._traffic.most])
            return Shot(base64.b64decode(packed or ""), page, IN_PAGE)
        if link:
            response = found(self._traffic.answer(link))
            return Shot(response.body, str(response.url), str(response.status))
        return Shot(element.screenshot(), page, SCREENSHOT)


def _started() -> tuple[Playwright, Page]:
    """Start a browser that keeps nothing, reaches nothing, and submits nothing."""
    path = executable()
    playwright = sync_playwright().start()
    try:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = playwright.chromium.launch(
            executable_path=path,
            proxy={"server": "http://127.0.0.1:9", "bypass": "<-loopback>"},
            chromium_sandbox=not root,  # Chromium has none for root, and would not start
            args=["--force-webrtc-ip-handling-policy=disable_non_proxied_udp"],
        )
        context = browser.new_context(
            user_agent=USER_AGENT, service_workers="block", accept_downloads=False
        )
        context.set_default_timeout(_HANGS)
        context.add_init_script(_NO_FORMS)
        return playwright, context.new_page()
    except PlaywrightError as error:
        playwright.stop()
        what = f"does not start: {str(error).splitlines()[0]}"
        raise CollectError(printable(path), what, f"name another in {VARIABLE}") from error
    except BaseException:
        playwright.stop()
        raise
