"""A page in a browser whose requests are answered here instead of by the network.

Each of them is fetched by the same ``Fetcher`` as all else, so that every rule holds for it too:
robots.txt, no other host, checked addresses, bounds, one at a time. Whatever is not caught goes to
a proxy that is not there.
"""

from __future__ import annotations

import base64
import html
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace

import httpx
from playwright.sync_api import (
    BrowserContext,
    ElementHandle,
    Request,
    Route,
    WebSocketRoute,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from captchascope.collect.address import CollectError, RefusedError, resolve_link, shown
from captchascope.collect.client import USER_AGENT, Response
from captchascope.collect.fetch import Fetcher
from captchascope.collect.kept import Exchange, packed_body
from captchascope.collect.page import (
    IN_PAGE,
    Capture,
    Role,
    data_of,
    exchanges_of,
    require_ok,
)
from captchascope.files import printable

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
VARIABLE = "CAPTCHASCOPE_BROWSER"

SCREENSHOT = "screenshot"
"""The status of an image that only the browser has."""

_PATIENCE = 10.0  # seconds
_POLL = 10.0  # milliseconds
_MOST_RESPONSES = 200  # that are remembered
_HANGS = 120_000.0  # milliseconds; every request ends long before

_OF_TRANSFER = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"}
)

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


class _Interceptor:
    """Answers the requests of a browser in the place of the network."""

    def __init__(self, fetcher: Fetcher, context: BrowserContext) -> None:
        self.most = fetcher.limits.image
        self._fetcher = fetcher
        self._context = context
        self._ready: dict[str, Response] = {}
        self._answers: dict[str, tuple[int, Response | CollectError]] = {}
        self._count = 0
        self._trouble: BaseException | None = None
        self._spent: list[tuple[float, float]] = []
        self._sockets: list[WebSocketRoute] = []
        context.route("**/*", self._answer)
        # Closed later: with Playwright 1.48 to 1.64, a close in here waits for ever.
        context.route_web_socket("**/*", lambda socket: self._sockets.append(socket))

    def first(self, url: httpx.URL) -> httpx.URL:
        """Fetch a page before the browser asks for it, and return where it was in the end."""
        response = self._fetcher.get(url, self._fetcher.limits.page, self._headers(str(url)))
        require_ok(response)
        self._ready[str(response.url)] = response
        return response.url

    def answers(self, link: str) -> int:
        """Return a number that is another one after each answer for ``link``."""
        return self._answers[link][0] if link in self._answers else 0

    def answer(self, link: str) -> Response:
        """Return the last answer for ``link``.

        Raises:
            CollectError: If there is none, or why there was none.
        """
        if link not in self._answers:
            raise RefusedError(shown(link), "was not loaded by the browser")
        answer = self._answers[link][1]
        if isinstance(answer, CollectError):
            raise answer
        return answer

    def since(self, number: int) -> tuple[int, list[Response]]:
        """Return the number of the last answer, and all after the one of ``number``, in order."""
        answers = (answer for at, answer in self._answers.values() if at > number)
        return self._count, [answer for answer in answers if isinstance(answer, Response)]

    def check(self) -> None:
        """Raise what ended the collection within an answer, for there it cannot be raised.

        Sockets that the page opened are closed; they lead nowhere. It may open others meanwhile.
        """
        opened, self._sockets = self._sockets, []
        for socket in opened:
            with suppress(PlaywrightError):
                socket.close()
        if self._trouble is not None:
            raise self._trouble

    def spent(self, since: float) -> float:
        """Return the seconds since then that went into fetching, not into waiting."""
        spent = sum(end - begin for begin, end in self._spent if begin >= since)
        self._spent.clear()
        return spent

    def _answer(self, route: Route) -> None:
        """Answer one request; a page closed meanwhile waits for no answer."""
        begun = time.monotonic()
        try:
            with suppress(PlaywrightError):
                self._fulfil(route, route.request)
        except BaseException as error:
            self._trouble = error
            with suppress(PlaywrightError):
                route.abort()
        finally:
            self._spent.append((begun, time.monotonic()))

    def _fulfil(self, route: Route, request: Request) -> None:
        """Give what the site gives; whatever is not a GET to the site itself is dropped."""
        dropped = request.method != "GET" or request.resource_type == "media"
        if dropped or self._trouble is not None:
            route.abort()
            return
        response = self._ready.pop(request.url, None)
        try:
            url = resolve_link(httpx.URL(request.url), "")
            if response is None and self._fetcher.allows(url):
                response = self._fetcher.get(url, self.most, self._headers(request.url))
        except CollectError as error:
            if request.is_navigation_request() and not isinstance(error, RefusedError):
                raise
            self._remember(request.url, error)  # no matter, unless it is the image
        if response is None:
            route.abort()
        elif request.is_navigation_request() and str(response.url) != request.url:
            self._ready[str(response.url)] = response
            # A page that leads to where the redirect led, so that relative links are right.
            onward = f'<meta http-equiv="refresh" content="0;url={html.escape(str(response.url))}">'
            route.fulfill(status=200, content_type="text/html", body=onward)
        else:
            self._remember(request.url, response)
            # All headers, but for those about a transfer that is over.
            headers = {k: v for k, v in response.headers.items() if k not in _OF_TRANSFER}
            if cookies := response.headers.get_list("set-cookie"):
                headers["set-cookie"] = "\n".join(cookies)
            route.fulfill(status=response.status, headers=headers, body=response.body)

    def _headers(self, link: str) -> dict[str, str]:
        """Return what the browser would send: its cookies, which a script may have set."""
        pairs = [f"{c.get('name')}={c.get('value')}" for c in self._context.cookies(link)]
        return {"Cookie": "; ".join(pairs)} if pairs else {}

    def _remember(self, link: str, answer: Response | CollectError) -> None:
        self._count += 1
        self._answers.pop(link, None)
        self._answers[link] = self._count, answer
        while len(self._answers) > _MOST_RESPONSES:
            del self._answers[next(iter(self._answers))]


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


class BrowserSource:
    """A page in a browser, loaded anew each time, or refreshed by a click."""

    def __init__(
        self,
        fetcher: Fetcher,
        url: httpx.URL,
        selector: str,
        refresh: str | None,
        patience: float = _PATIENCE,
        *,
        keep_pages: bool = False,
    ) -> None:
        """Start a browser that keeps nothing, reaches nothing, and submits nothing.

        The element at ``selector`` has ``patience`` seconds to appear, and to change after a click
        on the one at ``refresh``; without that the page is loaded anew. With ``keep_pages`` what
        the site answered since the last image is given with each.

        Raises:
            CollectError: If there is none, or it does not start.
        """
        self._url = url
        self._selector = selector
        self._refresh = refresh
        self._patience = patience
        self._keep_pages = keep_pages
        self._kept = 0  # the number of the last answer that was given with an image
        self._loaded = False
        path = executable()
        self._playwright = sync_playwright().start()
        try:
            root = hasattr(os, "geteuid") and os.geteuid() == 0
            browser = self._playwright.chromium.launch(
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
            self._page = context.new_page()
        except BaseException as error:
            self._playwright.stop()
            if not isinstance(error, PlaywrightError):
                raise
            what = f"does not start: {str(error).splitlines()[0]}"
            raise CollectError(printable(path), what, f"name another in {VARIABLE}") from error
        self._interceptor = _Interceptor(fetcher, self._page.context)

    def next(self) -> Capture:
        """Load the page, or click for another image, and take what the element shows."""
        try:
            if self._refresh is None or not self._loaded:
                # Redirects are followed before the browser hears of them.
                url = self._interceptor.first(self._url)
                self._page.goto(str(url), wait_until="domcontentloaded")
                self._interceptor.check()
                self._loaded = True
                element = self._settled(None)
            else:
                before = self._snapshot(self._element(self._selector))
                button = self._element(self._refresh, "to click at", "check --refresh-selector")
                button.click(timeout=self._patience * 1000, no_wait_after=True)
                element = self._settled(before)
            shot = self._shot(element)
            return replace(shot, exchanges=self._exchanges(shot)) if self._keep_pages else shot
        except RefusedError:
            self._loaded = False
            raise
        except PlaywrightError as error:
            self._interceptor.check()
            self._loaded = False
            what = f"went wrong in the browser: {str(error).splitlines()[0]}"
            raise RefusedError(shown(self._url), what, "see the page in a browser") from error

    def close(self) -> None:
        """End the browser."""
        with suppress(PlaywrightError):
            if (browser := self._page.context.browser) is not None:
                browser.close()
        self._playwright.stop()

    def _element(
        self, selector: str, that: str = "that matches", remedy: str = "check --selector"
    ) -> ElementHandle:
        element = self._page.query_selector(selector)
        if element is None:
            what = f"has nothing {that} {printable(selector)}"
            raise RefusedError(shown(self._page.url), what, remedy)
        return element

    def _settled(self, before: tuple[str, int, bytes] | None) -> ElementHandle:
        """Wait until the element is there, complete, and another than before."""
        until = time.monotonic() + self._patience
        trouble = "does not finish its image"
        while time.monotonic() < until:
            with suppress(PlaywrightError, RefusedError):  # a navigation may be under way
                element = self._element(self._selector)
                if element.evaluate(_STATE)["complete"]:
                    if before is None or self._snapshot(element) != before:
                        return element
                    trouble = "shows the same image after the click"
            waited = time.monotonic()
            self._page.wait_for_timeout(_POLL)
            self._interceptor.check()
            until += self._interceptor.spent(waited)
        self._element(self._selector)
        raise RefusedError(shown(self._page.url), trouble, "check the selectors", weight=4)

    def _snapshot(self, element: ElementHandle) -> tuple[str, int, bytes]:
        """Return what an element shows at a moment: the same where nothing has changed."""
        link = str(element.evaluate(_STATE)["link"])
        drawn = b"" if link else element.screenshot()
        return link, self._interceptor.answers(link), drawn

    def _shot(self, element: ElementHandle) -> Capture:
        """Return the bytes that the element shows: those that came, where any did."""
        link = str(element.evaluate(_STATE)["link"])
        page = str(self._page.url)
        if link.startswith("data:"):
            return Capture(data_of(link, shown(page)), page, IN_PAGE)
        if link.startswith("blob:"):
            packed = self._page.evaluate(_BLOB, [link, self._interceptor.most])
            return Capture(base64.b64decode(packed or ""), page, IN_PAGE)
        if link:
            response = require_ok(self._interceptor.answer(link))
            return Capture(response.body, str(response.url), str(response.status))
        return Capture(element.screenshot(), page, SCREENSHOT)

    def _exchanges(self, shot: Capture) -> tuple[Exchange, ...]:
        """Return what the site answered for this image, and the page as it is now."""
        self._kept, answers = self._interceptor.since(self._kept)
        here = str(self._page.url)
        found: dict[Role, list[Exchange]] = {"page": [], "image": [], "other": []}
        for answer in answers:
            url = str(answer.url)
            role: Role = "page" if url == here else "image" if url == shot.url else "other"
            found[role] += exchanges_of(answer, role)
        page = Exchange("rendered", here, 0, (), *packed_body(self._page.content().encode()))
        return (*found["page"], *found["image"], page, *found["other"])
