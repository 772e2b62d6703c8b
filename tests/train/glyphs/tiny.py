"""Data and recipes so small that a training takes a second or two."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import write_folder
from captchascope.glyphs.inputs import InputSpec
from captchascope.glyphs.scheme import load_scheme
from captchascope.records import FloatArray
from captchascope.train.glyphs.data import GlyphSet
from captchascope.train.recipes import GLYPHS_RECIPES, GlyphsRecipe

METU = load_scheme("metu")
GLYPH = InputSpec.of_scheme(METU, "glyph")
WINDOW = InputSpec.of_scheme(METU, "window")


def drawn(folder: Path, count: int, seed: int = 5) -> Dataset:
    """Draw captchas into a new folder and return them as a data set."""
    write_folder("metu", folder, count, seed)
    return read_dataset(folder)


def quick(name: str = "default", **changes: object) -> GlyphsRecipe:
    """Return a recipe, changed so that it is soon through."""
    return replace(GLYPHS_RECIPES[name], **{"min_steps": 0, **changes})  # type: ignore[arg-type]


def set_quick(monkeypatch: pytest.MonkeyPatch, name: str = "default", **changes: object) -> None:
    """Change a recipe for the time of a test."""
    monkeypatch.setitem(GLYPHS_RECIPES, name, quick(name, **changes))


@cache
def stripes(samples: int, size: int, glyphs: int = 2, seed: int = 0) -> GlyphSet:
    """Return noisy square glyphs of three kinds that any network can learn: where a bar is."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, (samples, glyphs))
    inputs = rng.integers(0, 60, (samples, glyphs, size, size)).astype(np.uint8)
    for sample in range(samples):
        for glyph in range(glyphs):
            column = (1 + targets[sample, glyph]) * size // 4
            inputs[sample, glyph, :, column : column + 2] = 255
    return GlyphSet(inputs, targets.astype(np.int64), ())


def batch_of(spec: InputSpec, size: int = 7) -> FloatArray:
    """Return a batch of random inputs, the same each time."""
    rng = np.random.default_rng(0)
    return rng.random((size, 1, spec.height, spec.width), np.float32)
