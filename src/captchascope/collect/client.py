"""An HTTP client for one site: checked addresses, a deadline, bounded bodies, one at a time."""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx

from captchascope import __version__
from captchascope.collect.address import CollectError, RefusedError, addresses, shown


class AgainError(Exception):
    """A failure, or an answer, that may be better next time."""


def retry_after(value: str, now: datetime | None = None) -> float:
    """Return the seconds that a Retry-After header asks for, be they a number or a date.

    Example:
        >>> retry_after("120")
        120.0

    Args:
        value: The header (RFC 9110, section 10.2.3); one that makes no sense asks for nothing.
        now: The time of the answer; the system's clock unless it is given.
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


class _Deadline:
    """The deadline of the exchange that is under way.

    A timeout of each read alone would let a server that sends a byte a second go on for ever.
    """

    def __init__(self) -> None:
        self._until = time.monotonic()

    def begin(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise ReadTimeout if none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left


class _Stream(httpcore.NetworkStream):
    """A stream of httpcore that heeds the deadline, whatever timeout it is given."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left()
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Resolves a name itself, and connects to what it has checked."""

    def __init__(self, deadline: _Deadline) -> None:
        self._sockets = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"the host is not known: {error}") from error
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in found:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.left(), local_address, socket_options
                )
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _Stream(stream, self._deadline)
        raise failure


USER_AGENT = f"captchascope/{__version__} (saves captcha images with leave; obeys robots.txt)"

_HEADERS = {
    "Accept": "*/*",
    "Connection": "keep-alive",
    "User-Agent": USER_AGENT,
    "Accept-Encoding": "identity",
}
_UNREAD = httpx.ByteStream(b"")  # an httpx.Response without a stream would decode its body
_SLOW_WEIGHT = 7  # three in a row are enough: each costs as long as a response may take


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of what a response may cost.

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
    """A response of the site, whose body is complete and decoded.

    Attributes:
        before: The redirects that led to it.
    """

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    before: tuple[Response, ...] = ()


class Client:
    """One connection of HTTP/1.1 to one site. No proxy: nothing of the environment.

    Attributes:
        delay: The least seconds from the end of one exchange to the beginning of the next.
    """

    def __init__(self, limits: FetchLimits, delay: float) -> None:
        self.delay = delay
        self._limits = limits
        self._free = 0.0  # when the next request may go out
        self._deadline = _Deadline()
        self._cookies = httpx.Cookies()
        self._pool = httpcore.ConnectionPool(
            max_connections=1, keepalive_expiry=30.0, network_backend=_Backend(self._deadline)
        )

    def hold(self, seconds: float) -> None:
        """Let no request go out for so long."""
        self._free = max(self._free, time.monotonic() + seconds)

    def get(
        self,
        url: httpx.URL,
        most: int,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> Response:
        """Fetch what is at ``url``, whatever its status; redirects are not followed.

        A body of more than ``most`` bytes is cut there with ``cut``, and an error without.

        Raises:
            AgainError: If the connection fails.
            RefusedError: If it takes too long, or comes in an encoding that nobody asked for.
            CollectError: If the body is too long, or the host's address is refused.
        """
        while (left := self._free - time.monotonic()) > 0:
            time.sleep(left)
        self._deadline.begin(self._limits.seconds)
        given = {**_HEADERS, **(headers or {})}
        request = httpx.Request("GET", url, headers=given, cookies=self._cookies)
        place = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        asked = httpcore.Request("GET", place, headers=request.headers.raw)
        try:
            with closing(self._pool.handle_request(asked)) as answer:
                head = httpx.Response(
                    answer.status, headers=answer.headers, request=request, stream=_UNREAD
                )
                self._cookies.extract_cookies(head)
                body = _body(answer.iter_stream(), head, most, cut)
        except httpcore.TimeoutException:
            what = f"took longer than {self._limits.seconds:g} s"
            remedy = "try again when the site is faster"
            raise RefusedError(shown(url), what, remedy, weight=_SLOW_WEIGHT) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise AgainError(str(error)) from error
        finally:
            self.hold(self.delay)
        return Response(url, head.status_code, head.headers, body)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


def _body(chunks: Iterable[bytes], head: httpx.Response, most: int, cut: bool) -> bytes:
    """Read a body until its end or one byte beyond ``most``, unpacked a bounded piece at a time."""
    where = shown(head.url)
    encoding = head.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise RefusedError(where, f"is encoded as {encoding!r}, which nobody asked for")
    unpacker = None if encoding in ("identity", "") else _Unpacker()
    parts: list[bytes] = []
    room = most + 1
    try:
        for chunk in chunks:
            parts.append(chunk[:room] if unpacker is None else unpacker.unpacked(chunk, room))
            room -= len(parts[-1])
            if room <= 0:
                break
    except zlib.error:
        raise RefusedError(where, "holds damaged gzip data") from None
    if room <= 0 and not cut:
        what = f"is larger than {most:,} bytes"
        raise CollectError(where, what, "see in a browser what is there")
    if room > 0 and unpacker is not None and not unpacker.whole:
        raise AgainError("its compressed data ends early")
    return b"".join(parts)[:most]


class _Unpacker:
    """Unpacks gzip, which may have several members (RFC 1952, section 2.2), or deflate.

    Attributes:
        whole: Whether what came so far ends where it may end; nothing does, as an empty body.
    """

    def __init__(self) -> None:
        self._inflate = _inflate()
        self.whole = True

    def unpacked(self, chunk: bytes, most: int) -> bytes:
        """Return at most so many bytes of a chunk.

        Raises:
            zlib.error: If it is damaged.
        """
        parts: list[bytes] = []
        while chunk and most > 0:
            if self._inflate.eof:
                if not chunk.startswith(b"\x1f"):  # what follows the end is padding
                    break
                self._inflate = _inflate()
            parts.append(self._inflate.decompress(chunk, most))
            most -= len(parts[-1])
            chunk = self._inflate.unused_data
            self.whole = self._inflate.eof
        return b"".join(parts)


def _inflate() -> Any:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
