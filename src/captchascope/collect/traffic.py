"""The requests of a browser, answered here instead of by the network.

Each of them is fetched by the same ``Fetcher`` as all else, so that every rule holds for it too:
robots.txt, no other host, checked addresses, bounds, one at a time.
"""

from __future__ import annotations

import html
import time
from contextlib import suppress

import httpx
from playwright.sync_api import BrowserContext, Request, Route, WebSocketRoute
from playwright.sync_api import Error as PlaywrightError

from captchascope.collect.address import joined, shown
from captchascope.collect.client import Response
from captchascope.collect.fetch import Fetcher
from captchascope.collect.sources import found
from captchascope.collect.trouble import CollectError, RefusedError

__all__ = ["Traffic"]

_MOST_RESPONSES = 200  # that are remembered


class Traffic:
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
        context.route("**/*", self._answer)
        context.route_web_socket("**/*", _refuse_socket)

    def first(self, url: httpx.URL) -> httpx.URL:
        """Fetch a page before the browser asks for it, and return where it was in the end."""
        response = self._fetcher.get(url, self._fetcher.limits.page, self._headers(str(url)))
        found(response)
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

    def check(self) -> None:
        """Raise what ended the collection within an answer, for there it cannot be raised."""
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
            response = response or self._fetched(request.url)
        except CollectError as error:
            if request.is_navigation_request() and not isinstance(error, RefusedError):
                raise
            self._remember(request.url, error)  # no matter, unless it is the image
        if response is None:
            route.abort()
        elif request.is_navigation_request() and str(response.url) != request.url:
            self._ready[str(response.url)] = response
            route.fulfill(status=200, content_type="text/html", body=_onward(response.url))
        else:
            self._remember(request.url, response)
            headers = _passed_on(response)
            route.fulfill(status=response.status, headers=headers, body=response.body)

    def _fetched(self, link: str) -> Response | None:
        """Fetch what is at ``link``; None where it is not of the site, or forbidden."""
        url = joined(httpx.URL(link), "")
        if not self._fetcher.allows(url):
            return None
        return self._fetcher.get(url, self.most, self._headers(link))

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


def _refuse_socket(socket: WebSocketRoute) -> None:
    socket.close()


def _onward(url: httpx.URL) -> str:
    """Return a page that leads to where a redirect led, so that relative links are right."""
    return f'<meta http-equiv="refresh" content="0;url={html.escape(str(url))}">'


def _passed_on(response: Response) -> dict[str, str]:
    """Return the headers of a response, but for those about a transfer that is over."""
    over = {"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"}
    headers = {name: value for name, value in response.headers.items() if name not in over}
    if cookies := response.headers.get_list("set-cookie"):
        headers["set-cookie"] = "\n".join(cookies)
    return headers
