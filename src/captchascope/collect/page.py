"""Sources of images without a browser: a URL, or what an element of a page shows."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import httpx
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from captchascope.collect.address import RefusedError, resolve_link, shown
from captchascope.collect.client import Response
from captchascope.collect.fetch import Fetcher
from captchascope.collect.kept import Exchange, Header, packed_body
from captchascope.errors import UsageError
from captchascope.files import codec_by_start, printable
from captchascope.image.datauri import from_data_uri, from_text, is_data_uri
from captchascope.jsontext import RepeatedKeyError, parse_json

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
    begun = beginning(html)
    page = LexborHTMLParser(begun)
    element = page.css_first(selector)
    if element is None:
        what = f"has nothing that matches {printable(selector)}"
        if len(begun) < len(html):
            what += f" in its first {_MOST_PARTS:,} tags and attributes, and no more are looked at"
        raise RefusedError(shown(url), what, _BY_SCRIPT)
    attributes = element.attributes
    link = largest(attributes.get("srcset") or "") or (attributes.get("src") or "").strip()
    if not link:
        what = f"names no image at {printable(selector)}"
        raise RefusedError(shown(url), what, _BY_SCRIPT)
    if link[:5].lower() == "data:":
        return data_of(link, shown(url))
    base = page.css_first("base[href]")
    if base is not None:
        url = resolve_link(url, base.attributes.get("href") or "")
    return resolve_link(url, link)


_MOST_PARTS = 30_000
"""Tags and attributes of a page that are parsed: about a second, where a site does its worst.

The parser compares each with all that are open, so that its time grows with the square.
"""

_TAG = re.compile(r"<(?:[!?/]|[a-zA-Z][^ \t\n\f\r/>]*)")
_ATTRIBUTE = re.compile(  # WHATWG HTML, sections 13.2.5.32 to 39; long gaps count, too
    r"""[ \t\n\f\r/]{100} | [ \t\n\f\r/]*+
    (?: =[^ \t\n\f\r/>=]*+ | [^ \t\n\f\r/>=]++ )
    (?: [ \t\n\f\r]*+ =
        [ \t\n\f\r]*+ (?: "[^"]*+" | '[^']*+' | [^ \t\n\f\r>"'][^ \t\n\f\r>]*+ )? )?""",
    re.VERBOSE,
)


def beginning(html: str) -> str:
    """Return a page up to its 30,000th tag or attribute.

    All that looks like a tag counts, be it within a comment, a script or another tag, as what
    really is one depends on the parser's state.
    """
    left = _MOST_PARTS
    for tag in _TAG.finditer(html):
        left -= 1
        position = tag.end()
        if tag.end() - tag.start() > 1 and html[tag.start() + 1] not in "!?/":
            while left >= 0 and (attribute := _ATTRIBUTE.match(html, position)):
                position = attribute.end()
                left -= 1
        if left < 0:
            return html[: tag.start()]
    return html


_LINK = re.compile(r"[^\s,]\S*")
_PIXELS = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)[xw]")  # 2x or 640w


def largest(srcset: str) -> str:
    """Return the candidate of a ``srcset`` with the most pixels, nothing where there is none.

    Example:
        >>> largest("small.png, large.png 2x")
        'large.png'
    """
    best, link = 0.0, ""
    position = 0
    while (name := _LINK.search(srcset, position)) is not None:
        position = end = name.end()
        if not name[0].endswith(","):  # a comma within a URL, as data: has it, parts nothing
            end = srcset.find(",", position)
        descriptor = srcset[position : end if end >= 0 else len(srcset)]
        position += len(descriptor)
        match = _PIXELS.match(descriptor)
        size = 1.0 if match is None else float(match[1])
        if size > best:
            best, link = size, name[0].rstrip(",")
    return link


def data_of(link: str, where: str) -> bytes:
    """Return the bytes of a data: URI (RFC 2397).

    Raises:
        RefusedError: If it is damaged.
    """
    data = from_data_uri(link.encode("utf-8", "replace"))
    if data is not None:
        return data
    raise RefusedError(where, "holds a damaged data: URI")


_LONGEST_LINK = 2000  # characters; what is longer is an image
_MOST_NAMES = 8  # of the fields that an error names


def image_in_json(body: bytes, field: str, url: httpx.URL) -> httpx.URL | bytes:
    """Return the bytes of the image in a JSON answer, or where it is if the field is a link.

    Args:
        body: The answer.
        field: The path of the field: names, and numbers from 0 in lists, with dots between.
        url: Of the answer, which a relative link begins at.

    Raises:
        RefusedError: If it is no JSON, has no such field, or that holds no image.
    """
    try:
        value = parse_json(body)
    except ValueError as error:
        what = "is no JSON"
        if isinstance(error, RepeatedKeyError):
            what = f"is no clear JSON: {printable(str(error))}"
        raise RefusedError(shown(url), what, "leave --json-field away, or name an API") from None
    for name in field.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name in map(str, range(len(value))):
            value = value[int(name)]
        else:
            what = f"answers in JSON that has no {printable(name)} {_place(value)}"
            remedy = f"correct --json-field {printable(field)}"
            raise RefusedError(shown(url), what, remedy)
    if isinstance(value, str):
        if codec_by_start(value.encode("utf-8", "replace")) is not None:  # an SVG drawing
            return value.encode("utf-8", "replace")
        data = from_text(value)
        if data is not None and (codec_by_start(data) is not None or is_data_uri(value)):
            return data
        if len(value) <= _LONGEST_LINK and re.match(r"https?://|\.?/", value.strip()):
            return resolve_link(url, value)
    what = f"has no image in {printable(field)} of its JSON"
    raise RefusedError(shown(url), what, "name the field with base64 text, a data URI or a link")


def _place(value: object) -> str:
    """Return in words where a field of JSON was looked for; never what that holds."""
    if isinstance(value, dict):
        names = [printable(name[:40]) for name in list(value)[:_MOST_NAMES]]
        return f"among {', '.join(names)}" if names else "in an empty object"
    return f"in a list of {len(value)}" if isinstance(value, list) else "within a value"


IN_PAGE = "in page"
"""The status of an image that came with its page."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A body that may be an image.

    Attributes:
        data: Its bytes.
        url: Where it came from; of a data: URI, the page.
        status: Of HTTP; or ``in page``, or ``screenshot``.
        exchanges: What the site answered on the way to it.
    """

    data: bytes
    url: str
    status: str
    exchanges: tuple[Exchange, ...] = ()


Role: TypeAlias = Literal["page", "image", "other"]
"""What a response is, beside the image that it led to."""


def exchanges_of(response: Response, what: Role) -> list[Exchange]:
    """Return a response as it is kept, after the redirects that led to it.

    Of an image there is no body: what is collected is kept itself, and no other is of interest.
    """
    found = [Exchange("redirect", str(r.url), r.status, _headers(r)) for r in response.before]
    url, headers = str(response.url), _headers(response)
    if what == "image" or codec_by_start(response.body) is not None:
        return [*found, Exchange(what, url, response.status, headers)]
    return [*found, Exchange(what, url, response.status, headers, *packed_body(response.body))]


def _headers(response: Response) -> tuple[Header, ...]:
    coding = response.headers.encoding
    return tuple(
        Header(name.decode(coding, "replace"), value.decode(coding, "replace"))
        for name, value in response.headers.raw
    )


class Source(Protocol):
    """Gives one image after another."""

    def next(self) -> Capture:
        """Return the next image.

        Raises:
            RefusedError: If this attempt gave none.
            CollectError: If no further attempt will.
        """

    def close(self) -> None:
        """End what was started for it."""


class PageSource:
    """A URL that is an image, a page with an element that shows one, or an answer that holds one.

    It is asked for each time.
    """

    def __init__(
        self, fetcher: Fetcher, url: httpx.URL, selector: str | None, json_field: str | None = None
    ) -> None:
        self._fetcher = fetcher
        self._url = url
        self._selector = selector
        self._json_field = json_field

    def next(self) -> Capture:
        """Fetch the page or the answer, then what it shows unless that came with it."""
        url, limits = self._url, self._fetcher.limits
        exchanges: list[Exchange] = []
        if self._selector is not None or self._json_field is not None:
            most = limits.page if self._selector is not None else max(limits.page, limits.image)
            page = require_ok(self._fetcher.get(url, most))
            exchanges = exchanges_of(page, "page")
            if self._selector is not None:
                image = image_in(_text_of(page), self._selector, page.url)
            else:
                image = image_in_json(page.body, self._json_field or "", page.url)
            if isinstance(image, bytes):
                return Capture(image, str(page.url), IN_PAGE, tuple(exchanges))
            url = image
        response = require_ok(self._fetcher.get(url, limits.image))
        exchanges += exchanges_of(response, "image")
        return Capture(response.body, str(response.url), str(response.status), tuple(exchanges))

    def close(self) -> None:
        """Nothing was started."""


_NO_CHARSETS = frozenset({"idna", "punycode", "undefined"})
"""Codecs of Python that replace nothing, or take the square of the length."""


def _text_of(page: Response) -> str:
    kind = page.headers.get("Content-Type", "")
    match = re.search(r"charset=[\"']?([\w.:-]+)", kind, re.IGNORECASE)
    charset = match[1] if match else "utf-8"
    try:  # the text only has to be right where its links are
        charset = "utf-8" if codecs.lookup(charset).name in _NO_CHARSETS else charset
        return page.body.decode(charset, "replace")
    except LookupError:
        return page.body.decode("utf-8", "replace")


def require_ok(response: Response) -> Response:
    """Return a response that is what was asked for.

    Raises:
        RefusedError: If its status says that it is not.
    """
    if response.status == 200:
        return response
    remedy = "see in a browser what is there"
    raise RefusedError(shown(response.url), f"answered with status {response.status}", remedy)
