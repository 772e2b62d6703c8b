"""Noise that makes a captcha hard: scatter, shifted rows, eaten strokes, speckle and dashes.

Each function takes a random generator and draws whole numbers from it, so that the same seed gives
the same pixels on every machine.
"""

from __future__ import annotations

from math import lcm
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

BoolMap: TypeAlias = NDArray[np.bool_]
Pixels = TypeVar("Pixels", bound=np.generic)

_STEPS = 1 << 16


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return one number of [low, high)."""
    return low + (high - low) * float(rng.random())


def chance(rng: np.random.Generator, shape: tuple[int, ...], probability: float) -> BoolMap:
    """Return independent booleans, each true with ``probability`` (in steps of 2**-16)."""
    count = int(np.prod(shape))
    numbers = np.frombuffer(rng.bytes(2 * count), "<u2").reshape(shape)
    return numbers < round(probability * _STEPS)


def displace(
    rng: np.random.Generator, pixels: NDArray[Pixels], *, scatter: float, shift: float
) -> NDArray[Pixels]:
    """Take some pixels from a neighbour, and move some rows sideways by one.

    Args:
        rng: The source of randomness.
        pixels: Shape (H, W).
        scatter: Probability of a pixel to come from one of its eight neighbours or itself.
        shift: Probability of a row to move by one pixel to the left, and again to the right.
    Returns:
        A new array of the same shape; beyond the border the border repeats.
    """
    height, width = pixels.shape
    moved = chance(rng, (height, width), scatter)
    steps = np.frombuffer(rng.bytes(height * width), np.uint8).reshape(height, width) % 9
    dy = np.where(moved, steps // 3, 1).astype(np.int32) - 1
    dx = np.where(moved, steps % 3, 1).astype(np.int32) - 1
    rows = chance(rng, (2, height, 1), shift).astype(np.int32)
    dx += rows[0] - rows[1]
    y = np.clip(np.arange(height, dtype=np.int32)[:, None] + dy, 0, height - 1)
    x = np.clip(np.arange(width, dtype=np.int32) + dx, 0, width - 1)
    displaced: NDArray[Pixels] = pixels[y, x]
    return displaced


def dashes(
    rng: np.random.Generator, shape: tuple[int, int], *, step: tuple[int, int], period: int, on: int
) -> BoolMap:
    """Draw a periodic pattern: a lattice of one-pixel lines, each line dashed.

    Args:
        rng: Chooses where the lattice begins and how the dashes of neighbouring lines shift.
        shape: Height and width in pixels.
        step: Distance of the horizontal lines (rows) and of the vertical ones (columns), pixels.
        period: Length of a dash and the gap after it, pixels.
        on: Length of a dash, pixels.
    Returns:
        True where there is ink; it repeats every ``lcm(step[1], period)`` columns.
    """
    height, width = shape
    rows, columns = step
    tall, wide = lcm(rows, period), lcm(columns, period)
    y, x = np.arange(tall)[:, None], np.arange(wide)[None, :]
    horizontal_phase = rng.integers(0, period, tall // rows)[y // rows]
    vertical_phase = rng.integers(0, period, wide // columns)[x // columns]
    horizontal = (y % rows == 0) & ((x + horizontal_phase) % period < on)
    vertical = (x % columns == 0) & ((y + vertical_phase) % period < on)
    tile = np.roll(horizontal | vertical, rng.integers(0, (tall, wide)), axis=(0, 1))
    return np.tile(tile, (-(-height // tall), -(-width // wide)))[:height, :width]


def scattered_dashes(
    rng: np.random.Generator, shape: tuple[int, int], *, tile: tuple[int, int], ink: float
) -> BoolMap:
    """Draw a periodic pattern: one-pixel dashes, across and down, scattered over a tile.

    Args:
        rng: Chooses the dashes.
        shape: Height and width in pixels.
        tile: Vertical and horizontal period, pixels.
        ink: The share of the tile that the dashes would cover if none overlapped.
    Returns:
        True where there is ink.
    """
    motif = np.zeros(tile, np.bool_)
    covered = 0
    while covered < ink * motif.size:
        length = int(rng.integers(2, 5))
        y, x = int(rng.integers(tile[0])), int(rng.integers(tile[1]))
        steps, still = np.arange(length), np.zeros(length, np.int64)
        down, across = (steps, still) if rng.random() < 0.5 else (still, steps)
        motif[(y + down) % tile[0], (x + across) % tile[1]] = True
        covered += length
    repeats = -(-shape[0] // tile[0]), -(-shape[1] // tile[1])
    return np.tile(motif, repeats)[: shape[0], : shape[1]]
