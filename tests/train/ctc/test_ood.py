"""The out-of-distribution score, in torch and in the file, which gives its weights out again."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch

from captchascope.charset import Charset
from captchascope.ctc.inputs import NORMALISATION, CtcSpec, prepare
from captchascope.generate import draw_captcha
from captchascope.image import load_image
from captchascope.model.file import ModelFile, open_model_bytes
from captchascope.model.metadata import Metadata
from captchascope.reader import model_path
from captchascope.records import GrayImage, RgbImage
from captchascope.train.ctc.finetune import read_weights, state_of
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.ood import Familiar, WithDistance, familiar, statistics, statistics_of
from captchascope.train.export import export_model

SPEC = CtcSpec("whole", 32, None, 32, 160, 3)
CHARSET = Charset("0123456789abcdef")
META = Metadata(
    format=1,
    method="whole",
    charset=CHARSET,
    input=asdict(SPEC),
    normalisation=NORMALISATION,
    scheme=None,
    temperature=1.5,
    version="0",
    seed=1,
    data="nothing",
    metrics={},
    lengths=(4, 6),
    unfamiliar=3.0,
)


def untrained() -> CtcNet:
    """Return a network whose normalisations are not the identity."""
    torch.manual_seed(5)
    network = CtcNet(3, CHARSET.num_classes, "fast")
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(8, 3, 32, 96))
    return network.eval()


def batch(size: int, width: int) -> torch.Tensor:
    """Return noise, the same each time."""
    return torch.rand(size, 3, 32, width, generator=torch.Generator().manual_seed(size))


def test_few_of_many_images_are_looked_at_where_all_would_take_long() -> None:
    """Whoever has ended a training waits for it; of narrow ones all are, if there is time."""
    network, seen = untrained(), list[int]()
    first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
    first.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    rng = np.random.default_rng(0)
    for width, until, looked_at in ((160, None, 130), (160, 0.0, 52), (4096, None, 65)):
        spec = CtcSpec("whole", 32, width, width, width, 3)
        images = [rng.integers(0, 255, (32, width, 3), np.uint8) for _ in range(130)]
        familiar(network, spec, images, images[:8], until)
        assert sum(seen) == looked_at + 8
        seen.clear()


@pytest.fixture(scope="module")
def made() -> WithDistance:
    """Wrap a network with a distance of its own."""
    network, rng = untrained(), np.random.default_rng(0)
    size = statistics_of(network, [np.zeros((32, 64, 3), np.uint8)]).shape[1]
    centre, directions = rng.normal(size=(size,)), rng.normal(size=(size, 20))
    score = Familiar(centre, directions, rng.normal(size=(20,)), rng.uniform(2, 3, 20), 1.0)
    return WithDistance(network, score).eval()


@pytest.fixture(scope="module")
def data(made: WithDistance) -> bytes:
    """Export it."""
    return export_model(made, batch(3, 96), META, free_width=True)


@pytest.fixture(scope="module")
def model(data: bytes) -> ModelFile:
    """Open it."""
    return open_model_bytes(data, "exported")


@pytest.mark.parametrize(("size", "width"), [(1, 32), (2, 160), (7, 80), (32, 96)])
def test_the_file_gives_what_torch_gives(
    made: WithDistance, model: ModelFile, size: int, width: int
) -> None:
    """Logits and distances, whatever the size of the batch and the width."""
    images = batch(size, width)
    with torch.no_grad():
        wanted, far = made(images)
    logits, distances = model.run_with_distance(images.numpy())
    assert logits.shape == (size, CtcNet.timesteps(width), CHARSET.num_classes)
    np.testing.assert_allclose(logits, wanted.numpy(), atol=1e-4)
    assert distances is not None
    np.testing.assert_allclose(distances, far.numpy(), rtol=1e-3)


def test_the_logits_are_those_of_the_network(made: WithDistance) -> None:
    """The distance comes beside them."""
    images = batch(2, 96)
    with torch.no_grad():
        torch.testing.assert_close(made(images)[0], made.network(images))


def test_the_metadata_goes_along(model: ModelFile) -> None:
    """With the keys that only the method ``whole`` has."""
    assert model.metadata.to_props() == META.to_props()
    assert (model.metadata.lengths, model.metadata.unfamiliar) == ((4, 6), 3.0)


def test_the_weights_come_back(made: WithDistance, data: bytes) -> None:
    """A network that loads them gives the same logits."""
    again = CtcNet(3, CHARSET.num_classes, "fast")
    again.load_state_dict(state_of(data))
    with torch.no_grad():
        images = batch(2, 96)
        torch.testing.assert_close(again.eval()(images), made.network(images))


def test_the_file_computes_nothing_anew(data: bytes) -> None:
    """Zeros in the place of a bias would keep ONNX Runtime from folding the normalisations."""
    graph = onnx.load_from_string(data).graph
    assert {"Expand", "CastLike", "Shape"}.isdisjoint(node.op_type for node in graph.node)
    assert any(node.op_type == "BatchNormalization" for node in graph.node)


def test_statistics_are_means_and_deviations_of_channels() -> None:
    """Of the images first, then of each stage's maps, and of the features over the timesteps."""
    images, maps = torch.rand(3, 3, 8, 16), [torch.rand(3, 5, 4, 8), torch.rand(3, 2, 2, 8)]
    features = torch.rand(3, 8, 6)
    seen = statistics(images, maps, features)
    assert seen.shape == (3, 2 * (3 + 5 + 2 + 6))
    torch.testing.assert_close(seen[:, :3], images.mean((2, 3)))
    torch.testing.assert_close(seen[:, 3:6], images.std((2, 3), correction=0))
    torch.testing.assert_close(seen[:, -12:-6], features.mean(1))
    torch.testing.assert_close(seen[:, -6:], features.std(1, correction=0))


def test_an_even_image_has_no_deviation() -> None:
    """Rounding must not make a root of something negative of it."""
    even = torch.full((1, 3, 40, 96), 0.7)
    deviations = statistics(even, [], torch.full((1, 24, 4), 1e-3))[:, [3, 4, 5, -1]]
    assert deviations.isfinite().all()
    assert deviations.max() < 1e-3


GRAY = CtcSpec("whole", 50, 150, 150, 150, 1)


@pytest.fixture(scope="module")
def trained() -> CtcNet:
    """Return a small network that can read."""
    weights = read_weights(model_path("metu"))
    network = CtcNet(1, weights.charset.num_classes, weights.size)
    network.load_state_dict(weights.state)
    return network.eval()


def drawn(scheme: str, first: int, count: int) -> list[GrayImage | RgbImage]:
    """Return generated captchas as that network looks at them."""
    jpegs = [draw_captcha(scheme, 3, number).jpeg() for number in range(first, first + count)]
    return [prepare(load_image(jpeg, 1), GRAY) for jpeg in jpegs]


def scores(score: Familiar, network: CtcNet, images: list[GrayImage | RgbImage]) -> torch.Tensor:
    """Return the scores of images."""
    return score.of(torch.from_numpy(statistics_of(network, images)).float())


def test_images_of_other_schemes_are_beyond_the_limit(trained: CtcNet) -> None:
    """Those of the scheme itself are about 1 away; others it has never seen."""
    score, limit = familiar(trained, GRAY, drawn("metu", 1, 150))
    own = scores(score, trained, drawn("metu", 1001, 60))
    assert -1 < float(own.mean()) < limit
    assert int((own > limit).sum()) <= 4
    for scheme in ("plain", "hollow", "lined"):
        assert int((scores(score, trained, drawn(scheme, 1, 20)) > limit).sum()) >= 19, scheme
    assert float(scores(score, trained, [np.full((50, 150), 255, np.uint8)])) > limit


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_images_will_do(trained: CtcNet, count: int) -> None:
    """The score is a number then too."""
    score, limit = familiar(trained, GRAY, drawn("metu", 1, count))
    assert scores(score, trained, drawn("wavy", 1, 1)).isfinite().all()
    assert 0 <= limit < np.inf
