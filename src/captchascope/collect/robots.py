"""What the robots.txt of a site allows (RFC 9309)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from protego import Protego

from captchascope.collect.address import CollectError, shown

__all__ = ["ROBOT", "Robots"]

ROBOT = "captchascope"
"""The name that a robots.txt has for us."""

_LONGEST_GAP = 3600.0
"""Seconds; a site that asks for more between two requests does not want to be collected."""


class Robots:
    """The rules of every scheme, host and port that was asked about."""

    def __init__(self, fetch: Callable[[httpx.URL], tuple[int, bytes]]) -> None:
        """Take what fetches a robots.txt: its URL in, status and body out."""
        self._fetch = fetch
        self._rules: dict[httpx.URL, Protego] = {}

    def require(self, url: httpx.URL) -> float:
        """Return the seconds that the site wants between requests, 0 where it does not say.

        Raises:
            CollectError: If ``url`` is forbidden, or the robots.txt cannot be had.
        """
        if not self.allows(url):
            remedy = "ask the site's owner to allow it there"
            raise CollectError(shown(url), "is forbidden by the site's robots.txt", remedy)
        place = _place(url)
        return _gap(place, self._rules[place])

    def allows(self, url: httpx.URL) -> bool:
        """Say whether ``url`` may be fetched.

        Raises:
            CollectError: If the robots.txt cannot be had.
        """
        place = _place(url)
        if place not in self._rules:
            self._rules[place] = self._read(place)
        return bool(self._rules[place].can_fetch(str(url), ROBOT))

    def _read(self, place: httpx.URL) -> Protego:
        try:
            status, body = self._fetch(place)
        except CollectError as error:
            what = f"cannot be had, so that nothing may be fetched: {error.what}"
            raise CollectError(shown(place), what, error.remedy) from error
        text = body.decode("utf-8-sig", "replace") if 200 <= status < 300 else ""
        return Protego.parse(text)


def _place(url: httpx.URL) -> httpx.URL:
    """Return where the rules for ``url`` are."""
    return url.copy_with(raw_path=b"/robots.txt")


def _gap(place: httpx.URL, rules: Protego) -> float:
    """Return what Crawl-delay and Request-rate come to, in seconds."""
    gaps = [rules.crawl_delay(ROBOT) or 0.0]
    if (rate := rules.request_rate(ROBOT)) is not None and rate.requests > 0:
        gaps.append(rate.seconds / rate.requests)
    gap = max(gaps)
    if not 0 <= gap <= _LONGEST_GAP:
        what = f"asks for {gap:g} s between two requests"
        raise CollectError(shown(place), what, "ask the site's owner for a shorter Crawl-delay")
    return gap
