"""Windows are changed within their bounds, and some are sent astray."""

from __future__ import annotations

import pytest
import torch

from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs.augment import augment_windows
from captchascope.train.recipes import Augmentation

SPEC = InputSpec("window", 28, 22)


def windows(count: int, margin: int) -> torch.Tensor:
    """Return windows that show in every pixel which column it is in."""
    height, width = SPEC.height + 2 * margin, SPEC.width + 2 * margin
    columns = torch.arange(width, dtype=torch.uint8)
    return columns.expand(count, 1, height, width).clone()


def test_without_augmentation_windows_stay_as_they_are() -> None:
    """They only go from 0 to 255 to 0 to 1, and none is astray."""
    wide = windows(3, 0)
    seen, astray = augment_windows(wide, SPEC, Augmentation())
    torch.testing.assert_close(seen, wide.float() / 255)
    assert not astray.any()


def test_jitter_moves_by_whole_windows_and_no_further() -> None:
    """The first column is one of 0 to twice the jitter, and every one of them occurs."""
    torch.manual_seed(1)
    seen, _ = augment_windows(windows(2000, 3), SPEC, Augmentation(3, 0.0, 0.0, 0.0, 0.0))
    assert seen.shape == (2000, 1, SPEC.height, SPEC.width)
    first = (seen[:, 0, 0, 0] * 255).round().long()
    assert sorted(set(first.tolist())) == [0, 1, 2, 3, 4, 5, 6]


def test_a_window_astray_is_far_from_its_glyph() -> None:
    """It is 5 to 9 pixels off, to either side; the others stay where they are."""
    torch.manual_seed(2)
    by = Augmentation(0, 0.0, 0.0, 0.0, 0.25)
    seen, astray = augment_windows(windows(2000, by.margin), SPEC, by)
    off = (seen[:, 0, 0, 0] * 255).round() - by.margin
    assert set(off[~astray].tolist()) == {0.0}
    assert set(off[astray].abs().tolist()) == {5.0, 6.0, 7.0, 8.0, 9.0}
    assert (off[astray] < 0).any()
    assert (off[astray] > 0).any()
    assert 0.2 < astray.float().mean() < 0.3


def test_noise_makes_ground_and_ink_in_the_share_asked_for() -> None:
    """Ground is 0, ink the darkest of the window; each has the mean share."""
    torch.manual_seed(3)
    by = Augmentation(0, 0.0, 0.0, 0.05, 0.0)
    flat = torch.full((4000, 1, SPEC.height, SPEC.width), 100, dtype=torch.uint8)
    flat[:, :, 0, 0] = 200
    seen, _ = augment_windows(flat, SPEC, by)
    inside = seen[:, :, 1:, 1:]
    assert (inside == 0).float().mean().item() == pytest.approx(0.05, abs=0.005)
    assert (inside > 0.7).float().mean().item() == pytest.approx(0.05, abs=0.005)


def test_rows_move_by_one_pixel() -> None:
    """About the share asked for, half of them to each side."""
    torch.manual_seed(4)
    seen, _ = augment_windows(windows(500, 1), SPEC, Augmentation(1, 0.0, 0.2, 0.0, 0.0))
    columns = (seen[:, 0, :, 10] * 255).round()
    usual = columns.median(dim=1, keepdim=True).values
    off = columns - usual
    assert set(off.flatten().tolist()) == {-1.0, 0.0, 1.0}
    assert (off != 0).float().mean().item() == pytest.approx(0.2, abs=0.03)


def test_scaling_keeps_the_middle() -> None:
    """What is seen is wider or narrower than the window, by no more than the share asked for."""
    torch.manual_seed(5)
    by = Augmentation(3, 0.1, 0.0, 0.0, 0.0)
    still = Augmentation(3, 0.0, 0.0, 0.0, 0.0)
    seen, _ = augment_windows(windows(500, by.margin), SPEC, by)
    unscaled, _ = augment_windows(windows(500, by.margin), SPEC, still)
    widths = ((seen[:, 0, 0, -1] - seen[:, 0, 0, 0]) * 255).round()
    assert set(((unscaled[:, 0, 0, -1] - unscaled[:, 0, 0, 0]) * 255).round().tolist()) == {21.0}
    assert set(widths.tolist()) == {19.0, 20.0, 21.0, 22.0, 23.0}


def test_the_seed_decides() -> None:
    """The same gives the same windows, another gives others."""
    by, made = Augmentation(3, 0.08, 0.1, 0.03, 0.15), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        made.append(augment_windows(windows(20, by.margin), SPEC, by)[0])
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
