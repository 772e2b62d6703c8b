"""What becomes of a picture in the end: enlarged, blurred, grainy, of few colours, compressed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from captchascope.generate.noise import chance
from captchascope.generate.paint import grainy
from captchascope.records import RgbImage

ENLARGEMENTS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
}


@dataclass(frozen=True, slots=True)
class Finish:
    """The last steps, in their order.

    Attributes:
        speckle: The share of the pixels that are replaced by noise.
        jagged: Whether edges are hard.
        rows: By how many pixels each row is moved sideways at most.
        blur: Standard deviation, pixels.
        enlarged: So many times, 1 to 4.
        how: Of ``ENLARGEMENTS``.
        grain: Standard deviation of the noise, levels.
        palette: How many colours are left, as in a GIF, or 0 for all.
        quality: JPEG quality of the file, 5 to 100.
    """

    speckle: float = 0.0
    jagged: bool = False
    rows: int = 0
    blur: float = 0.0
    enlarged: float = 1.0
    how: str = "linear"
    grain: float = 0.0
    palette: int = 0
    quality: int = 95


def finished(rng: np.random.Generator, image: RgbImage, finish: Finish, gray: bool) -> RgbImage:
    """Return the picture after these steps; one without hues stays so where ``gray``."""
    height, width = image.shape[:2]
    if finish.speckle:
        hit = chance(rng, (height, width), finish.speckle)
        levels = (2, 1) if gray or rng.random() < 0.5 else (256, 3)
        noise = rng.integers(0, levels[0], (int(hit.sum()), levels[1]), np.uint8)
        image[hit] = noise * np.uint8(255 // (levels[0] - 1))
    if finish.rows:
        moves = rng.integers(-finish.rows, finish.rows + 1, (height, 1))
        columns = np.clip(np.arange(width) + moves, 0, width - 1)
        image = image[np.arange(height)[:, None], columns]
    if finish.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), finish.blur), np.uint8)
    if finish.enlarged != 1:
        size = round(width * finish.enlarged), round(height * finish.enlarged)
        how = ENLARGEMENTS[finish.how]
        image = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    if finish.grain:
        image = grainy(rng, image, finish.grain, gray)
    if finish.palette:
        dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.5 else Image.Dither.NONE
        few = Image.fromarray(image).quantize(
            finish.palette, Image.Quantize.FASTOCTREE, dither=dither
        )
        image = np.array(few.convert("RGB"))
        if gray:
            image[:] = image[..., 1:2]
    return image
