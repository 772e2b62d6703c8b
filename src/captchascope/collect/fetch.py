"""What a site gives for a URL, asked for with manners: robots.txt, patience, and no other host."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import stamina
import stamina.instrumentation

from captchascope.collect.address import (
    CollectError,
    RefusedError,
    is_loopback,
    joined,
    same_site,
    shown,
)
from captchascope.collect.client import POLITE_GAP, Client, Limits, Pace, Response, retry_after
from captchascope.collect.robots import Robots

__all__ = ["Fetcher"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_LONGEST_BACKOFF = 30.0  # seconds


class _AgainError(Exception):
    """An answer that may be better next time."""


class Fetcher:
    """Fetches from one site, one thing at a time.

    Attributes:
        retries: How many requests were repeated so far.
    """

    def __init__(self, start: httpx.URL, delay: float = 0.0, limits: Limits | None = None) -> None:
        """Take the URL whose host is the only one that is ever asked.

        Args:
            start: As ``address.parse`` gives it.
            delay: Seconds between two requests; off this machine there is at least one.
            limits: What a response may cost.
        """
        self.retries = 0
        self.limits = limits or Limits()
        self._start = start
        self._near = is_loopback(start.host)
        self._pace = Pace(delay if self._near else max(delay, POLITE_GAP))
        self._client = Client(self._pace, self.limits)
        self._robots = Robots(self._rules_at)
        stamina.instrumentation.set_on_retry_hooks(())  # it would log each retry to stderr

    def get(self, url: httpx.URL, most: int, headers: Mapping[str, str] | None = None) -> Response:
        """Fetch what is at ``url``, within ``most`` bytes; redirects are followed.

        Raises:
            RefusedError: If the answer is none that a later attempt could not better.
            CollectError: If it is forbidden, too long, elsewhere, or there is no answer.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            self.require_near(url)
            self._pace.gap = max(self._pace.gap, self._robots.require(url))
            response = self._patiently(url, most, headers)
            if (target := self._target(response)) is None:
                return response
            url = target
        raise RefusedError(shown(url), f"redirects more than {_MOST_REDIRECTS} times in a row")

    def require_near(self, url: httpx.URL) -> None:
        """Check that ``url`` is of the site that was named.

        Raises:
            CollectError: If it is not.
        """
        if not same_site(self._start, url):
            what = f"leads to another site, {shown(url)}, which is not asked"
            raise CollectError(shown(self._start), what, "name the URL that is meant, if it may be")

    def allows(self, url: httpx.URL) -> bool:
        """Say whether ``get`` would ask for ``url`` at all."""
        return same_site(self._start, url) and self._robots.allows(url)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _target(self, response: Response) -> httpx.URL | None:
        link = response.headers.get("Location")
        if response.status not in _REDIRECTS or link is None:
            return None
        target = joined(response.url, link)
        if same_site(self._start, response.url) and not same_site(response.url, target):
            what = f"redirects to another site, {shown(target)}, which is not asked"
            remedy = "name that URL, if it may be collected from"
            raise CollectError(shown(response.url), what, remedy)
        return target

    def _rules_at(self, url: httpx.URL) -> tuple[int, bytes]:
        """Fetch a robots.txt."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._patiently(url, self.limits.robots, cut=True)
            if (target := self._target(response)) is None:
                return response.status, response.body
            url = target
        return 404, b""  # RFC 9309, 2.3.1.2: as if there were none

    def _patiently(
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
        last: Exception = _AgainError("no answer")
        try:
            for attempt in stamina.retry_context(
                on=(_AgainError, httpx.TransportError),
                attempts=attempts,
                timeout=None,
                wait_initial=least,
                wait_max=_LONGEST_BACKOFF,
                wait_jitter=least,
            ):
                with attempt:
                    self.retries += attempt.num > 1
                    return self._checked(self._client.get(url, most, headers, cut=cut))
        except (_AgainError, httpx.TransportError) as error:
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
        self._pace.hold(seconds)
        raise _AgainError(f"status {response.status}")
