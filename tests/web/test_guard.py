"""Who is let in, and what browsers are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from captchascope.web.guard import HEADERS, BodyLimitMiddleware
from captchascope.web.problems import Problem
from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, Served, serving

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """Serve to clients that have the token, also by a further name."""
    settings = Settings(token=TOKEN, hosts=frozenset({"captcha.example", "other.example:8443"}))
    with serving(settings) as served, httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/v1/models", "/nowhere", "/static/style.css", "/healthz"])
def test_every_response_has_the_headers_that_browsers_obey(client: httpx.Client, path: str) -> None:
    """Errors as well as pages."""
    response = client.get(path)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert response.headers["cache-control"]


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """No source is a wildcard, and none is unsafe."""
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "8.8.8.8", "a@127.0.0.1:x"],
)
def test_a_host_that_is_not_this_machine_is_refused(client: httpx.Client, host: str) -> None:
    """Else a page of that host, which lets its name point here, could read what is here."""
    response = client.get("/v1/models", headers={"Host": host})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8000", "LOCALHOST:8000"])
def test_this_machine_has_several_names(client: httpx.Client, host: str) -> None:
    """Whatever the port, which a forwarded one may differ from."""
    assert client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[nonsense"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_post_from_a_page_of_another_site_is_refused(
    client: httpx.Client, captchas: list[bytes], headers: dict[str, str]
) -> None:
    """Browsers send these of themselves, and no page can change them."""
    sent = {"Content-Type": "image/jpeg", **headers}
    assert client.post("/v1/read", content=captchas[0], headers=sent).status_code == 403


def test_a_post_from_a_page_of_this_server_is_let_in(
    served: Served, client: httpx.Client, captchas: list[bytes]
) -> None:
    """And so is one of a program, which says nothing of where it comes from."""
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    for headers in (own, {"Sec-Fetch-Site": "none"}, {}):
        sent = {"Content-Type": "image/jpeg", **headers}
        assert client.post("/v1/read", content=captchas[0], headers=sent).status_code == 200


def test_a_further_name_and_addresses_are_served_where_they_are_allowed(
    guarded: httpx.Client,
) -> None:
    """The server is on loopback all the same, so no address but loopback's is."""
    for host, status in (
        ("captcha.example:443", 200),
        ("other.example:1", 200),
        ("no.example", 400),
        ("10.0.0.1", 400),
    ):
        response = guarded.get("/v1/models", headers={"Host": host, **BEARER})
        assert response.status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://captcha.example", 422),
        ("http://captcha.example", 422),
        ("https://captcha.example:443", 403),
        ("https://captcha.example:8443", 403),
        ("https://other.example:8443", 422),
        ("https://other.example", 403),
        ("https://captcha.example.evil.example", 403),
        ("captcha.example", 403),
        ("null", 403),
    ],
)
def test_pages_of_a_further_name_may_post_whatever_host_a_proxy_asks_by(
    guarded: httpx.Client, origin: str, status: int
) -> None:
    """With the port that the name was given with; 422 tells that there was no image."""
    sent = {"Origin": origin, "Content-Type": "image/png", **BEARER}
    answer = guarded.post("/v1/read", content=b"x", headers=sent)
    assert answer.status_code == status
    assert status == 422 or "--allow-host" in answer.json()["detail"]


def test_who_hangs_up_in_the_middle_is_no_fault_of_the_server() -> None:
    """Else whoever does so writes a traceback onto its stderr."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    async def hung_up() -> Message:
        return {"type": "http.disconnect"}

    async def nowhere(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/read", "headers": []}
    guard = BodyLimitMiddleware(app, Limits(), lambda: None)
    with pytest.raises(Problem, match="hung up"):
        asyncio.run(guard(scope, hung_up, nowhere))
    assert guard.held == 0
