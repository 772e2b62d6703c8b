"""Which URLs and addresses may be asked."""

from __future__ import annotations

import socket

import httpx
import pytest

from captchascope.collect.address import (
    CollectError,
    RefusedError,
    addresses,
    names_this_machine,
    parse_url,
    resolve_link,
    same_site,
    shown,
)
from captchascope.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        *("", "captcha.png", "127.0.0.1:8000/x", "ftp://127.0.0.1/x", "file:///etc/passwd"),
        *("http://", "http:///x", "javascript:alert(1)", "http://a b/", "http://[::1/x"),
        *("http://user@127.0.0.1/", "http://user:secret@127.0.0.1/", "http://127.0.0.1:99999/"),
    ],
)
def test_what_is_no_address_of_the_web_is_wrong_usage(text: str) -> None:
    """So is one that holds a password, which no message repeats."""
    with pytest.raises(UsageError) as caught:
        parse_url(text)
    assert "secret" not in str(caught.value)


def test_a_fragment_is_not_sent() -> None:
    """It is for the browser alone; nor is white space around the URL."""
    assert str(parse_url(" http://127.0.0.1/\n")) == "http://127.0.0.1/"
    assert str(parse_url("http://localhost:81/a?b=c#d")) == "http://localhost:81/a?b=c"


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    """By no other, for a name may lead anywhere."""
    assert names_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        *("0.0.0.0", "10.0.0.1", "::", "example.org", "localhost.example.org", "127.0.0.1.org"),
        *("127.1", "2130706433", "0x7f000001", "localhost."),
    ],
)
def test_other_hosts_are_not_this_machine(host: str) -> None:
    """Nor are the odd ways to write its address."""
    assert not names_this_machine(host)


def test_localhost_leads_to_this_machine() -> None:
    """As the system resolves it."""
    found = addresses("localhost", 80)
    assert found
    assert all(names_this_machine(address) for address in found)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1"])
def test_an_address_that_the_user_wrote_is_meant(host: str) -> None:
    """Private ones too: test systems are there."""
    assert addresses(host, 80) == [host]


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1"])
def test_a_name_must_not_lead_into_this_machine(host: str) -> None:
    """These are names that every system resolves to 127.0.0.1, with no name server."""
    try:
        socket.getaddrinfo(host, 80)
    except OSError:
        pytest.skip("this system does not resolve it")
    with pytest.raises(CollectError, match=r"leads to 127\.0\.0\.1, which is not an address"):
        addresses(host, 80)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("http://127.0.0.1/b", True),
        ("http://127.0.0.1:80/b", True),
        ("https://127.0.0.1/b", True),
        ("http://127.0.0.1:81/b", False),
        ("https://127.0.0.1:8443/b", False),
        ("http://127.0.0.2/", False),
        ("http://localhost/", False),
    ],
)
def test_a_site_is_a_host_and_a_port(other: str, same: bool) -> None:
    """The step to https is the same site; the step back is not."""
    assert same_site(httpx.URL("http://127.0.0.1/a"), httpx.URL(other)) is same
    assert not same_site(httpx.URL("https://127.0.0.1/a"), httpx.URL("http://127.0.0.1/a"))


def test_links_begin_at_the_page() -> None:
    """What they may not be is refused."""
    base = httpx.URL("http://127.0.0.1/a/b")
    assert str(resolve_link(base, " ../c?d#e ")) == "http://127.0.0.1/c?d"
    for link in ("mailto:a@b", "http://u:p@127.0.0.1/", "http://[/", "blob:x"):
        with pytest.raises(RefusedError):
            resolve_link(base, link)


def test_a_url_is_shown_on_one_line() -> None:
    """Without a password, and not without end."""
    assert shown("http://h/\n\x1b[31m") == r"http://h/\n\x1b[31m"
    assert len(shown("http://h/" + "x" * 5000)) == 201
    assert shown(httpx.URL("http://u:secret@h/")) == "http://h/"
