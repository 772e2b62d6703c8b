"""Polite fetching from one site: robots.txt, retries, and no other host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import httpx
import stamina
import stamina.instrumentation
from protego import Protego

from captchascope.collect.address import (
    CollectError,
    RefusedError,
    names_this_machine,
    resolve_link,
    same_site,
    shown,
)
from captchascope.collect.client import AgainError, Client, FetchLimits, Response, retry_after

POLITE_DELAY = 1.0
"""The least number of seconds between two requests to another machine."""

_ROBOT = "captchascope"  # the name that a robots.txt has for us
_LONGEST_DELAY = 3600.0
"""Seconds; a site that asks for more between two requests does not want to be collected."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_LONGEST_BACKOFF = 30.0  # seconds


class Fetcher:
    """Fetches from one site, one thing at a time.

    Attributes:
        retries: How many requests were repeated so far.
    """

    def __init__(
        self, start: httpx.URL, delay: float = 0.0, limits: FetchLimits | None = None
    ) -> None:
        """Take the URL whose host is the only one that is ever asked, and the delay in seconds."""
        self.retries = 0
        self.limits = limits or FetchLimits()
        self._start = start
        self._near = names_this_machine(start.host)
        delay = delay if self._near else max(delay, POLITE_DELAY)
        self._client = Client(self.limits, delay)
        self._robots: dict[httpx.URL, Protego] = {}
        stamina.instrumentation.set_on_retry_hooks(())  # it would log each retry to stderr

    def get(self, url: httpx.URL, most: int, headers: Mapping[str, str] | None = None) -> Response:
        """Fetch what is at ``url``, within ``most`` bytes; redirects are followed.

        Raises:
            RefusedError: If the answer is none that a later attempt could not better.
            CollectError: If it is forbidden, too long, elsewhere, or there is no answer.
        """
        before: list[Response] = []
        for _ in range(_MOST_REDIRECTS + 1):
            if not same_site(self._start, url):
                what = f"leads to another site, {shown(url)}, which is not asked"
                remedy = "name the URL that is meant, if it may be"
                raise CollectError(shown(self._start), what, remedy)
            self._require_robots(url)
            response = self._retrying(url, most, headers)
            if (target := self._target(response)) is None:
                return replace(response, before=tuple(before))
            before.append(response)
            url = target
        raise RefusedError(shown(url), f"redirects more than {_MOST_REDIRECTS} times in a row")

    def allows(self, url: httpx.URL) -> bool:
        """Say whether ``get`` would ask for ``url`` at all.

        Raises:
            CollectError: If the robots.txt cannot be had.
        """
        return same_site(self._start, url) and self._rules(url).can_fetch(str(url), _ROBOT)

    def close(self) -> None:
        """Close the connection to the site."""
        self._client.close()

    def _target(self, response: Response) -> httpx.URL | None:
        link = response.headers.get("Location")
        if response.status not in _REDIRECTS or link is None:
            return None
        target = resolve_link(response.url, link)
        if same_site(self._start, response.url) and not same_site(response.url, target):
            what = f"redirects to another site, {shown(target)}, which is not asked"
            remedy = "name that URL, if it may be collected from"
            raise CollectError(shown(response.url), what, remedy)
        return target

    def _require_robots(self, url: httpx.URL) -> None:
        """Check that the site's robots.txt allows ``url``, and keep to its delay."""
        rules = self._rules(url)
        if not rules.can_fetch(str(url), _ROBOT):
            remedy = "ask the site's owner to allow it there"
            raise CollectError(shown(url), "is forbidden by the site's robots.txt", remedy)
        delays = [rules.crawl_delay(_ROBOT) or 0.0]
        if (rate := rules.request_rate(_ROBOT)) is not None and rate.requests > 0:
            delays.append(rate.seconds / rate.requests)
        if not 0 <= max(delays) <= _LONGEST_DELAY:
            what = f"asks for {max(delays):g} s between two requests"
            remedy = "ask the site's owner for a shorter Crawl-delay"
            raise CollectError(shown(_robots_of(url)), what, remedy)
        self._client.delay = max(self._client.delay, *delays)

    def _rules(self, url: httpx.URL) -> Protego:
        """Return the rules (RFC 9309) for the scheme, host and port of ``url``."""
        place = target = _robots_of(url)
        if place in self._robots:
            return self._robots[place]
        text = ""  # also after too many redirects (section 2.3.1.2)
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                response = self._retrying(target, self.limits.robots, cut=True)
                if (onward := self._target(response)) is None:
                    if 200 <= response.status < 300:
                        text = response.body.decode("utf-8-sig", "replace")
                    break
                target = onward
        except CollectError as error:
            what = f"cannot be had, so that nothing may be fetched: {error.what}"
            raise CollectError(shown(place), what, error.remedy) from error
        self._robots[place] = Protego.parse(_of_two_robots(text))
        return self._robots[place]

    def _retrying(
        self,
        url: httpx.URL,
        most: int,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> Response:
        """Ask again, ever later, where the connection fails or the site is overwhelmed."""
        attempts = self.limits.attempts
        least = 0.05 if self._near else 1.0
        last = AgainError("no answer")
        try:
            for attempt in stamina.retry_context(
                on=AgainError,
                attempts=attempts,
                timeout=None,
                wait_initial=least,
                wait_max=_LONGEST_BACKOFF,
                wait_jitter=least,
            ):
                with attempt:
                    self.retries += attempt.num > 1
                    return self._checked(self._client.get(url, most, headers, cut=cut))
        except AgainError as error:
            last = error
        what = f"gave no answer in {attempts} attempts, at last: {str(last) or 'no connection'}"
        raise CollectError(shown(url), what, "see whether the site is up; then go on") from last

    def _checked(self, response: Response) -> Response:
        """Raise what asks for another attempt; a Retry-After is kept to."""
        if response.status != 429 and response.status < 500:
            return response
        seconds = retry_after(response.headers.get("Retry-After", ""))
        if seconds > self.limits.wait:
            what = f"answered {response.status} and asks to come back in {seconds:.0f} s"
            raise CollectError(shown(response.url), what, "give the same command again then")
        self._client.hold(seconds)
        raise AgainError(f"status {response.status}")


def _robots_of(url: httpx.URL) -> httpx.URL:
    return url.copy_with(raw_path=b"/robots.txt")


_AGENT = re.compile(r"\s*user(?:-|\s*)agent(?:\s*:|\s)([^#]*)", re.IGNORECASE)


def _of_two_robots(text: str) -> str:
    """Return a robots.txt that has one name for all robots but this one.

    The parser keeps each rule for each of the robots that it is for: thousands of both would take
    minutes. A rule for this robot names it, a beginning of its name, or all with ``*``.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if (agent := _AGENT.match(line)) is None or not (name := agent[1].strip().lower()):
            continue
        bare = name.replace("*", "")
        if name != "*":
            lines[number] = f"User-agent: {bare if bare and _ROBOT.startswith(bare) else 'other'}"
    return "\n".join(lines)
