"""What lies behind the glyphs."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.backdrop import backdrop, filled
from captchascope.generate.style import BACKDROPS, Style
from captchascope.records import RgbImage

BASE = (120.0, 140.0, 160.0)
SHAPE = (37, 101)


def images(kind: str, **knobs: float) -> list[RgbImage]:
    """Return backdrops of a kind around one colour."""
    style = Style(backdrop=kind, ink="any", contrast=knobs.get("contrast", 0.8))
    return [backdrop(np.random.default_rng(seed), SHAPE, style, BASE) for seed in range(30)]


@pytest.mark.parametrize("kind", BACKDROPS)
def test_every_backdrop_fills_the_image(kind: str) -> None:
    """As whole levels of red, green and blue."""
    for image in images(kind):
        assert image.shape == (*SHAPE, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", [kind for kind in BACKDROPS if kind != "plain"])
def test_every_kind_has_more_than_one_colour(kind: str) -> None:
    """And is another picture each time."""
    drawn = images(kind)
    assert all(len(np.unique(image.reshape(-1, 3), axis=0)) > 1 for image in drawn)
    assert len({image.tobytes() for image in drawn}) == len(drawn)


def test_a_plain_one_has_one_colour() -> None:
    """The one that it is given."""
    for image in images("plain"):
        assert (image == np.array(BASE)).all()
    assert (filled((3, 5), (1, 2, 3)) == (1, 2, 3)).all()


@pytest.mark.parametrize("kind", BACKDROPS)
@pytest.mark.parametrize("contrast", [0.0, 0.8])
def test_no_backdrop_strays_far_from_its_colour(kind: str, contrast: float) -> None:
    """No farther than the glyphs can bear."""
    for image in images(kind, contrast=contrast):
        assert np.abs(image - np.array(BASE)).max() <= 20 + 60 * contrast + 1


def test_a_gradient_has_no_edges() -> None:
    """Neighbours differ by a few levels at most."""
    for image in images("gradient"):
        assert np.abs(np.diff(image.astype(int), axis=0)).max() <= 5
        assert np.abs(np.diff(image.astype(int), axis=1)).max() <= 5
