"""Settings of the practice site: which requests go wrong on purpose, and what they get."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from captchascope.errors import UsageError

FAULTS = {
    "503": "the site is too busy",
    "429": "too many requests, with Retry-After",
    "truncated": "half an image; every other time in a connection that breaks off",
    "html": "a page instead of an image",
    "redirect": "the image is elsewhere on this site",
}
"""The kinds, with what a client sees of each."""

_STREAM = 1  # apart from the random numbers that the images are drawn with


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each kind strikes: its share of the image requests, together at most 1."""

    shares: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read ``503=10%,html=5%``.

        Raises:
            UsageError: If a kind is unknown or named twice, a share is none, or they exceed 100 %.
        """
        shares: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            kind, _, share = (piece.strip() for piece in part.partition("="))
            if kind not in FAULTS:
                raise UsageError("faults", f"no kind {kind!r}", f"known are {', '.join(FAULTS)}")
            if kind in shares:
                raise UsageError("faults", f"{kind} is given twice", "name each kind once")
            match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", share, re.ASCII)
            if match is None or float(match[1]) > 100:
                what = f"{kind} needs a share from 0% to 100%, not {share!r}"
                raise UsageError("faults", what, f"such as {kind}=10%")
            shares[kind] = float(match[1]) / 100
        if sum(shares.values()) > 1 + 1e-9:
            raise UsageError("faults", "the shares exceed 100 %", "leave some requests whole")
        return cls(tuple(shares.items()))

    def strike(self, seed: int, number: int) -> str | None:
        """Return what strikes the request of this number, from 1; the same for the same seed."""
        drawn = float(np.random.default_rng([seed, number, _STREAM]).random())
        for kind, share in self.shares:
            if drawn < share:
                return kind
            drawn -= share
        return None


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The options of ``captchascope practice-site``.

    Attributes:
        scheme: A name of ``generate.SCHEMES``.
        seed: Of images and faults.
        answers: The file that what was served is written to.
        javascript: Whether only a script shows the image and changes it.
        rate_limit: The most pages and images in any second; None for no limit.
        delay: Seconds before a page or an image is answered.
        faults: What strikes requests for an image.
        retry_after: Seconds that a 429 of ``faults`` asks for.
        robots: Whether robots.txt lets robots in.
    """

    scheme: str = "metu"
    seed: int = 0
    answers: Path | None = None
    javascript: bool = False
    rate_limit: int | None = None
    delay: float = 0.0
    faults: Faults = field(default_factory=Faults)
    retry_after: int = 1
    robots: bool = True
