"""From images to logits: sizes apart, everything in its place, nothing padded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.ctc.inputs import WholeSpec, fitted_width, normalise, prepare
from captchascope.ctc.recogniser import WholeRecogniser
from captchascope.image import Channels
from captchascope.records import FloatArray

FREE = WholeSpec("whole", 16, None, 16, 64, 1)


class Network:
    """Gives the columns of each image's first row as logits, and the mean as distance."""

    def __init__(self, tells: bool = True) -> None:
        self.tells = tells
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Remember the batch."""
        self.batches.append(batch.shape)
        logits = batch[:, :, 0].transpose(0, 2, 1)
        return logits, batch.mean(axis=(1, 2, 3)) if self.tells else None


def images(*sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return noise of these heights and widths."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, size, np.uint8) for size in sizes]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(8, 40), st.integers(8, 90)), max_size=20))
def test_every_image_gets_what_it_would_get_alone(sizes: list[tuple[int, int]]) -> None:
    """In rising places, each exactly once, whatever is beside it."""
    given_images, network = images(*sizes), Network()
    seen: list[int] = []
    for places, logits, distances in (
        (b.places, b.logits, b.distances) for b in WholeRecogniser(FREE, network)(given_images)
    ):
        assert list(places) == sorted(places)
        assert distances is not None
        for place, own, distance in zip(places, logits, distances, strict=True):
            alone = normalise([prepare(given_images[place], FREE)])
            np.testing.assert_array_equal(own, alone[0, :, 0].T)
            np.testing.assert_allclose(distance, alone.mean(), rtol=1e-5)
        seen += places
    assert sorted(seen) == list(range(len(sizes)))
    widths = {fitted_width(height, width, FREE) for height, width in sizes}
    assert len(network.batches) == len(widths)


def test_images_of_one_size_are_one_batch() -> None:
    """Also where they only come to it."""
    network = Network()
    fixed = replace(FREE, width=40)
    (bucket,) = WholeRecogniser(fixed, network)(images((16, 40), (30, 70), (8, 8)))
    assert network.batches == [(3, 1, 16, 40)]
    assert list(bucket.places) == [0, 1, 2]


def test_colour_has_three_channels() -> None:
    """First among the axes, as torch has them."""
    network = Network()
    (image,) = images((16, 32))
    colour = np.repeat(image[..., None], 3, axis=2)
    list(WholeRecogniser(replace(FREE, channels=3), network)([colour]))
    assert network.batches == [(1, 3, 16, 32)]


def test_a_network_need_not_tell_distances() -> None:
    """Then there are none."""
    (bucket,) = WholeRecogniser(FREE, Network(tells=False))(images((16, 32)))
    assert bucket.distances is None


def test_nothing_to_read_never_reaches_the_network() -> None:
    """No images are no buckets."""
    network = Network()
    assert list(WholeRecogniser(FREE, network)([])) == []
    assert network.batches == []


def test_many_images_go_through_the_network_a_few_at_once() -> None:
    """And come back as one bucket."""
    network = Network()
    given_images = images(*[(16, 32)] * 70)
    (bucket,) = WholeRecogniser(FREE, network)(given_images)
    assert [shape[0] for shape in network.batches] == [32, 32, 6]
    assert bucket.distances is not None
    rows = normalise(given_images)
    np.testing.assert_array_equal(bucket.logits, rows[:, 0, 0, :, None])
    np.testing.assert_allclose(bucket.distances, rows.mean(axis=(1, 2, 3)), rtol=1e-5)


def test_another_look_moves_an_image_by_rows() -> None:
    """The mean of five looks; at the edge its last row is repeated."""
    recogniser = WholeRecogniser(FREE, Network())
    given_images = images((16, 32), (16, 32), (16, 32))
    (bucket,) = recogniser(given_images)
    first, second, third = normalise(given_images)[[2, 0], 0, :3].transpose(1, 0, 2)
    wanted = (3 * first + second + third) / 5  # moved down, the first row stays the first
    np.testing.assert_allclose(recogniser.again(bucket, [2, 0])[..., 0], wanted, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_many_images_are_looked_at_again_in_their_order(channels: Channels) -> None:
    """As each would be alone; gray or colour."""
    spec = replace(FREE, channels=channels)
    recogniser = WholeRecogniser(spec, Network())
    given_images = images(*[(16, 32)] * 30)
    if channels == 3:
        given_images = [
            np.stack([image, image.T.reshape(16, 32), image // 2], 2) for image in given_images
        ]
    (bucket,) = recogniser(given_images)
    some = tuple(range(28, 1, -2))
    together = recogniser.again(bucket, some)
    assert together.shape == (14, 32, channels)
    for place, logits in zip(some, together, strict=True):
        (alone,) = recogniser([given_images[place]])
        np.testing.assert_allclose(logits, recogniser.again(alone, [0])[0], rtol=1e-5)


def test_looks_that_exclude_all_together_leave_the_first() -> None:
    """Each may make another class impossible; what is left must be something."""

    def fickle(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        logits = np.zeros((len(batch), 3, 2), np.float32)
        logits[np.arange(len(batch)), 1, np.arange(len(batch)) % 2] = -np.inf
        return logits, None

    recogniser = WholeRecogniser(FREE, fickle)
    (bucket,) = recogniser(images((16, 32), (16, 32), (16, 32)))
    np.testing.assert_array_equal(recogniser.again(bucket, [2])[0], bucket.logits[2])
