"""What denoising does, to images whose noise is known and to what people bring."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.subjects import of_images, of_pixels, of_scheme, pixels
from captchascope.audit.figures import Noise
from captchascope.audit.measure.noise import WAYS, measure_noise
from captchascope.audit.setting import UnmeasuredError
from captchascope.decode import ReadOptions
from captchascope.generate import draw_captcha
from captchascope.records import RgbImage, build


def crossed(ground: int = 255, ink: int = 0) -> RgbImage:
    """Draw a thick bar that a line of one pixel crosses."""
    image = np.full((60, 90, 3), ground, np.uint8)
    image[10:50, 20:40] = image[30, 5:85] = ink
    return image


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (0, 255)])
def test_thin_lines_are_removed(ground: int, ink: int) -> None:
    """Dark ones on a light ground, and light ones on a dark one; what is thick stays."""
    done = WAYS["thin lines removed"](crossed(ground, ink))
    assert (done[:, 50:] == ground).all()
    assert (done[12:48, 22:38] == ink).all()


def test_one_colour_is_kept() -> None:
    """A red line over blue ink goes."""
    image = crossed(ink=(20, 20, 200))  # type: ignore[arg-type]
    image[15, 45:85] = (230, 20, 20)
    done = WAYS["one colour kept"](image)
    assert (done[15, 45:85] > 200).all()
    assert (done[12:48, 22:38] < 50).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (50, 150)])
def test_every_way_takes_every_image(shape: tuple[int, int]) -> None:
    """Of any size, and without ink: it stays as large as it is."""
    image = np.full((*shape, 3), 128, np.uint8)
    for denoise in WAYS.values():
        done = denoise(image)
        assert done.shape == image.shape
        assert done.dtype == np.uint8


def test_a_line_of_another_colour_carries_weight_against_cutting(tmp_path: Path) -> None:
    """More texts fall apart where only the ink's own colour is kept."""
    images, labels = [], []
    for number in range(1, 21):
        image = pixels("plain", number, ink="dark", gap=0.15)
        image = np.ascontiguousarray(image)
        cv2.line(image, (5, 20), (145, 30), (250, 40, 40), 2)
        images.append(image)
        labels.append(draw_captcha("plain", 1, number).label)
    setting = of_pixels(tmp_path / "lines", images, labels)
    noise = measure_noise(setting)
    assert [each.way for each in noise.ways] == list(WAYS)
    counted = {each.way: each.counted for each in noise.ways}
    before, after = counted["as they are"], counted["one colour kept"]
    assert before is not None
    assert after is not None
    assert after.hits > before.hits + 4
    assert build(Noise, asdict(noise)) == noise
    assert noise.picture is not None
    assert len(noise.picture.png) <= 60_000


def test_without_labels_it_is_what_the_reader_expects(tmp_path: Path) -> None:
    """How many characters there are, only who tells it knows."""
    paths = [tmp_path / f"{number}.jpeg" for number in range(1, 5)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(draw_captcha("plain", 1, number).jpeg())
    setting = of_images(paths)
    first = measure_noise(setting).ways[0]
    assert (first.exact, first.counted) == (None, None)
    assert first.expected > 0.5
    told = measure_noise(replace(setting, reading=ReadOptions(length="5"))).ways[0]
    assert told.counted is not None


def test_what_the_reader_cannot_be_told_is_not_told(tmp_path: Path) -> None:
    """Labels of characters that it does not know are read all the same, and wrong."""
    setting = of_scheme(tmp_path, "plain", 4)
    samples = tuple(replace(sample, label="☃☃☃☃☃") for sample in setting.subject.held.samples)
    held = replace(setting.subject.held, samples=samples)
    subject = replace(setting.subject, held=held, pool=replace(held, samples=()))
    exact = measure_noise(replace(setting, subject=subject)).ways[0].exact
    assert exact is not None
    assert exact.hits == 0


def test_nothing_can_be_decoded(tmp_path: Path) -> None:
    """Then the reason is told."""
    (tmp_path / "1.png").write_bytes(b"nothing")
    with pytest.raises(UnmeasuredError, match="can be decoded"):
        measure_noise(of_images([tmp_path / "1.png"]))
