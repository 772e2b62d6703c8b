"""Export: the model file agrees with torch, or there is none."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from captchascope.charset import Charset
from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import NORMALISATION, InputSpec
from captchascope.model.file import open_model_bytes
from captchascope.model.metadata import Metadata
from captchascope.train.export import export_model, round_to_half
from captchascope.train.glyphs.network import TutorialNet, WindowNet
from captchascope.train.glyphs.task import example
from train.glyphs.tiny import (
    GLYPH,
    METU,
    WINDOW,
    batch_of,
)


def metadata(spec: InputSpec) -> Metadata:
    """Return the metadata of a model that was never trained."""
    return Metadata(
        format=1,
        method="glyphs",
        charset=Charset(METU.charset),
        input=asdict(spec),
        normalisation=NORMALISATION,
        scheme=asdict(METU),
        temperature=1.25,
        version="0",
        seed=3,
        data=json.dumps({"samples": 0}),
        metrics={"epoch": 1},
    )


@pytest.mark.parametrize(("network", "spec"), [(TutorialNet, GLYPH), (WindowNet, WINDOW)])
def test_the_file_gives_what_torch_gives(network: type[nn.Module], spec: InputSpec) -> None:
    """Whatever the size of the batch, and it carries its metadata."""
    torch.manual_seed(4)
    made = network(spec, 10).eval()
    model = open_model_bytes(export_model(made, example(spec), metadata(spec)), "exported")
    assert model.metadata.to_props() == metadata(spec).to_props()
    for size in (1, 3, 64):
        batch = batch_of(spec, size)
        with torch.no_grad():
            wanted = made(torch.from_numpy(batch)).numpy()
        np.testing.assert_allclose(model.run(batch), wanted, atol=1e-4)


@pytest.mark.parametrize(("network", "spec"), [(TutorialNet, GLYPH), (WindowNet, WINDOW)])
def test_every_weight_keeps_its_name(network: type[nn.Module], spec: InputSpec) -> None:
    """So that another training can begin with them; and nothing of this machine is in the file."""
    made = network(spec, 10).eval()
    data = export_model(made, example(spec), metadata(spec))
    weights = onnx.load_from_string(data).graph.initializer
    kept = {weight.name: onnx.numpy_helper.to_array(weight) for weight in weights}
    for name, tensor in made.state_dict().items():
        if tensor.is_floating_point():
            np.testing.assert_array_equal(kept[name], tensor.numpy())
    assert str(Path(__file__).parents[2]).encode() not in data


def test_weights_in_half_precision_make_half_a_file() -> None:
    """What is rounded is computed with in single precision, as by torch."""
    torch.manual_seed(4)
    made = WindowNet(WINDOW, 10).eval()
    round_to_half(made)
    whole, half = (
        export_model(made, example(WINDOW), metadata(WINDOW), half=half) for half in (False, True)
    )
    assert len(half) < 0.65 * len(whole)
    batch = batch_of(WINDOW, 5)
    with torch.no_grad():
        wanted = made(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(open_model_bytes(half, "half").run(batch), wanted, atol=1e-4)
    weights = {
        w.name: onnx.numpy_helper.to_array(w) for w in onnx.load_from_string(half).graph.initializer
    }
    for name, weight in made.named_parameters():
        np.testing.assert_array_equal(weights[name], weight.detach().numpy())
        assert weights[name].dtype == (np.float16 if weight.dim() > 1 else np.float32)


def test_a_weight_that_half_precision_does_not_hold_stays_whole() -> None:
    """Storing changes nothing."""
    torch.manual_seed(4)
    made = TutorialNet(GLYPH, 10)
    whole, half = (
        export_model(made, example(GLYPH), metadata(GLYPH), half=half) for half in (False, True)
    )
    assert half == whole


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """What the exporter says about its own insides is not for the user."""
    export_model(TutorialNet(GLYPH, 10), example(GLYPH), metadata(GLYPH))
    assert capfd.readouterr() == ("", "")


class Moody(nn.Module):
    """Gives something else when it is exported, so that no file can agree with it."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.net = TutorialNet(GLYPH, 10)
        self.by = by

    def forward(self, glyphs: Tensor) -> Tensor:
        """Add nothing while it is exported, and ``by`` when it is compared."""
        logits: Tensor = self.net(glyphs)
        return logits if torch.compiler.is_exporting() else logits + self.by


@pytest.mark.parametrize("by", [0.001, float("nan")])
def test_a_file_that_disagrees_is_refused(by: float) -> None:
    """The error says by how much."""
    with pytest.raises(TrainingError, match=r"differ by .* after the export"):
        export_model(Moody(by), example(GLYPH), metadata(GLYPH))


def test_a_file_that_agrees_within_rounding_is_not() -> None:
    """ONNX Runtime adds in another order."""
    assert export_model(Moody(1e-6), example(GLYPH), metadata(GLYPH))
