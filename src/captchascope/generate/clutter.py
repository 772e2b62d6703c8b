"""What lies behind a text and over it: lines, blobs, strips, grids, dots, decoys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.colours import draw_colour, fainter
from captchascope.generate.lettering import Letter, filling, placed, printed
from captchascope.generate.noise import uniform
from captchascope.generate.paint import Colour, lay
from captchascope.records import RgbImage

_PARTS = 4  # bits below a pixel that OpenCV's lines know


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What clutter has to know of the text.

    Attributes:
        cap: Height of a capital, pixels.
        inks: Colours of the letters.
        ground: Colour behind them, about.
        box: Left, top, right and bottom of the text, pixels.
        letters: How many there are.
        fonts: Those of the text.
        charset: What its letters are of.
        gray: Whether there are no hues.
        smooth: Whether edges are.
    """

    cap: float
    inks: Sequence[Colour]
    ground: Colour
    box: tuple[float, float, float, float]
    letters: int
    fonts: Sequence[str]
    charset: str
    gray: bool
    smooth: bool

    @property
    def kind(self) -> int:
        """OpenCV's kind of line."""
        return cv2.LINE_AA if self.smooth else cv2.LINE_8

    def ink(self, rng: np.random.Generator) -> Colour:
        """Draw a colour of a letter."""
        return self.inks[int(rng.integers(len(self.inks)))]

    def any(self, rng: np.random.Generator) -> Colour:
        """Draw any colour: a letter's, the ground's, or another one."""
        share = rng.random()
        if share < 0.3:
            return self.ink(rng)
        return self.ground if share < 0.36 else draw_colour(rng, self.gray)


def _line(
    image: RgbImage, points: NDArray[np.float64], colour: Colour, thickness: int, stage: Stage
) -> None:
    fixed = [np.round(points * 2**_PARTS).astype(np.int32)]
    cv2.polylines(image, fixed, False, colour, thickness, stage.kind, _PARTS)


def _straight(rng: np.random.Generator, image: RgbImage) -> NDArray[np.float64]:
    """Return two points, from side to side or anywhere."""
    height, width = image.shape[:2]
    share = rng.random()
    if share < 0.4:
        x = [uniform(rng, -2, width * 0.3), uniform(rng, width * 0.7, width + 2)]
        return np.stack([x, rng.uniform(-0.1, 1.1, 2) * height], axis=1)
    if share < 0.6:
        return rng.random((2, 2)) * (width, height)
    start = rng.uniform(0, 1, 2) * (width, height)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.5) * height
    return np.stack([start, start + length * np.array([np.cos(angle), np.sin(angle)])])


def straight_lines(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw up to a dozen straight lines, each of its own colour, or all of one."""
    one = stage.any(rng) if rng.random() < 0.4 else None
    most = max(1, round(stage.cap * uniform(rng, 0.03, 0.1)))
    count = 1 + int(min(12, 2 * stage.letters) * rng.random() ** 1.5)
    if most > 2:
        count = min(count, stage.letters)
    for _ in range(count):
        colour = one or stage.any(rng)
        _line(image, _straight(rng, image), colour, int(rng.integers(1, most + 1)), stage)


def threads(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw many thin lines, straight ones, short ones or long curves."""
    height, width = image.shape[:2]
    one = stage.any(rng) if rng.random() < 0.5 else None
    curved = rng.random() < 0.35
    count = int(uniform(rng, 2, 4 if curved or stage.cap < 16 else 8) * stage.letters)
    if curved:
        count = count // 3 + 1
    for _ in range(count):
        colour = one or stage.any(rng)
        points = _curve(rng, width, height) if curved else _straight(rng, image)
        _line(image, points, colour, 1, stage)


_STEPS = np.linspace(0, 1, 32)
_POWERS = np.stack(
    [(1 - _STEPS) ** 3, 3 * _STEPS * (1 - _STEPS) ** 2, 3 * _STEPS**2 * (1 - _STEPS), _STEPS**3],
    axis=1,
)


def _curve(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """Return a Bezier curve, or a part of an ellipse."""
    if rng.random() < 0.5:
        curve: NDArray[np.float64] = _POWERS @ (rng.uniform(-0.2, 1.2, (4, 2)) * (width, height))
        return curve
    middle = rng.uniform(0, 1, 2) * (width, height)
    radius = rng.uniform(0.15, 1.2, 2) * (width / 2, height)
    angle = rng.uniform(0, 2 * np.pi) + _STEPS * rng.uniform(1.0, 2 * np.pi)
    ellipse: NDArray[np.float64] = middle + radius * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    return ellipse


def arcs(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw a few curves, thin to thick."""
    height, width = image.shape[:2]
    most = max(1, round(stage.cap * uniform(rng, 0.03, 0.11)))
    for _ in range(int(rng.integers(1, 5))):
        colour = stage.any(rng)
        _line(image, _curve(rng, width, height), colour, int(rng.integers(1, most + 1)), stage)


def thick(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw one or two lines as thick as strokes, of a colour that the letters do not have."""
    thickness = max(2, round(stage.cap * uniform(rng, 0.06, 0.16)))
    for _ in range(int(rng.integers(1, 3))):
        colour = draw_colour(rng, stage.gray)
        height, width = image.shape[:2]
        curved = rng.random() < 0.4
        points = _curve(rng, width, height) if curved else _straight(rng, image)
        _line(image, points, colour, thickness, stage)


def blobs(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw ellipses and polygons, filled or not, none so large that a letter is gone."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 5))):
        middle = rng.uniform(0, 1, 2) * (width, height)
        radius = stage.cap * rng.uniform(0.06, 0.24, 2)
        colour, filled = draw_colour(rng, stage.gray), -1 if rng.random() < 0.8 else 1
        if rng.random() < 0.65:
            x, y = (round(float(number)) for number in middle)
            axes = max(1, round(float(radius[0]))), max(1, round(float(radius[1])))
            turn = uniform(rng, 0, 180)
            cv2.ellipse(image, (x, y), axes, turn, 0, 360, colour, filled, stage.kind)
        else:
            corners = int(rng.integers(3, 7))
            angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
            points = middle + 1.2 * radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            fixed = [np.round(points).astype(np.int32)]
            if filled < 0:
                cv2.fillPoly(image, fixed, colour, stage.kind)
            else:
                cv2.polylines(image, fixed, True, colour, 1, stage.kind)


def strips(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Lay bands over it through which the text can be seen."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        across = rng.random() < 0.5
        side = height if across else width
        broad = round(stage.cap * uniform(rng, 0.1, 0.8))
        start = int(rng.integers(-broad // 2, max(side - broad // 2, 1)))
        part = (
            image[max(start, 0) : start + broad]
            if across
            else image[:, max(start, 0) : start + broad]
        )
        if part.size:
            share, colour = uniform(rng, 0.15, 0.55), draw_colour(rng, stage.gray)
            shade = np.array(colour) * share
            table = np.arange(256)[:, None] * (1 - share) + shade
            part[:] = cv2.LUT(np.ascontiguousarray(part), table.astype(np.uint8)[None])


def grid(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw lines across and down at equal distances, or only one of both."""
    height, width = image.shape[:2]
    colour, which = stage.any(rng), int(rng.integers(4))
    thickness = 1 if rng.random() < 0.7 else max(1, round(stage.cap * 0.06))
    step = max(stage.cap * uniform(rng, 0.22, 0.8), 5.0 * thickness)
    lean = uniform(rng, -0.5, 0.5) * height if rng.random() < 0.3 else 0.0
    if which != 1:
        for x in np.arange(uniform(rng, -step, 0), width + abs(lean), step).tolist():
            _line(image, np.array([[x, 0.0], [x - lean, height]]), colour, thickness, stage)
    if which != 2:
        for y in np.arange(uniform(rng, -step, 0), height + step, step).tolist():
            _line(image, np.array([[0.0, y], [width, y]]), colour, thickness, stage)


def dots(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw spots, of one size or several, in and around the letters."""
    height, width = image.shape[:2]
    area, most = height * width, stage.cap / 16
    radius = uniform(rng, 0, most) if rng.random() < 0.7 else 0.0
    density = uniform(rng, 0.003, 0.05) * (0.6 if radius else 1)
    count = max(3, round(area * density / (1 + math.pi * radius**2)))
    xs, ys = rng.integers(0, width, count), rng.integers(0, height, count)
    size = round(radius)
    colours = [stage.any(rng) for _ in range(1 if rng.random() < 0.6 else 4)]
    for number, colour in enumerate(colours):
        x, y = xs[number :: len(colours)], ys[number :: len(colours)]
        if size == 0:
            image[y, x] = np.array(colour, np.uint8)
        else:
            cover = np.zeros((height, width), np.uint8)
            cover[y, x] = 255
            shape = cv2.MORPH_ELLIPSE if rng.random() < 0.8 else cv2.MORPH_RECT
            around = cv2.getStructuringElement(shape, (2 * size + 1, 2 * size + 1))
            cover = np.asarray(cv2.dilate(cover, around), np.uint8)
            if stage.smooth:
                cover = np.asarray(cv2.blur(cover, (2, 2)), np.uint8)
            lay(image, cover, colour)


def frame(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw a border."""
    height, width = image.shape[:2]
    corner = width - 1, height - 1
    cv2.rectangle(image, (0, 0), corner, stage.any(rng), 1 if rng.random() < 0.7 else 3)


def strike(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw one line or wave through all letters, in the ink of one of them, or two."""
    colour = stage.ink(rng) if rng.random() < 0.75 else draw_colour(rng, stage.gray)
    for points in struck(rng, image.shape[:2], stage):
        thickness = max(1, round(stage.cap * uniform(rng, 0.02, 0.09)))
        _line(image, points, colour, thickness, stage)


def struck(
    rng: np.random.Generator, shape: tuple[int, ...], stage: Stage
) -> list[NDArray[np.float64]]:
    """Return the points of one or two lines or waves that go through the text."""
    width = shape[1]
    left, top, right, bottom = stage.box
    found = []
    for _ in range(1 if rng.random() < 0.75 else 2):
        if rng.random() < 0.4:
            left, right = 0, width
        before, after = uniform(rng, 0, stage.cap), uniform(rng, 0, stage.cap)
        x = left - before + _STEPS * (right - left + before + after)
        middle, tall = (top + bottom) / 2, min(bottom - top, 2 * stage.cap)
        y = middle + tall * uniform(rng, -0.2, 0.2) + (x - x.mean()) * uniform(rng, -0.06, 0.06)
        if rng.random() < 0.6:
            length = stage.cap * uniform(rng, 1.5, 7)
            wave = np.sin(2 * np.pi / length * x + uniform(rng, 0, 7))
            y = y + stage.cap * uniform(rng, 0.05, 0.45) * wave
        found.append(np.stack([x, y], axis=1))
    return found


def cuts(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw thin lines in the ground's colour, which cut the letters up: a few, or many alike."""
    thickness = max(1, round(stage.cap * uniform(rng, 0.02, 0.07)))
    if rng.random() < 0.3:
        step = thickness + max(3, round(stage.cap * uniform(rng, 0.1, 0.3)))
        rows = rng.random() < 0.7
        for start in range(int(rng.integers(step)), image.shape[0 if rows else 1], step):
            part = slice(start, start + thickness)
            image[(part, slice(None)) if rows else (slice(None), part)] = np.array(
                stage.ground, np.uint8
            )
        return
    for _ in range(int(rng.integers(1, 6))):
        _line(image, _straight(rng, image), stage.ground, thickness, stage)


def negative(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Turn light into dark and dark into light, in an ellipse, on one side, or in stripes."""
    height, width = image.shape[:2]
    choice, where = rng.random(), np.zeros((height, width), np.uint8)
    x, y = round(uniform(rng, 0.2, 0.8) * width), round(uniform(rng, 0.2, 0.8) * height)
    if choice < 0.5:
        axes = round(stage.cap * uniform(rng, 0.4, 2)), round(stage.cap * uniform(rng, 0.3, 1))
        cv2.ellipse(where, (x, y), axes, uniform(rng, 0, 180), 0, 360, 255, -1)
    elif choice < 0.8:
        where[:, :x] = 255
    else:
        step = max(3, round(stage.cap * uniform(rng, 0.3, 1.2)))
        where[:] = (np.arange(width) // step % 2 * 255).astype(np.uint8)
    np.copyto(image, 255 - image, where=(where > 0)[..., None])


def decoys(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw smaller characters, fainter than the text, anywhere; some mirrored."""
    height, width = image.shape[:2]
    density = uniform(rng, 0.15, 0.9)
    size = stage.cap * uniform(rng, 0.22, 0.5)
    count = min(max(2, round(density * width * height / (4 * size * size))), 36)
    gap = uniform(rng, 14, 60)
    inks = [fainter(stage.any(rng), stage.ground, gap) for _ in range(1 + int(rng.integers(3)))]
    mirrored = rng.random() < 0.3
    for ink in inks:
        spots = []
        for _ in range(-(-count // len(inks))):
            char = stage.charset[int(rng.integers(len(stage.charset)))]
            font = stage.fonts[int(rng.integers(len(stage.fonts)))]
            turn = uniform(rng, -40, 40)
            letter = Letter(char, font, turn=turn, squeeze=-1.0 if mirrored else 1.0)
            spot = placed([letter])[0].scaled(size)
            spots.append(spot.moved(uniform(rng, 0, width) - spot.x, uniform(rng, 0, height)))
        lay(image, filling(printed(spots, (height, width)).levels), ink)


def scratches(rng: np.random.Generator, image: RgbImage, stage: Stage) -> None:
    """Draw short strokes, bent ones and crosses, fainter than the text."""
    height, width = image.shape[:2]
    gap = uniform(rng, 20, 70)
    colour = fainter(stage.any(rng), stage.ground, gap)
    thickness = max(1, round(stage.cap * uniform(rng, 0.02, 0.09)))
    for _ in range(int(rng.integers(5, 30))):
        start = rng.uniform(0, 1, 2) * (width, height)
        moves = rng.uniform(-0.3, 0.3, (int(rng.integers(1, 4)), 2)) * stage.cap
        points = start + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
        _line(image, points, colour, thickness, stage)


Clutter = Callable[[np.random.Generator, RgbImage, Stage], None]

BEHIND: dict[str, Clutter] = {
    "lines": straight_lines,
    "threads": threads,
    "arcs": arcs,
    "grid": grid,
    "dots": dots,
    "blobs": blobs,
    "thick": thick,
    "decoys": decoys,
    "scratches": scratches,
}
"""What may lie behind a text, by name."""

OVER: dict[str, Clutter] = {
    "lines": straight_lines,
    "threads": threads,
    "arcs": arcs,
    "thick": thick,
    "blobs": blobs,
    "strips": strips,
    "grid": grid,
    "dots": dots,
    "frame": frame,
    "strike": strike,
    "cuts": cuts,
    "negative": negative,
}
"""What may lie over it."""
