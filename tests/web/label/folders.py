"""Folders of small images to label, which say nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def fill(folder: Path, count: int) -> Path:
    """Make a folder with images 1.png to COUNT.png, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        rng = np.random.default_rng(number)
        image = rng.integers(0, 256, (20, 60), dtype=np.uint8)
        (folder / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return folder
