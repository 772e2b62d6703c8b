"""A folder of generated captchas: 1.jpeg to N.jpeg, labels.csv and labels.txt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from captchascope.data.labels import write_labels, write_labels_txt
from captchascope.errors import UsageError
from captchascope.files import atomic_folder
from captchascope.generate import draw_captcha
from captchascope.records import Sample


def write_folder(
    scheme: str,
    folder: Path,
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
    knobs: Mapping[str, Any] | None = None,
) -> None:
    """Draw ``count`` captchas into a new folder, whole or not at all.

    Args:
        scheme: A name of ``generate.SCHEMES``.
        folder: Must not exist, or be empty.
        count: How many, at least 1.
        seed: The same seed gives the same images; a larger count begins with the same ones.
        progress: Called with the number of images written.
        knobs: Attributes of ``Style`` that override the scheme's own.
    Raises:
        UsageError: If ``scheme``, ``count``, ``seed`` or a knob is not usable.
        OutputError: If the folder cannot be written.
    """
    if count < 1:
        raise UsageError("count", f"must be at least 1, not {count}", "such as 1000")
    draw_captcha(scheme, seed, 1, knobs)  # wrong arguments are known before anything is written
    with atomic_folder(folder) as place:
        samples = []
        for number in range(1, count + 1):
            drawn = draw_captcha(scheme, seed, number, knobs)
            file = f"{number}.jpeg"
            (place / file).write_bytes(drawn.jpeg())
            samples.append(Sample(file, drawn.label, place / file, columns=drawn.columns))
            progress(number)
        write_labels(place, samples)
        write_labels_txt(place, [sample.label for sample in samples])
