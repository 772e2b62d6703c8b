"""SVG drawings that give their text away."""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.check import check_dataset
from captchascope.data.dataset import Dataset
from captchascope.errors import ImageError
from captchascope.image import load_gray, load_rgb
from captchascope.image.svg import text_in
from captchascope.records import Sample

START = b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='28'>"
LEAK = START + b"<text>2H</text><g><text x='9'>D<tspan>4</tspan></text></g></svg>"
PATHS = START + b"<path d='M0 0h9'/></svg>"
BOMB = b"<!DOCTYPE svg [<!ENTITY a 'x'>]>" + START + b"<text>&a;</text></svg>"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        *((LEAK, "2HD4"), (PATHS, ""), (b"<svg", ""), (b"", "")),
        (START + b"<text>" * 39_000 + b"7" + b"</text>" * 39_000 + b"</svg>", "7"),
        *((BOMB, ""), (BOMB.decode().encode("utf-16"), "")),
    ],
)
def test_the_text_of_a_drawing(data: bytes, text: str) -> None:
    """In all of its elements; of what declares entities nothing."""
    assert text_in(data) == text


def test_what_a_drawing_shows(tmp_path: Path) -> None:
    """As large as it is, or its view box, on white; alone, in a file, and in a data URI."""
    pytest.importorskip("resvg_py")
    shapes = "<path d='M0 0h9v28h-9z'/><path fill='#c00' fill-opacity='.5' d='M55 0h9v28h-9z'/>"
    for size in ("width='64' height='28'", "viewBox='0 0 64 28'", "width='48pt' height='21pt'"):
        drawing = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{shapes}</svg>".encode()
        (tmp_path / "drawing").write_bytes(drawing)
        packed = "data:image/svg+xml;base64," + b64encode(drawing).decode()
        for source in (drawing, tmp_path / "drawing", packed):
            rgb = load_rgb(source)
            assert rgb.shape == (28, 64, 3)
            assert rgb[14, [4, 30, 60]].tolist() == [[0, 0, 0], [255, 255, 255], [229, 127, 127]]


def test_a_drawing_opens_nothing(tmp_path: Path) -> None:
    """An image elsewhere is refused before anything is drawn; pixels within are shown."""
    pytest.importorskip("resvg_py")
    png = cv2.imencode(".png", np.zeros((28, 64), np.uint8))[1].tobytes()
    (tmp_path / "secret.png").write_bytes(png)
    own = "data:image/png;base64," + b64encode(png).decode()
    link = b"<image width='64' height='28' href='%s'/></svg>"
    assert load_gray(START + link % own.encode()).max() == 0
    nested = "data:image/svg+xml;base64," + b64encode(START + link % b"secret.png").decode()
    for place in (tmp_path / "secret.png", "http://127.0.0.1/secret.png", "file:///x.png", nested):
        for name in ("href", "xlink:href"):
            head = START.replace(b"<svg", b"<svg xmlns:xlink='http://www.w3.org/1999/xlink'")
            drawing = head + link.replace(b"href", name.encode()) % str(place).encode()
            with pytest.raises(ImageError, match="refers to something outside"):
                load_gray(drawing)


@pytest.mark.parametrize(
    ("drawing", "what"),
    [
        (START.replace(b"64", b"64000") + b"</svg>", "too large"),
        (START.replace(b"64", b"100%") + b"</svg>", "without a usable width"),
        (START.replace(b"width='64' height='28'", b"") + b"</svg>", "without a usable width"),
        (START.replace(b"64", b"9" * 500_000 + b"x") + b"</svg>", "without a usable width"),
        (START + b"<path>", "corrupted"),
        (BOMB, "corrupted"),
    ],
)
def test_drawings_that_cannot_be_drawn(drawing: bytes, what: str) -> None:
    """Nothing is drawn of what is larger than an image may be."""
    with pytest.raises(ImageError, match=what):
        load_gray(drawing, max_pixels=100_000)


def test_what_draws_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what installs it."""
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImageError, match=r"pip install 'captchascope\[svg\]'"):
        load_gray(PATHS)


def test_the_leak_is_named(tmp_path: Path) -> None:
    """By the error of who reads it, and by a finding of ``check``."""
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


def _drawing(body: str, side: int = 60) -> bytes:
    start = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink'"
    return f"{start} width='{side}' height='{side}'>{body}</svg>".encode()


SHAPE = "<path d='M0 0h60v60z'/>"
DOUBLED = "".join(f"<g id='u{n}'>" + f"<use x:href='#u{n - 1}'/>" * 9 + "</g>" for n in range(1, 9))


@pytest.mark.parametrize(
    ("drawing", "what"),
    [
        (_drawing(f"<g id='u0'>{SHAPE}</g>{DOUBLED}"), "take long to draw"),
        (_drawing(f"<g opacity='.5'>{SHAPE}</g>" * 900), "take long to draw"),
        (_drawing(SHAPE * 500, 3000), "take long to draw"),
        (_drawing(f"<path stroke='red' d='M0 0{'C9 9 9 3 5 9' * 9000}'/>"), "take long to draw"),
        (_drawing("<path stroke-dasharray='.001' d='M0 0H9e5'/>" * 9), "take long to draw"),
        (_drawing(f"<style>{'a b{fill:red}' * 900}</style>" + SHAPE * 3000), "take long to draw"),
        (_drawing("<g>" * 200 + SHAPE + "</g>" * 200), "nested more than 100 deep"),
        (_drawing("<g " + " ".join(f"a{n}=''" for n in range(40_000)) + "/>"), "200 attributes"),
        (_drawing(f"<filter/>{SHAPE}"), "with a filter"),
        (_drawing(f"<g style='filter:blur(9px)'>{SHAPE}</g>"), "with a filter"),
        (_drawing(f"<pattern/>{SHAPE}"), "with a pattern"),
        (_drawing(SHAPE * 40_000), "the limit is 524,288"),
    ],
    ids=[
        *("references", "layers", "pixels", "strokes", "dashes", "styles", "depth"),
        *("attributes", "filter"),
        *("filter in CSS", "pattern", "length"),
    ],
)
def test_what_would_take_long_to_draw_is_refused(drawing: bytes, what: str) -> None:
    """The renderer cannot be stopped, so that the work is told before."""
    with pytest.raises(ImageError, match=what):
        load_gray(drawing)


def test_a_dash_without_end_is_none() -> None:
    """Nor are outlines without end anything that a number is divided by."""
    pytest.importorskip("resvg_py")
    body = "<path stroke='red' stroke-dasharray='1e999' d='M0 0L1e999 5'/>"
    assert load_gray(_drawing(body)).shape == (60, 60)


def test_a_captcha_of_many_shapes_is_drawn() -> None:
    """As they are in what packages draw: letters, lines, dots, some of them half transparent."""
    pytest.importorskip("resvg_py")
    letters = f"<path fill='#333' d='M9 9{'q1 2 3 4' * 300}z'/>" * 6
    lines = "<path d='M0 9 L60 40' stroke='#777' fill='none' stroke-dasharray='4 2'/>" * 8
    dots = "<circle cx='9' cy='9' r='1' fill='#123'/>" * 2000 + "<circle r='9' opacity='.5'/>" * 9
    assert load_gray(_drawing(letters + lines + dots)).shape == (60, 60)
