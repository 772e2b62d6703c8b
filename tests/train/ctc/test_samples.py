"""Samples on the disk as arrays: any format, bad ones left out and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.records import GrayImage
from captchascope.train.ctc.samples import WholeSet, samples_of
from train.ctc.tasks import drawn, task

SPEC = CtcSpec("whole", 32, None, 32, 128, 1)
DIGITS = Charset("0123456789")


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
    got = samples_of(folder(tmp_path, **{"12_png": image("12"), "345_gif": wide}), SPEC, DIGITS)
    assert [im.shape for im in got.images] == [(32, 40), (32, 96)]
    assert [target.tolist() for target in got.targets] == [[2, 3], [4, 5, 6]]
    assert got.problems == ()


def test_a_corrupt_file_in_the_middle(tmp_path: Path) -> None:
    """It is told, and the others are used."""
    made = folder(
        tmp_path, **{"1_png": image("1"), "2_png": b"\x89PNG\r\n\x1a\n", "3_png": image("3")}
    )
    got = samples_of(made, SPEC, DIGITS)
    assert [target.tolist() for target in got.targets] == [[2], [4]]
    assert len(got.problems) == 1
    assert "2.png" in str(got.problems[0])


@pytest.mark.parametrize(("label", "fits"), [("1231231", True), ("1111", True), ("1" * 7, False)])
def test_a_label_longer_than_the_image_can_hold(tmp_path: Path, label: str, fits: bool) -> None:
    """Two equal neighbours need a blank between them; an image of 28 columns holds 7 timesteps."""
    small = np.full((28, 28), 200, np.uint8)
    got = samples_of(folder(tmp_path, **{f"{label}_png": small}), SPEC, DIGITS)
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
    changed = WholeSet(tuple(other), data.targets), WholeSet(data.images, relabelled)
    assert len({data.fingerprint(), *(one.fingerprint() for one in changed)}) == 3
