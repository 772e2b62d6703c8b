"""The glyph networks, as plain modules: a batch of glyphs in, logits out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from captchascope.glyphs.inputs import InputSpec


class TutorialNet(nn.Module):
    """The tutorial's network: two convolutions of three channels, two linear layers.

    Args:
        spec: 24x14 in the METU scheme, which makes the flattened layer 600 wide.
        classes: The number of characters.
    """

    def __init__(self, spec: InputSpec, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3)
        self.conv2 = nn.Conv2d(3, 3, 3)
        self.hidden = nn.Linear(3 * (spec.height - 4) * (spec.width - 4), 30)
        self.head = nn.Linear(30, classes)

    def forward(self, glyphs: Tensor) -> Tensor:
        """Map glyphs of shape (B, 1, height, width) to logits (B, classes)."""
        x = torch.relu(self.conv2(torch.relu(self.conv1(glyphs))))
        logits: Tensor = self.head(torch.relu(self.hidden(x.flatten(1))))
        return logits


class WindowNet(nn.Module):
    """Three convolutions, for windows of the gray image.

    The first one strides: a pooling in its place would take a quarter of the network's time.

    Args:
        spec: 24x20 in the METU scheme.
        classes: The number of characters.
    """

    def __init__(self, spec: InputSpec, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_stage(1, 8, size=5, stride=2), *_stage(8, 16), nn.MaxPool2d(2), *_stage(16, 24)
        )
        flat = 24 * (-(-spec.height // 2) // 2) * (-(-spec.width // 2) // 2)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(flat, 32), nn.ReLU(), nn.Linear(32, classes)
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Map windows of shape (B, 1, height, width) to logits (B, classes)."""
        logits: Tensor = self.head(self.body(windows))
        return logits


def _stage(
    channels_in: int, channels_out: int, size: int = 3, stride: int = 1
) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(channels_in, channels_out, size, stride, padding=size // 2, bias=False)
    return conv, nn.BatchNorm2d(channels_out), nn.ReLU()


NETWORKS: dict[str, Callable[[InputSpec, int], nn.Module]] = {
    "window": WindowNet,
    "tutorial": TutorialNet,
}
"""What recipes name."""
