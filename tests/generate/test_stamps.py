"""Single glyphs, upright and turned."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.stamps import INKED, Mask, ink_box, stamp, turned
from captchascope.generate.typefaces import CHARACTERS, names


def middles(mask: Mask) -> tuple[float, float]:
    """Return the mean column of the ink in the upper and in the lower third of its rows."""
    left, top, right, bottom = ink_box(mask)
    cut = mask[top:bottom, left:right].astype(float)
    third = cut.shape[0] // 3
    columns = np.arange(cut.shape[1])
    upper, lower = cut[:third].sum(axis=0), cut[-third:].sum(axis=0)
    return float(upper @ columns / upper.sum()), float(lower @ columns / lower.sum())


@pytest.mark.parametrize("font", names()[::7])
def test_a_stamp_is_cut_to_its_ink(font: str) -> None:
    """No row or column at its sides is empty, whatever the character."""
    for char in CHARACTERS:
        mask = stamp(font, char, 28).mask
        assert min(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) > 0
        assert mask.max() > 200


@pytest.mark.parametrize(("cap", "drawn"), [(9, 16), (16, 16), (17, 28), (60, 96), (97, 128)])
def test_a_stamp_is_never_smaller_than_asked_for(cap: float, drawn: int) -> None:
    """A glyph is only ever shrunk, so its edges stay sharp."""
    source = stamp("sans-01", "H", cap)
    assert source.cap == drawn
    assert abs(source.mask.shape[0] - drawn) <= 2


def test_the_middle_is_halfway_up_a_capital() -> None:
    """Of an H it is the middle of the mask; of an o it lies higher, of a p too."""
    for char, low, high in (("H", 0.47, 0.53), ("o", 0.1, 0.4), ("p", 0.05, 0.35)):
        source = stamp("sans-01", char, 48)
        assert low < source.middle / source.mask.shape[0] < high


def test_a_stamp_cannot_be_written_to() -> None:
    """It is shared by all images that show it."""
    with pytest.raises(ValueError, match="read-only"):
        stamp("sans-01", "A", 28).mask[0, 0] = 1


def test_an_upright_glyph_stays_as_it_is() -> None:
    """At full size nothing is lost, and the middle follows the margin."""
    source = stamp("serif-05", "R", 48)
    mask, middle = turned(source, (1, 1), 0, 0, 3)
    left, top, right, bottom = ink_box(mask)
    height, width = source.mask.shape
    assert (abs(right - left - width) <= 1, abs(bottom - top - height) <= 1) == (True, True)
    assert abs(int(mask.sum()) - int(source.mask.sum())) < 0.02 * source.mask.sum()
    assert abs((middle - top) - source.middle) <= 1


def test_a_scale_applies_to_its_axis() -> None:
    """Down and across, in this order."""
    source = stamp("sans-05", "H", 48)
    left, top, right, bottom = ink_box(turned(source, (0.5, 0.25), 0, 0, 0)[0])
    assert bottom - top == pytest.approx(source.mask.shape[0] / 2, abs=1.5)
    assert right - left == pytest.approx(source.mask.shape[1] / 4, abs=1.5)


def test_a_quarter_turn_lays_a_glyph_down() -> None:
    """Its height becomes its width."""
    source = stamp("sans-05", "l", 48)
    left, top, right, bottom = ink_box(turned(source, (1, 1), 90, 0, 0)[0])
    assert right - left == pytest.approx(source.mask.shape[0], abs=2)
    assert bottom - top == pytest.approx(source.mask.shape[1], abs=2)


def test_glyphs_turn_clockwise_and_slant_to_the_left_at_the_top() -> None:
    """As the docstring says; the other way round with the other sign."""
    source = stamp("sans-05", "l", 48)
    for degrees, shear, sign in ((20, 0, 1), (-20, 0, -1), (0, 0.4, -1), (0, -0.4, 1)):
        upper, lower = middles(turned(source, (1, 1), degrees, shear, 0)[0])
        assert np.sign(upper - lower) == sign


@pytest.mark.parametrize("degrees", [0, 33, 90, 180])
def test_nothing_is_cut_off_however_a_glyph_is_turned(degrees: float) -> None:
    """The margin stays empty, and the ink stays as much as it was."""
    source = stamp("display-08", "W", 48)
    mask, _ = turned(source, (1.2, 0.8), degrees, 0.5, 4)
    left, top, right, bottom = ink_box(mask)
    assert min(left, top, mask.shape[1] - right, mask.shape[0] - bottom) >= 3
    assert mask.sum() == pytest.approx(source.mask.sum() * 1.2 * 0.8, rel=0.03)


def test_an_empty_mask_has_no_box() -> None:
    """Faint pixels do not count."""
    assert ink_box(np.full((5, 5), INKED, np.uint8)) == (0, 0, 0, 0)
    spot = np.zeros((5, 7), np.uint8)
    spot[2, 3:5] = 255
    assert ink_box(spot) == (3, 2, 5, 3)
