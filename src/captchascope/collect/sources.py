"""Where the images come from, without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import httpx

from captchascope.collect.address import shown
from captchascope.collect.client import Response
from captchascope.collect.fetch import Fetcher
from captchascope.collect.page import image_in
from captchascope.collect.trouble import RefusedError

__all__ = ["ImageSource", "PageSource", "Shot", "Source", "found"]

IN_PAGE = "in page"
"""The status of an image that came with its page."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What may be an image.

    Attributes:
        data: Its bytes.
        url: Where it came from; of a data: URI, the page.
        status: Of HTTP; or ``in page``, or ``screenshot``.
    """

    data: bytes
    url: str
    status: str


class Source(Protocol):
    """Gives one image after another."""

    def next(self) -> Shot:
        """Return the next image.

        Raises:
            RefusedError: If this attempt gave none.
            CollectError: If no further attempt will.
        """

    def close(self) -> None:
        """End what was started for it."""


class ImageSource:
    """A URL that is an image, another one each time."""

    def __init__(self, fetcher: Fetcher, url: httpx.URL) -> None:
        self._fetcher = fetcher
        self._url = url

    def next(self) -> Shot:
        """Fetch it."""
        return _shot(self._fetcher, self._url)

    def close(self) -> None:
        """Nothing was started."""


class PageSource:
    """A page that shows an image, loaded anew each time."""

    def __init__(self, fetcher: Fetcher, url: httpx.URL, selector: str) -> None:
        self._fetcher = fetcher
        self._url = url
        self._selector = selector

    def next(self) -> Shot:
        """Fetch the page, then what its element shows."""
        page = found(self._fetcher.get(self._url, self._fetcher.limits.page))
        image = image_in(_text(page), self._selector, page.url)
        if isinstance(image, bytes):
            return Shot(image, str(page.url), IN_PAGE)
        return _shot(self._fetcher, image)

    def close(self) -> None:
        """Nothing was started."""


def _shot(fetcher: Fetcher, url: httpx.URL) -> Shot:
    image = found(fetcher.get(url, fetcher.limits.image))
    return Shot(image.body, str(image.url), str(image.status))


def found(response: Response) -> Response:
    """Return a response that is what was asked for.

    Raises:
        RefusedError: If its status says that it is not.
    """
    if response.status == 200:
        return response
    remedy = "see in a browser what is there"
    raise RefusedError(shown(response.url), f"answered with status {response.status}", remedy)


def _text(page: Response) -> str:
    """Return the text of a page, which only has to be right where its links are."""
    kind = page.headers.get("Content-Type", "")
    match = re.search(r"charset=[\"']?([\w.:-]+)", kind, re.IGNORECASE)
    try:
        return page.body.decode(match[1] if match else "utf-8", "replace")
    except LookupError:
        return page.body.decode("utf-8", "replace")
