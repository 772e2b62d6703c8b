"""Who has which image for the time being, and whom it may be given to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from captchascope.web.label.schema import CSV
from captchascope.web.label.store import Store

__all__ = ["LEASE", "Leased", "Leases", "in_share"]

LEASE = 120.0
"""Seconds for which an image is one session's; a page that is open renews it."""


@dataclass(frozen=True, slots=True)
class Leased:
    """What a session was given.

    Attributes:
        new: The images that are its own now.
        lost: Those that it wanted to keep, and others have, or that are gone.
    """

    new: list[int]
    lost: list[int]


class Leases:
    """Gives images to sessions: each to one at a time, those of a share to two."""

    def __init__(
        self, store: Store, overlap: float = 0.0, clock: Callable[[], float] = time.time
    ) -> None:
        """Take up the leases that the store has kept.

        Args:
            store: The images and what has been said of them.
            overlap: The share of the images, 0 to 1, that two sessions are given.
            clock: Tells the time in seconds since the epoch.
        """
        self._store = store
        self._overlap = overlap
        self._clock = clock
        self._held: dict[int, dict[str, float]] = {}
        for image, session, until in store.leases():
            self._held.setdefault(image, {})[session] = until

    def give(self, session: str, hold: Sequence[int], order: Iterable[int], want: int) -> Leased:
        """Let a session keep what it holds, and give it more.

        Args:
            session: Who asks.
            hold: What it has and wants to keep; whatever else it had is free.
            order: All that could be given, best first.
            want: How many more.
        """
        with self._store.lock:
            now = self._clock()
            kept = [image for image in hold if self._has_room(image, session, now)]
            new: list[int] = []
            candidates = iter(order if want > 0 else ())
            while len(new) < want and (image := next(candidates, None)) is not None:
                if image not in kept and self._is_due(image, session, now):
                    new.append(image)
            until = dict.fromkeys((*kept, *new), now + LEASE)
            self._store.set_leases(session, until)
            self._remember(session, until, now)
            return Leased(new, [image for image in hold if image not in kept])

    def add(self, session: str, image: int) -> None:
        """Give a session back an image that it has withdrawn its mark of, if there is room."""
        with self._store.lock:
            now = self._clock()
            if self._has_room(image, session, now):
                own = {i: held[session] for i, held in self._held.items() if session in held}
                self._store.set_leases(session, until := own | {image: now + LEASE})
                self._remember(session, until, now)

    def _is_due(self, image: int, session: str, now: float) -> bool:
        said = any(mark.session == session for mark in self._store.marks(image))
        return not said and self._has_room(image, session, now)

    def _has_room(self, image: int, session: str, now: float) -> bool:
        """Say whether fewer others have had an image, or have it now, than are to see it.

        What the session itself has said of it does not matter here.
        """
        file = self._store.file(image)
        if file is None:
            return False
        marks = self._store.marks(image)
        if any(mark.final or mark.session == CSV for mark in marks):
            return False
        held = self._held.get(image, {})
        who = {mark.session for mark in marks} | {s for s, until in held.items() if until > now}
        return len(who - {session}) < (2 if in_share(file, self._overlap) else 1)

    def _remember(self, session: str, until: dict[int, float], now: float) -> None:
        """Replace what a session holds, and forget what has ended."""
        for image, held in list(self._held.items()):
            live = {s: end for s, end in held.items() if end > now and s != session}
            if live:
                self._held[image] = live
            else:
                del self._held[image]
        for image, end in until.items():
            self._held.setdefault(image, {})[session] = end


def in_share(file: str, share: float) -> bool:
    """Say whether an image is in a share, 0 to 1, of all: by its name, so always the same."""
    digest = hashlib.sha256(f"overlap {file}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64
