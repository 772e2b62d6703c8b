"""Segmentation resistance: how often the classical way cuts an image into its characters.

Single characters are read better by machines than by people, so what resists is cutting them apart:
Chellapilla et al. (2005), "Designing human friendly human interaction proofs", CHI '05.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from captchascope.audit.figures import Cutting, Picture
from captchascope.audit.measure.classical import WAYS, Cut, Way, cut_text
from captchascope.audit.measure.nearest import Glyphbook, features_of
from captchascope.audit.measure.texts import Text, measured_and_others
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.subject import evenly
from captchascope.decode import ReadOptions
from captchascope.draw import canvas
from captchascope.evaluate import Rate
from captchascope.glyphs.scheme import Scheme, load_scheme, scheme_names

_MEASURED = 200  # images that are cut, at most
_TEMPLATES = 300  # images whose glyphs are known, at most
_FEW = 100  # such images or less: of each image those of all others are known, too
_TRIED = 120  # images on which the ways are tried
_FEWEST_TRIED = 10  # of less, the first way is taken untried
_FEWEST_PIECES, _USUAL = 3, 0.25  # a number of pieces, and the share of images, that tell a length
_SHOWN, _COLUMNS = (6, 4, 2, 1), 2
_ROOM = 200, 310  # pixels of a shown image, height and width
_LARGEST = 60_000  # characters of a picture


def measure_cutting(setting: Setting) -> Cutting:
    """Cut images by the way that cuts other images of the scheme best.

    Where labels tell characters, a nearest-neighbour classifier reads the glyphs: one that it reads
    right was cut well.

    Raises:
        UnmeasuredError: If no image can be decoded.
    """
    told = setting.reading
    measured, others = measured_and_others(setting, _MEASURED, _TEMPLATES)
    if not measured:
        raise UnmeasuredError("none of the images can be decoded; give PNG, JPEG, GIF or WebP")
    ways = [*(Way(scheme=scheme) for scheme in _fitting_schemes([*measured, *others], told)), *WAYS]
    tried = evenly(others, _TRIED)
    way = best_way(ways, tried, told)
    done = _attacked([*measured, *others], way, told, len(measured))
    characters = {char for text in (*measured, *others) for char in text.label}
    glyphs = exact = None
    # of a single character, whatever is cut would be read right; of a single image, nothing
    if len(characters) > 1 and len(measured) + len(others) > 1:
        total = sum(len(each.text.label) for each in done)
        glyphs = Rate(sum(each.hits for each in done), total)
        exact = Rate(sum(each.hits == len(each.text.label) for each in done), len(done))
    counted = counted_of([each.text for each in done], [each.cut.pieces for each in done], told)
    return Cutting(
        len(done), counted, glyphs, exact, f"{way} {_why(len(ways), tried)}", _picture(done)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Attacked:
    """A text, its cuts, and what each glyph was read as; nothing where glyphs are not known."""

    text: Text
    cut: Cut
    read: tuple[str, ...] = ()

    @property
    def hits(self) -> int:
        """How many characters were read right."""
        return sum(a == b for a, b in zip(self.read, self.text.label, strict=False))


def _attacked(texts: Sequence[Text], way: Way, told: ReadOptions, count: int) -> list[_Attacked]:
    """Cut and read the first ``count`` of the texts; the others, or all others, are templates."""
    cuts = [cut_text(text.image, way, text.counts(told)) for text in texts]
    usable = [
        i for i, cut in enumerate(cuts) if len(cut.glyphs) == len(texts[i].label) and cut.glyphs
    ]
    features = features_of([glyph for i in usable for glyph in cuts[i].glyphs])
    images = np.array([i for i in usable for _ in cuts[i].glyphs], np.int64)
    characters = np.array([char for i in usable for char in texts[i].label], np.str_)
    known = images >= (count if len(texts) - count > _FEW else 0)
    asked = images < count
    book = Glyphbook(features[known], characters[known], images[known])
    read = dict[int, list[str]]()
    answers = book.read(features[asked], images[asked])
    for i, char in zip(images[asked].tolist(), answers, strict=True):
        read.setdefault(i, []).append(char)
    return [_Attacked(texts[i], cuts[i], tuple(read.get(i, ()))) for i in range(count)]


def best_way(ways: Sequence[Way], texts: Sequence[Text], told: ReadOptions) -> Way:
    """Return the way that cuts the texts best; the first where there are too few to tell."""
    if len(texts) < _FEWEST_TRIED:
        return ways[0]
    scores = [_score(_attacked(texts, way, told, len(texts)), told) for way in ways]
    return ways[scores.index(max(scores))]


def _why(ways: int, texts: Sequence[Text]) -> str:
    """Return why a way was taken, as a sentence."""
    if len(texts) < _FEWEST_TRIED:
        return "There were too few other images to try other ways on."
    of_all = f"Of {ways} ways tried on {len(texts)} other images, this one"
    if any(text.label for text in texts):
        return f"{of_all} gave the most characters that could be read."
    return f"{of_all} came to the same number of pieces most often."


def _score(done: Sequence[_Attacked], told: ReadOptions) -> int:
    """Return how good a way is: a glyph that is read right counts as a text that falls apart."""
    counted = counted_of([each.text for each in done], [each.cut.pieces for each in done], told)
    return sum(each.hits for each in done) + (counted.hits if counted is not None else 0)


def _fitting_schemes(texts: Sequence[Text], told: ReadOptions) -> list[Scheme]:
    """Return the schemes with figures of their own that images and lengths of texts are of."""
    sizes = {text.image.shape[:2] for text in texts}
    counts = {text.counts(told) for text in texts}
    characters = {char for text in texts for char in text.label}
    return [
        scheme
        for scheme in map(load_scheme, scheme_names())
        if sizes == {(scheme.height, scheme.width)}
        and counts == {(scheme.split.count,) * 2}
        and characters <= set(scheme.charset)
    ]


def counted_of(texts: Sequence[Text], pieces: Sequence[int], told: ReadOptions) -> Rate | None:
    """Return how many texts fall into as many pieces as characters; None where nothing tells those.

    Where neither labels nor options tell, it is the number into which most texts fall, if it may be
    the length of a text and a quarter of them fall so.
    """
    number, times = Counter(pieces).most_common(1)[0] if pieces else (0, 0)
    tells = number >= _FEWEST_PIECES and times >= _USUAL * len(pieces)
    usual = (number, number) if tells else None
    wanted = [text.counts(told) or usual for text in texts]
    known = [(n, counts) for n, counts in zip(pieces, wanted, strict=True) if counts is not None]
    if not known:
        return None
    return Rate(sum(low <= n <= high for n, (low, high) in known), len(known))


def _picture(done: Sequence[_Attacked]) -> Picture:
    """Draw some images with their cuts, fewer where the file would be large."""
    for count in _SHOWN:
        shown = evenly(done, count)
        cells = [canvas.captioned(_said(each), _view(each)) for each in shown]
        rows = [canvas.beside(cells[i : i + _COLUMNS]) for i in range(0, len(cells), _COLUMNS)]
        png = canvas.drawing_uri(canvas.stack(rows)).partition(",")[2]
        if len(png) <= _LARGEST:
            break
    caption = "Images of the scheme, with lines where the classical way cuts them."
    if any(each.read for each in shown):
        caption += " Above each is what it says, and what was read of its pieces."
    return Picture(png, caption)


def _said(each: _Attacked) -> str:
    """Return what an image says and what was read of it, or into how many pieces it fell."""
    pieces = "1 piece" if each.cut.pieces == 1 else f"{each.cut.pieces} pieces"
    text = f"says {each.text.label}, read {''.join(each.read)}" if each.read else pieces
    return canvas.shorten(text, canvas.SMALL, canvas.WIDTH // 3)


def _view(each: _Attacked) -> Image.Image:
    height, width = each.text.image.shape[:2]
    view = canvas.View(each.text.image, canvas.scale_for(height, width, _ROOM))
    for column in each.cut.columns:
        view.cut(column, 2)
    return view.image


CUTTING = Measurement(
    "cutting", "how well characters can be cut apart", Cutting, measure_cutting, 3.0
)
