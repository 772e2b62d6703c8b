"""Beginning with another model's weights: its head follows the alphabet, its eyes the colours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec, prepare
from captchascope.data.dataset import read_dataset
from captchascope.errors import UsageError
from captchascope.generate import draw_captcha, write_folder
from captchascope.reader import model_path
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.finetune import (
    Weights,
    best_scaled,
    fine_tuned,
    moderate,
    read_weights,
    state_of,
)
from captchascope.train.ctc.infer import alphabet_of, inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import outputs_of, score

SPEC = CtcSpec("whole", 40, 120, 120, 120, 3)
CHARS = "ADEHKR34678"


@cache
def start() -> Weights:
    """Read the model that trainings start from."""
    return read_weights(model_path("any"))


def plain(charset: Charset, fold: bool = False) -> TextImages:
    """Draw some easily read captchas; labelled in small letters where ``fold``."""
    images, targets = [], []
    for number in range(24):
        drawn = draw_captcha("plain", 3, number, {"charset": CHARS, "length": (4, 4)})
        pixels = drawn.image if drawn.image.ndim == 3 else np.stack([drawn.image] * 3, 2)
        images.append(prepare(pixels, SPEC))
        label = drawn.label.lower() if fold else drawn.label
        targets.append(np.array(charset.encode(label), np.int64))
    return TextImages(tuple(images), tuple(targets))


def right(network: CtcNet, data: TextImages) -> float:
    """Return the share of texts that a network reads right."""
    return score(outputs_of(network.eval(), data.images), data.targets).exact


def test_the_start_reads_before_it_is_trained() -> None:
    """Most of what is plain, in an alphabet that it was never told to expect."""
    charset = Charset(CHARS)
    data = plain(charset)
    assert right(fine_tuned(start(), charset, 3, data), data) > 0.7


def test_labels_in_the_other_case_are_understood() -> None:
    """The images show capitals, the labels small letters."""
    charset = Charset(CHARS.lower())
    data = plain(charset, fold=True)
    assert right(fine_tuned(start(), charset, 3, data), data) > 0.7


def test_unknown_characters_begin_untrained_beside_known_ones() -> None:
    """An alphabet of its own is no obstacle."""
    charset = Charset(CHARS + "äß€")
    data = plain(charset)
    assert right(fine_tuned(start(), charset, 3, data), data) > 0.5


def test_gray_images_are_seen_as_three_equal_channels() -> None:
    """The network for gray says of a gray image what the one for colours says."""
    charset = Charset(CHARS)
    data = plain(charset)
    grays = tuple(np.ascontiguousarray(image[..., 1]) for image in data.images)
    colour = fine_tuned(start(), charset, 3, data).eval()
    gray = fine_tuned(start(), charset, 1, TextImages(grays, data.targets)).eval()
    one = torch.rand(1, 1, 40, 120)
    torch.testing.assert_close(gray(one), colour(one.repeat(1, 3, 1, 1)), atol=1e-3, rtol=1e-3)


def test_a_small_model_begins_a_small_one() -> None:
    """The size is the file's, whatever the recipe has."""
    weights = read_weights(model_path("metu"))
    assert weights[2] == "fast"
    assert weights[1] == Charset("0123456789")


def test_weights_in_half_precision_are_read_whole() -> None:
    """A training goes on in single precision."""
    drawn = helper.make_tensor("network.head.weight", TensorProto.FLOAT16, [2], [0.1, -3.0])
    graph = helper.make_graph([], "graph", [], [], [drawn])
    state = state_of(helper.make_model(graph).SerializeToString())
    wanted = torch.tensor([0.1, -3.0]).half().float()
    torch.testing.assert_close(state, {"head.weight": wanted}, rtol=0, atol=0)


def test_a_model_of_the_other_way_is_refused() -> None:
    """It has no network that could be trained on."""
    path: Path = model_path("metu-glyphs")
    with pytest.raises(UsageError, match="holds no network of the whole way"):
        read_weights(path)


@pytest.mark.parametrize(("margin", "larger"), [(0, False), (60, True)])
def test_a_text_that_is_small_in_its_frame_is_looked_at_larger(
    tmp_path: Path, margin: int, larger: bool
) -> None:
    """Where the network that training begins with reads it better so."""
    write_folder("plain", tmp_path / "images", 12, 3)
    for path in sorted((tmp_path / "images").glob("*.jpeg")):
        image = cv2.imread(str(path))
        assert image is not None
        edges = (margin,) * 4
        cv2.imwrite(str(path), cv2.copyMakeBorder(image, *edges, cv2.BORDER_REPLICATE))
    dataset = read_dataset(tmp_path / "images")
    charset = alphabet_of(dataset)
    assert charset is not None
    found = best_scaled(start(), dataset, inferred(dataset, charset, 40))
    assert (found.spec.height > 40) == larger


def test_little_training_moves_weights_little() -> None:
    """Halfway between what was known and what was learnt, where there are as few labels."""
    charset = Charset(CHARS)
    data = plain(charset)
    network = fine_tuned(start(), charset, 3, data).eval()
    first = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        network.head.bias.add_(0.02)
    moderate(network, first, data)
    moved = (network.head.bias - first["head.bias"]) / 0.02
    torch.testing.assert_close(moved, torch.full_like(moved, 24 / 49), rtol=0.01, atol=0.01)
    assert torch.equal(network.head.weight, first["head.weight"])


def test_training_that_changed_everything_is_left_as_it_is() -> None:
    """What it began with then only harms."""
    charset = Charset(CHARS)
    data = plain(charset)
    network = fine_tuned(start(), charset, 3, data).eval()
    last = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)
    first = {name: torch.randn_like(value.float()) for name, value in last.items()}
    moderate(network, first, data)
    assert all(torch.equal(value, last[n]) for n, value in network.state_dict().items())
