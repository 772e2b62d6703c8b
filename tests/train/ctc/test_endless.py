"""Images without end: drawn, in batches of one width, bounded, and never twice."""

from __future__ import annotations

from itertools import islice

import pytest

pytest.importorskip("torch")

import numpy as np

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.train.ctc.data import Batch
from captchascope.train.ctc.endless import Drawing, DrawnBatches
from captchascope.train.ctc.losses import ctc_loss
from captchascope.train.ctc.network import CtcNet

SPEC = CtcSpec("whole", 40, None, 48, 320, 3)
DRAWING = Drawing("metu", 5, Charset("0123456789"), SPEC, strength=0.5)


def taken(source: DrawnBatches, count: int, given: int = 0) -> list[Batch]:
    """Return the batches after so many that were given."""
    return list(islice(source.after(given), count))


def test_a_batch_is_what_a_network_learns_from() -> None:
    """Images of one size, and the ids of their texts."""
    (batch,) = taken(DrawnBatches(DRAWING, 4, 0), 1)
    assert batch.images.shape == (4, 3, 40, 120)
    assert 0 <= batch.images.min() <= batch.images.max() <= 1
    assert batch.lengths.tolist() == [6] * 4
    losses = ctc_loss(CtcNet(3, 11, "fast")(batch.images), batch.targets, batch.lengths)
    assert losses.isfinite().all()


def test_the_texts_are_those_of_the_images() -> None:
    """And the same number gives the same image again."""
    image, text = DRAWING.image(3)
    again = DRAWING.sample(3, 1)
    assert np.array_equal(again.images[0], image)
    assert DRAWING.charset.decode(again.targets[0].tolist()) == text


def test_images_of_one_width_go_together() -> None:
    """Nothing is padded."""
    varied = Drawing("varied", 5, Charset("".join(map(chr, range(33, 127)))), SPEC, strength=0.0)
    for batch in taken(DrawnBatches(varied, 2, 0), 12):
        assert batch.images.shape[0] == 2
        assert batch.images.shape[3] % 8 == 0


def test_none_is_given_twice_however_often_a_training_goes_on() -> None:
    """Nor by two processes that train together."""
    seen: set[bytes] = set()
    for given in (0, 3):
        for rank in range(2):
            for batch in taken(DrawnBatches(DRAWING, 2, 0, rank), 3, given):
                for image in batch.images:
                    seen.add(image.numpy().tobytes())
    assert len(seen) == 2 * 2 * 3 * 2


def test_processes_draw_the_same_kind_of_batches_beside_it() -> None:
    """Each draws its own."""
    first, second = taken(DrawnBatches(DRAWING, 3, 2), 2)
    assert first.images.shape == second.images.shape == (3, 3, 40, 120)
    assert not np.array_equal(first.images.numpy(), second.images.numpy())
