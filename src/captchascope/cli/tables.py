"""An evaluation as lines of text, aligned for a terminal of 80 columns and plain in a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from captchascope.confusions import confusion_table, most_confused
from captchascope.evaluate import Evaluation, Rate
from captchascope.files import printable

__all__ = ["evaluation_lines"]

_MOST_CHARS = 16  # of a table of confusions that still fits a terminal
_CONFUSED = 10  # pairs that are listed where it does not


def evaluation_lines(result: Evaluation, chars: str, worst: int) -> Iterator[str]:
    """Yield the whole report: rates with 95 % intervals, confusions, the worst readings."""
    yield f"{'':24}  accuracy   95 % interval      right of all"
    yield _rate("captchas (exact match)", result.captcha)
    yield _rate("characters", result.character)
    for number, rate in enumerate(result.by_position, 1):
        yield _rate(f"  position {number}", rate)
    for kind, rates in result.by_kind.items():
        yield _rate(f"kind {kind}: captchas", rates.captcha)
        yield _rate(f"kind {kind}: characters", rates.character)
    if result.failed or result.abstained:
        yield f"not read: {result.failed} failed, {result.abstained} abstained"
    if result.unfamiliar:
        yield f"unlike what the model was trained on: {result.unfamiliar}"
    if result.calibration.ece is not None:
        yield f"expected calibration error: {result.calibration.ece:.4f}"
    yield from _confusions(result, chars)
    yield from _mistakes(result, worst)


def _rate(name: str, rate: Rate) -> str:
    interval = f"{rate.low:.2%} to {rate.high:.2%}"
    return f"{name:24}  {rate.value:>8.2%}   {interval:17}  {rate.hits} of {rate.total}"


def _confusions(result: Evaluation, chars: str) -> Iterator[str]:
    if len(chars) > _MOST_CHARS:
        yield from _pairs(result)
        return
    table = confusion_table(result, chars)
    width = max(4, len(str(max(max(row) for row in table))) + 1)
    yield ""
    yield "label \\ read" + "".join(f"{char:>{width}}" for char in chars) + f"{'other':>7}"
    for char, row in zip(chars, table, strict=True):
        cells = "".join(f"{count or '.':>{width}}" for count in row[:-1])
        yield f"{char:>12}{cells}{row[-1] or '.':>7}"


def _pairs(result: Evaluation) -> Iterator[str]:
    pairs = most_confused(result, _CONFUSED)
    if not pairs:
        return
    yield ""
    yield "the most frequent wrong characters"
    for label, read, count in pairs:
        what = f"{label} read as {read}" if label and read else f"{label} missed"
        yield f"  {what if label else f'{read} read where there is nothing':30}{count:>6}"


def _mistakes(result: Evaluation, worst: int) -> Iterator[str]:
    if not result.mistakes or worst < 1:
        return
    yield ""
    yield f"the worst {min(worst, len(result.mistakes))} of {len(result.mistakes)} wrong readings"
    for mistake in result.mistakes[:worst]:
        sample, reading = mistake.sample, mistake.reading
        read = f"read {reading.text or '-'}  {reading.confidence:.4f}"
        yield f"  {printable(sample.file)}  label {sample.label}  {read}"
