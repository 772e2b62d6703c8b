"""What is familiar: near what was trained on, by its own measure."""

from __future__ import annotations

import numpy as np
import torch

from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.ood import means_of, threshold, whitening
from captchascope.train.ctc.validate import outputs_of
from train.ctc.tasks import task


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
