"""One request: when it may go out, how long it may take, and how much may come."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from captchascope import __version__
from captchascope.collect.address import CollectError, RefusedError
from captchascope.collect.client import (
    AgainError,
    Client,
    FetchLimits,
    Response,
    _body,
    retry_after,
)
from collect.sites import Answer, Site, serve

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("0", 0), ("1", 1), (" 120 ", 120), ("", 0), ("soon", 0), ("-5", 0), ("1e3", 0)),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Sun, 03 May 2026 12:00:07 -0000", 7),
        ("Sun, 99 May 2026 12:00:07 GMT", 0),
        ("9" * 400, 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    """What makes no sense asks for nothing."""
    assert retry_after(value, NOW) == seconds


@contextmanager
def asked(answer: Answer, seconds: float = 20.0) -> Iterator[tuple[Site, Client]]:
    """Serve one answer, and give a client."""
    with (
        serve(lambda path: answer) as site,
        closing(Client(FetchLimits(seconds=seconds), 0.0)) as client,
    ):
        yield site, client


def get(answer: Answer, most: int = 1000, *, cut: bool = False) -> Response:
    """Return what a client makes of an answer."""
    with asked(answer) as (site, client):
        return client.get(httpx.URL(site.root), most, cut=cut)


def test_the_delay_begins_when_an_exchange_ends() -> None:
    """A slow site is not asked any faster."""
    with asked(Answer(b"x")) as (site, client):
        client.delay = 0.2
        client.get(httpx.URL(site.root), 10)
        ended = time.monotonic()
        client.get(httpx.URL(site.root), 10)
        assert time.monotonic() - ended > 0.19


def test_the_longer_of_two_waits_counts() -> None:
    """What a site asks for is not shortened by the delay."""
    with asked(Answer(b"x")) as (site, client):
        client.hold(0.3)
        held = time.monotonic()
        client.delay = 0.01
        client.get(httpx.URL(site.root), 10)
        assert time.monotonic() - held > 0.29


def test_a_request_names_the_tool() -> None:
    """And asks for nothing compressed."""
    with asked(Answer(b"x")) as (site, client):
        client.get(httpx.URL(site.root), 10, {"Cookie": "a=b"})
    assert site.headers[0]["User-Agent"].startswith(f"captchascope/{__version__} (")
    assert site.headers[0]["Accept-Encoding"] == "identity"
    assert site.headers[0]["Cookie"] == "a=b"


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect to whatever it liked."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(Answer(b"x")).body == b"x"


def test_a_body_may_have_the_most_bytes_and_no_more() -> None:
    """One more is an error, unless it may be cut."""
    assert get(Answer(b"x" * 1000)).body == b"x" * 1000
    with pytest.raises(CollectError, match="is larger than 1,000 bytes"):
        get(Answer(b"x" * 1001))
    assert get(Answer(b"x" * 1001), cut=True).body == b"x" * 1000


def test_an_endless_body_ends_in_bounded_memory() -> None:
    """As soon as it is beyond the bound."""
    tracemalloc.start()
    try:
        with pytest.raises(CollectError, match="is larger than 1,000,000 bytes"):
            get(Answer(endless=b"x" * 50_000), 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000


def test_a_drip_ends_when_the_time_is_over() -> None:
    """However often a byte comes."""
    with asked(Answer(endless=b"x", pause=0.05), 0.4) as (site, client):
        begun = time.monotonic()
        with pytest.raises(RefusedError, match=r"took longer than 0\.4 s"):
            client.get(httpx.URL(site.root), 1000)
        assert time.monotonic() - begun > 0.3


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"image" * 50), zlib.compress(b"image" * 50)],
    ids=["gzip", "deflate"],  # gzip writes the time into what it compresses
)
def test_a_compressed_body_is_unpacked(body: bytes) -> None:
    """Some servers compress whatever they are asked for."""
    assert get(Answer(body, headers={"Content-Encoding": "gzip"})).body == b"image" * 50


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"ima") + gzip.compress(b"ge"),
        gzip.compress(b"image") + bytes(300),
        gzip.compress(b"") * 3 + gzip.compress(b"image"),
    ],
    ids=["members", "padding", "empty members"],
)
def test_a_gzip_of_several_members_is_unpacked_whole(body: bytes) -> None:
    """Each may end where a packet does, or within one; zeros that fill it up are no member."""
    headers = {"Content-Encoding": "gzip"}
    assert get(Answer(body, headers=headers)).body == b"image"
    head = httpx.Response(200, headers=headers, request=httpx.Request("GET", "http://x/"))
    single = (body[place : place + 1] for place in range(len(body)))
    assert _body(single, head, 1000, cut=False) == b"image"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_compressed_data_that_ends_early_is_an_error_of_transport(
    pack: Callable[[bytes], bytes],
) -> None:
    """Wherever it breaks off, and be it in a second member; an empty body is whole."""
    headers = {"Content-Encoding": "gzip"}
    body = pack(b"image" * 50)
    for part in (body[:-1], body[:3], body + gzip.compress(b"more")[:5]):
        with pytest.raises(AgainError, match="ends early"):
            get(Answer(part, headers=headers))
    assert get(Answer(b"", headers=headers)).body == b""
    assert get(Answer(body[:-1], headers=headers), 9, cut=True).body == b"imageimag"


def test_a_compressed_body_cannot_explode() -> None:
    """The bound is on what comes out."""
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(CollectError, match="is larger than 100,000 bytes"):
            get(Answer(bomb, headers={"Content-Encoding": "gzip"}), 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(("encoding", "what"), [("br", "encoded as 'br'"), ("gzip", "damaged")])
def test_another_encoding_is_refused(encoding: str, what: str) -> None:
    """So is damaged data."""
    with pytest.raises(RefusedError, match=what):
        get(Answer(b"nonsense", headers={"Content-Encoding": encoding}))


def test_a_connection_that_breaks_off_is_an_error_of_transport() -> None:
    """Which is worth another attempt."""
    with pytest.raises(AgainError):
        get(Answer(b"half", headers={"Content-Length": "8"}))
    with closing(Client(FetchLimits(), 0.0)) as client, pytest.raises(AgainError):
        client.get(httpx.URL("http://127.0.0.1:1/"), 10)


def test_without_time_nothing_is_begun() -> None:
    """Not even a connection."""
    with asked(Answer(b"x"), 0.0) as (site, client):
        with pytest.raises(RefusedError, match="took longer than 0 s"):
            client.get(httpx.URL(site.root), 1000)
        assert not site.asked


def test_a_site_that_does_not_speak_tls_is_worth_another_attempt() -> None:
    """It is not asked without."""
    with asked(Answer(b"x")) as (site, client):
        with pytest.raises(AgainError, match="SSL"):
            client.get(httpx.URL(site.root.replace("http", "https")), 1000)
        assert not site.asked
