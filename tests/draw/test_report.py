"""The page: every figure on it, for any alphabet, and nothing from elsewhere."""

from __future__ import annotations

import base64
import string
from pathlib import Path

import cv2
import numpy as np

from captchascope.draw.report import report_html
from captchascope.evaluate import evaluate_readings
from captchascope.image import load_rgb
from captchascope.records import Reading, Sample

ALNUM = string.digits + string.ascii_letters


def page(folder: Path, chars: str, *pairs: tuple[str, str | None]) -> str:
    """Return the page about (label, text) pairs, of red images."""
    file = folder / "red.png"
    cv2.imwrite(str(file), np.full((20, 50, 3), (0, 0, 255), np.uint8))
    samples = [Sample("red.png", label, file) for label, _ in pairs]
    readings = [Reading(text, 0.5, unfamiliar=text is None) for _, text in pairs]
    result = evaluate_readings(samples, readings)
    return report_html(result, model="m.onnx", data="data", chars=chars)


def test_a_large_alphabet_has_a_list_instead_of_a_matrix(tmp_path: Path) -> None:
    """Of the most frequent wrong characters."""
    html = page(tmp_path, ALNUM, ("0x", "Ox"), ("ab", "a"))
    assert "<li>0 read as O: 1 time</li>" in html
    assert "<li>b missed: 1 time</li>" in html
    assert "Confusions" not in html


def test_a_small_alphabet_has_the_matrix(tmp_path: Path) -> None:
    """And no list."""
    html = page(tmp_path, "01", ("01", "00"))
    assert "Confusions" in html
    assert "most frequent" not in html


def test_images_keep_their_colours(tmp_path: Path) -> None:
    """They are shown as they are, within the page."""
    html = page(tmp_path, "01", ("01", "00"))
    data = base64.b64decode(html.partition("data:image/png;base64,")[2].partition('"')[0])
    assert (load_rgb(data) == (255, 0, 0)).all()


def test_what_is_unfamiliar_is_said(tmp_path: Path) -> None:
    """How many there are."""
    assert "1 are unlike what the model" in page(tmp_path, "01", ("01", None), ("0", "0"))
    assert "unlike" not in page(tmp_path, "01", ("0", "0"))


def test_labels_are_no_markup(tmp_path: Path) -> None:
    """Whatever characters they have."""
    html = page(tmp_path, ALNUM + "<>&", ("<b>", "&"))
    assert "<b>" not in html
