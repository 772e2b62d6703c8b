"""The CTC networks, as plain modules: images in, logits per timestep out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Stage:
    """A convolution, and residual blocks after it.

    Attributes:
        channels: That it gives.
        blocks: How many residual blocks follow.
        rows: The height of the convolution's kernel; its width is 3.
        stride: Down and across.
    """

    channels: int
    blocks: int
    rows: int
    stride: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Size:
    """How wide and deep a network is.

    Attributes:
        stem: Channels of the first convolution, which strides by 2 both ways.
        stages: Each makes the image smaller.
        rows: How the rows of features become one: weighed by a softmax over them, which is
            learned, or the highest of each feature, which costs next to nothing.
        context: Channels of the convolutions over the timesteps.
        blocks: How many of those there are.
    """

    stem: int
    stages: tuple[Stage, ...]
    rows: Literal["weighed", "highest"]
    context: int
    blocks: int


SIZES = {
    "base": Size(
        24,
        (Stage(32, 0, 3, (1, 1)), Stage(64, 1, 3, (2, 2)), Stage(112, 1, 3, (2, 1))),
        rows="weighed",
        context=160,
        blocks=3,
    ),
    "general": Size(
        32,
        (Stage(64, 1, 3, (1, 1)), Stage(128, 2, 3, (2, 2)), Stage(256, 1, 3, (2, 1))),
        rows="weighed",
        context=320,
        blocks=4,
    ),
    "large": Size(
        32,
        (Stage(64, 1, 3, (1, 1)), Stage(128, 2, 3, (2, 2)), Stage(256, 2, 3, (2, 1))),
        rows="weighed",
        context=320,
        blocks=4,
    ),
    "fast": Size(
        8,
        (Stage(16, 0, 3, (2, 2)), Stage(48, 0, 5, (3, 1))),
        rows="highest",
        context=64,
        blocks=1,
    ),
}
"""``base`` learns from scratch in minutes; ``general`` is what ``any`` has, and ``large`` takes a
quarter more time for one block more, to begin a ``general`` with; ``fast`` reads in a tenth of the
time of ``base``, and needs thousands of labels: its last stage looks at five rows at once, nearly a
character's height."""


class CtcNet(nn.Module):
    """Convolutions down to one row of features, then some along the row (CTC: Graves et al. 2006).

    Every timestep looks at a few characters' widths and no further, so that a text is read the
    same wherever in the image it stands. The rows of features become one in a way that any height
    will do for. What follows stays two-dimensional, one row high: ONNX Runtime is twice as quick
    at that as at one-dimensional convolutions.

    Args:
        channels: 1 for gray, 3 for RGB.
        num_classes: The characters and the blank, which is class 0.
        size: A name of ``SIZES``.
    """

    def __init__(self, channels: int, num_classes: int, size: str = "base") -> None:
        super().__init__()
        plan = SIZES[size]
        self.stem = _convolved(channels, plan.stem, (5, 5), (2, 2))
        stages: list[nn.Module] = []
        before = plan.stem
        for stage in plan.stages:
            stages.append(_convolved(before, stage.channels, (stage.rows, 3), stage.stride))
            stages += [_Residual(stage.channels) for _ in range(stage.blocks)]
            before = stage.channels
        self.stages = nn.Sequential(*stages)
        self.layers = [1 + stage.blocks for stage in plan.stages]
        self.weigh = nn.Conv2d(before, 1, 1) if plan.rows == "weighed" else None
        self.widen = _convolved(before, plan.context, (1, 1), (1, 1))
        self.context = nn.Sequential(
            *(_Context(plan.context, 1 + i % 2) for i in range(plan.blocks))
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(plan.context, num_classes)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Map images (B, channels, H, W) to what each stage gives, shape (B, C, h, w)."""
        found, x, layers = [], self.stem(images), iter(self.stages)
        for count in self.layers:
            for layer in islice(layers, count):
                x = layer(x)
            found.append(x)
        return found

    def row(self, x: Tensor) -> Tensor:
        """Map what the last stage gives to features (B, T, F)."""
        if self.weigh is None:
            x = nn.functional.max_pool2d(x, (x.shape[2], 1))
        else:
            x = (x * torch.softmax(self.weigh(x), dim=2)).sum(dim=2, keepdim=True)
        x = self.context(self.widen(x))
        features: Tensor = x[:, :, 0].transpose(1, 2)
        return features

    def features(self, images: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to features (B, T, F)."""
        return self.row(self.maps(images)[-1])

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, channels, H, W), 0 to 1, to logits (B, T, num_classes)."""
        logits: Tensor = self.head(self.drop(self.features(images)))
        return logits

    @staticmethod
    def timesteps(width: int) -> int:
        """Return T for images of this width: one timestep for every four columns."""
        return (width + 3) // 4


def _convolved(
    before: int, after: int, kernel: tuple[int, int], stride: tuple[int, int]
) -> nn.Sequential:
    padding = kernel[0] // 2, kernel[1] // 2
    conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())


class _Residual(nn.Module):
    """x + two convolutions of x (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolved(channels, channels, (3, 3), (1, 1))
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        return torch.relu(x + self.norm(self.second(self.first(x))))


class _Context(nn.Module):
    """x + a convolution over neighbouring timesteps."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels, channels, (1, 3), padding=(0, dilation), dilation=(1, dilation), bias=False
        )
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (B, channels, 1, T)."""
        return torch.relu(x + self.norm(self.conv(x)))
