"""SVG drawings that give their text away."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.check import check_dataset
from captchascope.data.dataset import Dataset
from captchascope.errors import ImageError
from captchascope.image import load_gray
from captchascope.image.svg import text_in
from captchascope.records import Sample

START = b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='28'>"
LEAK = START + b"<text>2H</text><g><text x='9'>D<tspan>4</tspan></text></g></svg>"
PATHS = START + b"<path d='M0 0h9'/></svg>"
BOMB = b"<!DOCTYPE svg [<!ENTITY a 'x'>]>" + START + b"<text>&a;</text></svg>"


@pytest.mark.parametrize(
    ("data", "text"), [(LEAK, "2HD4"), (PATHS, ""), (BOMB, ""), (b"<svg", ""), (b"", "")]
)
def test_the_text_of_a_drawing(data: bytes, text: str) -> None:
    """In all of its elements; of what declares entities nothing."""
    assert text_in(data) == text


def test_a_drawing_is_no_image_and_the_leak_is_named(tmp_path: Path) -> None:
    """By the error of who reads it, and by a finding of ``check``."""
    with pytest.raises(ImageError, match="is an SVG drawing, not an image"):
        load_gray(PATHS)
    with pytest.raises(ImageError, match="holds its text as text: 2HD4"):
        load_gray(LEAK)
    samples = []
    for name, data in (("a.svg", LEAK), ("b.svg", PATHS)):
        (tmp_path / name).write_bytes(data)
        samples.append(Sample(name, "2HD4", tmp_path / name))
    report = check_dataset(Dataset(tmp_path, tuple(samples)))
    (leak,) = [finding for finding in report.findings if finding.kind == "text-leak"]
    assert [dict(mention.to_json()) for mention in leak.files] == [
        {"file": "a.svg", "label": "2HD4", "text": "2HD4"}
    ]
