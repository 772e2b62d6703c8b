"""The networks: layers and shapes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs.network import TutorialNet, WindowNet
from train.glyphs.tiny import GLYPH, WINDOW, batch_of


def shapes(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter."""
    return {name: tuple(value.shape) for name, value in network.named_parameters()}


def test_the_tutorials_network_has_its_layers() -> None:
    """Stage 8 of the design: 1 to 3 to 3 channels by 3x3, 600 to 30 to 10."""
    assert (GLYPH.height, GLYPH.width) == (24, 14)
    assert shapes(TutorialNet(GLYPH, 10)) == {
        "conv1.weight": (3, 1, 3, 3),
        "conv1.bias": (3,),
        "conv2.weight": (3, 3, 3, 3),
        "conv2.bias": (3,),
        "hidden.weight": (30, 600),
        "hidden.bias": (30,),
        "head.weight": (10, 30),
        "head.bias": (10,),
    }


def test_the_tutorials_network_does_what_the_tutorial_does() -> None:
    """Convolve, rectify, convolve, rectify, flatten, linear, rectify, linear; nothing else."""
    torch.manual_seed(0)
    network = TutorialNet(GLYPH, 10)
    weights = network.state_dict()

    def convolved(x: Tensor, name: str) -> Tensor:
        return functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def connected(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    batch = torch.from_numpy(batch_of(GLYPH)) - 0.5
    x = functional.relu(convolved(functional.relu(convolved(batch, "conv1")), "conv2"))
    wanted = connected(functional.relu(connected(x.reshape(7, 600), "hidden")), "head")
    with torch.no_grad():
        torch.testing.assert_close(network(batch), wanted)


@pytest.mark.parametrize(("network", "spec"), [(TutorialNet, GLYPH), (WindowNet, WINDOW)])
@pytest.mark.parametrize("classes", [2, 10, 36])
def test_a_batch_becomes_logits(
    network: type[torch.nn.Module], spec: InputSpec, classes: int
) -> None:
    """Shape (B, classes), also for a batch of one, and as many classes as asked for."""
    made = network(spec, classes).eval()
    for size in (1, 7):
        assert made(torch.zeros(size, 1, spec.height, spec.width)).shape == (size, classes)


def test_other_inputs_fit_too() -> None:
    """A scheme may have larger glyphs and windows."""
    batch = torch.zeros(2, 1, 33, 21)
    assert TutorialNet(InputSpec("glyph", 33, 21), 5)(batch).shape == (2, 5)
    assert WindowNet(InputSpec("window", 33, 21), 5)(batch).shape == (2, 5)


def test_the_readers_batch_has_no_say() -> None:
    """In evaluation mode one image gives what it gives among others."""
    torch.manual_seed(0)
    network = WindowNet(WINDOW, 10).eval()
    batch = torch.from_numpy(batch_of(WINDOW))
    alone = torch.cat([network(image[None]) for image in batch])
    torch.testing.assert_close(network(batch), alone, atol=1e-5, rtol=0)
