"""The token: who is let in with it, and what guessing comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from captchascope.web.login import Token, TokenMiddleware, cookies_of, network_of
from captchascope.web.settings import Settings
from web.serving import TIMEOUT, serving

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer no"}
BACKSLASHES = 'captchascope="' + "\\" * 15_000 + '"'


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """Serve to clients that have the token, behind a proxy that is this machine."""
    settings = Settings(token=TOKEN, proxies=("127.0.0.1",))
    with serving(settings) as served, httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
        yield client


def by(address: str) -> dict[str, str]:
    """Return what a proxy says of a client at an address."""
    return {"X-Forwarded-For": address}


@pytest.fixture(autouse=True)
def _no_cookies(guarded: httpx.Client) -> None:
    """Forget what an earlier test has logged in with."""
    guarded.cookies.clear()


def test_without_the_token_nothing_but_health_is_answered(guarded: httpx.Client) -> None:
    """Not even which models there are; and the answer says how to ask."""
    for path in ("/v1/models", "/metrics", "/openapi.json", "/", "/read", "/results", "/nowhere"):
        response = guarded.get(path)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert guarded.post("/v1/read", content=b"x").status_code == 401
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/readyz").status_code == 200


def test_the_token_opens_everything(guarded: httpx.Client, captchas: list[bytes]) -> None:
    """Whatever the case of the scheme's name."""
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {TOKEN}", "Content-Type": "image/jpeg"}
        assert guarded.post("/v1/read", content=captchas[0], headers=headers).status_code == 200


@pytest.mark.parametrize(
    "value", ["Bearer", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
)
def test_anything_else_does_not(guarded: httpx.Client, value: str) -> None:
    """It must be the token as a whole, as a bearer."""
    headers = [(b"Authorization", value.encode())]
    assert guarded.get("/v1/models", headers=headers).status_code == 401


def test_a_browser_is_asked_for_the_token_once(guarded: httpx.Client) -> None:
    """It is led to a form, and what it has then is a cookie that no script and no site can use."""
    eyes = {"Accept": "text/html"}
    led = guarded.get("/", headers=eyes)
    assert (led.status_code, led.headers["location"]) == (303, "/login")
    assert "token" in guarded.get("/login").text
    wrong = guarded.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, dict(wrong.cookies)) == (401, {})
    right = guarded.post("/login", data={"token": TOKEN})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    guarded.cookies.clear()
    given = {"Cookie": right.headers["set-cookie"].partition(";")[0]}
    assert guarded.get("/", headers=eyes | given).status_code == 200
    assert guarded.get("/", headers={"Cookie": "captchascope=forged"}).status_code == 401


def test_the_right_token_is_let_in_while_others_guess(guarded: httpx.Client) -> None:
    """Whoever shows ten wrong ones is told to wait, and nobody else is, nor who knows it."""
    address = by("198.51.100.1")
    statuses = [guarded.get("/metrics", headers=WRONG | address).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    slowed = guarded.get("/metrics", headers=WRONG | address)
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    assert guarded.get("/metrics", headers=BEARER | address).status_code == 200
    assert guarded.post("/login", data={"token": "no"}, headers=address).status_code == 429
    eyes = {"Accept": "text/html", **address}
    page = guarded.post("/login", data={"token": "no"}, headers=eyes)
    assert (page.status_code, "wait" in page.text) == (429, True)
    assert 0 < int(page.headers["retry-after"]) <= 60
    assert guarded.post("/login", data={"token": TOKEN}, headers=address).status_code == 303
    assert guarded.get("/metrics", headers=address).status_code == 200  # by its cookie
    guarded.cookies.clear()
    assert guarded.get("/metrics", headers=WRONG | by("198.51.100.2")).status_code == 401


def test_a_cookie_is_no_way_to_guess_more_often(guarded: httpx.Client) -> None:
    """As it is made of the token; but a browser with an old one is still led to the login."""
    forged = {"Cookie": "captchascope=forged", **by("198.51.100.3")}
    statuses = [guarded.get("/metrics", headers=forged).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    led = guarded.get("/", headers=forged | {"Accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "/login")


def test_an_address_counts_for_all_that_its_owner_has() -> None:
    """Of IPv6, everybody has 2**64 at least."""
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("2001:db8:1:2::3") == network_of("2001:DB8:1:2:ffff::")
    assert network_of("2001:db8:1:2::3") != network_of("2001:db8:1:3::3")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert len(network_of("nonsense" * 1000)) == 64


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    """The one that has guessed last is never among those that are forgotten."""
    token = Token(TOKEN)
    for number in range(5000):
        assert token.failed(f"10.0.{number // 250}.{number % 250}") == 0
    assert len(token._wrong) == 1024
    assert [token.failed("10.0.19.249") > 0 for _ in range(10)] == [False] * 9 + [True]


def test_cookies_are_taken_apart_by_ourselves_alone() -> None:
    """In one pass, whatever they hold; a browser may have several of one name."""
    assert cookies_of([b"a=b; captchascope=c;captchascope = d", b"captchascope=e; =;;"]) == [*"cde"]
    assert cookies_of([BACKSLASHES.encode()]) == [BACKSLASHES.partition("=")[2]]
    assert cookies_of([b"", b"captchascopes=1; captchascope; x=captchascope=1"]) == [""]


@pytest.mark.parametrize("token", [None, Token(TOKEN)], ids=["open", "with a token"])
def test_no_cookie_reaches_what_would_take_long_over_it(token: Token | None) -> None:
    """The framework takes them apart for every route, in the square of their length."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def ask() -> None:
        told = [(b"authorization", BEARER["Authorization"].encode()), (b"accept", b"*/*")]
        headers = [*told, (b"cookie", BACKSLASHES.encode())]
        scope = {"type": "http", "method": "GET", "path": "/results", "headers": headers}
        await TokenMiddleware(app, token)(scope, _nothing, _nowhere)
        assert seen[0]["headers"] == told

    asyncio.run(ask())


async def _nothing() -> Message:
    raise AssertionError


async def _nowhere(message: Message) -> None:
    raise AssertionError(message)


def test_a_long_cookie_is_answered_like_any_other(guarded: httpx.Client) -> None:
    """With the token and without."""
    cookie = {"Cookie": BACKSLASHES, **by("198.51.100.4")}
    for path in ("/login", "/results", "/v1/models"):
        assert guarded.get(path, headers=cookie | BEARER).status_code == 200
    assert guarded.get("/v1/models", headers=cookie).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=1&b=2&c=3&d=4&e=5", 400),
        (b"&" * 10_000, 400),
        (b"token=" + b"%41" * 4096, 401),
        (b"token=" + b"%41" * 4_000_000, 413),
        (b"", 401),
        (b"\xff\xfe=%zz&token=%ff%00&==&token", 401),
        (b"{" * 1000, 401),
    ],
    ids=["five fields", "no fields", "the longest", "too long", "nothing", "nonsense", "JSON"],
)
def test_whatever_is_sent_to_the_login_is_refused(
    guarded: httpx.Client, body: bytes, status: int
) -> None:
    """It is open to everybody, so that it takes apart no more than a token can be."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        **by(f"203.0.113.{len(body) % 251}"),
    }
    assert guarded.post("/login", content=body, headers=headers).status_code == status


def test_the_cookie_goes_through_tls_alone_where_there_is_tls(guarded: httpx.Client) -> None:
    """Which a trusted proxy tells."""
    for scheme, secure in (("https", True), ("http", False), ("nonsense", False)):
        told = {"X-Forwarded-Proto": scheme}
        cookie = guarded.post("/login", data={"token": TOKEN}, headers=told).headers["set-cookie"]
        assert ("; Secure" in cookie) == secure
