"""One picture from a scene: letters set freely, warped, painted, and cluttered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from captchascope.generate.clutter import BEHIND, OVER, Stage, struck
from captchascope.generate.colours import (
    differ,
    draw_backdrop,
    draw_colour,
    draw_ground,
    draw_ink,
    faded,
    fainter,
)
from captchascope.generate.finishing import Finish, finished
from captchascope.generate.lettering import (
    Letter,
    Print,
    Spot,
    bounds,
    filling,
    outline,
    placed,
    printed,
)
from captchascope.generate.noise import chance, uniform
from captchascope.generate.paint import Colour, Drawn, between, coloured, lay
from captchascope.generate.tiles import draw_tiles
from captchascope.generate.typefaces import Mask
from captchascope.generate.warp import Warp, draw_warp
from captchascope.records import RgbImage

PAINTS = ("solid", "hollow", "crossing", "stacked", "edged", "textured", "shaded")
"""Full letters; only outlines, merged, or kept where letters overlap, or hiding the letter below;
full with an outline in another colour; full of dots or hatching; fading downwards."""

_WIDTHS = (60, 670)  # pixels
_PAD = 1.5  # pixels between the text and the border
_SWAY = 1.15  # of a warp's reach, that is left free around the text


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture is like; lengths are shares of a capital's height unless said otherwise.

    Attributes:
        letters: The text.
        charset: What its letters were drawn of; decoys are, too.
        height: Of the picture, pixels; before it is enlarged.
        cap: Height of a capital as a share of the picture's, before it is made to fit.
        width: Of the picture, pixels; None for as much as the text needs and ``room``.
        room: The share of the text's width that is left empty.
        anywhere: Whether the text stands anywhere, or in the middle.
        cut: By how much of a letter the text leaves the picture at most.
        angle: Degrees by which the whole text is turned.
        sag: How far the middle of the text hangs below its ends.
        warp: Of ``WARPS``, or empty.
        reach: How far the warp moves pixels.
        whole: Whether the warp bends all, or the letters alone.
        tone: Of ``TONES``.
        contrast: By how many levels letters differ from the ground, 0 to 255.
        gray: Whether there are no hues.
        colours: Whether each letter has its own.
        ground: Of ``GROUNDS``.
        paint: Of ``PAINTS``.
        line: Thickness of outlines.
        opacity: Of the letters, 0 to 1.
        shadow: How far away a shadow or second print is, 0 for none.
        tiles: Of ``TILES``, or empty.
        behind: Of ``BEHIND``, in this order.
        over: Of ``OVER``, likewise.
        struck: Whether a line is part of the text, with its texture and warp.
        finish: What becomes of the picture in the end.
    """

    letters: tuple[Letter, ...]
    charset: str
    height: int = 50
    cap: float = 0.5
    width: int | None = None
    room: float = 0.1
    anywhere: bool = False
    cut: float = 0.0
    angle: float = 0.0
    sag: float = 0.0
    warp: str = ""
    reach: float = 0.15
    whole: bool = False
    tone: str = "dark"
    contrast: float = 120.0
    gray: bool = False
    colours: bool = False
    ground: str = "plain"
    paint: str = "solid"
    line: float = 0.08
    opacity: float = 1.0
    shadow: float = 0.0
    tiles: str = ""
    behind: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    struck: bool = False
    finish: Finish = field(default_factory=Finish)


def draw_scene(rng: np.random.Generator, scene: Scene, family: str) -> Drawn:
    """Draw a scene; ``family`` is named in the columns. One in gray has one channel."""
    spots, cap, shape = _fitted(rng, scene)
    grounds = _grounds(rng, scene)
    inks = _inks(rng, scene, grounds)
    image = draw_backdrop(rng, scene.ground, shape, grounds, scene.gray)
    stage = Stage(
        cap=cap,
        inks=inks,
        ground=grounds[0],
        box=bounds(spots),
        letters=len(spots),
        fonts=[letter.font for letter in scene.letters],
        charset=scene.charset,
        gray=scene.gray,
        smooth=not scene.finish.jagged,
    )
    for name in scene.behind:
        BEHIND[name](rng, image, stage)
    if scene.tiles:
        inks = draw_tiles(
            rng,
            image,
            scene.tiles,
            spots,
            inks,
            ground=grounds[0],
            cap=cap,
            contrast=scene.contrast,
            gray=scene.gray,
        )
    warp = draw_warp(rng, scene.warp, shape, scene.reach * cap) if scene.warp else None
    _letter(rng, scene, image, spots, inks, stage, None if scene.whole else warp)
    if warp is not None and scene.whole:
        image = warp.warped(image, cv2.BORDER_REPLICATE)
    for name in scene.over:
        OVER[name](rng, image, stage)
    image = finished(rng, image, scene.finish, scene.gray)
    label = "".join(letter.char for letter in scene.letters)
    quality = scene.finish.quality
    return Drawn(image[..., 0] if scene.gray else image, label, {"family": family}, quality)


def _fitted(rng: np.random.Generator, scene: Scene) -> tuple[list[Spot], float, tuple[int, int]]:
    """Return the letters in their places, the height of a capital, and the picture's shape."""
    spots = placed(scene.letters, angle=scene.angle, sag=scene.sag)
    left, top, right, bottom = bounds(spots)
    wide, tall, margin = right - left, bottom - top, _SWAY * scene.reach if scene.warp else 0.0
    cap = scene.cap * scene.height
    room = 1 - scene.cut / 2
    cap = min(cap, (scene.height - 2 * _PAD) / (tall * room + 2 * margin))
    widest = _WIDTHS[1] if scene.width is None else scene.width
    cap = min(cap, (widest - 2 * _PAD) / (wide * room + 2 * margin))
    needed = (wide * (1 + scene.room) + 2 * margin) * cap + 2 * _PAD
    width = round(max(needed, _WIDTHS[0])) if scene.width is None else scene.width
    width, margin = min(width, _WIDTHS[1]), margin * cap + _PAD
    x = _start(rng, scene, width - wide * cap, margin)
    y = _start(rng, scene, scene.height - tall * cap, margin)
    if scene.cut:
        far, where = uniform(rng, 0.3, 1) * scene.cut * cap, int(rng.integers(5))
        if where < 2:  # at the sides, more often the last letter than the first
            first = spots[0].box
            x = width - wide * cap + 0.7 * far if where else -far * min(first[2] - first[0], 1)
        else:
            y = scene.height - tall * cap + far if where < 4 else -far
    spots = [spot.scaled(cap).moved(x - left * cap, y - top * cap) for spot in spots]
    return spots, cap, (scene.height, width)


def _start(rng: np.random.Generator, scene: Scene, spare: float, margin: float) -> float:
    if not scene.anywhere or spare < 2 * margin:
        return spare / 2
    return uniform(rng, margin, spare - margin)


_STEP = 34  # levels between the colours of a ground, where the text is to be seen on both


def _grounds(rng: np.random.Generator, scene: Scene) -> tuple[Colour, Colour]:
    """Return two colours between which the ground varies."""
    base = draw_ground(rng, scene.tone, scene.gray)
    if scene.ground == "plain":
        return base, base
    other = draw_colour(rng, scene.gray)
    if scene.tone == "dark":
        other = faded(other, (255.0, 255.0, 255.0), 0.5)
    elif scene.tone == "light":
        other = faded(other, (0.0, 0.0, 0.0), 0.5)
    return base, fainter(other, base, _STEP + uniform(rng, 0, 60))


def _inks(rng: np.random.Generator, scene: Scene, grounds: tuple[Colour, Colour]) -> list[Colour]:
    """Return a colour for each letter, or one for all."""
    behind = list(dict.fromkeys(grounds))
    inks = [
        draw_ink(rng, behind, scene.tone, scene.contrast, scene.gray)
        for _ in (scene.letters if scene.colours else scene.letters[:1])
    ]
    most = 1.5 * scene.contrast
    if len(behind) == 1 and most < 120:  # faint where it is asked for
        inks = [fainter(ink, behind[0], most) for ink in inks]
    return inks


def _letter(
    rng: np.random.Generator,
    scene: Scene,
    image: RgbImage,
    spots: list[Spot],
    inks: list[Colour],
    stage: Stage,
    warp: Warp | None,
) -> None:
    """Paint the text in place."""
    print_ = printed(spots, (image.shape[0], image.shape[1]))
    levels, owner = print_.levels, print_.owner
    thickness = max(scene.line * stage.cap, 0.8)
    cover = _cover(scene, print_, thickness)
    if warp is not None:
        levels = warp.warped(levels)
        cover = filling(levels) if scene.paint not in _OUTLINED else warp.warped(cover)
        if scene.paint == "hollow":
            cover = outline(levels, thickness)
        if len(inks) > 1:
            owner = warp.warped(owner, cv2.BORDER_REPLICATE, cv2.INTER_NEAREST)
    if scene.struck:
        _strike(rng, cover, stage, thickness if scene.paint in _OUTLINED else None)
    if scene.paint == "textured" and stage.cap > _TEXTURED:
        cover = _textured(rng, cover, stage.cap)
    if scene.finish.jagged:
        cover = np.asarray(cv2.threshold(cover, 110, 255, cv2.THRESH_BINARY)[1], np.uint8)
    if scene.shadow:
        _shade(rng, image, cover, inks[0], stage, scene.shadow)
    if scene.paint == "edged":
        rim = draw_ink(rng, [stage.ground, inks[0]], "any", 50, scene.gray)
        lay(image, filling(levels, thickness), rim)
    if scene.paint in _OUTLINED and rng.random() < 0.3:  # the inside may have a colour of its own
        inside = faded(between(rng, inks[0], stage.ground), stage.ground, 0.6)
        lay(image, filling(levels), inside)
    if scene.opacity < 1:
        cover = np.asarray(cv2.convertScaleAbs(cover, alpha=scene.opacity), np.uint8)
    lay(image, cover, _paint(rng, scene, owner, inks, stage))


_TEXTURED = 15  # pixels of a capital, below which a texture leaves nothing to read
_OUTLINED = ("hollow", "crossing", "stacked")


def _cover(scene: Scene, print_: Print, thickness: float) -> Mask:
    if scene.paint == "hollow":
        return outline(print_.levels, thickness)
    if scene.paint in _OUTLINED:
        return print_.outlines(thickness, scene.paint == "stacked")
    return filling(print_.levels)


def _paint(
    rng: np.random.Generator, scene: Scene, owner: Mask, inks: list[Colour], stage: Stage
) -> RgbImage | Colour:
    """Return the colour of the letters, or of each pixel where they have several."""
    if len(inks) > 1:
        return coloured(owner, inks)
    if scene.paint != "shaded":
        return inks[0]
    height, width = owner.shape
    other = draw_ink(rng, [stage.ground], scene.tone, scene.contrast, scene.gray)
    if rng.random() < 0.5:
        ramp = np.linspace(inks[0], other, width).astype(np.uint8)[None]
        return np.ascontiguousarray(np.broadcast_to(ramp, (height, width, 3)))
    left = np.clip((np.arange(height) - stage.box[1]) / (stage.box[3] - stage.box[1]), 0, 1)
    column = np.array(inks[0]) + left[:, None] * (np.array(other) - np.array(inks[0]))
    return np.ascontiguousarray(
        np.broadcast_to(column.astype(np.uint8)[:, None], (height, width, 3))
    )


def _strike(rng: np.random.Generator, cover: Mask, stage: Stage, thickness: float | None) -> None:
    """Draw lines through the text into its coverage, as thick as an outline or as a stroke."""
    for points in struck(rng, cover.shape, stage):
        thick = thickness or stage.cap * uniform(rng, 0.03, 0.1)
        fixed = [np.round(points * 16).astype(np.int32)]
        cv2.polylines(cover, fixed, False, 255, max(1, round(thick)), cv2.LINE_AA, 4)


def _textured(rng: np.random.Generator, cover: Mask, cap: float) -> Mask:
    """Return strokes of dots, of cells or of hatching."""
    height, width = cover.shape
    choice = rng.random()
    if choice < 0.35:  # cells of one to a few pixels, some of which are missing
        cell = max(1, round(cap * uniform(rng, 0.02, 0.07)))
        small = chance(rng, (-(-height // cell), -(-width // cell)), uniform(rng, 0.5, 0.8))
        stays = cv2.resize(
            small.view(np.uint8), None, fx=cell, fy=cell, interpolation=cv2.INTER_NEAREST
        )[:height, :width]
    elif choice < 0.65:  # a lattice of dots
        step = max(2.0, cap * uniform(rng, 0.05, 0.11))
        down, across = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
        lean = np.float32(uniform(rng, -0.6, 0.6))
        turn = np.float32(2 * math.pi / step)
        wave = np.cos((down * turn)[:, None] + across * (lean * turn))
        wave = wave + np.cos(across * turn - (down * (lean * turn))[:, None])
        stays = (wave > uniform(rng, -0.6, 0.2)).view(np.uint8)
    else:  # hatched
        step = max(2.5, cap * uniform(rng, 0.06, 0.13))
        angle = uniform(rng, 0, math.pi)
        down, across = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
        phase = across * np.float32(math.cos(angle)) + (down * np.float32(math.sin(angle)))[:, None]
        stays = (phase % np.float32(step) < step * uniform(rng, 0.45, 0.75)).view(np.uint8)
    return np.asarray(cover * stays, np.uint8)


_DEEPEST = 0.25  # of a capital's height, from which a solid would close the gaps


def _shade(
    rng: np.random.Generator,
    image: RgbImage,
    cover: Mask,
    ink: Colour,
    stage: Stage,
    shadow: float,
) -> None:
    """Print the text once more, fainter and elsewhere, or as the side of solid letters."""
    angle, far = uniform(rng, 0, 2 * math.pi), max(shadow * stage.cap, 1.0)
    right, down = far * math.cos(angle), far * math.sin(angle)
    if far < _DEEPEST * stage.cap and rng.random() < 0.4:  # a solid seen from the side
        side = math.ceil(far)
        trail = np.zeros((2 * side + 1, 2 * side + 1), np.uint8)
        cv2.line(trail, (side, side), (side - round(right), side - round(down)), 1)
        moved = cv2.dilate(cover, trail)
    else:
        moves = np.array([[1, 0, right], [0, 1, down]])
        moved = cv2.warpAffine(cover, moves, (cover.shape[1], cover.shape[0]))
    gap = differ(ink, stage.ground) * uniform(rng, 0.25, 0.6)
    colour = fainter(ink, stage.ground, gap)
    if rng.random() < 0.3:
        colour = fainter(draw_colour(rng, stage.gray), stage.ground, gap)
    lay(image, np.asarray(moved, np.uint8), colour)
