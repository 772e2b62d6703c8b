"""The pages on reading and drawing captchas: what they show is typed, and comes out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.generate import draw_captcha
from captchascope.image import load_image
from pages.making import captchas, examples
from pages.walk import Walker, walking


def strangers(walker: Walker) -> None:
    """Draw captchas, and put files beside them that are no images; and an empty folder."""
    captchas(labelled=False)(walker)
    for name in ("about.html", "index.html", "terms.pdf"):
        (walker.place / "captchas" / name).write_text("no image", encoding="utf-8")
    (walker.place / "incoming").mkdir()


def crossed(walker: Walker) -> None:
    """Draw labelled captchas in red, and other texts over them in blue."""
    captchas(scheme="plain", count=30)(walker)
    for number in range(1, 31):
        other = draw_captcha("plain", 2, number).image
        file = walker.place / "captchas" / f"{number}.jpeg"
        image = load_image(file, 3)
        drawn = np.full_like(image, 255)
        for text, ink in ((image, (30, 20, 200)), (other, (190, 60, 30))):
            gray = cv2.cvtColor(text, cv2.COLOR_BGR2GRAY).astype(float)
            far = np.abs(cv2.resize(gray, drawn.shape[1::-1]) - np.median(gray))
            drawn[far > far.max() / 2] = ink
        cv2.imwrite(str(file.with_suffix(".png")), drawn)
        file.unlink()
    table = walker.place / "captchas" / "labels.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(".jpeg", ".png"), encoding="utf-8")


def test_reading(tmp_path: Path) -> None:
    """What is passed over, formats, watching, one ink of several, being told nothing."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    digits = captchas(scheme="wavy", count=60, labelled=False, charset="0123456789", length=(4, 6))
    before = {
        "": strangers,
        "captchascope check captchas": crossed,
        "captchascope read captchas --consistent": digits,
        "import captchascope": examples,
    }
    with walking(tmp_path) as walker:
        walker.walk("reading.md", before)


def test_generating(tmp_path: Path) -> None:
    """Knobs, and drawing from Python."""
    with walking(tmp_path) as walker:
        walker.walk("generating.md", {})


def test_from_ddddocr(tmp_path: Path) -> None:
    """The program in which one line is changed."""
    with walking(tmp_path) as walker:
        walker.walk("from-ddddocr.md", {"": examples})


def test_upgrading(tmp_path: Path) -> None:
    """The new beside the old."""
    with walking(tmp_path) as walker:
        walker.walk("upgrading.md", {"": captchas()})
