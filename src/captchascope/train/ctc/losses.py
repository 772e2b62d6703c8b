"""The losses: CTC, and what a network without any training is taught first, off the plateau.

CTC alone begins by saying next to nothing, and stays at it the longer the more there is to learn:
where the characters are must be found at the same time as what they look like. So at first each
character is also expected in its place, as if the text were spread evenly from where it begins to
where it ends in the image. That is nearly right for most captchas, and wrong enough that CTC soon
knows better.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from captchascope.charset import BLANK

_INKED = 0.35  # of the way from the least to the greatest contrast of an image's columns
_CHARACTER = 16  # of them are as wide as an image, to begin with
_WIDTH = 0.5  # of a character's place is taken by the character, the rest is blank


def ctc_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    """Return the CTC loss per character (Graves et al. 2006) of each image, shape (B,).

    Args:
        logits: Shape (B, T, K); class 0 is the blank.
        targets: The ids of all texts, one after the other.
        lengths: Of the texts, shape (B,).
    """
    steps = torch.full_like(lengths, logits.shape[1])
    chances = logits.float().log_softmax(2).transpose(0, 1)
    losses: Tensor = nn.functional.ctc_loss(
        chances, targets, steps, lengths, blank=BLANK, reduction="none", zero_infinity=True
    )
    return losses / lengths


def text_span(images: Tensor) -> Tensor:
    """Return where the text of images (B, C, H, W) begins and ends, shape (B, 2), 0 to 1.

    There the columns differ most from their neighbours: lines across the image and what is painted
    behind the text change slowly from left to right, strokes do not.
    """
    width = images.shape[3]
    steps = (images[..., 1:] - images[..., :-1]).abs().amax(dim=1)
    around = max(3, width // _CHARACTER) | 1
    contrast = nn.functional.avg_pool1d(
        steps.square().mean(dim=1, keepdim=True), around, 1, around // 2, count_include_pad=False
    )[:, 0]
    low, high = contrast.aminmax(dim=1, keepdim=True)
    inked = contrast >= low + _INKED * (high - low)
    columns = torch.arange(width - 1, device=images.device)
    first = torch.where(inked, columns, width).amin(dim=1)
    last = torch.where(inked, columns, -1).amax(dim=1)
    return torch.stack([first / width, (last + 2) / width], dim=1)


def aligned_loss(logits: Tensor, targets: Tensor, lengths: Tensor, span: Tensor) -> Tensor:
    """Return the cross-entropy of texts spread evenly over ``span``, a scalar.

    Args:
        logits: Shape (B, T, K); class 0 is the blank.
        targets: The ids of all texts, one after the other.
        lengths: Of the texts, shape (B,).
        span: As ``text_span`` returns it.
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
