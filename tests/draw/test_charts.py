"""The drawings of figures: what they show, and that they fit."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.draw.canvas import WIDTH
from captchascope.draw.charts import draw_histogram, shown_classes


@pytest.mark.parametrize("highest", [1, 7500, 16_000_000])
def test_the_histogram_fits_whatever_it_counts(highest: int) -> None:
    """Its numbers are never cut, and it is no wider than a panel."""
    counts = np.zeros(256, np.int64)
    counts[[0, 255]] = highest, 1
    image = draw_histogram(counts, [1, 2, 500, 12_345_678])
    pixels = np.asarray(image)
    assert image.width <= WIDTH
    assert (pixels[:, [0, -1]] == 255).all()


def test_a_large_charset_is_cut_to_the_most_probable() -> None:
    """A small one is listed whole in its order, a large one by falling probability."""
    row = np.linspace(0, 1, 13).astype(np.float32)
    assert shown_classes(row[:12], 12) == list(range(12))
    assert shown_classes(row, 12) == [12, 11, 10, 9, 8]
