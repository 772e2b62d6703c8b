"""Requests gathered into batches, with the readers that ship."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from captchascope.decode import ReadOptions
from captchascope.errors import ModelError, UsageError
from captchascope.reader import load
from captchascope.records import Reading
from captchascope.web.batching import Batcher, Busy, Choice, Readers, names_of
from captchascope.web.metrics import Metrics
from captchascope.web.settings import Limits
from ctc.bars import write_model


def run(
    work: Callable[[Batcher], Awaitable[None]],
    limits: Limits | None = None,
    readers: Readers | None = None,
) -> Metrics:
    """Give a batcher that is ready to ``work``, stop it, and return what it counted."""
    metrics = Metrics()
    limits = limits or Limits()

    async def main() -> None:
        batcher = Batcher(readers or Readers(["metu"], limits), limits, metrics)
        batcher.start()
        while not batcher.ready:
            await asyncio.sleep(0.01)
        try:
            await work(batcher)
        finally:
            await batcher.stop()

    asyncio.run(main())
    return metrics


def batches_of(metrics: Metrics) -> tuple[int, int]:
    """Return how many batches were read, and how many images."""
    values = {
        line.split()[0]: float(line.split()[1])
        for line in metrics.text().decode().splitlines()
        if line.startswith("captchascope_batch_images")
    }
    name = "captchascope_batch_images"
    return int(values[f"{name}_count"]), int(values[f"{name}_sum"])


def test_requests_that_come_together_are_read_together(
    captchas: list[bytes], labels: list[str]
) -> None:
    """Each gets its own images back, in its order."""

    async def work(batcher: Batcher) -> None:
        asked = [captchas[start : start + 3] for start in range(0, 12, 3)]
        found = await asyncio.gather(*(batcher.read(images) for images in asked))
        assert [reading.text for readings, _ in found for reading in readings] == labels

    assert batches_of(run(work)) == (1, 12)


def test_a_batch_takes_whole_requests_until_it_is_full(captchas: list[bytes]) -> None:
    """Then the next begins."""

    async def work(batcher: Batcher) -> None:
        await asyncio.gather(*(batcher.read(captchas[:3]) for _ in range(4)))

    assert batches_of(run(work, Limits(batch=4, gather=0.05))) == (2, 12)


class Watched(Readers):
    """Readers that note which thread each batch is read in, and take as long as they are told."""

    def __init__(self) -> None:
        super().__init__(["metu"], Limits())
        self.places: list[str] = []
        self.pause = 0.0  # seconds of the processor

    def read(self, images: Sequence[bytes], choice: Choice) -> list[Reading]:
        """Read them, having noted where."""
        self.places.append(threading.current_thread().name.partition("_")[0])
        end = time.thread_time() + self.pause
        while time.thread_time() < end:  # waiting for the processor would not count
            pass
        return super().read(images, choice)


def test_only_what_takes_but_a_moment_is_read_in_the_event_loop(captchas: list[bytes]) -> None:
    """What is slow or large, or has to be searched for, keeps nobody else waiting."""
    readers = Watched()
    places = readers.places
    here, elsewhere = "MainThread", "captchascope-read"
    large = cv2.imencode(".png", np.zeros((400, 400), np.uint8))[1].tobytes()

    async def work(batcher: Batcher) -> None:
        for _ in range(200):  # until it has shown that it is quick
            await batcher.read(captchas[:1])
            if places[-1] == here:
                break
        assert places[0] == elsewhere
        assert places[-1] == here
        for images, choice in (
            ([large], Choice()),
            ([b"GIF89a"], Choice()),
            (captchas[:1], Choice(options=ReadOptions(length=6))),
            (captchas[:1], Choice(options=ReadOptions(pattern="[0-9]{6}"))),
            (captchas[:1], Choice(model="metu")),
        ):
            await batcher.read(images, choice)
            assert places[-1] == elsewhere, choice
        readers.pause = 0.02
        await batcher.read(captchas[:1])
        await batcher.read(captchas[:1])
        assert places[-1] == elsewhere

    run(work, readers=readers)


def test_a_request_that_is_refused_spoils_none_beside_it(
    captchas: list[bytes], labels: list[str]
) -> None:
    """Its constraints are its own, and so is their fault."""

    async def work(batcher: Batcher) -> None:
        good, bad, short = await asyncio.gather(
            batcher.read(captchas[:1]),
            batcher.read(captchas[:1], Choice(options=ReadOptions(charset="xyz"))),
            batcher.read(captchas[:1], Choice(options=ReadOptions(length=4))),
            return_exceptions=True,
        )
        assert isinstance(good, tuple)
        assert isinstance(short, tuple)
        assert isinstance(bad, UsageError)
        assert (bad.where, good[0][0].text) == ("charset", labels[0])
        assert len(short[0][0].text or "") == 4

    run(work)


def test_beyond_the_queue_requests_are_told_to_come_again(captchas: list[bytes]) -> None:
    """Those that were taken in are read; afterwards others are."""

    async def work(batcher: Batcher) -> None:
        asked = (batcher.read(captchas[:4]) for _ in range(5))
        found = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in found if isinstance(one, Busy)]
        assert len(refused) == 3
        assert {error.status_code for error in refused} == {503}
        assert all(int((error.headers or {})["Retry-After"]) >= 1 for error in refused)
        assert batcher.waiting == 0
        assert len((await batcher.read(captchas[:4]))[0]) == 4

    run(work, Limits(queue=8))


def test_what_was_taken_in_is_read_before_the_end(captchas: list[bytes]) -> None:
    """However soon the end comes."""

    async def work(batcher: Batcher) -> None:
        asked = [asyncio.ensure_future(batcher.read(captchas)) for _ in range(3)]
        await asyncio.sleep(0)
        batcher.leave()
        assert not batcher.ready
        await batcher.stop()
        assert [len(found) for found, _ in await asyncio.gather(*asked)] == [12, 12, 12]

    run(work)


def test_a_model_that_fails_fails_those_who_asked_for_it(
    captchas: list[bytes], labels: list[str], tmp_path: Path
) -> None:
    """Others are read for, in the same batch too."""
    odd = write_model(tmp_path / "odd.onnx", breaks=True)

    async def work(batcher: Batcher) -> None:
        failed, read = await asyncio.gather(
            batcher.read(captchas[:1], Choice(model="odd")),
            batcher.read(captchas[:1]),
            return_exceptions=True,
        )
        assert isinstance(failed, ModelError)
        assert isinstance(read, tuple)
        assert read[0][0].text == labels[0]

    run(work, readers=Readers(["metu", str(odd)], Limits()))


def test_a_model_that_cannot_be_opened_is_why_nobody_is_read_for(
    captchas: list[bytes], tmp_path: Path
) -> None:
    """Here it is gone."""

    async def main() -> None:
        limits = Limits()
        batcher = Batcher(Readers([str(tmp_path / "gone.onnx")], limits), limits, Metrics())
        batcher.start()
        with pytest.raises(ModelError, match=r"gone\.onnx"):
            await batcher.opened()
        with pytest.raises(Busy, match="a model cannot be opened"):
            await batcher.read(captchas[:1])
        await batcher.stop()

    asyncio.run(main())


def test_nobody_waits_for_models_that_are_not_open(captchas: list[bytes]) -> None:
    """It is said at once."""

    async def main() -> None:
        limits = Limits()
        batcher = Batcher(Readers(["metu"], limits), limits, Metrics())
        with pytest.raises(Busy, match="being opened"):
            await batcher.read(captchas[:1])
        await batcher.stop()

    asyncio.run(main())


def test_a_client_that_hangs_up_is_not_read_for(captchas: list[bytes]) -> None:
    """A request that is given up leaves its place to others."""

    async def work(batcher: Batcher) -> None:
        gone = asyncio.ensure_future(batcher.read(captchas))
        kept = asyncio.ensure_future(batcher.read(captchas[:2]))
        await asyncio.sleep(0)
        gone.cancel()
        assert len((await kept)[0]) == 2
        late = asyncio.ensure_future(batcher.read(captchas))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.sleep(0.1)
        assert batcher.waiting == 0

    metrics = run(work)
    assert batches_of(metrics)[1] == 2
    assert b"captchascope_waiting_images 0.0" in metrics.text()


def test_an_error_that_waits_to_be_told_holds_no_image() -> None:
    """Nor what it was caused by: the frames of a traceback hold the whole file."""
    readers = Readers(["metu"], Limits())
    readers.open()
    gif = BytesIO()
    Image.new("RGB", (150, 50)).save(gif, "GIF")
    for data in (b"no image", gif.getvalue()[:60]):
        error: BaseException | None = readers.read([data], Choice())[0].error
        assert error is not None
        while error is not None:
            assert error.__traceback__ is None
            error = error.__cause__ or error.__context__


def test_only_so_many_constrained_readers_are_kept(captchas: list[bytes]) -> None:
    """Asking for ever new constraints does not fill the memory, and all are kept to."""
    readers = Readers(["metu"], Limits())
    readers.open()
    for number in range(80):
        pattern = f"[0-9]{{5}}{number % 10}" if number < 40 else f"{number % 10}[0-9]{{5}}"
        choice = Choice(options=ReadOptions(pattern=pattern, min_confidence=number / 1e9))
        reading = readers.read(captchas[:1], choice)[0]
        assert reading.text is None or reading.text[-1 if number < 40 else 0] == str(number % 10)
    assert readers.kept <= 32


def test_models_are_called_by_their_name_or_file() -> None:
    """Two of one name could not be told apart."""
    assert list(names_of(["/models/\udcff.onnx"])) == ["\\udcff"]
    assert names_of(["metu", "/models/mine.onnx"]) == {"metu": "metu", "mine": "/models/mine.onnx"}
    for models in ([], ["metu", "metu"], ["a/mine.onnx", "b/mine.onnx"]):
        with pytest.raises(UsageError, match="models: "):
            names_of(models)


def test_a_model_that_comes_later_can_be_asked_for(captchas: list[bytes]) -> None:
    """And another in its place, also by what is known of the texts."""
    readers = Readers(["metu"], Limits())
    readers.open()
    choice = Choice("new", ReadOptions(length=6))
    with pytest.raises(UsageError, match="there is no new"):
        readers.read(captchas[:1], choice)
    for model in ("metu-glyphs", "any"):
        reader = load(model)
        readers.offer("new", reader)
        assert readers.names == ("metu", "new")
        [found] = readers.read(captchas[:1], choice)
        assert found.text == reader.with_options(choice.options).read(captchas[0]).text
        assert found.confidence == pytest.approx(
            reader.with_options(choice.options).read(captchas[0]).confidence, abs=1e-4
        )
