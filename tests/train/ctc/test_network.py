"""The networks: shapes, timesteps, and how large they are."""

from __future__ import annotations

import pytest
import torch

from captchascope.train.ctc.network import SIZES, CtcNet


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("height", "width"), [(24, 33), (40, 96), (50, 150), (64, 250)])
def test_any_image_size_gives_the_promised_timesteps(size: str, height: int, width: int) -> None:
    """One for every four columns, whatever the height."""
    network = CtcNet(3, 12, size).eval()
    logits = network(torch.rand(2, 3, height, width))
    assert logits.shape == (2, CtcNet.timesteps(width), 12)


@pytest.mark.parametrize(("size", "most"), [("base", 900_000), ("fast", 40_000)])
def test_a_model_file_stays_small(size: str, most: int) -> None:
    """Four bytes a parameter: under 4 MB for the start, 1 MB for metu."""
    parameters = sum(weight.numel() for weight in CtcNet(3, 63, size).parameters())
    assert parameters < most


def test_a_text_is_seen_wherever_it_stands() -> None:
    """Moved by one timestep, the logits move along."""
    network = CtcNet(1, 5, "fast").eval()
    image = torch.zeros(1, 1, 40, 200)
    image[..., 10:30, 80:96] = 1
    moved = torch.roll(image, 4, dims=3)
    here, there = network(image)[0], network(moved)[0]
    torch.testing.assert_close(here[15:30], there[16:31], atol=1e-4, rtol=1e-4)
