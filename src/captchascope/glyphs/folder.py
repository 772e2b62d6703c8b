"""The tutorial's glyph folders: one folder per character, one image per glyph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from captchascope.atomic import atomic_folder
from captchascope.errors import CaptchascopeError, ImageError, SchemeError, SegmentationError
from captchascope.files import printable
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import cut_glyphs, locate
from captchascope.image import load_gray

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset


def folder_name(char: str) -> str:
    """Return the folder of a character: digits and lower case are their own.

    Everything else goes by its code point, since file systems differ in what they allow and
    whether they tell A from a.
    """
    return char if char in "0123456789abcdefghijklmnopqrstuvwxyz" else f"U+{ord(char):04X}"


def write_glyphs(
    dataset: Dataset,
    scheme: Scheme,
    folder: Path,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Counter[str], list[CaptchascopeError]]:
    """Cut every sample and write its glyphs as ``CHAR/POSITION_NUMBER.png``, whole or not at all.

    Args:
        dataset: Its labels have the scheme's length and characters.
        scheme: How to cut.
        folder: Must not exist, or be empty; a folder is made for every character of the scheme.
        progress: Called with the number of samples done.
    Returns:
        How many glyphs there are of each character, and the samples that could not be cut.
    Raises:
        OutputError: If the folder cannot be written.
        SchemeError: If it cuts none.
    """
    counts: Counter[str] = Counter()
    problems: list[CaptchascopeError] = []
    with atomic_folder(folder) as place:
        for char in scheme.charset:
            (place / folder_name(char)).mkdir()
        for done, sample in enumerate(dataset.samples, 1):
            try:
                gray = load_gray(sample.path)
                glyphs = cut_glyphs(locate(gray, scheme), scheme).fitted
            except ImageError as error:
                problems.append(error)
            except SegmentationError as error:
                problems.append(SegmentationError(str(sample.path), error.what, error.remedy))
            else:
                for number, (glyph, char) in enumerate(zip(glyphs, sample.label, strict=True), 1):
                    file = place / folder_name(char) / f"{sample.position}_{number}.png"
                    file.write_bytes(cv2.imencode(".png", glyph)[1].tobytes())
                counts.update(sample.label)
            progress(done)
        if problems and not counts:
            first = problems[0]
            what = f"cuts none of {len(problems)} images: {printable(first.where)}: {first.what}"
            raise SchemeError(scheme.name, what, first.remedy)
    return counts, problems
