"""What-ifs: one knob of a scheme turned up alone, and what the general reader then still reads.

All settings are read of the same texts, drawn from the same random numbers as far as they can be,
so that what differs is the knob's (common random numbers).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from captchascope.audit.figures import Knob, Picture, Turned, WhatIf
from captchascope.audit.measure.changes import CHANGES, Change, fade
from captchascope.audit.measure.knobs import Step, dials_of
from captchascope.audit.measure.legibility import contrast_of
from captchascope.audit.measure.readings import mean_confidence, untold
from captchascope.audit.measure.untrained import GENERAL
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.decode import ReadOptions
from captchascope.draw.canvas import View, drawing_uri
from captchascope.errors import ImageError, UsageError
from captchascope.evaluate import evaluate_read
from captchascope.generate import draw_captcha
from captchascope.generate.families import PRESETS
from captchascope.generate.style import restyled
from captchascope.image import Preprocessing
from captchascope.image.decode import load_image, load_rgb
from captchascope.reader import Reader, reader_of
from captchascope.records import RgbImage, Sample

_FEW = 60  # images of a setting at most where time is short
_SHORT = 60.0  # seconds: with less left, time is
_LEAST = 8.0  # seconds: with less left nothing can be told
_RESERVE = 2.0  # seconds that are not spent
_NO_TIME = "there was no time left for it; allow more"
_WORTH = 500  # images for which it is worth to start processes
_MEASURED = 25  # images of a setting that contrast is measured on
_LARGEST = (240, 1200)  # height and width in pixels: larger images are read reduced
_WIDEST = 300  # pixels of an image that is shown

_Numbered: TypeAlias = Callable[[int], tuple[RgbImage, str | None]]
"""Returns an image by its number, and what it says; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One setting of a knob, before it is read: its value, its images, and what is told of them."""

    value: str
    image: _Numbered
    told: ReadOptions


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be read.

    Attributes:
        drawn: Whether images are drawn anew.
        numbers: Of the images of each setting.
        first: The scheme as it is.
        knobs: The name of each, its value at first, and its settings.
    """

    drawn: bool
    numbers: Sequence[int]
    first: _Way
    knobs: Sequence[tuple[str, str, Sequence[_Way]]]


def measure_what_if(setting: Setting, images: int = 100) -> WhatIf:
    """Measure what the general reader, untrained, reads with each knob turned up alone.

    A drawn scheme that has a style is drawn anew. Of all others images that are there are changed,
    as an owner could do it.

    Args:
        setting: What is audited.
        images: Of each setting of a knob, at most.
    Raises:
        UnmeasuredError: If no image can be decoded, or time is up.
    """
    if setting.left() < _LEAST:
        raise UnmeasuredError(_NO_TIME)
    count = images if setting.left() > _SHORT else min(images, _FEW)
    with _told_reader(setting) as reader:
        styled = setting.subject.scheme in PRESETS
        plan = _restyled(setting, reader, count) if styled else _changed(setting, reader, count)
        return _measured(setting, reader, plan)


def _told_reader(setting: Setting) -> Reader:
    """Return the general reader, told what anybody sees; untold where it cannot take that."""
    options = replace(setting.reading, min_confidence=0.0)
    try:
        return reader_of(GENERAL, setting.subject.told(options) or options)
    except UsageError:  # the texts hold what it does not know
        return reader_of(GENERAL, untold(options))


def _restyled(setting: Setting, reader: Reader, count: int) -> _Plan:
    """Return what is drawn anew, as the first images that are held out."""
    scheme, knobs = str(setting.subject.scheme), setting.subject.knobs
    style = restyled(PRESETS[scheme].style, knobs)

    def way(step: Step) -> _Way:
        told = reader.options
        if {"charset", "length"} & set(step.knobs):
            turned = restyled(style, step.knobs)
            chars, span = "".join(dict.fromkeys(turned.charset)), turned.length
            told = replace(told, charset=chars, length=f"{span[0]}-{span[1]}", pattern=None)
        drawn = partial(_drawn, scheme, setting.seed, {**knobs, **step.knobs}, step.contrast)
        return _Way(step.value, drawn, told)

    dials = [
        (dial.name, dial.first, [way(step) for step in dial.steps]) for dial in dials_of(style)
    ]
    return _Plan(True, range(1, count + 1), way(Step("as it is", {})), dials)


def _drawn(
    scheme: str, seed: int, knobs: Mapping[str, Any], contrast: float, number: int
) -> tuple[RgbImage, str]:
    drawn = draw_captcha(scheme, seed, number, knobs)
    image = load_rgb(drawn.jpeg())
    return image if contrast == 1 else fade(image, contrast), drawn.label


def _changed(setting: Setting, reader: Reader, count: int) -> _Plan:
    """Return images that are there, with changes.

    Raises:
        UnmeasuredError: If none can be decoded.
    """
    images = list(_present(setting, Preprocessing(frames=reader.preprocessing.frames), count))
    if not images:
        raise UnmeasuredError("no image can be decoded; check that they open in a browser")

    def way(value: str, change: Change | None, strength: float) -> _Way:
        def image(number: int) -> tuple[RgbImage, str | None]:
            pixels, label = images[number]
            if change is None:
                return pixels, label
            return change.apply(
                np.random.default_rng([setting.seed, number]), pixels, strength
            ), label

        return _Way(value, image, reader.options)

    knobs = [
        (
            change.name,
            "as it is",
            [way(value, change, strength) for strength, value in change.steps],
        )
        for change in CHANGES
    ]
    return _Plan(False, range(len(images)), way("as it is", None, 0.0), knobs)


def _present(
    setting: Setting, preprocessing: Preprocessing, count: int
) -> Iterator[tuple[RgbImage, str | None]]:
    """Yield images with their labels: of those held out, and where there are none evenly of all."""
    held, everything = setting.subject.held, setting.subject.images
    if held.samples:
        taken = held.take(min(count, len(held.samples)), setting.seed).samples
        chosen: list[tuple[Path, str | None]] = [(each.path, each.label) for each in taken]
    else:
        places = np.linspace(0, len(everything) - 1, min(count, len(everything))).astype(int)
        chosen = [(everything[place], None) for place in places.tolist()]
    for path, label in chosen:
        try:
            image = load_image(path, 3, preprocessing=preprocessing)
        except ImageError:
            continue
        height, width = image.shape[:2]
        scale = min(_LARGEST[0] / height, _LARGEST[1] / width)
        if scale < 1:
            size = max(round(width * scale), 1), max(round(height * scale), 1)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        yield image, label


def _measured(setting: Setting, reader: Reader, plan: _Plan) -> WhatIf:
    """Read all settings, knob by knob, as long as there is time."""
    count, total = len(plan.numbers), 1 + sum(len(ways) for _, _, ways in plan.knobs)
    jobs = setting.jobs if count * total >= _WORTH else 1
    begun, done = time.monotonic(), 1
    first = _turned(reader, plan, "", plan.first, jobs)
    knobs, left_out = list[Knob](), list[str]()
    for name, value, ways in plan.knobs:
        pace = (time.monotonic() - begun) / done
        if setting.left() < pace * len(ways) + _RESERVE:
            left_out.append(name)
            continue
        turned = [replace(first, value=value)]
        for way in ways:
            setting.progress(done / total)
            turned.append(_turned(reader, plan, name, way, jobs))
            done += 1
        knobs.append(Knob(name, tuple(turned)))
    if not knobs:
        raise UnmeasuredError(_NO_TIME)
    knobs.sort(key=lambda knob: min(map(_kept, knob.settings)))
    return WhatIf(count, plan.drawn, tuple(knobs), tuple(left_out))


def _kept(turned: Turned) -> tuple[float, float]:
    """Return what is still read: the less, the more a knob costs the reader."""
    return turned.expected if turned.exact is None else turned.exact.value, turned.expected


def _turned(reader: Reader, plan: _Plan, knob: str, way: _Way, jobs: int) -> Turned:
    """Read the images of one setting."""
    if way.told != reader.options:
        reader, jobs = reader.with_options(way.told), 1  # no processes for these alone
    images, labels = zip(*(way.image(number) for number in plan.numbers), strict=True)
    readings = list(reader.read_many(list(images), jobs=jobs, errors="return"))
    samples = [Sample(f"{i}", label, Path()) for i, label in enumerate(labels) if label is not None]
    exact = evaluate_read(reader, samples, readings).exact_match if samples else None
    return Turned(
        value=way.value,
        exact=exact,
        expected=mean_confidence(readings),
        contrast=statistics.median(map(contrast_of, images[:_MEASURED])),
        picture=_picture(images[0], f"{knob}: {way.value}" if knob else way.value, labels[0]),
    )


def _picture(image: RgbImage, what: str, label: str | None) -> Picture:
    scale = min(1.0, _WIDEST / image.shape[1])
    says = f"{what}." if label is None else f"{what}; the image says {label}."
    drawing = View(image, scale).image
    return Picture(drawing_uri(drawing).partition(",")[2], f"{says[0].upper()}{says[1:]}")


WHAT_IF = Measurement("what_if", "what each change would do", WhatIf, measure_what_if, 45.0)
