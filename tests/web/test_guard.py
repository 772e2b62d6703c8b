"""Who is let in, and what browsers are told."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from captchascope.web.guard import HEADERS
from captchascope.web.settings import Settings
from web.serving import TIMEOUT, Served, serving

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """Serve to clients that have the token, also by a further name."""
    settings = Settings(token=TOKEN, hosts=frozenset({"captcha.example"}))
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


def test_a_further_name_and_addresses_are_served_where_they_are_allowed(
    guarded: httpx.Client,
) -> None:
    """The server is on loopback all the same, so no address but loopback's is."""
    for host, status in (("captcha.example:443", 200), ("other.example", 400), ("10.0.0.1", 400)):
        response = guarded.get("/v1/models", headers={"Host": host, **BEARER})
        assert response.status_code == status


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


def test_guessing_is_stopped_after_ten_tries() -> None:
    """Then the right token is not looked at either, for a minute."""
    with (
        serving(Settings(token=TOKEN)) as served,
        httpx.Client(base_url=served.url, timeout=TIMEOUT) as client,
    ):
        for _ in range(10):
            wrong = client.get("/metrics", headers={"Authorization": "Bearer no"})
            assert wrong.status_code == 401
        stopped = client.get("/metrics", headers=BEARER)
        assert stopped.status_code == 429
        assert 0 < int(stopped.headers["retry-after"]) <= 60
