"""The mix of many families."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from captchascope.errors import UsageError
from captchascope.generate import draw_captcha
from captchascope.generate.general import FAMILIES
from captchascope.generate.typefaces import CHARACTERS

EVERY = pytest.mark.parametrize("family", FAMILIES)


@EVERY
def test_each_family_can_be_asked_for(family: str) -> None:
    """Alone; then every image says that it is of it, and can be written and read."""
    for number in range(25):
        drawn = draw_captcha("general", 3, number, {"only": (family,)})
        assert drawn.columns["family"] == family
        assert drawn.label
        assert set(drawn.label) <= CHARACTERS
        height, width = drawn.image.shape[:2]
        assert 16 <= height <= 260
        assert 0.25 < width / height < 30
        assert np.ptp(drawn.image) > 6
        assert drawn.jpeg()


@EVERY
def test_each_family_can_be_left_out(family: str) -> None:
    """The others stay."""
    drawn = [draw_captcha("general", 4, number, {"exclude": (family,)}) for number in range(60)]
    seen = Counter(one.columns["family"] for one in drawn)
    assert family not in seen
    assert len(seen) > 1


def test_the_shares_are_those_of_the_table() -> None:
    """Give or take five deviations."""
    count = 600
    drawn = [draw_captcha("general", 5, number) for number in range(count)]
    seen = Counter(one.columns["family"] for one in drawn)
    total = sum(weight for weight, _ in FAMILIES.values())
    for family, (weight, _) in FAMILIES.items():
        share = weight / total
        assert abs(seen[family] / count - share) < 5 * (share * (1 - share) / count) ** 0.5


@pytest.mark.parametrize("knob", ["only", "exclude"])
def test_an_unknown_family_is_wrong_usage(knob: str) -> None:
    """The error lists those that there are."""
    with pytest.raises(
        UsageError, match=rf"^{knob}: has no family 'x' \(choose one of varied, sums"
    ):
        draw_captcha("general", 1, 1, {knob: ("x",)})


def test_something_must_be_left() -> None:
    """To draw."""
    with pytest.raises(UsageError, match=r"^exclude: leaves no family \(there are varied, "):
        draw_captcha("general", 1, 1, {"exclude": tuple(FAMILIES)})
