"""One panel per stage: titles, captions, pictures within bounds; the PNG and the GIF as wholes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence

from captchascope.draw import (
    Explanation,
    Panel,
    draw_panels,
    explain_gif,
    explain_png,
    explain_reading,
)
from captchascope.draw.canvas import ACCENT, WIDTH
from captchascope.draw.explain import kind_bounds
from captchascope.errors import SegmentationError
from captchascope.glyphs.preprocess import count_black
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.image import load_gray
from captchascope.reader import load
from draw.scenes import METU, MOVED, UNMOVED, explain, generated, plain, with_windows, written

TITLES = [
    "1 kind",
    "2 denoise",
    "3 binarize",
    "4 components",
    "5 clip",
    "6 split",
    "7 repair",
    "8 recognise",
    "9 reading",
]


def _panel(it: Explanation, title: str) -> Panel:
    return next(panel for panel in draw_panels(it) if panel.title == title)


def _colours(panel: Panel) -> set[tuple[int, ...]]:
    pixels = np.asarray(panel.image).reshape(-1, 3)
    return {tuple(colour) for colour in np.unique(pixels, axis=0).tolist()}


@pytest.mark.parametrize("number", [MOVED, UNMOVED])
def test_every_stage_has_a_panel(number: int) -> None:
    """They come in order, each with a caption and a picture that fits."""
    drawn = draw_panels(generated(number))
    assert [panel.title for panel in drawn] == TITLES
    for panel in drawn:
        assert panel.caption.endswith(".")
        assert panel.image.mode == "RGB"
        assert 0 < panel.image.width <= WIDTH
        assert panel.image.height > 0


def test_both_kinds_are_told_by_their_figures() -> None:
    """The caption has the number of black pixels, the bound, and the kind."""
    seen = set()
    for number in range(8):
        it = generated(number)
        black = f"{count_black(it.located.gray):,} pixels of pure black"
        rule = {1: "more than 500: kind 1, speckle.", 2: "not more than 500: kind 2, periodic"}
        caption = _panel(it, "1 kind").caption
        assert caption.startswith(black)
        assert rule[it.located.kind] in caption
        seen.add(it.located.kind)
    assert seen == {1, 2}


def test_the_bounds_of_a_kind_come_from_those_before_it() -> None:
    """A kind in the middle has a bound on either side, a lone kind none."""
    first, last = METU.kinds
    middle = replace(first, more_black_than=100)
    three = replace(METU, kinds=(first, middle, last))
    assert [kind_bounds(three, kind) for kind in (1, 2, 3)] == [
        (500, None),
        (100, 500),
        (None, 100),
    ]
    assert kind_bounds(replace(METU, kinds=(last,)), 1) == (None, None)


def test_captions_state_the_figures_of_the_stages() -> None:
    """Thresholds, areas, edges and cuts are those of the scheme and of the image."""
    it = generated()
    left, top, right, bottom = it.located.box
    kept = int(it.located.components.kept.sum())
    expected = {
        "2 denoise": "Median blur 3x3",
        "3 binarize": "Ink is at most 170",
        "4 components": f"under 15 pixels dropped (gray), {kept} kept",
        "5 clip": f"Columns {left} to {right - 1}, rows {top} to {bottom - 1}",
        "6 split": f"{right - left} columns cut into 2, each again into 3: 6 glyphs",
        "7 repair": "narrower than 35 %",
        "8 recognise": "resized to 14x24",
        "9 reading": f"{100 * it.confidence:.1f} % sure",
    }
    for title, part in expected.items():
        assert part in _panel(it, title).caption


def test_other_schemes_have_other_captions() -> None:
    """Light ink, no blur, one component, one glyph."""
    scheme = replace(plain(50, 150, (1,)), ink="light")
    it = explain(255 - written(50, 150, "l"), scheme)
    assert _panel(it, "1 kind").caption.endswith("any number will do: kind 1, plain.")
    assert _panel(it, "2 denoise").caption == "Kind 1 is not blurred."
    assert "Ink is above 128" in _panel(it, "3 binarize").caption
    assert _panel(it, "4 components").caption.startswith("1 component, 8-connected: 0 under")
    assert "cut into 1: 1 glyph, " in _panel(it, "6 split").caption


def test_every_component_has_its_own_colour() -> None:
    """As many colours as components were kept, and gray where some were dropped."""
    it = generated()
    colours = _colours(_panel(it, "4 components")) - {(255, 255, 255), (222, 222, 222)}
    kept = it.located.components.kept
    assert len(colours) == kept.sum() + (not kept.all())


def test_moved_parts_are_marked_where_they_were_and_where_they_went() -> None:
    """The accent covers each part twice, at one scale."""
    it = generated(MOVED)
    moved = sum(int(move.part.sum()) for move in it.glyphs.moves)
    accent = (np.asarray(_panel(it, "7 repair").image) == ACCENT).all(axis=2).sum()
    scale = round((accent / (2 * moved)) ** 0.5)
    assert moved > 0
    assert accent == 2 * moved * scale**2
    assert "from glyph 3 to 2" in _panel(it, "7 repair").caption


def test_nothing_to_move_is_said() -> None:
    """Without moves there is one row of glyphs and no accent."""
    panel = _panel(generated(UNMOVED), "7 repair")
    assert panel.caption.endswith("nothing to move.")
    assert ACCENT not in _colours(panel)
    off = explain(
        generated().located.gray, replace(METU, repair=replace(METU.repair, enabled=False))
    )
    assert _panel(off, "7 repair").caption == "Switched off in this scheme: nothing to move."


def test_windows_take_the_place_of_the_glyphs() -> None:
    """Where the network reads windows, the panel shows those and says so."""
    panel = _panel(with_windows(), "8 recognise")
    assert "windows of 20x24 gray pixels" in panel.caption
    assert panel.image.tobytes() != _panel(generated(), "8 recognise").image.tobytes()


def test_abstaining_and_constraints_are_said() -> None:
    """No text is an abstention; a text that is not the most probable one was constrained."""
    it = generated()
    assert it.text is not None
    assert _panel(replace(it, text=None), "9 reading").caption.startswith("Abstained")
    other = _panel(replace(it, text="000000"), "9 reading").caption
    assert f"without constraints, {it.text} is most probable" in other


def test_shapes_must_agree() -> None:
    """Probabilities and windows are one per glyph."""
    it = generated()
    with pytest.raises(ValueError, match=r"probabilities must have the shape \(6, 10\)"):
        replace(it, probabilities=it.probabilities[1:])
    with pytest.raises(ValueError, match=r"seen must have the shape \(6, "):
        replace(it, seen=it.glyphs.fitted[1:])


def test_the_explanation_of_a_reading_is_that_of_the_reader() -> None:
    """The text and how sure it is, and the cuts that the network saw."""
    reader = load("metu-glyphs")
    assert isinstance(reader.recogniser, GlyphRecogniser)
    shown = explain_reading(reader.recogniser, load_gray("examples/1.jpeg"), "examples/1.jpeg")
    reading = reader.read("examples/1.jpeg")
    assert (shown.name, shown.text) == ("1.jpeg", reading.text)
    assert shown.confidence == pytest.approx(reading.confidence)
    assert shown.seen is not None
    assert len(shown.seen) == len(shown.glyphs.fitted) == 6


def test_an_image_that_cannot_be_cut_is_named() -> None:
    """The error is the one of reading it."""
    recogniser = load("metu-glyphs").recogniser
    assert isinstance(recogniser, GlyphRecogniser)
    blank = generated().located.gray * 0 + 255
    with pytest.raises(SegmentationError, match=r"^blank\.png: "):
        explain_reading(recogniser, blank, "blank.png")


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _light() -> Explanation:
    scheme = replace(plain(50, 150, (2,)), ink="light")
    return explain(255 - written(50, 150, "ab"), scheme)


def _speck() -> Explanation:
    image = np.full((4, 12), 255, np.uint8)
    image[1:4, 5:11] = 0
    return explain(image, plain(1, 12, (2,)))


ODD: dict[str, Callable[[], Explanation]] = {
    "tall": lambda: explain(written(300, 100, "ab"), plain(300, 100, (2,))),
    "wide": lambda: explain(written(40, 700, _LETTERS), plain(40, 700, (8, 8), _LETTERS)),
    "tiny": _speck,
    "light": _light,
    "large": lambda: explain(written(500, 900, "a"), plain(50, 150, (1,))),
    "foreign": lambda: explain(written(50, 150, "ab"), plain(50, 150, (2,), "Жя漢字é0")),
    "windows": with_windows,
    "abstained": lambda: replace(generated(), text=None),
    "uncleaned": lambda: explain(
        generated().located.gray, replace(METU, clip=replace(METU.clip, crop="uncleaned"))
    ),
    "named": lambda: replace(generated(), name="\udc80é\n" * 200),
}


@cache
def _png(number: int = MOVED) -> bytes:
    return explain_png(generated(number))


@cache
def _gif() -> bytes:
    return explain_gif(generated())


@pytest.mark.parametrize("number", [MOVED, UNMOVED])
def test_the_png_is_wide_enough_and_small(number: int) -> None:
    """It decodes, is 1200 to 1600 pixels wide, and takes less than 300 kB."""
    data = _png(number)
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.format == "PNG"
        assert 1200 <= image.width <= 1600
        assert 1000 <= image.height <= 4000
    assert len(data) < 300_000


def test_the_png_has_a_white_margin() -> None:
    """Nothing is drawn within 40 pixels of the edge, but something right beyond."""
    with Image.open(BytesIO(_png())) as image:
        page = image.convert("RGB")
    box = ImageChops.invert(page).getbbox()
    assert box is not None
    edges = box[0], box[1], page.width - box[2], page.height - box[3]
    assert min(edges) >= 40
    assert max(edges) <= 100


def test_the_gif_has_a_frame_per_panel() -> None:
    """The frames have one size, 1.5 seconds each and more for the last, and loop for ever."""
    data = _gif()
    with Image.open(BytesIO(data)) as image:
        frames = [(frame.size, frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert len(frames) == len(draw_panels(generated()))
    assert len({size for size, _ in frames}) == 1
    assert {time for _, time in frames[:-1]} == {1500}
    assert frames[-1][1] > 1500
    assert len(data) < 500_000


def test_the_frames_differ() -> None:
    """Each frame shows another panel."""
    with Image.open(BytesIO(_gif())) as image:
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(image)]
    assert all(a != b for a, b in pairwise(frames))


def test_the_bytes_repeat() -> None:
    """The same reading gives the same bytes."""
    assert explain_png(generated()) == _png()
    assert explain_gif(generated()) == _gif()


@pytest.mark.parametrize("case", ODD)
def test_any_reading_can_be_drawn(case: str) -> None:
    """Sizes, inks, charsets and names of any kind give both pictures."""
    it = ODD[case]()
    with Image.open(BytesIO(explain_png(it))) as image:
        assert 1200 <= image.width <= 1600
    with Image.open(BytesIO(explain_gif(it))) as image:
        assert getattr(image, "n_frames", 1) == 9
