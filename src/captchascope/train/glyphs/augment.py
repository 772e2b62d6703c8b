"""Windows as they might also have been: moved, scaled, with rows displaced, and noisier."""

from __future__ import annotations

import torch
from torch import Tensor

from captchascope.glyphs.inputs import InputSpec
from captchascope.train.recipes import ASTRAY, Augmentation


def augment_windows(wide: Tensor, spec: InputSpec, by: Augmentation) -> tuple[Tensor, Tensor]:
    """Return changed windows, and which of them are astray.

    Args:
        wide: Shape (B, 1, height + 2 margin, width + 2 margin), uint8.
        spec: The size of a window.
        by: How much to change.
    Returns:
        Shape (B, 1, height, width), 0 to 1; and booleans of shape (B,).
    """
    count, on = len(wide), wide.device
    astray = torch.rand(count, device=on) < by.astray
    if by == Augmentation():
        return wide.float() / 255, astray
    scale = 1 + by.scale * (2 * torch.rand(2, count, 1, device=on) - 1)
    dy, dx = by.jitter * (2 * torch.rand(2, count, 1, device=on) - 1)
    dx = torch.where(astray[:, None], _far(count, on), dx)
    y = _places(spec.height, scale[0], by.margin + dy)[:, :, None]
    x = _places(spec.width, scale[1], by.margin + dx)[:, None, :]
    moved = torch.rand(count, spec.height, 1, device=on) < by.rows
    x = x + moved * (2 * torch.randint(0, 2, moved.shape, device=on) - 1)
    y = y.round().long().clamp(0, wide.shape[2] - 1)
    x = x.round().long().clamp(0, wide.shape[3] - 1)
    picked = wide[torch.arange(count, device=on)[:, None, None], 0, y, x]
    return _noisy(picked.unsqueeze(1).float() / 255, by.noise), astray


def _far(count: int, on: torch.device) -> Tensor:
    """Return how far windows go astray, to the left or to the right, shape (B, 1)."""
    near, most = ASTRAY
    distance = near + (most - near) * torch.rand(count, 1, device=on)
    return distance * (2 * torch.randint(0, 2, (count, 1), device=on) - 1)


def _places(size: int, scale: Tensor, start: Tensor) -> Tensor:
    """Return where each of ``size`` pixels is taken from, shape (B, size)."""
    middle = (size - 1) / 2
    return (torch.arange(size, device=scale.device) - middle) * scale + middle + start


def _noisy(windows: Tensor, noise: float) -> Tensor:
    """Turn some pixels to ground and some to the darkest ink, in each window its own share."""
    share = 2 * noise * torch.rand(len(windows), 1, 1, 1, device=windows.device)
    chance = torch.rand_like(windows)
    windows = torch.where(chance < share, 0.0, windows)
    return torch.where(chance > 1 - share, windows.amax((2, 3), keepdim=True), windows)
