"""How a folder is to be labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a folder is to be labelled.

    Attributes:
        folder: Where the images are.
        model: The name or file of the model that guesses; None for the one that was trained here,
            or else the shipped one that is surest.
        overlap: The share of the images, 0 to 1, that two sessions are given.
        retrain: After how many labels the model is trained again; None for never.
        limit: Seconds that a training may take.
    """

    folder: Path
    model: str | None = None
    overlap: float = 0.0
    retrain: int | None = 50
    limit: float = 180.0
