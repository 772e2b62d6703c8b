"""The human side: contrast, strokes, sizes, and another way for who cannot see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.audit.figures import Legibility, Picture
from captchascope.audit.measure.alphabet import look_alikes_of
from captchascope.audit.measure.ink import Ink, ink_of
from captchascope.audit.measure.pictures import looked_at, picture_of, titled
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.draw.canvas import beside, stack
from captchascope.records import RgbImage

_IMAGES = 120
_FINE = 4  # times as large are strokes measured: they are often but two pixels wide
LEAST_STROKE = 2  # pixels
LEAST_HEIGHT = 20  # pixels
_LARGE = 17  # pixels from top to bottom have capitals of 24-pixel type, WCAG's large text
_CONTRAST, _LARGE_CONTRAST = 4.5, 3.0
_TWENTIETH = 0.05
_WIDEST = 1.6  # times as wide as high is a character at most
_LOWEST = 0.2  # of the image's height is a character at least
_ROW = 0.1  # as much ink as the fullest row has a row of the text at least

_SHOWN, _BESIDE = 6, 3  # images of the picture, and of one row
_ROOM = 80, 200  # height and width of one, pixels


def measure_legibility(setting: Setting) -> Legibility:
    """Measure how hard the images are for people, by what standards and reading research ask for.

    Raises:
        UnmeasuredError: If no image can be read, or none shows a text.
    """
    inks = [ink_of(image) for _, image in looked_at(setting.subject.images, _IMAGES)]
    written = [ink for ink in inks if ink.mask.any()]
    if not written:
        raise UnmeasuredError("no image shows a text: check that the files are images of texts")
    contrasts = np.array([_contrast(ink) for ink in written])
    low = float(np.quantile(contrasts, _TWENTIETH))
    stroke = float(np.median([_stroke(ink) for ink in written]))
    height = float(np.median([_height(ink) for ink in written]))
    warnings = [
        *_faint(contrasts, height),
        *_small(stroke, height),
        *_alike(setting),
        *_unheard(setting.audio),
    ]
    return Legibility(
        images=len(inks),
        contrast=float(np.median(contrasts)),
        contrast_low=low,
        stroke=stroke,
        height=height,
        width=float(np.median([ink.size[1] for ink in inks])),
        warnings=tuple(warnings),
        audio=setting.audio,
        picture=_picture([ink.image for ink in written], contrasts),
    )


def least_contrast(height: float) -> float:
    """Return the contrast ratio that WCAG 2.2 asks of text so high in pixels, 1.4.3."""
    return _LARGE_CONTRAST if height >= _LARGE else _CONTRAST


def relative_luminance(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the relative luminance, 0 to 1, of sRGB colours, as WCAG 2.2 defines it.

    Args:
        colours: 0 to 255, shape (..., 3).
    Returns:
        Shape (...).
    """
    levels = np.asarray(colours, np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), np.float64)


def contrast_of(rgb: RgbImage) -> float:
    """Return the contrast ratio of text and ground, 1 to 21, as WCAG 2.2 defines it.

    It is the median over the inside of strokes, for edges are a mixture, against the ground just
    there. An image without text has 1.

    Args:
        rgb: Shape (H, W, 3).
    """
    return _contrast(ink_of(rgb))


def _contrast(ink: Ink) -> float:
    if not ink.inside.any():
        return 1.0
    text = relative_luminance(ink.image[ink.inside])
    ground = relative_luminance(ink.ground[ink.inside])
    ratios = (np.maximum(text, ground) + 0.05) / (np.minimum(text, ground) + 0.05)
    return float(np.median(ratios))


def _stroke(ink: Ink) -> float:
    """Return the width of strokes in pixels: twice the way from their middle to the ground.

    A stroke ends where it is half as far from the ground as nearby.
    """
    block = np.ones((3, 3), np.uint8)
    near = cv2.dilate(ink.mask.astype(np.uint8), block)
    full = cv2.dilate(np.where(ink.mask, ink.apart, 0), np.ones((5, 5), np.uint8))
    size = ink.mask.shape[1] * _FINE, ink.mask.shape[0] * _FINE
    over = cv2.resize(np.where(near, ink.apart - full / 2, -full), size)  # bilinear
    way = cv2.distanceTransform((over > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    middle = (way >= cv2.dilate(way, block)) & (way > 0)
    width = 2 * float(np.median(way[middle])) / _FINE if middle.any() else 1.0
    return width / ink.scale


def _height(ink: Ink) -> float:
    """Return the height of characters in pixels: of pieces of ink that are shaped like one."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(ink.mask.astype(np.uint8), connectivity=8)
    width, height = facts[1:, cv2.CC_STAT_WIDTH], facts[1:, cv2.CC_STAT_HEIGHT]
    shaped = (width <= _WIDEST * height) & (height >= _LOWEST * len(ink.mask))
    if shaped.any():
        return float(np.median(height[shaped])) / ink.scale
    rows = ink.mask.sum(axis=1)  # all is one piece
    return float((rows >= _ROW * rows.max()).sum()) / ink.scale


def _faint(contrasts: NDArray[np.float64], height: float) -> Iterator[str]:
    least, size = least_contrast(height), "large" if height >= _LARGE else "ordinary"
    share = float((contrasts < least).mean())
    if share >= _TWENTIETH:
        yield (
            f"In {share:.0%} of the images the contrast of text and ground is below {least:g}:1, "
            f"the least that WCAG 2.2 allows for {size} text (success criterion 1.4.3)."
        )


def _small(stroke: float, height: float) -> Iterator[str]:
    if stroke < LEAST_STROKE:
        yield (
            f"Strokes are {stroke:.1f} pixels wide: below {LEAST_STROKE} their edges blend with "
            "the ground, so that they look fainter than their colour is (WCAG 2.2, Understanding "
            "1.4.3)."
        )
    if height < LEAST_HEIGHT:
        yield (
            f"Characters are {height:.0f} pixels high: below {LEAST_HEIGHT} they are slow to read "
            "with a third of normal sight (0.6 degrees at half a metre; Legge and Bigelow 2011)."
        )


def _alike(setting: Setting) -> Iterator[str]:
    try:
        groups = look_alikes_of(setting)
    except UnmeasuredError:
        return
    if groups:
        shown = ", ".join(
            group.characters if "/" in group.characters else " ".join(group.characters)
            for group in groups
        )
        yield f"Characters are used that people take for each other: {shown}."


def _unheard(audio: bool | None) -> Iterator[str]:
    asks = "WCAG 2.2 asks for a CAPTCHA for another sense (success criterion 1.1.1)."
    if audio is None:
        yield f"Nobody said whether there is an audio alternative: {asks}"
    elif not audio:
        yield f"There is no audio alternative: {asks}"


def _picture(images: Sequence[RgbImage], contrasts: NDArray[np.float64]) -> Picture:
    """Show the images of the least contrast."""
    least = np.argsort(contrasts, kind="stable")[:_SHOWN].tolist()
    views = [titled(images[i], f"{contrasts[i]:.1f}:1", _ROOM) for i in least]
    many = f"The {len(views)} images" if len(views) > 1 else "The image"
    rows = [beside(views[i : i + _BESIDE], 0) for i in range(0, len(views), _BESIDE)]
    return picture_of(stack(rows), f"{many} of the least contrast between text and ground.")


LEGIBILITY = Measurement(
    "legibility", "how hard it is for people", Legibility, measure_legibility, 3.0
)
