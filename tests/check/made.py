"""Samples and data sets, with exactly the faults that a test is about."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from captchascope.check import Finding
from captchascope.records import Sample

DIGITS = "0123456789"


def labelled(labels: Sequence[str]) -> list[Sample]:
    """Make samples of images that are not there."""
    return [Sample(f"{n}.png", label, Path(f"{n}.png")) for n, label in enumerate(labels, 1)]


def ordinary(n: int, chars: str = DIGITS, length: int = 4) -> list[str]:
    """Draw labels in which nothing is odd."""
    rng = random.Random(1)
    return ["".join(rng.choices(chars, k=length)) for _ in range(n)]


def noise(number: int, size: tuple[int, int] = (60, 20), mode: str = "RGB") -> Image.Image:
    """Make an image that is like no other of another number."""
    width, height = size
    levels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(levels).convert(mode)


def write(folder: Path, rows: Mapping[str, tuple[str, Image.Image]]) -> Path:
    """Write a data set of file names with their label and image."""
    folder.mkdir(exist_ok=True)
    for file, (_, image) in rows.items():
        image.save(folder / file)
    lines = [f"{file},{label}\n" for file, (label, _) in rows.items()]
    (folder / "labels.csv").write_text("file,label\n" + "".join(lines), encoding="utf-8")
    return folder


def kinds(findings: Sequence[Finding]) -> list[str]:
    """List what was found."""
    return [finding.kind for finding in findings]


def files(finding: Finding) -> list[str]:
    """List the files that a finding names."""
    return [mention.file for mention in finding.files]
