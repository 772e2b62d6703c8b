"""Images that are no captchas: each kind is what it says, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.foreign import KINDS, draw_foreign


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_decided_by_its_numbers(kind: str) -> None:
    """Of a captcha's size, in colour, and another for another number or seed."""
    first = draw_foreign(kind, 1, 2)
    assert (first.dtype.name, first.ndim, first.shape[2]) == ("uint8", 3, 3)
    assert 10 <= first.shape[0] <= 400
    assert first.shape[1] > first.shape[0] // 2
    np.testing.assert_array_equal(first, draw_foreign(kind, 1, 2))
    others = [draw_foreign(kind, 1, 3), draw_foreign(kind, 2, 2)]
    assert all(o.shape != first.shape or (o != first).any() for o in others)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("blank", "clutter")])
def test_something_is_drawn(kind: str) -> None:
    """On nearly every image of the kinds that are not empty."""
    assert sum(int(draw_foreign(kind, 3, n).std() > 1) for n in range(20)) >= 18


def test_a_blank_image_has_little_on_it() -> None:
    """Half of them are of one colour."""
    even = [int(np.ptp(draw_foreign("blank", 4, n), axis=(0, 1)).max()) == 0 for n in range(40)]
    assert 10 <= sum(even) <= 38
