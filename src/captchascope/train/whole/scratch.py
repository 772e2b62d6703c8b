"""Off the plateau: what a network without any training is taught first.

CTC alone begins by saying nothing at all, and may take very long to find that it pays to say
something. So at first each character is also expected in its place, as if the text were spread
evenly from where the image's ink begins to where it ends. That is nearly right for most captchas,
and wrong enough that CTC soon knows better.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["aligned_loss", "ink_span"]

_INK = 0.3  # of the strongest column's contrast is ink
_WIDTH = 0.5  # of a character's place is taken by the character, the rest is blank


def ink_span(images: Tensor) -> Tensor:
    """Return where the ink of images (B, C, H, W) begins and ends, shape (B, 2), 0 to 1."""
    contrast = images.float().std(dim=2).mean(dim=1)
    inked = contrast > _INK * contrast.amax(dim=1, keepdim=True)
    width = images.shape[3]
    columns = torch.arange(width, device=images.device)
    first = torch.where(inked, columns, width).amin(dim=1)
    last = torch.where(inked, columns, -1).amax(dim=1)
    flat = last < first
    first, last = first.masked_fill(flat, 0), last.masked_fill(flat, width - 1)
    return torch.stack([first / width, (last + 1) / width], dim=1)


def aligned_loss(logits: Tensor, targets: Tensor, lengths: Tensor, span: Tensor) -> Tensor:
    """Return the cross-entropy of texts spread evenly over ``span``, a scalar.

    Args:
        logits: Shape (B, T, K); class 0 is the blank.
        targets: The ids of all texts, one after the other.
        lengths: Of the texts, shape (B,).
        span: As ``ink_span`` returns it.
    """
    steps = logits.shape[1]
    middle = (torch.arange(steps, device=logits.device) + 0.5) / steps
    along = (middle - span[:, :1]) / (span[:, 1:] - span[:, :1]).clamp(min=1e-6)
    place = along * lengths[:, None]
    inside = (along >= 0) & (along < 1) & ((place - place.floor() - 0.5).abs() <= _WIDTH / 2)
    character = place.floor().long().clamp(min=0).minimum(lengths[:, None] - 1)
    starts = (lengths.cumsum(0) - lengths)[:, None]
    wanted = torch.where(inside, targets[starts + character], 0)
    return nn.functional.cross_entropy(logits.flatten(0, 1).float(), wanted.flatten())
