"""The out-of-distribution score, in torch and in the file, which gives its weights out again."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch

from captchascope.charset import Charset
from captchascope.ctc.inputs import NORMALISATION, CtcSpec
from captchascope.model.file import ModelFile, open_model_bytes
from captchascope.model.metadata import Metadata
from captchascope.train.ctc.finetune import state_of
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.ood import WithDistance, means_of, threshold, whitening
from captchascope.train.ctc.validate import outputs_of
from captchascope.train.export import export_model
from train.ctc.tasks import task

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


@pytest.fixture(scope="module")
def made() -> WithDistance:
    """Wrap a network with a distance of its own."""
    network, generator = untrained(), torch.Generator().manual_seed(0)
    features = network.head.in_features
    whiten = torch.randn(features, 20, generator=generator)
    return WithDistance(network, torch.randn(features, generator=generator), whiten).eval()


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


def test_the_distance_is_the_root_of_the_mean_square_of_whitened_deviations() -> None:
    """Here, with features whitened by hand, images of the training set are about 1 away."""
    network = untrained()
    with torch.no_grad():
        features = network.features(batch(400, 96)).mean(1)
        _, sizes, directions = torch.linalg.svd(features - features.mean(0), full_matrices=False)
        whiten = directions[:10].T / sizes[:10] * len(features) ** 0.5
        _, distances = WithDistance(network, features.mean(0), whiten).eval()(batch(400, 96))
    assert distances.square().mean().item() == pytest.approx(1, rel=1e-3)


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


def test_features_are_meant_over_the_timesteps() -> None:
    """One row per image, in order."""
    torch.manual_seed(0)
    network = CtcNet(1, 5, "fast").eval()
    means = means_of(outputs_of(network.features, task(6).images))
    alone = means_of(outputs_of(network.features, task(6).images[4:5]))
    assert means.shape == (6, 48)
    np.testing.assert_allclose(means[4:5], alone, atol=1e-5)


def test_training_images_are_about_one_away() -> None:
    """However their features are scaled; one that never varies does no harm."""
    rng = np.random.default_rng(0)
    means = (rng.normal(3, 1, (500, 8)) * 10.0 ** np.arange(-2, 6)).astype(np.float32)
    means[:, 5] = 7
    mean, whiten = whitening(means)
    away = ((torch.from_numpy(means) - mean) @ whiten).square().mean(1).sqrt()
    assert 0.8 < float(away.mean()) < 1.2
    limit = threshold(means, mean, whiten)
    assert float(away.max()) < limit < 4
    far = torch.from_numpy(means[:1] + 8 * means.std(axis=0)) - mean
    assert float((far @ whiten).square().mean().sqrt()) > limit
