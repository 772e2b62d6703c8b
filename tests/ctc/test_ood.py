"""What counts as out of distribution."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from captchascope.ctc.ood import out_of_distribution
from captchascope.records import FloatArray


def test_what_is_beyond_the_threshold_is_unlike_the_training_images() -> None:
    """Or what has no distance at all; at the threshold it is not."""
    distances = np.array([0, 0.5, 0.51, np.nan, np.inf], np.float32)
    assert list(out_of_distribution(distances, 0.5)) == [False, False, True, True, True]


@pytest.mark.parametrize(("distances", "threshold"), [(None, 0.5), (np.ones(2, np.float32), None)])
def test_without_a_distance_or_a_threshold_nothing_is_known(
    distances: FloatArray | None, threshold: float | None
) -> None:
    """However many images there are."""
    assert list(islice(out_of_distribution(distances, threshold), 2)) == [False, False]
