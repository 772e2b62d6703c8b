"""The most requests in any second."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["RateLimit"]


class RateLimit:
    """Lets at most so many requests through in any one second, whoever makes them.

    What is turned away does not count, so that who waits as told gets through.
    """

    def __init__(self, most: int) -> None:
        self._let_in: deque[float] = deque(maxlen=most)
        self._most = most

    def wait(self, now: float) -> int:
        """Ask for one request at a time in seconds, never earlier than the last.

        Returns:
            0 if it may go through, or the whole seconds after which it may.
        """
        if len(self._let_in) == self._most and now - self._let_in[0] < 1:
            return math.ceil(self._let_in[0] + 1 - now)
        self._let_in.append(now)
        return 0
