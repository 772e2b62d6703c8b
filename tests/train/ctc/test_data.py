"""Samples as arrays, bad ones left out and told; and batches: fair, equally wide, each once."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.records import GrayImage
from captchascope.train.ctc.data import (
    Batch,
    Batches,
    TextImages,
    order,
    shared_widths,
    text_images,
)
from captchascope.train.ctc.infer import Inferred
from train.ctc.tasks import drawn, task


def numbered(count: int, width: int = 32) -> TextImages:
    """Return gray images of one level each, whose text is their number, plus one."""
    images = tuple(np.full((32, width), 10 + i, np.uint8) for i in range(count))
    return TextImages(images, tuple(np.array([i + 1]) for i in range(count)))


def batches(data: TextImages, strength: float = 1.0, share: tuple[int, int] = (0, 1)) -> Batches:
    """Return batches of four."""
    return Batches(data, 4, strength, 7, share)


def taken(made: Batches, count: int, given: int = 0) -> list[Batch]:
    """Return the batches after so many that were given."""
    return list(islice(made.after(given), count))


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
    assert same(whole[5:], taken(batches(task(20)), 3, given=5))
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
    data = TextImages(tuple(mixed), tuple(np.array([i + 1]) for i in range(8)))
    shapes = {batch.images.shape for batch in taken(batches(data, 0.0), 6)}
    assert len(shapes) == 1


KNOWN = Inferred(Charset("0123456789"), (1, 7), CtcSpec("whole", 32, None, 32, 128, 1))


def folder(place: Path, **images: Any) -> Dataset:
    """Write arrays or bytes, each named by its label, an underscore and the suffix."""
    for name, image in images.items():
        path = place / name.replace("_", ".")
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            Image.fromarray(image).save(path)
    return read_dataset(place, "names")


def image(text: str) -> GrayImage:
    """Draw a text."""
    return drawn(text, np.random.default_rng(0))


def test_gif_and_png_of_several_sizes(tmp_path: Path) -> None:
    """All at one height, each as wide as its shape asks for."""
    wide = cv2.resize(image("345"), (120, 40))
    got = text_images(folder(tmp_path, **{"12_png": image("12"), "345_gif": wide}), KNOWN)
    assert [im.shape for im in got.images] == [(32, 40), (32, 96)]
    assert [target.tolist() for target in got.targets] == [[2, 3], [4, 5, 6]]
    assert got.problems == ()


def test_a_corrupt_file_in_the_middle(tmp_path: Path) -> None:
    """It is told, and the others are used."""
    made = folder(
        tmp_path, **{"1_png": image("1"), "2_png": b"\x89PNG\r\n\x1a\n", "3_png": image("3")}
    )
    got = text_images(made, KNOWN)
    assert [target.tolist() for target in got.targets] == [[2], [4]]
    assert len(got.problems) == 1
    assert "2.png" in str(got.problems[0])


@pytest.mark.parametrize(("label", "fits"), [("1231231", True), ("1111", True), ("1" * 7, False)])
def test_a_label_longer_than_the_image_can_hold(tmp_path: Path, label: str, fits: bool) -> None:
    """Two equal neighbours need a blank between them; an image of 28 columns holds 7 timesteps."""
    small = np.full((28, 28), 200, np.uint8)
    got = text_images(folder(tmp_path, **{f"{label}_png": small}), KNOWN)
    assert len(got) == int(fits)
    assert [
        f"a label of {len(label)} characters, more than the image can hold" in str(problem)
        for problem in got.problems
    ] == [True] * (1 - int(fits))


def test_the_fingerprint_is_of_pixels_and_texts() -> None:
    """Neither can be changed unnoticed."""
    data = task(5)
    assert data.fingerprint() == task(5).fingerprint()
    other = [image.copy() for image in data.images]
    other[3][0, 0] ^= 1
    relabelled = (*data.targets[:4], data.targets[4] % 4 + 1)
    changed = TextImages(tuple(other), data.targets), TextImages(data.images, relabelled)
    assert len({data.fingerprint(), *(one.fingerprint() for one in changed)}) == 3
