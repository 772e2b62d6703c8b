"""Looking at images again, moved by rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from captchascope.ctc.inputs import normalise
from captchascope.ctc.tta import augmented_logits
from captchascope.image import Channels
from captchascope.records import FloatArray


def rows(batch: FloatArray) -> tuple[FloatArray, None]:
    """Give the columns of each image's first row as logits."""
    return batch[:, :, 0].transpose(0, 2, 1), None


def images(count: int, *shape: int) -> list[NDArray[np.uint8]]:
    """Return noise."""
    return list(np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8))


def test_another_look_moves_an_image_by_rows() -> None:
    """The mean of five views; at the edge its last row is repeated."""
    seen = images(2, 16, 32)
    batch = normalise(seen)
    first, second, third = batch[:, 0, :3].transpose(1, 0, 2)
    wanted = (3 * first + second + third) / 5  # moved down, the first row stays the first
    found = augmented_logits(rows, seen, rows(batch)[0])
    np.testing.assert_allclose(found[..., 0], wanted, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_many_images_are_looked_at_again_in_their_order(channels: Channels) -> None:
    """As each would be alone; gray or colour."""
    seen = images(30, 16, 32) if channels == 1 else images(30, 16, 32, 3)
    logits = rows(normalise(seen))[0]
    together = augmented_logits(rows, seen, logits)
    assert together.shape == (30, 32, channels)
    for number, mean in enumerate(together):
        one = slice(number, number + 1)
        np.testing.assert_allclose(
            mean, augmented_logits(rows, seen[one], logits[one])[0], rtol=1e-5
        )


def test_views_that_exclude_all_together_leave_the_first() -> None:
    """Each may make another class impossible; what is left must be something."""

    def fickle(batch: FloatArray) -> tuple[FloatArray, None]:
        logits = np.zeros((len(batch), 3, 2), np.float32)
        logits[np.arange(len(batch)), 1, np.arange(len(batch)) % 2] = -np.inf
        return logits, None

    seen = images(3, 16, 32)
    first, _ = fickle(normalise(seen))
    np.testing.assert_array_equal(augmented_logits(fickle, seen[2:], first[2:])[0], first[2])
