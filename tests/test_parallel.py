"""Reading in several processes."""

from __future__ import annotations

import math
import multiprocessing
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captchascope.errors import CaptchascopeError, ImageError, SegmentationError
from captchascope.generate import draw_captcha
from captchascope.image import ImageSource
from captchascope.reader import load, model_path

DRAWN = [draw_captcha("metu", 990009, number) for number in range(1, 31)]
TOO_SMALL = np.zeros((1, 1), np.uint8)


def sources(folder: Path) -> Iterator[ImageSource]:
    """Yield 150 images, more than two processes get at a time, of every kind there is."""
    closed = BytesIO()
    closed.close()
    for number, drawn in enumerate(DRAWN * 5):
        data = drawn.jpeg()
        file = folder / f"{number}.jpeg"
        if number % 7 == 0:
            file.write_bytes(data)
        with Image.open(BytesIO(data)) as image:
            image.load()
        kinds = file, data, memoryview(data), bytearray(data), drawn.image, image, BytesIO(data)
        yield kinds[number % 7]
        if number == 70:
            yield b"no image"
            yield BytesIO(b"no image")
            yield folder / "none.jpeg"
            yield closed
            yield TOO_SMALL


def test_the_processes_have_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two read what one reads, errors in their place; also if the model's path is an odd one.

    It is relative, the folder changes after the model is loaded, and an error would show the name
    escaped.
    """
    name = "mo\u202edel.onnx"
    shutil.copy(model_path("metu-glyphs"), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    reader = load(name, charset="012345678", min_confidence=0.5)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    alone = list(reader.read_many(sources(tmp_path), errors="return"))
    together = list(reader.read_many(sources(tmp_path), jobs=2, errors="return"))
    assert len(alone) == 155
    assert any(reading.abstained for reading in alone)
    assert [r.text for r in together] == [r.text for r in alone]
    assert [r.abstained for r in together] == [r.abstained for r in alone]
    assert [str(r.error) for r in together] == [str(r.error) for r in alone]
    assert [type(r.error) for r in together[71:76]] == [*4 * [ImageError], SegmentationError]
    for one, other in zip(together, alone, strict=True):
        assert math.isclose(one.confidence, other.confidence, abs_tol=1e-4)


def test_an_endless_stream_can_be_left() -> None:
    """A few chunks per process are taken ahead; an error ends it, and so does closing it."""
    taken = 0

    def endless() -> Iterator[ImageSource]:
        nonlocal taken
        for image in cycle([DRAWN[0].image, *[TOO_SMALL] * 63]):
            taken += 1
            yield image

    found = load("metu-glyphs").read_many(endless(), jobs=2)
    assert taken == 0
    assert next(found).text == DRAWN[0].label
    assert taken == 2 * 2 * 64
    with pytest.raises(SegmentationError):
        next(found)
    assert list(found) == []
    assert taken == 2 * 2 * 64


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be blocked there")
def test_the_first_process_inherits_a_blocked_ctrl_c() -> None:
    """It would show where it was struck as it began."""
    code = """
import multiprocessing, signal
from captchascope.parallel import interrupts_held

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=print, daemon=True)
    with interrupts_held():
        process.start()
        print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    process.join()
    print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_processes_end_where_the_reader_is_left() -> None:
    """As ``with`` does whatever happens within."""
    before = multiprocessing.active_children()
    with load("metu-glyphs") as reader:
        assert next(reader.read_many([DRAWN[0].image], jobs=2)).text == DRAWN[0].label
        begun = {*multiprocessing.active_children()} - {*before}
        assert begun
    assert not begun & {*multiprocessing.active_children()}


def test_workers_that_cannot_begin_are_one_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Here the model file is gone when they look for it."""
    file = tmp_path / "model.onnx"
    shutil.copy(model_path("metu-glyphs"), file)
    reader = load(file)
    file.unlink()
    with pytest.raises(CaptchascopeError, match=r"jobs: a worker process died \(try fewer jobs"):
        next(reader.read_many([DRAWN[0].image], jobs=2))
    capfd.readouterr()  # what the workers said of it


def test_processes_that_cannot_be_had_are_one_error() -> None:
    """Here no more files may be open; afterwards the same reader has its processes."""
    resource = pytest.importorskip("resource")
    with load("metu-glyphs") as reader:
        assert next(reader.read_many([DRAWN[0].image], jobs=2)).text  # imports all it needs
        reader.close()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Path(__file__).open("rb") as last:
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), before[1]))
        try:
            with pytest.raises(CaptchascopeError, match="jobs: processes cannot be started: Too m"):
                next(reader.read_many([DRAWN[0].image], jobs=2))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert next(reader.read_many([DRAWN[0].image], jobs=2)).text == DRAWN[0].label


def test_a_worker_that_dies_in_the_middle_is_one_error() -> None:
    """What was read before it is given; afterwards the same reader has other processes."""
    images = [DRAWN[0].image] * 2000
    others = multiprocessing.active_children()
    with load("metu-glyphs") as reader:
        found = reader.read_many(images, jobs=2)
        assert next(found).text == DRAWN[0].label
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
        with pytest.raises(CaptchascopeError, match="jobs: a worker process died"):
            list(found)
        assert next(reader.read_many(images[:1], jobs=2)).text == DRAWN[0].label
