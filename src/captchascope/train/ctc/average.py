"""The moving average of a network's weights, which reads better than the weights themselves."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn


class Averaged(nn.Module):
    """An exponential moving average (Polyak and Juditsky 1992), running statistics included.

    At first it follows fast, as the weights that it started from mean nothing.

    Attributes:
        network: The averaged network, always in evaluation mode.
        updates: How many steps it has followed.
    """

    updates: Tensor

    def __init__(self, network: nn.Module, keep: float) -> None:
        super().__init__()
        self.keep = keep
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def train(self, mode: bool = True) -> Averaged:
        """Stay in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move towards ``network`` by one step."""
        self.updates += 1
        done = int(self.updates)
        keep = min(self.keep, (1 + done) / (10 + done))
        news = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.dtype.is_floating_point:
                mean.lerp_(news[name], 1 - keep)
            else:
                mean.copy_(news[name])

    @torch.no_grad()
    def restart(self, network: nn.Module) -> None:
        """Forget everything, and begin at ``network``."""
        self.updates.zero_()
        self.network.load_state_dict(network.state_dict())
