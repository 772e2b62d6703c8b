"""From a data set to the arrays that are trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from captchascope.errors import ImageError, SegmentationError
from captchascope.glyphs.inputs import prepare_glyphs
from captchascope.glyphs.segmentation import locate
from captchascope.image import load_gray
from captchascope.train.glyphs.data import glyphs_of
from train.glyphs.tiny import GLYPH, METU, WINDOW, drawn


def test_targets_are_the_labels(tmp_path: Path) -> None:
    """One row per sample, one class per digit, and the inputs are the reader's own."""
    data = drawn(tmp_path / "made", 5)
    for spec in (GLYPH, WINDOW):
        made = glyphs_of(data, METU, spec, 0)
        assert made.inputs.shape == (5, 6, spec.height, spec.width)
        assert made.inputs.dtype == np.uint8
        labels = ["".join(METU.charset[i] for i in row) for row in made.targets]
        assert labels == [sample.label for sample in data.samples]
        first = prepare_glyphs(locate(load_gray(data.samples[0].path), METU), METU, spec)
        assert np.array_equal(made.inputs[0], first)


def test_jitter_takes_a_margin(tmp_path: Path) -> None:
    """Its middle is the window without it."""
    data = drawn(tmp_path / "made", 3)
    wide, plain = glyphs_of(data, METU, WINDOW, 3), glyphs_of(data, METU, WINDOW, 0)
    assert wide.inputs.shape[2:] == (WINDOW.height + 6, WINDOW.width + 6)
    assert np.array_equal(wide.inputs[:, :, 3:-3, 3:-3], plain.inputs)


def test_what_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    """It becomes a problem that names the file, and the others keep their labels."""
    data = drawn(tmp_path / "made", 4)
    first, second = data.samples[0].path, data.samples[1].path
    first.write_bytes(b"no image")
    Image.new("L", (150, 50), 255).save(second)
    made = glyphs_of(data, METU, GLYPH, 0)
    assert [type(problem) for problem in made.problems] == [ImageError, SegmentationError]
    assert [problem.where for problem in made.problems] == [str(first), str(second)]
    assert len(made.inputs) == len(made.targets) == 2
    assert "".join(map(str, made.targets[0])) == data.samples[2].label


def test_no_sample_gives_empty_arrays(tmp_path: Path) -> None:
    """Their shapes are right nevertheless."""
    data = replace(drawn(tmp_path / "made", 1), samples=())
    made = glyphs_of(data, METU, WINDOW, 2)
    assert made.inputs.shape == (0, 6, WINDOW.height + 4, WINDOW.width + 4)
    assert made.targets.shape == (0, 6)
