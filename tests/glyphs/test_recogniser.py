"""From images to probabilities, with a network of a few lines in the place of a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode import Constraints
from captchascope.errors import SegmentationError
from captchascope.generate import draw_captcha
from captchascope.glyphs.inputs import InputSpec
from captchascope.glyphs.recogniser import GlyphRecogniser, softmax
from captchascope.glyphs.scheme import Retry, Scheme, load_scheme
from captchascope.glyphs.segmentation import locate
from captchascope.records import FloatArray

METU = load_scheme("metu")
CAPTCHAS = [draw_captcha("metu", 990004, number).image for number in range(1, 6)]
BLANK = np.full((50, 150), 255, np.uint8)


class Network:
    """Gives every glyph the logits of the call's number, and remembers the batches."""

    def __init__(self, *shares: float) -> None:
        self.shares = shares
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, batch: FloatArray) -> FloatArray:
        """Return logits whose best class, of two, has this call's share."""
        share = self.shares[min(len(self.batches), len(self.shares) - 1)]
        self.batches.append(batch.shape)
        row = np.log(np.array([share, 1 - share], np.float32))
        return np.tile(row, (len(batch), 1))


def recogniser(
    network: Callable[[FloatArray], FloatArray],
    kind: Literal["glyph", "window"] = "window",
    scheme: Scheme = METU,
    temperature: float = 1.0,
) -> GlyphRecogniser:
    """Put a network behind the stages."""
    spec = InputSpec.of_scheme(scheme, kind)
    return GlyphRecogniser(scheme, spec, temperature, network, Charset("01"), Constraints())


def probabilities(found: FloatArray | SegmentationError) -> FloatArray:
    """Return what was found, which is no error."""
    assert not isinstance(found, SegmentationError)
    assert found.shape == (6, 2)
    return found


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=9))
def test_softmax_gives_probabilities(logits: list[float]) -> None:
    """They sum to 1 whatever the logits are, and keep their order."""
    given_logits = np.array([logits], np.float32)
    (found,) = softmax(given_logits)
    assert found.dtype == np.float32
    assert found.sum() == pytest.approx(1, abs=1e-6)
    assert found[given_logits[0].argmax()] == found.max()


@pytest.mark.parametrize("kind", ["glyph", "window"])
def test_images_without_a_text_keep_their_place(kind: Literal["glyph", "window"]) -> None:
    """The others go through the network in one batch."""
    network = Network(0.95)  # surer than what is looked at again
    found = recogniser(network, kind).probabilities([BLANK, CAPTCHAS[0], BLANK, CAPTCHAS[1]])
    assert [isinstance(item, SegmentationError) for item in found] == [True, False, True, False]
    np.testing.assert_allclose(probabilities(found[1]), np.tile([0.95, 0.05], (6, 1)), atol=1e-6)
    assert [shape[:2] for shape in network.batches] == [(12, 1)]


def test_nothing_to_read_never_reaches_the_network() -> None:
    """Neither no images nor blank ones do."""
    network = Network(0.9)
    assert recogniser(network).probabilities([]) == []
    (error,) = recogniser(network).probabilities([BLANK])
    assert isinstance(error, SegmentationError)
    assert network.batches == []


def test_the_temperature_softens() -> None:
    """Logits are divided by it before they become probabilities."""
    (found,) = recogniser(Network(0.9), temperature=2.0).probabilities([CAPTCHAS[0]])
    assert probabilities(found)[0, 0] == pytest.approx(3 / 4, abs=1e-6)  # sqrt(9) to 1


def with_retry(rights: tuple[int, ...] = (105, 110, 120)) -> Scheme:
    """Return the scheme with a retry of its own."""
    return replace(METU, retry=Retry(below=0.7, better=1.5, rights=rights))


def test_a_sure_reading_is_not_looked_at_again() -> None:
    """At the bound it is sure enough."""
    network = Network(0.71, 0.99)
    recogniser(network, scheme=with_retry()).probabilities(CAPTCHAS[:2])
    assert len(network.batches) == 1


def test_an_unsure_reading_is_cut_again_at_every_right_edge() -> None:
    """Then the windows of the best one are read at five shifts, and averaged."""
    network = Network(0.6, 0.99, 0.97)
    (found,) = recogniser(network, scheme=with_retry()).probabilities([CAPTCHAS[0]])
    assert probabilities(found)[0, 0] == pytest.approx(0.97, abs=1e-6)
    assert [shape[0] for shape in network.batches] == [6, 18, 30]


@pytest.mark.parametrize(("other", "moves"), [(0.61, False), (0.99, True)])
def test_another_cut_stands_where_it_is_better_by_enough(other: float, moves: bool) -> None:
    """0.61 to the sixth is not one and a half times 0.6 to the sixth."""
    scheme = with_retry((105, 121))
    first = locate(CAPTCHAS[0], scheme)
    assert first.box[2] not in scheme.retry.rights
    located, _ = recogniser(Network(0.6, other), scheme=scheme).one(CAPTCHAS[0])
    assert (located.box[2] != first.box[2]) == moves


def test_a_text_that_ends_where_none_does_is_cut_again_however_sure() -> None:
    """Then the best of the scheme's edges stands, even where it is less sure."""
    scheme = with_retry((140, 145))
    located, found = recogniser(Network(0.99, 0.8), scheme=scheme).one(CAPTCHAS[0])
    assert located.box[2] == 140
    assert found[0, 0] == pytest.approx(0.8, abs=1e-6)


def test_a_scheme_without_other_edges_has_no_second_look() -> None:
    """Nor has a network of glyphs."""
    for looks_once in (
        recogniser(without := Network(0.6, 0.99), "window", with_retry(())),
        recogniser(network := Network(0.6, 0.99), "glyph", with_retry()),
    ):
        (found,) = looks_once.probabilities([CAPTCHAS[0]])
        assert probabilities(found)[0, 0] == pytest.approx(0.6, abs=1e-6)
    assert len(without.batches) == len(network.batches) == 1


def test_right_edges_at_the_edge_of_the_image_are_no_failure() -> None:
    """The last window then looks at the ground around the image."""
    scheme = with_retry((105, 150))
    (found,) = recogniser(Network(0.6, 0.99), scheme=scheme).probabilities([CAPTCHAS[0]])
    assert probabilities(found)[0, 0] == pytest.approx(0.99, abs=1e-6)
