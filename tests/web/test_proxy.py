"""What is believed of a proxy, and the path that it serves the app below."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

import captchascope.web
from captchascope.web.proxy import networks_of
from captchascope.web.settings import PAGES, Settings
from web.serving import TIMEOUT, Served, serving

TOKEN = "correct-horse-battery"
NAME = "captcha.example"
WRONG = {"Authorization": "Bearer no"}


@pytest.fixture(scope="module")
def proxied() -> Iterator[Served]:
    """Serve behind proxies, one of which is this machine, below a path."""
    settings = Settings(
        token=TOKEN,
        hosts=frozenset({NAME}),
        proxies=("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"),
        root_path="/tools/captcha",
        models=("metu",),
    )
    with serving(settings) as served:
        yield served


@pytest.fixture(scope="module")
def proxy(proxied: Served) -> Iterator[httpx.Client]:
    """Ask as the proxy."""
    with httpx.Client(base_url=proxied.url, timeout=TIMEOUT) as client:
        yield client


@pytest.fixture(scope="module")
def stranger(proxied: Served) -> Iterator[httpx.Client]:
    """Ask from an address that is no proxy's."""
    if sys.platform != "linux":
        pytest.skip("this machine has one address of its own alone")
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=proxied.url, timeout=TIMEOUT, transport=transport) as client:
        yield client


def last_of_eleven(client: httpx.Client, told: str) -> int:
    """Return what the last of eleven wrong tokens is answered, each with other words before."""
    for number in range(11):
        words = {"X-Forwarded-For": told.format(number=number)}
        last = client.get("/metrics", headers=WRONG | words).status_code
    return last


@pytest.mark.parametrize(
    "told",
    [
        "198.51.100.1",
        "203.0.113.{number}, 198.51.100.2",
        "203.0.113.{number}, 198.51.100.3, 10.1.2.3",
        "127.0.0.1, 203.0.113.{number}, 198.51.100.4:80{number}, 10.1.2.3, 2001:db8::{number}",
        "10.0.0.{number}, 2001:db9:0:1::{number}",
        "nonsense{number}, [2001:db9:0:2::{number}]:80",
    ],
)
def test_the_last_address_that_is_no_proxys_is_the_clients(proxy: httpx.Client, told: str) -> None:
    """Whatever the client wrote before it."""
    assert last_of_eleven(proxy, told) == 429


def test_other_addresses_are_other_clients(proxy: httpx.Client) -> None:
    """Each has its own tries."""
    assert last_of_eleven(proxy, "192.0.2.{number}") == 401


def test_nobody_else_is_believed(stranger: httpx.Client) -> None:
    """Neither who asks, nor how, nor for which host."""
    assert last_of_eleven(stranger, "192.0.2.{number}") == 429
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    login = stranger.post("/login", data={"token": TOKEN}, headers=told)
    assert login.status_code == 303
    assert "Secure" not in login.headers["set-cookie"]


def test_a_proxy_of_ipv4_is_known_by_a_socket_of_ipv6() -> None:
    """Which sees it below ::ffff:0:0/96, where a server listens on ``::``."""
    found = [*networks_of(["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"])]
    mapped = ["::ffff:a00:0/104", "::ffff:7f00:1/128"]
    expected = ["10.0.0.0/8", mapped[0], "127.0.0.1/32", mapped[1], "2001:db8::/32"]
    assert found == [ip_network(network) for network in expected]


@pytest.mark.parametrize(
    ("host", "told", "status"),
    [
        (None, NAME, 200),
        (None, f"evil.example, {NAME}", 200),
        (None, "evil.example", 400),
        (None, f"{NAME}, evil.example", 400),
        (None, "", 400),
        ("evil.example", NAME, 400),
    ],
)
def test_the_host_that_a_proxy_tells_is_checked_like_its_own(
    proxy: httpx.Client, host: str | None, told: str, status: int
) -> None:
    """Both are: a page may write the one, and lead the proxy here by the other."""
    headers = {"X-Forwarded-Host": told, **({} if host is None else {"Host": host})}
    assert proxy.get("/login", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("scheme", "origin", "status"),
    [
        ("https", f"https://{NAME}:8443", 303),
        ("https", f"http://{NAME}:8443", 403),
        ("http", f"http://{NAME}:8443", 303),
        ("https", f"https://{NAME}", 303),
        ("https", f"http://{NAME}", 403),
        ("https", "https://evil.example", 403),
    ],
)
def test_an_origin_is_of_the_host_that_a_proxy_tells(
    proxy: httpx.Client, scheme: str, origin: str, status: int
) -> None:
    """And of its scheme, where that is TLS."""
    told = {"X-Forwarded-Host": f"{NAME}:8443", "X-Forwarded-Proto": scheme, "Origin": origin}
    assert proxy.post("/login", data={"token": TOKEN}, headers=told).status_code == status


def test_all_is_below_the_root_path_whether_the_proxy_takes_it_off_or_not(
    proxied: Served, proxy: httpx.Client
) -> None:
    """Pages, files, the login and its cookie, redirects, and the description of the API."""
    root = "/tools/captcha"
    assert proxied.url.endswith(root)
    cut_off = proxied.url.removesuffix(root)
    eyes, bearer = {"Accept": "text/html"}, {"Authorization": f"Bearer {TOKEN}"}
    for base in (cut_off, proxied.url):
        proxy.cookies.clear()
        led = proxy.get(f"{base}/", headers=eyes)
        assert (led.status_code, led.headers["location"]) == (303, f"{root}/login")
        login = proxy.post(f"{base}/login", data={"token": TOKEN})
        assert login.headers["location"] == f"{root}/"
        assert "; Path=/tools/captcha/;" in login.headers["set-cookie"]
        assert proxy.get(f"{base}/healthz").status_code == 200
        assert proxy.get(f"{base}/static/style.css").status_code == 200
        page = proxy.get(f"{base}/", headers=bearer).text
        assert f'href="{root}/results"' in page
        assert ' href="/' not in page.replace(f' href="{root}/', "")
        slash = proxy.get(f"{base}/results/", headers=bearer)
        assert slash.headers["location"] == f"{proxied.url}/results"
        told = proxy.get(f"{base}/openapi.json", headers=bearer).json()
        assert told["servers"] == [{"url": root}]
        missing = proxy.get(f"{base}/v1/nowhere", headers=bearer | eyes)
        assert missing.headers["content-type"] == "application/problem+json"
    assert proxy.get(cut_off + root, headers=bearer).status_code == 200
    assert proxy.get(f"{cut_off}{root}s/healthz", headers=bearer).status_code == 404
    assert 'path="/results"' in proxy.get("/metrics", headers=bearer).text


def test_no_root_path_begins_as_a_path_of_the_app_does() -> None:
    """All such beginnings are known; the source is read for whatever looks like one."""
    sources = Path(captchascope.web.__file__).parent.rglob("*.py")
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    assert set(re.findall(r'"/([a-z0-9.]+)', text)) == PAGES
