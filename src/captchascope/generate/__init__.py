"""Captchas drawn from a seed, with their labels: real ones imitated, and styles of many knobs.

A folder of them holds 1.jpeg to N.jpeg, labels.csv and labels.txt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from captchascope.atomic import atomic_folder
from captchascope.data.labels import write_labels, write_labels_txt
from captchascope.errors import UsageError, likeliest
from captchascope.generate.families import PRESETS, draw_height, draw_style
from captchascope.generate.general import draw_general
from captchascope.generate.metu import draw_metu
from captchascope.generate.metu_wide import draw_metu_wide
from captchascope.generate.paint import Drawn
from captchascope.generate.style import option_of, restyled
from captchascope.generate.styled import draw_styled
from captchascope.records import Sample

__all__ = ["SCHEMES", "Drawn", "draw_captcha", "write_folder"]

SCHEMES: dict[str, str] = {
    "metu": "six digits, 150x50: black speckle (kind 1) or a periodic pattern (kind 2)",
    "metu-wide": "like metu, in many typefaces, sizes, noises and patterns",
    **{name: preset.title for name, preset in PRESETS.items()},
    "varied": "every image of its own alphabet, length, size, typeface, colours and noise",
    "general": "every image of one of many families, sums and Chinese words among them",
}
"""What can be generated, by name, with a line on each; all but those of
``_UNSTYLED`` have the knobs of ``Style``."""

_UNSTYLED: dict[str, tuple[Callable[..., Drawn], tuple[str, ...]]] = {
    "metu": (draw_metu, ()),
    "metu-wide": (draw_metu_wide, ()),
    "general": (draw_general, ("only", "exclude")),
}
"""What has no style whose attributes could be turned: what draws it, and its own knobs."""


def draw_captcha(
    scheme: str, seed: int, number: int, knobs: Mapping[str, Any] | None = None
) -> Drawn:
    """Draw one captcha; the same arguments give the same image.

    The random numbers are numpy's and the outlines FreeType's. ``metu`` is drawn in whole numbers,
    so its pixels are the same on every machine: a test pins them. The others bend and blend in
    floating point, so a pixel may differ by a shade from one machine to another.

    Args:
        scheme: A name of ``SCHEMES``.
        seed: Of the whole set, at least 0.
        number: Of the image within it, at least 0; each is drawn independently of the others.
        knobs: Attributes of ``Style`` that override the scheme's own; for ``general`` the arguments
            ``only`` and ``exclude`` of ``draw_general``.
    Raises:
        UsageError: If there is no such scheme, a number is negative, or a knob is not usable.
    """
    if scheme not in SCHEMES:
        remedy = f"{likeliest(scheme, SCHEMES)}choose one of {', '.join(SCHEMES)}"
        raise UsageError(scheme, "is no scheme that can be generated", remedy)
    if min(seed, number) < 0:
        raise UsageError("seed", f"must be at least 0, not {min(seed, number)}", "such as 1")
    rng = np.random.default_rng([seed, number])
    if taken := _UNSTYLED.get(scheme):
        draw, known = taken
        if foreign := [knob for knob in knobs or {} if knob not in known]:
            others = ", ".join(name for name in SCHEMES if name not in _UNSTYLED)
            what = f"cannot be changed by {option_of(foreign[0])}"
            raise UsageError(scheme, what, f"leave it out, or choose one of {others}")
        return draw(rng, **knobs or {})
    if scheme == "varied":
        style, height = draw_style(rng), draw_height(rng)
        return draw_styled(rng, restyled(style, knobs or {}), height)
    return draw_styled(rng, restyled(PRESETS[scheme].style, knobs or {}))


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
        scheme: A name of ``SCHEMES``.
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
