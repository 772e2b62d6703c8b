"""How much of the resistance is noise: what readers make of images after ways of denoising them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from captchascope.audit.figures import Denoised, Noise, Picture
from captchascope.audit.measure.classical import Way, cut_text, ink_side, inked
from captchascope.audit.measure.cutting import best_way, counted_of
from captchascope.audit.measure.readings import mean_confidence
from captchascope.audit.measure.texts import Text, measured_and_others
from captchascope.audit.measure.untrained import GENERAL
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.decode import ReadOptions
from captchascope.draw import canvas
from captchascope.errors import ImageError, UsageError
from captchascope.evaluate import evaluate_read
from captchascope.image.ink import ground_of, one_ink
from captchascope.reader import Reader, reader_of
from captchascope.records import Reading, RgbImage

_READ = 100  # images, at most
_TRIED = 60  # other images, on which the ways to cut are tried
_THIN = 1 / 30  # of the height in pixels, 2 at least, is wider than a line that is removed
_DEEP = 0.8  # quantile of the distances from the ground, beyond which ink shows its own colour
_COLUMNS = 2
_ROOMS = (200, 310), (90, 260), (60, 200)  # pixels of a shown image; the first in which it is small
_MOST = 60_000  # characters of a picture

_CUTS = Way("gray"), Way("colour")
"""Neither smooths the image: what is measured is what denoising it does."""


def _as_it_is(image: RgbImage) -> RgbImage:
    return image


def _median(image: RgbImage) -> RgbImage:
    return np.asarray(cv2.medianBlur(image, 3), np.uint8)


def _gaussian(image: RgbImage) -> RgbImage:
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)


def _bilateral(image: RgbImage) -> RgbImage:
    """Blur an image but for its edges: Tomasi and Manduchi (1998), "Bilateral filtering", ICCV."""
    return np.asarray(cv2.bilateralFilter(image, 5, 60, 2), np.uint8)


def _without_thin_lines(image: RgbImage) -> RgbImage:
    """Close what is dark on a light ground, and open what is light: what is thin is gone."""
    square = np.ones((max(2, round(_THIN * image.shape[0])),) * 2, np.uint8)
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = ink_side(gray, threshold) == "dark"
    operation = cv2.MORPH_CLOSE if dark else cv2.MORPH_OPEN
    return np.asarray(cv2.morphologyEx(image, operation, square), np.uint8)


def _one_colour(image: RgbImage) -> RgbImage:
    """Keep what has the colour that most of the ink has; all where there is no ink."""
    mask = inked(image, Way("colour")) > 0
    if not mask.any():
        return image
    pixels = image[mask]
    far = np.linalg.norm(pixels - ground_of(image), axis=1)
    red, green, blue = np.median(pixels[far >= np.quantile(far, _DEEP)], axis=0).astype(int)
    try:
        kept = one_ink(image, f"#{red:02x}{green:02x}{blue:02x}", "image")
    except ImageError:  # too few pixels
        return image
    return np.asarray(cv2.cvtColor(kept, cv2.COLOR_GRAY2RGB), np.uint8)


WAYS: Mapping[str, Callable[[RgbImage], RgbImage]] = {
    "as they are": _as_it_is,
    "median 3x3": _median,
    "Gaussian blur 3x3": _gaussian,
    "blur that keeps edges": _bilateral,
    "thin lines removed": _without_thin_lines,
    "one colour kept": _one_colour,
}
"""The ways of denoising, by what they are called."""


def measure_noise(setting: Setting) -> Noise:
    """Read and cut the same images as they are and after each way of denoising.

    The general reader is told the alphabet and the length, where anything tells them.

    Raises:
        UnmeasuredError: If no image can be decoded.
    """
    texts, others = measured_and_others(setting, _READ, _TRIED)
    if not texts:
        raise UnmeasuredError("no image can be decoded; check that they open in a browser")
    cut = best_way(_CUTS, others, setting.reading)
    tries = []
    with _general_reader(setting) as reader:
        for done, (name, denoise) in enumerate(WAYS.items(), 1):
            tries.append(_tried(name, denoise, texts, cut, reader, setting))
            setting.progress(done / len(WAYS))
    return Noise(tuple(each.figures for each in tries), _picture(texts, tries))


def _general_reader(setting: Setting) -> Reader:
    """Return the reader, told what anybody sees; told nothing, where it cannot read such texts."""
    plain = ReadOptions(ignore_case=setting.reading.ignore_case, solve=setting.reading.solve)
    told = setting.subject.told(setting.reading) or plain
    # what is done to images first, has been done
    told = replace(told, min_confidence=0.0, frames=None, rows=None, ink=None)
    try:
        return reader_of(GENERAL, told)
    except UsageError:
        return reader_of(GENERAL, plain)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A way of denoising, its figures, and what was read of each image."""

    figures: Denoised
    readings: tuple[Reading, ...]


def _tried(
    name: str,
    denoise: Callable[[RgbImage], RgbImage],
    texts: Sequence[Text],
    cut: Way,
    reader: Reader,
    setting: Setting,
) -> _Tried:
    images = [denoise(text.image) for text in texts]
    readings = tuple(reader.read_many(images, jobs=setting.jobs, errors="return"))
    samples = [text.sample for text in texts if text.sample is not None]
    exact = evaluate_read(reader, samples, readings).exact_match if samples else None
    counts = [text.counts(setting.reading) for text in texts]
    counted = None
    if any(counts):  # else each way would have a usual number of its own
        pairs = zip(images, counts, strict=True)
        pieces = [cut_text(image, cut, own).pieces for image, own in pairs]
        counted = counted_of(texts, pieces, setting.reading)
    return _Tried(Denoised(name, exact, mean_confidence(readings), counted), readings)


def _picture(texts: Sequence[Text], tries: Sequence[_Tried]) -> Picture:
    """Show the image of which most different texts were read, after each way of denoising."""
    read = [{each.readings[i].text for each in tries} for i in range(len(texts))]
    at = max(range(len(texts)), key=lambda i: len(read[i]))
    image = texts[at]
    for room in _ROOMS:
        cells = [
            _cell(denoise(image.image), each.figures.way, each.readings[at].text, room)
            for each, denoise in zip(tries, WAYS.values(), strict=True)
        ]
        rows = [canvas.beside(cells[i : i + _COLUMNS]) for i in range(0, len(cells), _COLUMNS)]
        png = canvas.drawing_uri(canvas.stack(rows)).partition(",")[2]
        if len(png) <= _MOST:
            break
    says = f", which says {canvas.legible(image.label)}," if image.label else ""
    caption = f"One image{says} after each way of denoising, and what was read of it."
    return Picture(png, caption)


def _cell(pixels: RgbImage, way: str, text: str | None, room: tuple[int, int]) -> Image.Image:
    scale = canvas.scale_for(pixels.shape[0], pixels.shape[1], room)
    view = canvas.View(pixels, scale).image
    width = max(view.width, canvas.WIDTH // 3)
    title = canvas.shorten(f"{way}: {text or 'nothing'}", canvas.SMALL, width)
    return canvas.captioned(title, view)


NOISE = Measurement("noise", "what denoising does", Noise, measure_noise, 8.0)
