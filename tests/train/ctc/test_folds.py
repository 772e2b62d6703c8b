"""Validation by folds: every image is read once, by a network that has not seen it."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.reader import model_path
from captchascope.train.calibrate import TEMPERATURES
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.finetune import Weights, read_weights
from captchascope.train.ctc.folds import Folds, read_by_folds
from captchascope.train.ctc.infer import Inferred
from captchascope.train.watch import Watch
from train.ctc.tasks import HEIGHT, TINY, task

PLAN = replace(TINY, batch=8, views=8 * 32)  # a quarter is eight steps
SPEC = CtcSpec("whole", HEIGHT, 40, 40, 40, 1)
KNOWN = Inferred(Charset("0123"), (2, 2), SPEC)


@cache
def start() -> Weights:
    """Read a small model that knows digits."""
    return read_weights(model_path("metu"))


def folded(data: TextImages, watch: Watch | None = None, known: Inferred = KNOWN) -> Folds | None:
    """Validate by folds in a few seconds."""
    return read_by_folds(data, known, start(), PLAN, 0, watch or Watch())


def test_each_image_is_read_once() -> None:
    """By four networks; the same again gives the same."""
    lines: list[str] = []
    found, again = folded(task(15), Watch(say=lines.append)), folded(task(15))
    assert found is not None
    assert again is not None
    assert found.confidences.shape == (len(TEMPERATURES), 15)
    assert (found.confidences[0] > found.confidences[-1]).any()
    assert [line.split(" of ")[1] for line in lines] == [
        f"{n} other texts right" for n in (4, 4, 4, 3)
    ]
    assert np.array_equal(found.confidences, again.confidences)
    told = found.metrics()
    assert (told["validation_samples"], told["validation_folds"]) == (15, 4)
    assert told["validation_captcha"] == found.right.mean()
    assert found.right.mean() <= float(str(told["validation_character"])) <= 1


def test_a_character_of_one_image_is_not_known_when_that_is_read() -> None:
    """Its text is read wrong, however easy: so will be that of other characters afterwards."""
    few = task(8, 1, "012")
    odd = [
        replace(few, targets=tuple(np.full(2, 1 + (i == at)) for i in range(8))) for at in (0, 5)
    ]
    for data in odd:
        found = folded(data)
        assert found is not None
        assert (~found.right).sum() >= 1


def test_images_of_several_widths_are_read() -> None:
    """They are compared width by width, and none is lost."""
    narrow, wide = task(4, 2), task(4, 3, length=3)
    both = TextImages(narrow.images + wide.images, narrow.targets + wide.targets)
    spec = replace(SPEC, width=None, max_width=54)
    found = folded(both, known=replace(KNOWN, lengths=(2, 3), spec=spec))
    assert found is not None
    assert len(found.right) == 8


@pytest.mark.parametrize("stopped", [True, False])
def test_nothing_is_read_without_time(stopped: bool) -> None:
    """The time is up, or somebody has stopped it."""
    late = None if stopped else time.monotonic() - 1
    assert folded(task(16), Watch(stop=lambda: stopped, deadline=late)) is None


def test_a_fold_that_comes_to_nothing_is_told() -> None:
    """The network that is given out is there all the same."""
    warned: list[str] = []
    broken = replace(PLAN, rate=math.inf, mended=False)
    assert read_by_folds(task(8), KNOWN, start(), broken, 0, Watch(warn=warned.append)) is None
    assert warned == ["validated by 0 of 4 folds: the loss is not a number any more"]


def test_what_was_read_until_somebody_stopped_counts() -> None:
    """After two of four folds."""
    lines: list[str] = []
    found = folded(task(8), Watch(say=lines.append, stop=lambda: len(lines) == 2))
    assert found is not None
    assert (found.count, len(found.right)) == (2, 4)


def test_one_image_cannot_be_parted() -> None:
    """Nobody can read it who has not seen it."""
    assert folded(task(1)) is None
