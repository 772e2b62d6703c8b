"""Batches: fair, equally wide, the same again, and each process its own."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from captchascope.train.ctc.batches import Batch, Batches, order, shared_widths
from captchascope.train.ctc.samples import WholeSet
from train.ctc.tasks import task


def numbered(count: int, width: int = 32) -> WholeSet:
    """Return gray images of one level each, whose text is their number, plus one."""
    images = tuple(np.full((32, width), 10 + i, np.uint8) for i in range(count))
    return WholeSet(images, tuple(np.array([i + 1]) for i in range(count)))


def batches(data: WholeSet, strength: float = 1.0, share: tuple[int, int] = (0, 1)) -> Batches:
    """Return batches of four."""
    return Batches(data, 4, 1000, strength, 7, share)


def taken(made: Batches, count: int) -> list[Batch]:
    """Return the next batches."""
    return list(islice(iter(made), count))


def same(one: list[Batch], other: list[Batch]) -> bool:
    """Tell whether all tensors are equal."""
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a, b) for x, y in pairs for a, b in zip(x, y, strict=True))


def test_each_image_comes_as_often_as_any_other() -> None:
    """Whatever its width, in passes that are shuffled anew."""
    widths = [48] * 7 + [64] * 2 + [80] * 11
    chosen = list(islice(order(widths, 4, 0), 200))
    counts = Counter(i for batch in chosen for i in batch)
    assert set(counts) == set(range(20))
    assert max(counts.values()) - min(counts.values()) <= 4
    assert all(len(batch) == 4 and len({widths[i] for i in batch}) == 1 for batch in chosen)
    assert chosen[:50] != chosen[50:100]


def test_an_image_and_its_text_stay_together() -> None:
    """Normalised as in reading, the texts one after the other."""
    for images, targets, lengths in taken(batches(numbered(9), 0.0), 5):
        assert images.shape == (4, 1, 32, 32)
        assert lengths.tolist() == [1] * 4
        torch.testing.assert_close(images[:, 0, 5, 5] * 255, targets + 9.0)


def test_the_seed_and_the_number_decide_a_batch() -> None:
    """So that a training taken up sees what it would have seen."""
    whole = taken(batches(task(20)), 8)
    assert same(whole, taken(batches(task(20)), 8))
    later = batches(task(20))
    later.given = 5
    assert same(whole[5:], taken(later, 3))
    assert not same(whole[:3], whole[3:6])


def test_processes_share_the_work() -> None:
    """Together they get the batches that one would get alone."""
    alone = taken(batches(task(20)), 8)
    shares = [taken(batches(task(20), share=(rank, 2)), 4) for rank in range(2)]
    assert same(alone, [batch for pair in zip(*shares, strict=True) for batch in pair])


@pytest.mark.parametrize(
    ("widths", "shared"),
    [
        ([150] * 3, [150] * 3),
        ([96, 104, 112, 120, 112], [112] * 5),
        ([64, 200, 72, 208, 64], [64, 208, 64, 208, 64]),
        ([40], [40]),
    ],
)
def test_widths_that_are_near_become_one(widths: list[int], shared: list[int]) -> None:
    """Their median; those more than a quarter away stay apart."""
    assert shared_widths(widths) == shared


def test_images_of_near_widths_share_a_batch() -> None:
    """They are stretched to the width that they share."""
    mixed = [*numbered(4, 96).images, *numbered(4, 112).images]
    data = WholeSet(tuple(mixed), tuple(np.array([i + 1]) for i in range(8)))
    shapes = {batch.images.shape for batch in taken(batches(data, 0.0), 6)}
    assert len(shapes) == 1
