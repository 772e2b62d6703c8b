"""Manners: robots.txt, redirects, patience."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from captchascope.collect.address import CollectError, RefusedError
from captchascope.collect.client import FetchLimits, Response
from captchascope.collect.fetch import Fetcher, _of_two_robots
from collect.sites import Answer, Site, serve

QUICK = FetchLimits(attempts=3, seconds=20.0, wait=5.0)


@contextmanager
def fetching(
    answers: dict[str, Answer | list[Answer]], robots: Answer | None = None
) -> Iterator[tuple[Site, Callable[[str], Response]]]:
    """Serve answers by path, of a list one after the other, and give what fetches a path."""

    def answer(path: str) -> Answer:
        if path == "/robots.txt":
            return robots or Answer(status=404)
        given = answers[path]
        return given.pop(0) if isinstance(given, list) else given

    with serve(answer) as site, closing(Fetcher(httpx.URL(site.root), 0, QUICK)) as fetcher:
        yield site, lambda path: fetcher.get(httpx.URL(site.root + path), 1000)


def test_robots_txt_is_asked_for_first_and_once() -> None:
    """Without one, all is allowed."""
    with fetching({"/a": Answer(b"x")}) as (site, get):
        assert [get("/a").body, get("/a").body] == [b"x", b"x"]
        assert site.asked == ["/robots.txt", "/a", "/a"]


RULES = b"User-agent: *\nDisallow: /\n\nUser-agent: captchascope\nDisallow: /no\nAllow: /no/but\n"


def test_robots_txt_is_obeyed() -> None:
    """The group that names us counts, and the longest rule in it."""
    with fetching({"/yes": Answer(b"x"), "/no/but": Answer(b"x")}, Answer(RULES)) as (site, get):
        get("/yes")
        get("/no/but")
        with pytest.raises(CollectError, match=r"/no/x: is forbidden by the site's robots\.txt"):
            get("/no/x")
        assert site.asked == ["/robots.txt", "/yes", "/no/but"]


def test_the_delay_that_robots_txt_asks_for_is_kept() -> None:
    """Crawl-delay, or what a Request-rate comes to."""
    for rule in (b"Crawl-delay: 0.2", b"Request-rate: 10/2"):
        with fetching({"/a": Answer(b"x")}, Answer(b"User-agent: *\n" + rule)) as (site, get):
            get("/a")
            get("/a")
        assert site.times[2] - site.times[1] > 0.19


def test_a_delay_beyond_reason_is_a_no() -> None:
    """Nobody would wait for it."""
    with (
        fetching({}, Answer(b"User-agent: *\nCrawl-delay: 86400")) as (site, get),
        pytest.raises(CollectError, match="asks for 86400 s between two requests"),
    ):
        get("/a")
    assert site.asked == ["/robots.txt"]


def test_a_robots_txt_that_breaks_off_forbids_all() -> None:
    """What is lost may be what forbids, and a later attempt may get all of it."""
    packed = gzip.compress(b"User-agent: *\nDisallow: /b\n" + b"# long\n" * 9)
    cut = Answer(packed[:-9], headers={"Content-Encoding": "gzip"})
    with (
        fetching({"/a": Answer(b"x")}, cut) as (site, get),
        pytest.raises(CollectError, match=r"nothing may be fetched: .* data ends early"),
    ):
        get("/a")
    assert set(site.asked) == {"/robots.txt"}


def test_rules_for_thousands_of_robots_are_kept_for_two() -> None:
    """The parser would keep each rule for each of them: hundreds of millions."""
    robots = "".join(f"User-agent: a{number}\n" for number in range(9000))
    rules = "".join(f"Disallow: /{number}\n" for number in range(9000))
    text = f"{robots}User-Agent : Captcha*  # us\n{rules}\nuser agent *\nDisallow: /"
    short = _of_two_robots(text)
    assert set(re.findall("User-agent: (.*)", short)) == {"other", "captcha"}
    with fetching({"/a": Answer(b"x"), "/7": Answer()}, Answer(text.encode())) as (_, get):
        assert get("/a").body == b"x"
        with pytest.raises(CollectError, match="forbidden"):
            get("/7")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_forbids_nothing(status: int) -> None:
    """RFC 9309, section 2.3.1.3."""
    with fetching({"/a": Answer(b"x")}, Answer(RULES, status)) as (_, get):
        assert get("/a").body == b"x"


@pytest.mark.parametrize("status", [500, 503])
def test_a_robots_txt_that_cannot_be_had_forbids_all(status: int) -> None:
    """RFC 9309, section 2.3.1.4."""
    with (
        fetching({}, Answer(status=status)) as (site, get),
        pytest.raises(CollectError, match=r"robots\.txt: cannot be had, so that nothing may be"),
    ):
        get("/a")
    assert set(site.asked) == {"/robots.txt"}


def moved(to: str, status: int = 302) -> Answer:
    """Return a redirect."""
    return Answer(status=status, headers={"Location": to})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_site_is_followed(status: int) -> None:
    """The rules hold for its end as well."""
    answers: dict[str, Answer | list[Answer]] = {"/a": moved("b", status), "/b": Answer(b"x")}
    with fetching(answers) as (_, get):
        assert get("/a").body == b"x"
    with (
        fetching(answers, Answer(b"User-agent: *\nDisallow: /b")) as (site, get),
        pytest.raises(CollectError, match="forbidden"),
    ):
        get("/a")
    assert "/b" not in site.asked


@pytest.mark.parametrize("to", ["http://localhost:1/", "//example.org/x", "https://127.0.0.1/"])
def test_a_redirect_to_another_site_is_refused(to: str) -> None:
    """Nobody connects there."""
    with (
        fetching({"/a": moved(to)}) as (_, get),
        pytest.raises(CollectError, match="redirects to another site, "),
    ):
        get("/a")


def test_a_circle_of_redirects_ends() -> None:
    """After five of them."""
    with fetching({"/a": moved("/a")}) as (site, get):
        with pytest.raises(RefusedError, match="redirects more than 5 times"):
            get("/a")
        assert site.asked.count("/a") == 6


def test_a_robots_txt_that_redirects_without_end_forbids_nothing() -> None:
    """RFC 9309, section 2.3.1.2."""
    with fetching({"/a": Answer(b"x")}, moved("/robots.txt")) as (site, get):
        assert get("/a").body == b"x"
        assert site.asked == ["/robots.txt"] * 6 + ["/a"]


def test_another_site_is_not_asked() -> None:
    """Not even for its robots.txt."""
    with (
        serve(lambda path: Answer(b"x")) as other,
        closing(Fetcher(httpx.URL("http://127.0.0.1:1"), 0, QUICK)) as fetcher,
    ):
        url = httpx.URL(other.root)
        assert not fetcher.allows(url)
        with pytest.raises(CollectError, match=f":{url.port}, which is not asked"):
            fetcher.get(url, 1000)
        assert not other.asked


def test_what_may_be_better_next_time_is_asked_for_again() -> None:
    """A busy site, and a connection that breaks off."""
    broken = Answer(b"half", headers={"Content-Length": "8"})
    with fetching({"/a": [Answer(status=503), broken, Answer(b"x")]}) as (site, get):
        assert get("/a").body == b"x"
        assert site.asked.count("/a") == 3


def test_patience_ends() -> None:
    """With what the last attempt gave."""
    with (
        fetching({"/a": Answer(status=502)}) as (site, get),
        pytest.raises(CollectError, match="gave no answer in 3 attempts, at last: status 502"),
    ):
        get("/a")
    assert site.asked.count("/a") == 3


def test_retry_after_is_kept_to() -> None:
    """For 429 as for 503."""
    busy = Answer(status=429, headers={"Retry-After": "1"})
    with fetching({"/a": [busy, Answer(b"x")]}) as (site, get):
        assert get("/a").body == b"x"
        assert site.times[2] - site.times[1] >= 1


def test_retry_after_is_bounded() -> None:
    """A site that says to come back tomorrow is asked again by giving the command again."""
    busy = Answer(status=429, headers={"Retry-After": "86400"})
    with (
        fetching({"/a": busy}) as (site, get),
        pytest.raises(CollectError, match="answered 429 and asks to come back in 86400 s"),
    ):
        get("/a")
    assert site.asked.count("/a") == 1


def test_another_status_is_for_the_caller() -> None:
    """It would be the same next time."""
    with fetching({"/a": Answer(b"gone", 410)}) as (site, get):
        assert (get("/a").status, site.asked.count("/a")) == (410, 1)


def test_cookies_are_kept() -> None:
    """An image belongs to the session of its page."""
    first = Answer(b"x", headers={"Set-Cookie": "session=7; HttpOnly"})
    with fetching({"/a": first, "/b": Answer(b"x")}) as (site, get):
        get("/a")
        get("/b")
        assert site.headers[-1]["Cookie"] == "session=7"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system that resolves 127.1 by itself")
def test_a_name_that_leads_into_this_machine_is_not_connected_to() -> None:
    """Its address is checked when the connection is made, not before."""
    with serve(lambda path: Answer(b"x")) as site:
        url = httpx.URL(site.root.replace("127.0.0.1", "127.1"))
        with (
            closing(Fetcher(url, 0, QUICK)) as fetcher,
            pytest.raises(CollectError, match=r"leads to 127\.0\.0\.1, which is not"),
        ):
            fetcher.get(url, 1000)
    assert not site.asked


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system where 0.0.0.0 is this machine")
def test_another_machine_is_asked_once_a_second() -> None:
    """At most, whatever the delay says; 0.0.0.0 is none of the names of this machine."""
    with serve(lambda path: Answer(b"")) as site:
        url = httpx.URL(site.root.replace("127.0.0.1", "0.0.0.0"))
        with closing(Fetcher(url, 0, QUICK)) as fetcher:
            fetcher.get(url, 1000)
    assert site.times[1] - site.times[0] >= 1
