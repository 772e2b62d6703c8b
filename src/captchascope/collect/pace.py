"""When the next request may go out."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["POLITE_GAP", "Pace", "retry_after"]

POLITE_GAP = 1.0
"""The least number of seconds between two requests to another machine."""


class Pace:
    """The time between requests; there is never more than one under way.

    Attributes:
        gap: Seconds from the end of one exchange to the beginning of the next.
    """

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self._free = 0.0

    def wait(self) -> None:
        """Sleep until the next request may go out."""
        while (left := self._free - time.monotonic()) > 0:
            time.sleep(left)

    def done(self) -> None:
        """Note that an exchange is over."""
        self.hold(self.gap)

    def hold(self, seconds: float) -> None:
        """Let no request go out for so long."""
        self._free = max(self._free, time.monotonic() + seconds)


def retry_after(value: str, now: datetime | None = None) -> float:
    """Return the seconds that a Retry-After header asks for, be they a number or a date.

    Example:
        >>> retry_after("120")
        120.0

    Args:
        value: The header (RFC 9110, section 10.2.3); one that makes no sense asks for nothing.
        now: The time of the answer; the system's clock unless it is given.
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
