"""The image within a page: what an element shows, by its attributes."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from captchascope.collect.address import RefusedError, joined, shown
from captchascope.collect.client import Response
from captchascope.collect.fetch import Fetcher
from captchascope.errors import UsageError
from captchascope.files import printable

_BY_SCRIPT = "check --selector; where a script makes the image, --browser is needed"


def check_selector(option: str, selector: str) -> None:
    """Check that a CSS selector is one.

    Raises:
        UsageError: If it is not.
    """
    try:
        if selector.strip():
            LexborHTMLParser("<p>").css_first(selector)
            return
    except SelectolaxError:
        pass
    raise UsageError(option, f"is no CSS selector: {printable(selector)}", "write img#captcha")


def image_in(html: str, selector: str, url: httpx.URL) -> httpx.URL | bytes:
    """Return where the image of a page is, or its bytes if it is a data: URI.

    Args:
        html: The page.
        selector: Of the element; the first that matches counts.
        url: Of the page, which relative links begin at unless the page has a ``<base>``.

    Raises:
        RefusedError: If there is no such element, or it names no image.
    """
    page = LexborHTMLParser(html)
    element = page.css_first(selector)
    if element is None:
        raise RefusedError(
            shown(url), f"has nothing that matches {printable(selector)}", _BY_SCRIPT
        )
    link = largest(_attribute(element, "srcset")) or _attribute(element, "src").strip()
    if not link:
        what = f"names no image at {printable(selector)}"
        raise RefusedError(shown(url), what, _BY_SCRIPT)
    if link[:5].lower() == "data:":
        return data_of(link, shown(url))
    base = page.css_first("base[href]")
    return joined(url if base is None else joined(url, _attribute(base, "href")), link)


def _attribute(element: LexborNode, name: str) -> str:
    return element.attributes.get(name) or ""


def largest(srcset: str) -> str:
    """Return the candidate of a ``srcset`` with the most pixels, nothing where there is none.

    Example:
        >>> largest("small.png, large.png 2x")
        'large.png'
    """
    best, link = 0.0, ""
    rest = srcset.strip(" \t\n\r\f,")
    while rest:
        name, *others = re.split(r"\s+", rest, maxsplit=1)
        rest = "".join(others)
        descriptor = ""
        if not name.endswith(","):  # a comma within a URL, as data: has it, parts nothing
            descriptor, _, rest = rest.partition(",")
        size = _size(descriptor)
        if size > best:
            best, link = size, name.rstrip(",")
        rest = rest.strip(" \t\n\r\f,")
    return link


def _size(descriptor: str) -> float:
    """Return what ``2x`` or ``640w`` say; a candidate without is 1x."""
    match = re.match(r"\s*([0-9]+(?:\.[0-9]+)?)[xw]", descriptor)
    return 1.0 if match is None else float(match[1])


def data_of(link: str, where: str) -> bytes:
    """Return the bytes of a data: URI (RFC 2397).

    Raises:
        RefusedError: If it is damaged.
    """
    head, comma, data = link.partition(",")
    raw = unquote_to_bytes(data)
    if head.lower().rstrip().endswith(";base64"):
        try:
            packed = b"".join(raw.split())
            return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error:
            raise RefusedError(where, "holds a damaged data: URI") from None
    if not comma:
        raise RefusedError(where, "holds a damaged data: URI")
    return raw


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
