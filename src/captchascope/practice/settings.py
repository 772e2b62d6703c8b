"""How the practice site behaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from captchascope.practice.faults import Faults

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options of ``captchascope practice-site`` say.

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
