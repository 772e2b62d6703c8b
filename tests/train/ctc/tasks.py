"""Tasks so small that a network learns one in seconds, and commands that train on them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.data.labels import write_labels
from captchascope.records import GrayImage, Sample
from captchascope.train.ctc.data import TextImages
from captchascope.train.recipes import CTC_RECIPES, CtcRecipe
from cli.commands import STARTED, STRICT

HEIGHT, ADVANCE = 32, 14


def drawn(text: str, rng: np.random.Generator) -> GrayImage:
    """Draw digits side by side, a little moved and noisy, shape (32, 14 per digit + 12)."""
    image = np.full((HEIGHT, ADVANCE * len(text) + 12), 225, np.uint8)
    for place, char in enumerate(text):
        x, y = 6 + ADVANCE * place + int(rng.integers(-1, 2)), 23 + int(rng.integers(-2, 3))
        cv2.putText(image, char, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 30, 2)
    noise = rng.normal(0, 8, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def texts(count: int, rng: np.random.Generator, chars: str = "0123", length: int = 2) -> list[str]:
    """Return random texts."""
    return ["".join(rng.choice(list(chars), length)) for _ in range(count)]


@cache
def task(count: int, seed: int = 0, chars: str = "0123", length: int = 2) -> TextImages:
    """Return images of random texts, the ids of ``chars`` counted from 1."""
    rng = np.random.default_rng(seed)
    labels = texts(count, rng, chars, length)
    targets = [np.array([1 + chars.index(c) for c in label], np.int64) for label in labels]
    return TextImages(tuple(drawn(label, rng) for label in labels), tuple(targets))


SHOWN = str.maketrans("0123", "4567")
"""What is drawn in the place of a label's digits, lest the model that reads anything read them."""


def folder_of(
    place: Path, count: int, seed: int = 0, chars: str = "0123", shown: Mapping[int, int] = SHOWN
) -> Path:
    """Write a folder of labelled images, and return it."""
    rng = np.random.default_rng(seed)
    place.mkdir()
    samples = []
    for number, label in enumerate(texts(count, rng, chars)):
        path = place / f"{number}.png"
        cv2.imwrite(str(path), drawn(label.translate(shown), rng))
        samples.append(Sample(path.name, label, path))
    write_labels(place, samples)
    return place


def shards_of(
    place: Path, files: int, rows: int, seed: int = 0, chars: str = "0123", group: int = 1000
) -> Path:
    """Write a folder of Parquet files, each of so many rows in row groups of ``group``."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rng = np.random.default_rng(seed)
    place.mkdir()
    for number in range(files):
        labels = texts(rows, rng, chars)
        shown = [drawn(label.translate(SHOWN), rng) for label in labels]
        images = [cv2.imencode(".png", image)[1].tobytes() for image in shown]
        table = pa.table({"image": images, "text": labels})
        pq.write_table(table, place / f"{number}.parquet", row_group_size=group)
    return place


TINY = replace(
    CTC_RECIPES["fast"],
    batch=16,
    views_each=0,
    most_views=16 * 60,
    min_steps=1,
    averaging=0.9,
    validations=6,
    strength=0.2,
)
"""Enough for two digits of four kinds."""


def tiny(monkeypatch: pytest.MonkeyPatch, **changes: object) -> CtcRecipe:
    """Make the recipe fast a tiny one for the time of a test."""
    plan = replace(TINY, **changes)  # type: ignore[arg-type]
    monkeypatch.setitem(CTC_RECIPES, "fast", plan)
    return plan


def start(
    arguments: Sequence[object],
    plan: CtcRecipe = TINY,
    file_size: int | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a training in a process of its own, with ``plan`` for the recipe fast."""
    program = (
        "import sys; from captchascope.cli.app import main;"
        "from captchascope.train.recipes import CTC_RECIPES, CtcRecipe;"
        f"CTC_RECIPES['fast'] = CtcRecipe(**{asdict(plan)!r}); main()"
    )
    command = [sys.executable, *STRICT, "-c", program, *map(str, arguments)]

    def limit() -> None:
        import resource

        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    unmeasured = {"COVERAGE_PROCESS_CONFIG": ""} if file_size is not None else {}
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **unmeasured},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=None if file_size is None else limit,
    )
    STARTED.append(process)
    return process
