"""Who has been shown which captcha, and how many of them they answered right."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Session", "Sessions"]

_MOST = 1000  # sessions; a client that keeps no cookies opens one for every image


@dataclass(slots=True)
class Session:
    """What the site remembers of one visitor.

    Attributes:
        expected: The text of the last image served; None where it has been answered.
        right: How many answers were right.
        answered: How many there were.
        fields: What the form held when it was last sent, without the answer.
        notice: What came of it: a name of ``pages.NOTICES``; shown once.
    """

    expected: str | None = None
    right: int = 0
    answered: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    notice: str | None = None

    def check(self, answer: str) -> bool | None:
        """Compare an answer with the last image, which cannot be answered again.

        Returns:
            Whether it was right; None where there was no image to answer.
        """
        expected, self.expected = self.expected, None
        if expected is None:
            return None
        right = answer.strip() == expected
        self.answered += 1
        self.right += right
        return right


class Sessions:
    """The sessions that are open, by their token; the longest unused goes when there are many."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def of(self, token: str | None) -> tuple[str, Session]:
        """Return the session of a token, or a new one with its own token."""
        if token is None or token not in self._open:
            token = secrets.token_urlsafe(16)
            self._open[token] = Session()
        self._open.move_to_end(token)
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        return token, self._open[token]
