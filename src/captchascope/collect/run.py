"""The click bot: asks for one image after another until there are enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from captchascope.collect.address import (
    CollectError,
    RefusedError,
    names_this_machine,
    parse_url,
    shown,
)
from captchascope.collect.client import FetchLimits
from captchascope.collect.fetch import Fetcher
from captchascope.collect.page import PageSource, Source, check_selector
from captchascope.collect.store import open_store, suffix_of
from captchascope.errors import ImageError, UsageError
from captchascope.files import printable
from captchascope.image.datauri import unpacked

MOST_FAILURES = 20
"""Attempts without an image, and no new one between them, that end a collection."""

MOST_REPEATS = 50
"""Images that were stored before, and no new one between them, that end a collection."""


@dataclass(frozen=True, slots=True)
class CollectRequest:
    """A request to collect images: of what, how many, and how.

    Attributes:
        url: Of an image, of a page if there is a selector, of an API if there is a field of JSON.
        folder: Where the images go; a collection that is there goes on.
        count: How many are to be there in the end.
        selector: Of the element that shows the image.
        browser: Whether a browser loads the page.
        refresh_selector: The element that is clicked for another image; None to load the page anew.
        json_field: The path of the field with the image in a JSON answer, such as ``data.img``.
        delay: Seconds between requests.
        authorised: Who allowed it; needed off this machine.
        limits: What a response may cost.
        keep_pages: Whether what the site answers is kept beside each image, cookies that it sets
            among it.
    """

    url: str
    folder: Path
    count: int
    selector: str | None = None
    browser: bool = False
    refresh_selector: str | None = None
    json_field: str | None = None
    delay: float = 0.0
    authorised: str = ""
    limits: FetchLimits = field(default_factory=FetchLimits)
    keep_pages: bool = False

    def checked(self) -> httpx.URL:
        """Return the URL, having checked that all makes sense together; nothing is asked yet.

        Raises:
            UsageError: If it does not, or if nobody has allowed it.
        """
        url = parse_url(self.url)
        if not names_this_machine(url.host) and not self.authorised.strip():
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
        if self.json_field is not None:
            if self.selector is not None or self.browser:
                what = "contradicts --browser" if self.browser else "contradicts --selector"
                raise UsageError("json_field", what, "an answer is JSON, or it is a page")
            if not all(self.json_field.split(".")):
                what = f"is no path of a field: {printable(self.json_field)!r}"
                raise UsageError("json_field", what, "write data.img, or images.0.img")
        for option in ("selector", "refresh_selector"):
            if (selector := getattr(self, option)) is not None:
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


def collect_images(
    request: CollectRequest,
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
    failures = repeats = 0
    with open_store(request.folder) as store:
        counts.already = len(store.rows)
        if counts.already >= request.count:
            return counts
        with (
            closing(Fetcher(url, request.delay, request.limits)) as fetcher,
            closing(_source(request, url, fetcher)) as source,
        ):
            while len(store.rows) < request.count:
                try:
                    found = source.next()
                    data = unpacked(found.data, shown(found.url))
                    suffix = suffix_of(data, shown(found.url))
                except (RefusedError, ImageError) as error:
                    counts.refused += 1
                    failures += error.weight if isinstance(error, RefusedError) else 1
                    if failures >= MOST_FAILURES:
                        what = f"gave no image time after time; at last it {error.what}"
                        raise CollectError(error.where, what, error.remedy) from error
                else:
                    if store.holds(data):
                        counts.repeats += 1
                        repeats += 1
                    else:
                        who = request.authorised.strip()
                        kept = found.exchanges if request.keep_pages else ()
                        store.add(data, suffix, found.url, found.status, who, kept)
                        counts.new += 1
                        failures = repeats = 0
                    if repeats >= MOST_REPEATS:
                        what = f"gave {repeats} images in a row that are stored already"
                        remedy = "it may have no others; see what it shows"
                        raise CollectError(shown(found.url), what, remedy)
                finally:
                    counts.retries = fetcher.retries
                progress(counts)
    return counts


def _source(request: CollectRequest, url: httpx.URL, fetcher: Fetcher) -> Source:
    if not request.browser or request.selector is None:
        return PageSource(fetcher, url, request.selector, request.json_field)
    from captchascope.collect.browser import BrowserSource

    return BrowserSource(
        fetcher, url, request.selector, request.refresh_selector, keep_pages=request.keep_pages
    )
