"""One picture of all panels: in two columns as a PNG, one after the other as a GIF."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from captchascope.draw.canvas import (
    ACCENT,
    BODY,
    INK,
    MUTED,
    RULE,
    TITLE,
    WIDTH,
    beside,
    blank,
    line_height,
    put,
    quantized,
    shorten,
    stack,
    text_width,
    wrap,
)
from captchascope.draw.panels import Explanation, Panel, draw_panels

_HEADLINE = 30
_MARGIN, _FRAME_MARGIN = 48, 32
_GUTTER = 56
_ROW_GAP = 28
_AIR = 10  # between a caption and its picture
_SHOWN, _LAST_SHOWN = 1500, 4000  # milliseconds per frame


def explain_png(shown: Explanation) -> bytes:
    """Return every stage as one PNG: two to a row, the last one over the whole width."""
    drawn = draw_panels(shown)
    cards = [stack([_header(panel, WIDTH), panel.image], 0) for panel in drawn[:-1]]
    pairs = [_row(pair) for pair in zip(cards[::2], cards[1::2], strict=True)]
    page = stack([_heading(shown), *pairs, _ending(drawn[-1])], _ROW_GAP)
    file = BytesIO()
    quantized(_on_white(page, *page.size, _MARGIN)).save(file, "PNG", compress_level=9)
    return file.getvalue()


def explain_gif(shown: Explanation) -> bytes:
    """Return every stage as one frame of an animated GIF that loops; the last one stays longer."""
    frames = [quantized(frame) for frame in _frames(draw_panels(shown))]
    times = [_SHOWN] * (len(frames) - 1) + [_LAST_SHOWN]
    file = BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False
    )
    return file.getvalue()


def _heading(shown: Explanation) -> Image.Image:
    """Draw the name of the image and the scheme."""
    width = 2 * WIDTH + _GUTTER
    lines = wrap(f"Scheme {shown.scheme.name}: {shown.scheme.title}", BODY, width)
    canvas = blank(width, line_height(_HEADLINE) + 4 + line_height(BODY) * len(lines))
    name = shorten(shown.name, _HEADLINE, width - text_width("How  is read", _HEADLINE))
    put(canvas, (0, 0), f"How {name} is read", _HEADLINE, INK, bold=True)
    _put_lines(canvas, line_height(_HEADLINE) + 4, lines)
    return canvas


def _header(panel: Panel, width: int, lines: int = 0) -> Image.Image:
    """Draw the title and caption of a panel, with room for so many lines at least."""
    caption = wrap(panel.caption, BODY, width)
    lines = max(lines, len(caption))
    top = line_height(TITLE) + 2
    canvas = blank(width, top + line_height(BODY) * lines + _AIR)
    number, name = panel.title.split(" ", 1)
    put(canvas, (0, 0), number, TITLE, ACCENT, bold=True)
    put(canvas, (text_width(number, TITLE) + 10, 0), name, TITLE, INK, bold=True)
    _put_lines(canvas, top, caption)
    return canvas


def _put_lines(canvas: Image.Image, top: int, lines: Sequence[str]) -> None:
    for i, line in enumerate(lines):
        put(canvas, (0, top + i * line_height(BODY)), line, BODY, MUTED)


def _ending(panel: Panel) -> Image.Image:
    """Draw the last panel over both columns: its first picture left, the others right of it."""
    header = _header(panel, WIDTH)
    left, *right = panel.pictures
    return _row([stack([header, left], 0), stack([blank(WIDTH, header.height), *right], 0)])


def _row(cells: Sequence[Image.Image]) -> Image.Image:
    """Put two cells side by side under a thin line."""
    cells = [_on_white(cell, WIDTH, cell.height) for cell in cells]
    line = Image.new("RGB", (2 * WIDTH + _GUTTER, 1), RULE)
    return stack([line, beside(cells, _GUTTER)], 20)


def _frames(drawn: Sequence[Panel]) -> list[Image.Image]:
    """Draw the panels in one size, each picture beginning at the same height."""
    lines = max(len(wrap(panel.caption, BODY, WIDTH)) for panel in drawn)
    cards = [stack([_header(panel, WIDTH, lines), panel.image], 0) for panel in drawn]
    height = max(card.height for card in cards)
    return [_on_white(card, WIDTH, height, _FRAME_MARGIN) for card in cards]


def _on_white(image: Image.Image, width: int, height: int, margin: int = 0) -> Image.Image:
    """Enlarge an image to a size, within a margin."""
    canvas = blank(width + 2 * margin, height + 2 * margin)
    canvas.paste(image, (margin, margin))
    return canvas
