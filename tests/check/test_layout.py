"""How texts stand: two rows and one ink of several are found and named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchascope.check import check_dataset, layout_findings
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import draw_captcha
from captchascope.generate.families import PRESETS
from captchascope.image import Preprocessing
from check.made import ordinary, write

Picture = NDArray[np.uint8]
COUNT = 12
AS_IT_IS = Preprocessing()


def halves(image: Picture, _: Picture) -> Picture:
    """Put the left half over the right one."""
    middle = image.shape[1] // 2
    return np.vstack([image[:, :middle], image[:, middle : 2 * middle]])


def inked(ink: tuple[int, int, int], other: tuple[int, int, int]) -> Callable[..., Picture]:
    """Return what draws one text in an ink over another in a second one."""

    def draw(image: Picture, below: Picture) -> Picture:
        drawn = np.full(image.shape, 255, np.float32)
        for text, colour in ((below, other), (image, ink)):
            apart = np.abs(text.astype(np.float32) - np.median(text, axis=(0, 1))).sum(axis=2)
            share = np.clip(apart / np.quantile(apart, 0.99), 0, 1)[:, :, None]
            drawn += share * (np.array(colour, np.float32) - drawn)
        return np.rint(drawn).astype(np.uint8)

    return draw


def alone(image: Picture, _: Picture) -> Picture:
    """Leave an image as it is."""
    return image


def of_family(
    folder: Path, family: str, make: Callable[[Picture, Picture], Picture] = alone
) -> Dataset:
    """Draw labelled captchas of a family, each made of two."""
    rows = {}
    for number in range(COUNT):
        text, other = (draw_captcha(family, seed, number) for seed in (71, 72))
        drawn = make(np.atleast_3d(text.image), np.atleast_3d(other.image))
        rows[f"{number}.png"] = text.label, Image.fromarray(drawn.squeeze())
    return read_dataset(write(folder, rows))


def of_font(folder: Path, labels: list[str], rows: int = 1) -> Dataset:
    """Draw labels in a plain font, in rows of equal length."""
    font = ImageFont.load_default(28)
    made = {}
    for number, label in enumerate(labels):
        image = Image.new("RGB", (150, 10 + 40 * rows), "white")
        step = -(-len(label) // rows)
        for row in range(rows):
            part = label[row * step : (row + 1) * step]
            ImageDraw.Draw(image).text((12, 5 + 40 * row), part, "black", font)
        made[f"{number}.png"] = label, image
    return read_dataset(write(folder, made))


def said(dataset: Dataset, preprocessing: Preprocessing = AS_IT_IS) -> list[str]:
    """Return the findings as they are shown."""
    return [str(finding) for finding in layout_findings(dataset, preprocessing)]


@pytest.mark.parametrize("rows", [2, 3])
def test_rows_are_found(tmp_path: Path, rows: int) -> None:
    """Told so, there is nothing left to say."""
    made = of_font(tmp_path, ordinary(COUNT, length=3 * rows), rows)
    (line,) = said(made)
    assert line.endswith(f"rows (tell it with --rows {rows})")
    assert said(made, Preprocessing(rows=rows)) == []


@pytest.mark.parametrize("family", ["plain", "lined", "noisy", "colourful"])
def test_two_rows_are_found_in_noise(tmp_path: Path, family: str) -> None:
    """Lines and grain stand between them, too."""
    assert said(of_family(tmp_path, family, halves)) == [
        "images: the text stands in two rows (tell it with --rows 2)"
    ]


def test_rows_of_what_no_model_reads_are_found(tmp_path: Path) -> None:
    """The labels are in letters that the general model does not know; the gaps tell enough."""
    made = of_font(tmp_path, ordinary(COUNT, "\u0416\u0429\u042e\u042f\u0414\u0424", 6), 2)
    assert [finding.kind for finding in layout_findings(made)] == ["rows"]


@pytest.mark.parametrize(
    ("ink", "colour", "other"),
    [
        ("red", (200, 20, 30), (30, 60, 190)),
        ("green", (20, 140, 40), (200, 20, 30)),
        ("black", (10, 10, 10), (30, 60, 190)),
    ],
)
def test_one_ink_of_several_is_named(
    tmp_path: Path, ink: str, colour: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    """It is the one that the labels are written in; told so, there is nothing left to say."""
    made = of_family(tmp_path, "plain", inked(colour, other))
    assert said(made) == [f"images: the text is in one ink of several (tell it with --ink {ink})"]
    assert said(made, Preprocessing(ink=ink)) == []


@pytest.mark.parametrize("family", ["metu", *PRESETS])
def test_nothing_is_found_where_nothing_is(tmp_path: Path, family: str) -> None:
    """Texts of one row, whatever lies over them, and letters of many colours."""
    assert said(of_family(tmp_path, family)) == []


def test_few_images_tell_nothing(tmp_path: Path) -> None:
    """Three may be chance, and none is no data set."""
    assert said(of_font(tmp_path, ordinary(3, length=6), 2)) == []
    assert said(Dataset(tmp_path, ())) == []


def test_a_check_tells(tmp_path: Path) -> None:
    """It would harm a training."""
    report = check_dataset(of_font(tmp_path, ordinary(COUNT, length=6), 2))
    assert report.harmful
    assert "rows" in [finding.kind for finding in report.findings]
