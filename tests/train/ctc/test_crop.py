"""What no text ever covers is not looked at, and no text is lost by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import read_dataset
from captchascope.generate import write_folder
from captchascope.reader import model_path
from captchascope.train.ctc.crop import cropped_spec, within
from captchascope.train.ctc.data import TextImages, text_images
from captchascope.train.ctc.finetune import read_weights
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import outputs_of, score

SPEC = CtcSpec("whole", 50, 150, 150, 150, 1)


@pytest.fixture(scope="module")
def network() -> CtcNet:
    """Return the network of the model that ships."""
    network = CtcNet(1, 11, "fast")
    network.load_state_dict(read_weights(model_path("metu"))[0], strict=False)
    return network.eval()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> TextImages:
    """Draw captchas of the scheme that it reads, whose text begins at column 30."""
    folder = tmp_path_factory.mktemp("columns") / "metu"
    write_folder("metu", folder, 60, 31)
    return text_images(read_dataset(folder), Inferred(Charset("0123456789"), (6, 6), SPEC))


def test_the_text_is_kept_and_a_margin_goes(network: CtcNet, drawn: TextImages) -> None:
    """The text of any captcha is within columns 28 to 125 of 150, and that of most ends at 116."""
    spec = cropped_spec(network, SPEC, drawn, drawn)
    assert 0 < spec.left <= 28
    assert spec.right is not None
    assert 116 <= spec.right < 150


def test_the_timesteps_stay_where_they_were(network: CtcNet, drawn: TextImages) -> None:
    """Away from the new edges the logits are the same numbers."""
    spec = cropped_spec(network, SPEC, drawn, drawn)
    whole = np.array(outputs_of(network, drawn.images))
    part = np.array(outputs_of(network, within(spec, drawn).images))
    first, edge = spec.left // 4, 6
    inner = part[:, edge:-edge]
    assert np.abs(inner - whole[:, first + edge :][:, : inner.shape[1]]).max() < 1e-3


def test_no_held_out_text_is_lost(network: CtcNet, drawn: TextImages) -> None:
    """As many are read right as with all columns."""
    spec = cropped_spec(network, SPEC, drawn, drawn)
    whole, part = (
        score(outputs_of(network, images.images), drawn.targets).exact
        for images in (drawn, within(spec, drawn))
    )
    assert part >= whole


def test_where_widths_differ_all_columns_stay(network: CtcNet, drawn: TextImages) -> None:
    """There is no column that is the same in all images."""
    free = replace(SPEC, width=None)
    assert cropped_spec(network, free, drawn, drawn) == free


def test_an_untrained_network_shows_no_column(drawn: TextImages) -> None:
    """It reads nothing right, so nothing tells where texts stand."""
    assert cropped_spec(CtcNet(1, 11, "fast").eval(), SPEC, drawn, drawn) == SPEC


def test_columns_that_cost_a_text_stay(network: CtcNet, drawn: TextImages) -> None:
    """Held-out texts may stand elsewhere than those trained on."""
    moved = replace(drawn, images=tuple(np.roll(image, 24, axis=1) for image in drawn.images))
    assert cropped_spec(network, SPEC, drawn, moved) == SPEC
