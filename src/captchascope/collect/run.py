"""The click bot: asks for one image after another until there are enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from captchascope.collect.address import CollectError, RefusedError, is_loopback, parse, shown
from captchascope.collect.client import Limits
from captchascope.collect.fetch import Fetcher
from captchascope.collect.page import ImageSource, PageSource, Source, check_selector
from captchascope.collect.store import Store, open_store, suffix_of
from captchascope.errors import CaptchascopeError, ImageError, UsageError

__all__ = ["Counts", "Request", "collect"]

MOST_FAILURES = 20
"""Attempts without an image, and no new one between them, that end a collection."""

MOST_REPEATS = 50
"""Images that were stored before, and no new one between them, that end a collection."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be collected, and how.

    Attributes:
        url: Of an image, or of a page if there is a selector.
        folder: Where the images go; a collection that is there goes on.
        count: How many are to be there in the end.
        selector: Of the element that shows the image.
        browser: Whether a browser loads the page.
        refresh_selector: The element that is clicked for another image; None to load the page anew.
        delay: Seconds between requests.
        authorised: Who allowed it; needed off this machine.
        limits: What a response may cost.
    """

    url: str
    folder: Path
    count: int
    selector: str | None = None
    browser: bool = False
    refresh_selector: str | None = None
    delay: float = 0.0
    authorised: str = ""
    limits: Limits = field(default_factory=Limits)

    def checked(self) -> httpx.URL:
        """Return the URL, having checked that all makes sense together; nothing is asked yet.

        Raises:
            UsageError: If it does not, or if nobody has allowed it.
        """
        url = parse(self.url)
        if not is_loopback(url.host) and not self.authorised.strip():
            what = f"is needed, as {shown(url.host)} is not this machine"
            raise UsageError("authorised", what, "write who allowed you to collect there")
        if self.count < 1:
            raise UsageError("count", f"must be at least 1, not {self.count}", "write --count 300")
        if not (self.delay >= 0 and math.isfinite(self.delay)):
            raise UsageError("delay", f"must be 0 s or more, not {self.delay:g}", "write --delay 2")
        if self.browser and self.selector is None:
            raise UsageError("browser", "needs --selector", "name the element with the image")
        if self.refresh_selector is not None and not self.browser:
            raise UsageError("refresh_selector", "needs --browser", "without, the page is loaded")
        for option, selector in (
            ("selector", self.selector),
            ("refresh_selector", self.refresh_selector),
        ):
            if selector is not None:
                check_selector(option, selector)
        return url


@dataclass(slots=True)
class Counts:
    """How a collection went.

    Attributes:
        new: Images stored.
        already: Images that were there.
        repeats: Images that were not stored, as the same bytes were there.
        refused: Attempts that gave no image.
        retries: Requests that were repeated.
    """

    new: int = 0
    already: int = 0
    repeats: int = 0
    refused: int = 0
    retries: int = 0


def collect(
    request: Request,
    counts: Counts | None = None,
    progress: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Collect until ``request.count`` images are in the folder.

    Args:
        request: What is wanted.
        counts: Is kept up to date, so that a caller knows how far it went whatever happens.
        progress: Is called after each attempt.

    Raises:
        UsageError: If the request makes no sense; nothing was asked then.
        OutputError: If the folder cannot be written.
        CollectError: If the site gives no more, or not what was asked for.
    """
    counts = Counts() if counts is None else counts
    url = request.checked()
    with open_store(request.folder) as store:
        counts.already = len(store.rows)
        if counts.already >= request.count:
            return counts
        fetcher = Fetcher(url, request.delay, request.limits)
        try:
            with closing(_source(request, url, fetcher)) as source:
                bot = _Bot(request, store, source, counts)
                while len(store.rows) < request.count:
                    try:
                        bot.step()
                    finally:
                        counts.retries = fetcher.retries
                    progress(counts)
        finally:
            fetcher.close()
    return counts


def _source(request: Request, url: httpx.URL, fetcher: Fetcher) -> Source:
    if request.selector is None:
        return ImageSource(fetcher, url)
    if not request.browser:
        return PageSource(fetcher, url, request.selector)
    from captchascope.collect.browser import BrowserSource

    return BrowserSource(fetcher, url, request.selector, request.refresh_selector)


@dataclass(slots=True)
class _Bot:
    """One attempt after another, and when to stop making them."""

    request: Request
    store: Store
    source: Source
    counts: Counts
    failures: int = 0
    repeats: int = 0

    def step(self) -> None:
        """Try to store one more image.

        Raises:
            CollectError: If there have been too many failures or repeats in a row.
        """
        try:
            shot = self.source.next()
            suffix = suffix_of(shot.data, shown(shot.url))
        except (RefusedError, ImageError) as error:
            self._fail(error)
            return
        if self.store.holds(shot.data):
            self._repeat(shot.url)
            return
        self.failures = self.repeats = 0
        who = self.request.authorised.strip()
        self.store.add(shot.data, suffix, shot.url, shot.status, who)
        self.counts.new += 1

    def _fail(self, error: CaptchascopeError) -> None:
        self.counts.refused += 1
        self.failures += error.weight if isinstance(error, RefusedError) else 1
        if self.failures >= MOST_FAILURES:
            what = f"gave no image time after time; at last it {error.what}"
            raise CollectError(error.where, what, error.remedy) from error

    def _repeat(self, url: str) -> None:
        self.counts.repeats += 1
        self.repeats += 1
        if self.repeats >= MOST_REPEATS:
            what = f"gave {self.repeats} images in a row that are stored already"
            raise CollectError(shown(url), what, "it may have no others; see what it shows")
