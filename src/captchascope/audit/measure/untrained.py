"""What the general reader ``any`` reads of a scheme, without any label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

import captchascope.draw.canvas as draw
from captchascope.audit.figures import Picture, Reads, Untrained
from captchascope.audit.measure.readings import mean_confidence, reads_of, untold
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.subject import evenly
from captchascope.audit.wording import percent
from captchascope.decode import ReadOptions
from captchascope.errors import ImageError, UsageError
from captchascope.evaluate import Rate, evaluate_read
from captchascope.image import load_rgb
from captchascope.reader import DEFAULT_MODELS, reader_of
from captchascope.records import Reading, RgbImage, Sample

GENERAL = DEFAULT_MODELS["whole"]
"""The model that reads anything."""

_FIRST = 100  # images that the first answer is of
_UNLABELLED = 200  # images that are read where none has a label
_SHOWN, _BESIDE = 8, 4  # images of the picture, and of one row
_ROOM = 90, 148  # height and width of one in it, pixels


def measure_untrained(setting: Setting) -> Untrained:
    """Read what is held out, told nothing, and told what anybody sees who looks at the scheme.

    The first images that are read are told of at once.

    Raises:
        UnmeasuredError: If no image can be decoded, or what was said of the texts cannot be.
    """
    samples = setting.subject.held.samples
    paths = [sample.path for sample in samples] or evenly(setting.subject.images, _UNLABELLED)
    if not paths:
        raise UnmeasuredError("there are no images to read; give a folder with some")
    alone = _Told(setting, paths, samples, untold(setting.reading))
    with alone.reader:
        alone.read_first()
        setting.say(_first_answer(alone))
        alone.read()
    if all(isinstance(reading.error, ImageError) for reading in alone.readings):
        raise UnmeasuredError("no image can be decoded; check that they open in a browser")
    told, known = None, "nothing"
    options = setting.subject.told(setting.reading)
    if options is not None:
        options = replace(options, min_confidence=0.0)
        try:
            told, known = _Told(setting, paths, samples, options, 0.5), _known(options)
        except UsageError as error:
            known = f"nothing, for it cannot read such texts: {error.what}"
        else:
            with told.reader:
                told.read()
    reads = None if told is None else told.reads()
    return Untrained(alone.reads(), reads, known, _picture(told or alone))


class _Told:
    """The general reader, told something, and what it has read of the images so far."""

    def __init__(
        self,
        setting: Setting,
        paths: Sequence[Path],
        samples: Sequence[Sample],
        options: ReadOptions,
        begins: float = 0.0,
    ) -> None:
        self.paths, self.samples, self.readings = paths, samples, list[Reading]()
        self.reader = reader_of(GENERAL, options)
        self._setting, self._begins = setting, begins

    def read_first(self) -> None:
        """Read the first images, in this process: others would take longer to begin."""
        self._read(self.paths[:_FIRST], 1)

    def read(self) -> None:
        """Read the rest."""
        self._read(self.paths[len(self.readings) :], self._setting.jobs)

    def _read(self, paths: Sequence[Path], jobs: int) -> None:
        for reading in self.reader.read_many(paths, jobs=jobs, errors="return"):
            self.readings.append(reading)
            self._setting.progress(self._begins + len(self.readings) / len(self.paths) / 2)

    def right(self) -> list[bool]:
        """Tell of each image that was read whether it is right; there are labels."""
        known = self.samples[: len(self.readings)]
        wrong = evaluate_read(self.reader, known, self.readings).mistakes
        files = {mistake.sample.file for mistake in wrong}
        return [sample.file not in files for sample in known]

    def reads(self) -> Reads:
        """Return the figures."""
        return reads_of(self.reader, self.paths, self.samples, self.readings)


def _first_answer(alone: _Told) -> str:
    """Return what the first images tell, as a line."""
    count = len(alone.readings)
    start = f"first answer: the general reader, told nothing, of the first {count} images"
    if not alone.samples:
        share = percent(mean_confidence(alone.readings))
        return f"{start} expects to read {share} right: an expectation, as there are no labels"
    right = alone.right()
    rate = Rate(sum(right), count)
    interval = f"95 % interval {percent(rate.low)} to {percent(rate.high)}"
    return f"{start} reads {rate.hits} right, {percent(rate.value)} ({interval})"


def _known(options: ReadOptions) -> str:
    """Return what a reader is told, in words."""
    rule = options.constraints
    if options.pattern is not None:
        return f"texts that match {options.pattern}"
    length = "" if rule.length is None else "-".join(map(str, dict.fromkeys(rule.length)))
    length = length.replace("-", " to ")
    if rule.charset is None:
        return f"texts of {length} characters"
    count = len(rule.charset.chars)
    chars = f"{count} {'character' if count == 1 else 'characters'}"
    return f"{chars}, {length} of them" if length else chars


def _picture(told: _Told) -> Picture | None:
    """Show some images with what was read of them: right and wrong ones, as far as there are."""
    right = told.right() if told.samples else [True] * len(told.paths)
    chosen = _some_of_both(right)
    cells, wrong = [], 0
    for index in chosen:
        label = told.samples[index].label if told.samples else None
        try:
            pixels = load_rgb(told.paths[index])
        except ImageError:
            continue
        wrong += not right[index]
        cells.append(_cell(pixels, told.readings[index], label, right[index]))
    if not cells:
        return None
    rows = [draw.beside(cells[i : i + _BESIDE], 16) for i in range(0, len(cells), _BESIDE)]
    count = len(cells)
    caption = f"{count} of the images" if count > 1 else "One of the images"
    caption += ", and beneath each what the general reader makes of it"
    if not told.samples:
        caption += " and how sure it is."
    else:
        caption += f"; {wrong or 'none'} of these {'is' if wrong == 1 else 'are'} read wrong."
    return Picture(draw.drawing_uri(draw.stack(rows, 16)).partition(",")[2], caption)


def _some_of_both(right: Sequence[bool]) -> list[int]:
    """Choose half of the images among those that are right, as far as there are, in order."""
    good = [index for index, is_right in enumerate(right) if is_right]
    bad = [index for index, is_right in enumerate(right) if not is_right]
    half = _SHOWN // 2
    some = evenly(good, max(half, _SHOWN - len(bad)))
    return sorted(some + evenly(bad, max(half, _SHOWN - len(good))))


def _cell(pixels: RgbImage, reading: Reading, label: str | None, right: bool) -> Image.Image:
    """Draw an image, what was read of it, and below whether that is right."""
    height, width = pixels.shape[:2]
    view = draw.View(pixels, draw.scale_for(height, width, _ROOM)).image
    size, small = draw.line_height(draw.BODY), draw.line_height(draw.SMALL)
    words = draw.blank(_ROOM[1] + 2, size + small)
    text = "(nothing)" if reading.text is None else reading.text
    draw.put(words, (2, 0), draw.shorten(text, draw.BODY, _ROOM[1]), draw.BODY, draw.INK)
    if label is None:
        below, colour = f"{reading.confidence:.0%} sure", draw.MUTED
    else:
        below, colour = ("right", draw.MUTED) if right else (f"wrong: it says {label}", draw.ACCENT)
    below = draw.shorten(below, draw.SMALL, _ROOM[1])
    draw.put(words, (2, size), below, draw.SMALL, colour, bold=not right)
    return draw.stack([view, words], 2)


UNTRAINED = Measurement(
    "untrained", "what is read without any label", Untrained, measure_untrained, 20.0
)
