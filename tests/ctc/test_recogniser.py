"""From images to logits: sizes apart, everything in its place, nothing padded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec, fitted_width, normalise, prepare
from captchascope.ctc.recogniser import CtcRecogniser
from captchascope.ctc.tta import Network
from captchascope.decode import Constraints
from captchascope.records import FloatArray

FREE = CtcSpec("whole", 16, None, 16, 64, 1)


class RowNetwork:
    """Gives the columns of each image's first row as logits, and the mean as distance."""

    def __init__(self, tells: bool = True) -> None:
        self.tells = tells
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Remember the batch."""
        self.batches.append(batch.shape)
        logits = batch[:, :, 0].transpose(0, 2, 1)
        return logits, batch.mean(axis=(1, 2, 3)) if self.tells else None


def recogniser(spec: CtcSpec, network: Network) -> CtcRecogniser:
    """Return one whose texts do not matter."""
    return CtcRecogniser("rows", spec, network, Charset("01"), Constraints())


def images(*sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return noise of these heights and widths."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, size, np.uint8) for size in sizes]


@given(st.lists(st.tuples(st.integers(8, 40), st.integers(8, 90)), max_size=20))
def test_every_image_gets_what_it_would_get_alone(sizes: list[tuple[int, int]]) -> None:
    """In rising places, each exactly once, whatever is beside it."""
    given_images, network = images(*sizes), RowNetwork()
    seen: list[int] = []
    for places, logits, distances in (
        (b.places, b.logits, b.distances) for b in recogniser(FREE, network).buckets(given_images)
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
    network = RowNetwork()
    fixed = replace(FREE, width=40)
    (bucket,) = recogniser(fixed, network).buckets(images((16, 40), (30, 70), (8, 8)))
    assert network.batches == [(3, 1, 16, 40)]
    assert list(bucket.places) == [0, 1, 2]


def test_colour_has_three_channels() -> None:
    """First among the axes, as torch has them."""
    network = RowNetwork()
    (image,) = images((16, 32))
    colour = np.repeat(image[..., None], 3, axis=2)
    list(recogniser(replace(FREE, channels=3), network).buckets([colour]))
    assert network.batches == [(1, 3, 16, 32)]


def test_a_network_need_not_tell_distances() -> None:
    """Then there are none."""
    (bucket,) = recogniser(FREE, RowNetwork(tells=False)).buckets(images((16, 32)))
    assert bucket.distances is None


def test_nothing_to_read_never_reaches_the_network() -> None:
    """No images are no buckets."""
    network = RowNetwork()
    assert list(recogniser(FREE, network).buckets([])) == []
    assert network.batches == []


def test_many_images_go_through_the_network_a_few_at_once() -> None:
    """And come back as one bucket."""
    network = RowNetwork()
    given_images = images(*[(16, 32)] * 70)
    (bucket,) = recogniser(FREE, network).buckets(given_images)
    assert [shape[0] for shape in network.batches] == [32, 32, 6]
    assert bucket.distances is not None
    rows = normalise(given_images)
    np.testing.assert_array_equal(bucket.logits, rows[:, 0, 0, :, None])
    np.testing.assert_allclose(bucket.distances, rows.mean(axis=(1, 2, 3)), rtol=1e-5)


def dark_columns(batch: FloatArray) -> tuple[FloatArray, None]:
    """Give a character where the middle row is dark, and else the blank: one step a column."""
    dark = batch[:, 0, batch.shape[2] // 2] < 0.5
    return np.stack([~dark, dark, ~dark & dark], axis=2) * np.float32(20), None


def test_places_are_those_of_the_image_before_it_was_trimmed() -> None:
    """Whatever is left out beside the text."""
    image = np.full((60, 300), 240, np.uint8)
    image[20:40, 150:170] = 10
    for trimmed in (False, True):
        spec = CtcSpec("whole", 16, None, 16, 200, 1, trimmed=trimmed)
        (reading,) = recogniser(spec, dark_columns)([image])
        ((char),) = reading.chars
        assert char.place is not None
        np.testing.assert_allclose(char.place, (150 / 300, 170 / 300), atol=0.02)


def test_a_reader_of_any_captcha_takes_one_look() -> None:
    """One of a single scheme takes several of what it is unsure of."""
    batches: list[tuple[int, ...]] = []

    def unsure(batch: FloatArray) -> tuple[FloatArray, None]:
        batches.append(batch.shape)
        return np.zeros((len(batch), 16, 3), np.float32), None

    image = images((16, 64))
    replace(recogniser(FREE, unsure), augments=False)(image)
    assert batches == [(1, 1, 16, 64)]
    recogniser(FREE, unsure)(image)
    assert batches[1:] == [(1, 1, 16, 64), (4, 1, 16, 64)]
