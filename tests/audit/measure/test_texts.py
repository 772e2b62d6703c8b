"""Which images are measured on, and what is known of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from audit.subjects import of_images, of_scheme
from captchascope.audit.measure.texts import decoded, measured_and_others
from captchascope.decode import ReadOptions
from captchascope.generate import draw_captcha
from captchascope.records import Sample


def test_a_large_image_is_reduced(tmp_path: Path) -> None:
    """Whatever its shape, it keeps it; a small one stays as it is."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    Image.fromarray(np.zeros((1000, 4000, 3), np.uint8)).save(large)
    Image.fromarray(np.zeros((50, 150, 3), np.uint8)).save(small)
    first, second = decoded([large, small], ReadOptions())
    assert first.image.shape == (224, 894, 3)
    assert second.image.shape == (50, 150, 3)


def test_labels_are_what_is_written(tmp_path: Path) -> None:
    """In lower case where case does not matter; not where they are the results of sums."""
    path = tmp_path / "1.jpeg"
    path.write_bytes(draw_captcha("plain", 1, 1).jpeg())
    sample = Sample("1.jpeg", "12A", path)
    assert decoded([sample], ReadOptions())[0].label == "12A"
    assert decoded([sample], ReadOptions(ignore_case=True))[0].label == "12a"
    told = ReadOptions(solve=True)
    results = [replace(sample, label=label) for label in ("7", "3+4")]
    assert [text.label for text in decoded(results, told)] == ["", "3+4"]


def test_others_are_never_measured_on(tmp_path: Path) -> None:
    """They are of the pool, or every third image without labels."""
    setting = of_scheme(tmp_path, "plain", 12)
    measured, others = measured_and_others(setting, 100, 100)
    assert [len(measured), len(others)] == [6, 6]
    files = [{text.sample.file for text in part if text.sample} for part in (measured, others)]
    assert files[0].isdisjoint(files[1])
    measured, others = measured_and_others(of_images(setting.subject.images), 6, 100)
    assert [len(measured), len(others)] == [6, 3]
