"""The out-of-distribution score: whether an image is unlike all that a network was trained on.

The network gives it beside the logits: how far the mean of an image's features over the timesteps
is from that of the training images, in their standard deviations, as the root of the mean square
over the features. The training puts both statistics into the network, and the threshold into the
metadata: one and a half times what 99.5 % of the training images are within. A ``Reading`` above
it is ``unfamiliar``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from captchascope.records import FloatArray


def out_of_distribution(distances: FloatArray | None, threshold: float | None) -> Iterable[bool]:
    """Tell of each image whether its distance, shape (B,), is above the threshold, or is no number.

    Without either, nothing is known against any image: the answers are False, without an end.
    """
    if distances is None or threshold is None:
        return repeat(False)
    return [not distance <= threshold for distance in distances.tolist()]
