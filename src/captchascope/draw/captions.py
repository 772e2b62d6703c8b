"""What each stage did, in one sentence, with the scheme's figures and those of the image."""

from __future__ import annotations

from itertools import pairwise

from captchascope.draw.picture import Explained
from captchascope.glyphs.kind import count_black
from captchascope.glyphs.scheme import Scheme

__all__ = [
    "binarize_caption",
    "bounds",
    "clip_caption",
    "components_caption",
    "denoise_caption",
    "kind_caption",
    "network_caption",
    "reading_caption",
    "repair_caption",
    "split_caption",
]

_NAMED_MOVES = 4


def bounds(scheme: Scheme, kind: int) -> tuple[int | None, int | None]:
    """Return the numbers of black pixels between which an image is of ``kind`` (1-based).

    It has more than the first number, and not more than the second; None where there is none.
    """
    above = scheme.kinds[kind - 1].more_black_than
    below = min((k.more_black_than for k in scheme.kinds[: kind - 1]), default=None)
    return (above if above >= 0 else None), below


def kind_caption(it: Explained) -> str:
    """Stage 1."""
    black = count_black(it.located.gray)
    above, below = bounds(it.scheme, it.located.kind)
    rules = [f"more than {above:,}"] if above is not None else []
    rules += [f"not more than {below:,}"] if below is not None else []
    name = it.scheme.kinds[it.located.kind - 1].name
    counted = f"{_count(black, 'pixel')} of pure black (0)"
    rule = f"{counted}, {' and '.join(rules)}" if rules else f"{counted}, any number will do"
    return f"{rule}: kind {it.located.kind}, {name}."


def denoise_caption(it: Explained) -> str:
    """Stage 2."""
    kind = it.scheme.kinds[it.located.kind - 1]
    if kind.blur == "none":
        return f"Kind {it.located.kind} is not blurred."
    size = f"{kind.blur_size}x{kind.blur_size}"
    if kind.blur == "median":
        return f"Median blur {size}: each pixel becomes the median of its neighbourhood."
    return f"Gaussian blur {size}: each pixel becomes a weighted mean of its neighbourhood."


def binarize_caption(it: Explained) -> str:
    """Stage 3."""
    threshold = it.scheme.kinds[it.located.kind - 1].threshold
    rule = "at most" if it.scheme.ink == "dark" else "above"
    ink = int((it.located.binary > 0).sum())
    return f"Ink is {rule} {threshold}: {_count(ink, 'pixel')} of ink, drawn black here."


def components_caption(it: Explained) -> str:
    """Stage 4."""
    found, rule = it.located.components, it.scheme.components
    dropped = int((~found.kept).sum())
    total = f"{_count(len(found.kept), 'component')}, {rule.connectivity}-connected"
    kept = f"{len(found.kept) - dropped:,} kept (coloured)"
    return f"{total}: {dropped:,} under {rule.min_area} pixels dropped (gray), {kept}."


def clip_caption(it: Explained) -> str:
    """Stage 5."""
    left, top, right, bottom = it.located.box
    where = f"Columns {left} to {right - 1}, rows {top} to {bottom - 1}"
    limit = it.scheme.clip.right_limit
    edges = f"left edge fixed, right edge that of the last component to end before column {limit}"
    return f"{where}: {edges} (dashed)."


def split_caption(it: Explained) -> str:
    """Stage 6."""
    columns, parts = it.located.columns, it.scheme.split.parts
    widths = sorted(b - a for a, b in pairwise(columns))
    wide = f"{widths[0]}" if widths[0] == widths[-1] else f"{widths[0]} to {widths[-1]}"
    rule = ", each again into ".join(map(str, parts))
    total = _count(len(widths), "glyph")
    source = "" if it.scheme.clip.crop == "cleaned" else " The uncleaned binary image is cut."
    return f"{columns[-1]} columns cut into {rule}: {total}, {wide} columns wide.{source}"


def repair_caption(it: Explained) -> str:
    """Stage 7."""
    rule, moves = it.scheme.repair, it.glyphs.moves
    if not rule.enabled:
        return "Switched off in this scheme: nothing to move."
    share = f"{100 * rule.narrower_than:g} %"
    what = f"A part at the left border, narrower than {share} of its glyph, goes to the one before"
    if not moves:
        return f"{what}: nothing to move."
    named = [f"{m.glyph + 1} to {m.glyph} ({_count(m.width, 'column')})" for m in moves]
    more = [f"{len(named) - _NAMED_MOVES} more"] if len(named) > _NAMED_MOVES else []
    return f"{what}: from glyph {', '.join([*named[:_NAMED_MOVES], *more])}."


def network_caption(it: Explained) -> str:
    """Stage 8."""
    seen = it.glyphs.fitted if it.seen is None else it.seen
    size = f"{seen.shape[2]}x{seen.shape[1]}"
    what = (
        f"The repaired glyphs, resized to {size}"
        if it.seen is None
        else f"The network reads windows of {size} gray pixels around the cuts"
    )
    again = ""
    if it.right is not None and it.right != it.located.box[2]:
        again = f" It was unsure, so the text was cut again, to end before column {it.right}."
    return f"{what}, and how probable each character is, in percent.{again}"


def reading_caption(it: Explained) -> str:
    """Stage 9."""
    percent = f"{100 * it.confidence:.1f} %"
    sure = f"{percent} sure that all of it is right"
    if it.text is None:
        return f"Abstained: the reader was only {percent} sure."
    likely = "".join(it.charset[i] for i in it.probabilities.argmax(axis=1))
    rest = "." if it.text == likely else f"; without constraints, {likely} is most probable."
    return f"{_count(len(it.text), 'character')}, {sure}{rest}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
