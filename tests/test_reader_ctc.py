"""Segmentation-free reading: neither batches, nor threads, nor processes have a say in a text."""

from __future__ import annotations

import gc
import math
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.image import ImageSource
from captchascope.reader import Reader, load
from captchascope.records import Reading
from cli.commands import TIMEOUT
from ctc.bars import CHARS, FREE, bars, noise, write_model


def scaled(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return the image at another size, of the same shape."""
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor), np.uint8)


def drawn(number: int) -> tuple[ImageSource, str | None]:
    """Return an image of any size and its text, or noise; some are damaged."""
    rng = random.Random(number)
    text = "".join(rng.choices(CHARS, k=rng.randint(1, 7)))
    image = bars(text, (24, rng.choice([96, 104, 128])))
    if number % 12 == 0:
        return scaled(image, rng.choice([0.5, 1.5, 2])), None
    if number % 12 == 1:
        return noise(number, (rng.randint(20, 40), rng.randint(60, 120))), None
    png = cv2.imencode(".png", image)[1].tobytes()
    if number % 12 == 2:
        return png[: len(png) // 2], None
    return (png, text) if number % 12 < 7 else (image, text)


IMAGES, TEXTS = zip(*map(drawn, range(60)), strict=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the model of images whose width is their own, in colour."""
    folder = tmp_path_factory.mktemp("whole")
    return write_model(folder / "bars.onnx", replace(FREE, channels=3), lengths=(1, 7))


@pytest.fixture(scope="module")
def reader(path: Path) -> Iterator[Reader]:
    """Open it once."""
    opened = load(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def alone(reader: Reader) -> list[Reading]:
    """Read each image in a batch of its own."""
    return [reader.read_batch([image])[0] for image in IMAGES]


def agree(found: Sequence[Reading], wanted: Sequence[Reading]) -> bool:
    """Say whether readings are the same as far as is promised."""
    return len(found) == len(wanted) and all(
        (a.text, a.abstained, a.unfamiliar, str(a.error))
        == (b.text, b.abstained, b.unfamiliar, str(b.error))
        and math.isclose(a.confidence, b.confidence, abs_tol=1e-4)
        and [c.char for c in a.chars] == [c.char for c in b.chars]
        for a, b in zip(found, wanted, strict=True)
    )


def test_the_texts_are_read(alone: list[Reading]) -> None:
    """Where the image is neither noise, scaled nor damaged; damage and noise are told."""
    for reading, text in zip(alone, TEXTS, strict=True):
        assert text is None or reading.text == text
    assert sum(isinstance(reading.error, ImageError) for reading in alone) == 5
    assert sum(reading.unfamiliar for reading in alone) == 5


@settings(max_examples=20)
@given(st.lists(st.integers(0, 59), max_size=70), st.sampled_from([1, 2]))
def test_neither_the_batch_nor_the_processes_have_a_say(
    reader: Reader, alone: list[Reading], order: list[int], jobs: int
) -> None:
    """Any images in any order, also twice, give what each gives alone."""
    images = [IMAGES[i] for i in order]
    found = list(reader.read_many(images, jobs=jobs, errors="return"))
    assert agree(found, [alone[i] for i in order])
    assert agree(reader.read_batch(images), found)


def test_threads_may_share_a_reader(reader: Reader, alone: list[Reading]) -> None:
    """Eight of them, each with an order of its own, read what one reads."""

    def shuffled(seed: int) -> bool:
        order = random.Random(seed).sample(range(60), 60)
        found = list(reader.read_many([IMAGES[i] for i in order], errors="return"))
        return agree(found, [alone[i] for i in order])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(shuffled, range(8)))


def test_threads_may_share_one_stream_of_processes(reader: Reader, alone: list[Reading]) -> None:
    """Two calls at once are answered by the same processes, each in its own order."""

    def run(seed: int) -> bool:
        order = random.Random(seed).sample(range(60), 60)
        found = list(reader.read_many([IMAGES[i] for i in order], jobs=2, errors="return"))
        return agree(found, [alone[i] for i in order])

    before = workers()
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(4)))
    assert len(workers() - before) <= 2


def test_a_stream_is_taken_as_it_is_needed(reader: Reader) -> None:
    """Never more than a batch ahead, so it may be endless, and memory stays flat."""
    taken = 0

    def endless() -> Iterator[ImageSource]:
        nonlocal taken
        for text in cycle(["01", "AB", "ab"]):
            taken += 1
            yield bars(text)

    found = reader.read_many(endless())
    assert taken == 0
    for done in range(1, 301):
        assert next(found).text in ("01", "AB", "ab")
        assert done <= taken < done + 256


def workers() -> set[int]:
    """Return the processes that this one has begun and not ended."""
    return {pid for child in multiprocessing.active_children() if (pid := child.pid) is not None}


def test_processes_are_kept_for_the_next_call(path: Path) -> None:
    """Until the reader is closed, which does not end it: it begins new ones."""
    before, reader = workers(), load(path)
    assert [r.text for r in reader.read_many([bars("01")], jobs=2)] == ["01"]
    begun = workers() - before
    assert begun
    for _ in range(3):
        assert [r.text for r in reader.read_many([bars("AB")], jobs=2)] == ["AB"]
        assert workers() - before == begun
    reader.close()
    assert workers() == before
    reader.close()
    assert [r.text for r in reader.read_many([bars("ba")], jobs=2)] == ["ba"]
    assert len(workers() - before - begun) == 1
    reader.close()


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Let what holds itself stay, as it may for hours before Python looks for it."""
    gc.disable()
    yield
    gc.enable()


def all_end(begun: set[int]) -> bool:
    """Wait for these processes to end, in which some may not even have started."""
    until = time.monotonic() + TIMEOUT
    while begun & workers() and time.monotonic() < until:
        time.sleep(0.02)
    return not begun & workers()


@pytest.mark.usefixtures("uncollected")
def test_processes_end_with_their_reader(path: Path) -> None:
    """Nobody has to close it, not even after an error of theirs, or while one is kept."""
    before, reader = workers(), load(path)
    next(reader.read_many([bars("01")] * 300, jobs=2))
    with suppress(ImageError):
        list(reader.read_many([b"no image"], jobs=2))
    kept = list(reader.read_many([b"no image"], jobs=2, errors="return"))
    begun = workers() - before
    assert len(begun) == 2
    del reader
    assert all_end(begun)
    assert str(kept[0].error).startswith("<bytes>: ")


@pytest.mark.usefixtures("uncollected")
def test_a_dead_process_is_one_error_and_the_next_call_begins_anew(path: Path) -> None:
    """Whatever ended it; what is begun anew ends with the reader too."""
    before, reader = workers(), load(path)
    found = reader.read_many(cycle([bars("01")]), jobs=2)
    next(found)
    for child in multiprocessing.active_children():
        if child.pid not in before:
            child.kill()
    with pytest.raises(Exception, match="jobs: a worker process died"):
        for _ in found:
            pass
    assert [r.text for r in reader.read_many([bars("01")], jobs=2)] == ["01"]
    begun = workers() - before
    assert begun
    del reader, found
    assert all_end(begun)


def test_colour_and_gray_files_are_read_alike(reader: Reader) -> None:
    """A model of colours is given three channels, whatever the file has."""
    image = bars("4Ab")
    colour = np.repeat(image[..., None], 3, axis=2)
    assert [reader.read(source).text for source in (image, colour)] == ["4Ab", "4Ab"]


def test_a_reader_abstains_below_its_confidence(path: Path) -> None:
    """It still tells what it saw, and what is unfamiliar."""
    strict = load(path, min_confidence=0.99)
    sure, strange = strict.read(bars("01")), strict.read(noise(3))
    assert (sure.text, sure.abstained, sure.unfamiliar) == (None, True, False)
    assert "".join(char.char for char in sure.chars) == "01"
    assert (strange.text, strange.abstained, strange.unfamiliar) == (None, True, True)


def test_a_length_of_the_users_replaces_the_models(path: Path) -> None:
    """Also in the processes."""
    reader = load(path, length=2)
    texts = [r.text or "" for r in reader.read_many([bars("0"), bars("0123")], jobs=2)]
    assert [len(text) for text in texts] == [2, 2]
    reader.close()
