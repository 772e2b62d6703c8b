"""What differs from image to image: place, typefaces, colours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import captchascope.draw.canvas as draw
from captchascope.audit.figures import Picture, Variety
from captchascope.audit.measure.glyphs import Glyph, glyphs_of
from captchascope.audit.measure.ink import Ink, ink_of
from captchascope.audit.measure.pictures import looked_at, picture_of, titled
from captchascope.audit.measure.readings import untold
from captchascope.audit.measure.shapes import Shapes, shapes_of
from captchascope.audit.measure.untrained import GENERAL
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.reader import reader_of
from captchascope.records import Reading, RgbImage

_IMAGES = 120
_SURE = 0.5  # that a text is right must the reader be at least, where no label tells
_FIXED = 0.1  # of the height, a quarter of a character, does a text move that stands still
_CHARACTERS, _GLYPHS = 8, 20  # whose shapes are compared, and of each, at most
_VISIBLE = 10.0  # apart in CIELAB are colours that differ at a glance
_SAME_INK = 20.0  # apart at most are pixels of one ink: edges and JPEG change them
_STRAY = 0.02  # of what has the ink's colour is no text, where that tells ink by itself ...
_MOST = 0.75  # ... and so it must be in that many images
_SLICES = 4  # of an image, in which its ground is looked at
_FEWEST = 5  # glyphs of a character, to be compared
_FAIR = 0.2  # of the most ink has the edge of a text at least, where no character was found

_ROOM = 120, 300  # height and width of an image in the pictures, pixels
_ROWS, _COLUMNS, _CELL = 3, 12, 44  # characters, glyphs of each, and their size in pixels


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """An image, and the characters that were found in it; none where it could not be read."""

    ink: Ink
    glyphs: tuple[Glyph, ...]


def measure_variety(setting: Setting) -> Variety:
    """Measure whether place, shapes and colours of texts differ.

    Characters are found where the general reader sees them; what they are, labels say if there are
    some.

    Raises:
        UnmeasuredError: If no image can be read, or none shows a text.
    """
    found = [(path, ink_of(image)) for path, image in looked_at(setting.subject.images, _IMAGES)]
    found = [(path, ink) for path, ink in found if ink.mask.any()]
    if not found:
        raise UnmeasuredError("no image shows a text: check that the files are images of texts")
    labels = {sample.path: sample.label for sample in setting.subject.samples}
    inks = [ink for _, ink in found]
    read = _read(setting, inks, [labels.get(path) for path, _ in found])
    texts, shapes, groups = _clearest(inks, read)
    left, top = _spread(_left_edges(texts)), _spread(_top_edges(texts))
    return Variety(
        images=len(texts),
        sizes=len({ink.size for ink in inks}),
        position_spread=left,
        baseline_spread=top,
        fixed_position=len(texts) > 1 and max(left, top) <= _FIXED,
        typefaces=None if shapes is None else shapes.count,
        glyph_likeness=None if shapes is None else shapes.likeness,
        inks=_count_colours([colour for text in texts for colour in _ink_colours(text)]),
        grounds=_count_colours([colour for ink in inks for colour in _ground_colours(ink)]),
        few_colours=float(np.mean([_stray(text) <= _STRAY for text in texts])) >= _MOST,
        picture=_mean_picture(inks),
        glyph_picture=_glyph_picture(texts, groups),
    )


def _read(
    setting: Setting, inks: Sequence[Ink], labels: Sequence[str | None]
) -> list[tuple[str, list[float]]]:
    """Return the text of each image, and where its characters stand; "" where that is not known."""
    looks = untold(setting.reading)
    told = setting.subject.told(setting.reading) or looks
    try:
        reader = reader_of(GENERAL, replace(told, min_confidence=0.0))
    except UsageError:  # it cannot read such texts
        reader = reader_of(GENERAL, looks)
    with reader:
        images = [ink.image for ink in inks]
        readings = list(reader.read_many(images, jobs=setting.jobs, errors="return"))
    return [_placed(*each) for each in zip(readings, labels, strict=True)]


def _placed(reading: Reading, label: str | None) -> tuple[str, list[float]]:
    text = reading.text or ""
    centres = [sum(char.place) / 2 for char in reading.chars if char.place is not None]
    rising = len(centres) == len(text) and all(a < b for a, b in pairwise(centres))
    trusted = reading.confidence >= _SURE if label is None else len(label) == len(text)
    return (label or text, centres) if rising and trusted else ("", [])


def _clearest(
    inks: Sequence[Ink], read: Sequence[tuple[str, list[float]]]
) -> tuple[list[_Text], Shapes | None, list[list[Glyph]]]:
    """Cut the characters out, and compare them: as they are, or smoothed, whichever is clearer."""
    tried = []
    for smooth in (False, True):
        texts = []
        for ink, (text, centres) in zip(inks, read, strict=True):
            seen = ink_of(np.asarray(cv2.medianBlur(ink.image, 3), np.uint8)) if smooth else ink
            texts.append(_Text(ink, tuple(glyphs_of(seen, text, centres)) if text else ()))
        groups = _groups(texts)
        tried.append((texts, shapes_of(groups) if groups else None, groups))
    plain, smoothed = tried
    if plain[1] is None or smoothed[1] is None or plain[1].nearest >= smoothed[1].nearest:
        return plain
    return smoothed


def _groups(texts: Sequence[_Text]) -> list[list[Glyph]]:
    """Return glyphs of the most frequent characters, the most frequent first."""
    groups = defaultdict[str, list[Glyph]](list)
    for text in texts:
        for glyph in text.glyphs:
            groups[glyph.char].append(glyph)
    often = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:_CHARACTERS]
    return [group[:_GLYPHS] for _, group in often if len(group) >= _FEWEST]


def _left_edges(texts: Sequence[_Text]) -> list[float]:
    """Return where each text begins, as a share of the height."""
    edges = [text.glyphs[0].box[0] / len(text.ink.mask) for text in texts if text.glyphs]
    return edges or [_begins(text.ink.mask.sum(axis=0), text.ink) for text in texts]


def _top_edges(texts: Sequence[_Text]) -> list[float]:
    """Return how far each text stands from the top, but for how high its characters are."""
    tops = defaultdict[str, list[float]](list)
    for text in texts:
        for glyph in text.glyphs:
            tops[glyph.char].append(glyph.box[1] / len(text.ink.mask))
    if not tops:
        return [_begins(text.ink.mask.sum(axis=1), text.ink) for text in texts]
    overall = float(np.median([top for each in tops.values() for top in each]))
    usual = {
        char: float(np.median(each)) if len(each) >= _FEWEST else overall
        for char, each in tops.items()
    }
    return [
        float(np.median([g.box[1] / len(text.ink.mask) - usual[g.char] for g in text.glyphs]))
        for text in texts
        if text.glyphs
    ]


def _begins(profile: NDArray[np.int_], ink: Ink) -> float:
    """Return where there first is a fair part of the most ink, as a share of the height."""
    return float(np.argmax(profile >= _FAIR * profile.max())) / len(ink.mask)


def _spread(places: Sequence[float]) -> float:
    """Return the standard deviation, of the middle two thirds: a few are found wrongly."""
    low, high = np.quantile(places, [0.1587, 0.8413])
    return float(high - low) / 2


def _lab(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return sRGB colours, shape (N, 3), in CIELAB."""
    levels = (np.asarray(colours, np.float32) / 255).reshape(1, -1, 3)
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2LAB)[0], np.float64)


def _ink_colours(text: _Text) -> list[NDArray[np.float64]]:
    """Return the colour of each character; of all ink where none was found."""
    ink, colours = text.ink, []
    for left, top, right, bottom in (glyph.box for glyph in text.glyphs):
        part = ink.image[top:bottom, left:right][ink.inside[top:bottom, left:right]]
        if len(part):
            colours.append(np.median(part, axis=0))
    return colours or [np.median(ink.image[ink.inside], axis=0)]


def _ground_colours(ink: Ink) -> list[NDArray[np.float64]]:
    parts = np.array_split(ink.ground, min(_SLICES, ink.ground.shape[1]), axis=1)
    return [np.median(part.reshape(-1, 3), axis=0) for part in parts]


def _count_colours(colours: Sequence[NDArray[np.float64]]) -> int:
    """Return how many of the colours differ visibly: each is new or near one that was before."""
    known = np.empty((0, 3))
    for colour in _lab(np.array(colours)):
        if not len(known) or np.linalg.norm(known - colour, axis=1).min() > _VISIBLE:
            known = np.vstack([known, colour])
    return len(known)


def _stray(text: _Text) -> float:
    """Return which share of what has the colour of the text is none, 0 to 1.

    What lies outside of the characters is none, and within them as much of their area.
    """
    ink = text.ink
    pixels = _lab(ink.image.reshape(-1, 3)).reshape(ink.image.shape)
    near = [
        np.linalg.norm(pixels - colour, axis=2) <= _SAME_INK
        for colour in _lab(np.array(_ink_colours(text)))
    ]
    alike = np.any(near, axis=0)
    within = np.zeros(alike.shape, np.uint8)
    for left, top, right, bottom in (glyph.box for glyph in text.glyphs):
        within[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = 1
    if not text.glyphs:
        cv2.dilate(ink.mask.astype(np.uint8), np.ones((3, 3), np.uint8), within)
    outside = alike[within == 0]
    found = max(1, int(alike.sum()))
    return min(1.0, float(outside.mean()) * alike.size / found) if len(outside) else 0.0


def _mean_picture(inks: Sequence[Ink]) -> Picture:
    """Show where there is ink, over all images of the most frequent size."""
    shape = Counter(ink.mask.shape for ink in inks).most_common(1)[0][0]
    alike = [ink for ink in inks if ink.mask.shape == shape]
    mean = np.mean([ink.mask for ink in alike], axis=0)
    shades = np.asarray(np.rint(255 * (1 - mean / mean.max())), np.uint8)
    views = [titled(alike[0].image, "one image", _ROOM), titled(shades, "all images", _ROOM)]
    caption = (
        f"One image, and where {len(alike):,} images have ink: the darker, the more of them. "
        "What stands in one place in all of them shows."
    )
    return picture_of(draw.beside(views), caption)


def _glyph_picture(texts: Sequence[_Text], groups: Sequence[Sequence[Glyph]]) -> Picture | None:
    """Show some glyphs of the most frequent characters, a row of each."""
    images = {id(glyph): text.ink.image for text in texts for glyph in text.glyphs}
    rows = []
    for group in groups[:_ROWS]:
        cells = [_cell(images[id(glyph)], glyph) for glyph in group[:_COLUMNS]]
        rows.append(draw.beside(cells, 4))
    if not rows:
        return None
    names = ", ".join(printable(group[0].char) for group in groups[:_ROWS])
    caption = f"The same character in several images, a row for each of {names}."
    return picture_of(draw.stack(rows, 6), caption)


def _cell(image: RgbImage, glyph: Glyph) -> Image.Image:
    """Draw a glyph as it stands in its image, in a square."""
    left, top, right, bottom = glyph.box
    part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    scale = _CELL / max(part.size)
    part = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))))
    cell = draw.blank(_CELL, _CELL)
    cell.paste(part, ((_CELL - part.width) // 2, (_CELL - part.height) // 2))
    return cell


VARIETY = Measurement("variety", "what differs from image to image", Variety, measure_variety, 8.0)
