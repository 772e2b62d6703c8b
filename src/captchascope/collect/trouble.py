"""What ends a collection, and what only costs it one attempt.

CollectError         the collection cannot go on
└── RefusedError     one attempt that gave no image; many in a row end the collection
"""

from __future__ import annotations

from captchascope.errors import CaptchascopeError

__all__ = ["CollectError", "RefusedError"]


class CollectError(CaptchascopeError):
    """A collection that cannot go on; what it has stored so far stays."""


class RefusedError(CollectError):
    """An answer that holds no image to store.

    Attributes:
        weight: Of the failures in a row that end a collection, how many this one counts for.
    """

    def __init__(self, where: str, what: str, remedy: str = "", *, weight: int = 1) -> None:
        super().__init__(where, what, remedy)
        self.weight = weight
