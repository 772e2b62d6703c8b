"""Captchas drawn from a seed, with their labels: one module per scheme."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from captchascope.errors import UsageError
from captchascope.generate import metu
from captchascope.generate.sheet import Drawn

__all__ = ["SCHEMES", "Drawn", "draw"]

SCHEMES: dict[str, Callable[[np.random.Generator], Drawn]] = {"metu": metu.draw}
"""What can be generated, by name."""


def draw(scheme: str, seed: int, number: int) -> Drawn:
    """Draw one captcha; the same arguments give the same pixels on every machine.

    The random numbers are numpy's and the outlines FreeType's: a test pins the pixels, so that a
    release of either which draws differently is noticed.

    Args:
        scheme: A name of ``SCHEMES``.
        seed: Of the whole set, at least 0.
        number: Of the image within it, at least 0; each is drawn independently of the others.
    Raises:
        UsageError: If there is no such scheme, or a number is negative.
    """
    if scheme not in SCHEMES:
        remedy = f"choose of {', '.join(SCHEMES)}"
        raise UsageError(scheme, "is no scheme that can be generated", remedy)
    if min(seed, number) < 0:
        raise UsageError("--seed", f"must be at least 0, not {min(seed, number)}", "such as 1")
    return SCHEMES[scheme](np.random.default_rng([seed, number]))
