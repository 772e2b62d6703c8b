"""One exchange with a site: a GET, bounded in bytes and in seconds, at its time."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from captchascope import __version__
from captchascope.collect.address import shown
from captchascope.collect.pace import Pace
from captchascope.collect.transport import Deadline, Transport
from captchascope.collect.trouble import CollectError, RefusedError

__all__ = ["USER_AGENT", "Client", "Limits", "Response"]

USER_AGENT = f"captchascope/{__version__} (saves captcha images with leave; obeys robots.txt)"

_SLOW_WEIGHT = 7  # three in a row are enough: each costs as long as a response may take


@dataclass(frozen=True, slots=True)
class Limits:
    """What a response may cost.

    Attributes:
        image: The most bytes of an image, or of anything else that a page loads.
        page: Likewise, of a page.
        robots: Likewise, of a robots.txt; what is beyond is not read.
        seconds: From the first byte sent to the last byte received.
        attempts: How often one thing is asked for before the collection gives up.
        wait: The longest Retry-After that is waited for, in seconds.
    """

    image: int = 8 * 2**20
    page: int = 2 * 2**20
    robots: int = 512 * 2**10
    seconds: float = 30.0
    attempts: int = 8
    wait: float = 300.0


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Attributes:
        url: Where it came from.
        status: Of HTTP.
        headers: Likewise.
        body: Complete and decoded.
    """

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes


class Client:
    """One connection to one site. No proxy, no password file: nothing of the environment."""

    def __init__(self, pace: Pace, limits: Limits) -> None:
        self._pace = pace
        self._limits = limits
        self._deadline = Deadline()
        self._http = httpx.Client(
            transport=Transport(self._deadline),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            timeout=None,  # the deadline covers all
            trust_env=False,
        )

    def get(
        self,
        url: httpx.URL,
        most: int,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> Response:
        """Fetch what is at ``url``, whatever its status; redirects are not followed.

        Args:
            url: Of http or https.
            most: The most bytes of the body.
            headers: Further ones.
            cut: Whether a longer body is cut there, instead of an error.

        Raises:
            httpx.TransportError: If the connection fails.
            RefusedError: If it takes too long, or comes in an encoding that nobody asked for.
            CollectError: If the body is too long, or the host's address is refused.
        """
        self._pace.wait()
        self._deadline.begin(self._limits.seconds)
        request = self._http.build_request("GET", url, headers=headers)
        try:
            response = self._http.send(request, stream=True, follow_redirects=False)
            try:
                body = _body(response, most, cut)
            finally:
                response.close()
        except httpx.TimeoutException:
            what = f"took longer than {self._limits.seconds:g} s"
            remedy = "try again when the site is faster"
            raise RefusedError(shown(url), what, remedy, weight=_SLOW_WEIGHT) from None
        finally:
            self._pace.done()
        return Response(url, response.status_code, response.headers, body)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _body(response: httpx.Response, most: int, cut: bool) -> bytes:
    """Read a body until its end, or one byte beyond ``most``."""
    inflate = _inflater(response)
    parts: list[bytes] = []
    room = most + 1
    for chunk in response.iter_raw():
        try:
            part = chunk[:room] if inflate is None else inflate.decompress(chunk, room)
        except zlib.error:
            raise RefusedError(shown(response.url), "holds damaged gzip data") from None
        parts.append(part)
        room -= len(part)
        if room <= 0:
            break
    if room <= 0 and not cut:
        what = f"is larger than {most:,} bytes"
        raise CollectError(shown(response.url), what, "see in a browser what is there")
    return b"".join(parts)[:most]


def _inflater(response: httpx.Response) -> zlib._Decompress | None:
    """Return what undoes the encoding of a body, a bounded piece at a time."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raise RefusedError(shown(response.url), f"is encoded as {encoding!r}, which nobody asked for")
