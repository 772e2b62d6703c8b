"""The out-of-distribution score: whether an image is unlike all that a network was trained on.

The network gives it beside the logits: how much farther what it sees in an image is from what it
saw in those of its scheme than from what it sees in any others. The training puts that into the
network, and the limit into the metadata. A ``Reading`` above it is ``unfamiliar``.
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
