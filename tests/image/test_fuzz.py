"""Tampered images of every format: each is read or refused, within bounded work."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from captchascope.errors import ImageError
from captchascope.image import load_gray
from image.mutations import tampered

_MOST_LINES = 400_000
"""Lines of Python for one image: 0.04 s. What takes longer would be a loop over its bytes."""


def _lines_of(data: bytes) -> int:
    """Return how many lines of Python run to read or refuse an image."""
    lines = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        load_gray(data)
    except ImageError:
        pass
    finally:
        sys.settrace(before)
    return lines


def test_tampered_images_are_read_or_refused_in_bounded_work() -> None:
    """Nothing foreign is raised, and no loop of Python is as long as somebody wishes."""
    costs = {image.name: _lines_of(image.data) for image in tampered(500, seed=14)}
    assert len(costs) == 500
    assert {name: lines for name, lines in costs.items() if lines > _MOST_LINES} == {}
