"""How a network is measured, against the definition; and which weights are kept."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from captchascope.train.ctc.losses import ctc_loss
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import Score, best_path, is_as_good, outputs_of, score
from captchascope.train.loop import Interrupted
from train.ctc.tasks import task


def spelt(path: tuple[int, ...]) -> list[int]:
    """Return what a path spells: repeats and blanks go."""
    kept = [a for a, b in zip(path, (-1, *path), strict=False) if a != b]
    return [i for i in kept if i != 0]


@pytest.mark.parametrize("text", [[1], [1, 2], [2, 2], [1, 2, 1]])
def test_the_loss_is_that_of_all_paths(text: list[int]) -> None:
    """Per character, of every image alone."""
    logits = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(3))
    chances = logits[0].softmax(1)
    total = sum(
        float(torch.stack([chances[t, i] for t, i in enumerate(path)]).prod())
        for path in product(range(3), repeat=5)
        if spelt(path) == text
    )
    loss = ctc_loss(logits, torch.tensor(text), torch.tensor([len(text)]))
    assert float(loss) == pytest.approx(-np.log(total) / len(text), rel=1e-4)


def test_the_best_path_spells() -> None:
    """Repeats of a class are one character, unless a blank parts them."""
    path = [0, 1, 1, 0, 1, 2, 2, 0]
    assert best_path(np.eye(3, dtype=np.float32)[path]).tolist() == [1, 1, 2]
    assert best_path(np.eye(3, dtype=np.float32)[[0, 0]]).tolist() == []


def test_scores_count_texts_and_characters() -> None:
    """One of three right; the others miss one character of two, and both of two."""
    said = [[1, 0, 2], [1, 0, 0], [0, 0, 0]]
    logits = [10 * np.eye(3, dtype=np.float32)[path] for path in said]
    got = score(logits, [np.array([1, 2])] * 3)
    assert (got.exact, got.character) == pytest.approx((1 / 3, 0.5))
    assert got.distinct == 3
    assert got.empty == pytest.approx(1 / 3)
    assert got.loss > 1
    assert score(logits[:1], [np.array([1, 2])]).loss < 0.01


def test_outputs_keep_the_order_of_images_of_all_widths() -> None:
    """And no image depends on its neighbours."""
    torch.manual_seed(0)
    network = CtcNet(1, 5, "fast").eval()
    pairs = zip(task(9).images, task(9, 1, length=3).images, strict=True)
    images = [image for pair in pairs for image in pair]
    together = outputs_of(network, images)
    for image, output in zip(images, together, strict=True):
        alone = outputs_of(network, [image])[0]
        assert output.shape == (CtcNet.timesteps(image.shape[1]), 5)
        np.testing.assert_allclose(output, alone, atol=1e-4)


def test_measuring_can_be_broken_off() -> None:
    """Between two batches."""
    with pytest.raises(Interrupted):
        outputs_of(CtcNet(1, 5, "fast").eval(), task(3).images, lambda: True)


def read(exact: float, loss: float) -> Score:
    """Return what a round gave."""
    return Score(loss=loss, exact=exact, character=exact, distinct=2, empty=0.0)


def good(exact: float, record: float, count: int) -> bool:
    """Judge by right texts."""
    return is_as_good(read(exact, 1.0), {"loss": 0.5, "record": record}, "exact", count)


@pytest.mark.parametrize(
    ("exact", "record", "count", "as_good"),
    [
        (1.0, 0.9, 50, True),
        (0.9, 0.9, 50, True),
        (0.98, 1.0, 50, True),
        (0.92, 1.0, 50, False),
        (0.8, 0.9, 50, False),
        (0.9995, 1.0, 2000, True),
        (0.99, 1.0, 2000, False),
    ],
)
def test_the_latest_is_kept_unless_it_is_worse(
    exact: float, record: float, count: int, as_good: bool
) -> None:
    """One text of fifty less is chance, one in a hundred of two thousand is not."""
    assert good(exact, record, count) is as_good


def test_small_losses_do_not_add_up() -> None:
    """A round is compared with the best that there ever was, not with the one before."""
    assert not is_as_good(read(0.9, 0.5), {"loss": 0.5, "record": 1.0}, "exact", 50)


@pytest.mark.parametrize(("loss", "as_good"), [(0.4, True), (0.5, True), (0.6, False)])
def test_by_loss_the_least_is_kept(loss: float, as_good: bool) -> None:
    """Whatever the texts say."""
    assert is_as_good(read(0.0, loss), {"loss": 0.5, "record": 1.0}, "loss", 50) is as_good
