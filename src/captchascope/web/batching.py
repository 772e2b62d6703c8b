"""Reading for every request: the models of a server, and the small batches that they read in."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Lock

from captchascope.decode import ReadOptions
from captchascope.errors import (
    CaptchascopeError,
    ImageError,
    ModelError,
    UsageError,
    causes_of,
)
from captchascope.files import printable
from captchascope.image.header import read_header
from captchascope.reader import Reader, load
from captchascope.records import Reading
from captchascope.web.metrics import Metrics
from captchascope.web.problems import Problem
from captchascope.web.settings import Limits

_KEPT = 32  # readers under options; they share their model, so each is small
_NOTHING = ReadOptions()


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice of one request: a model, None for the first, and the options of reading."""

    model: str | None = None
    options: ReadOptions = _NOTHING

    @property
    def plain(self) -> bool:
        """Whether the first model is asked for, and no text that has to be searched for."""
        options = self.options
        known = self.model, options.charset, options.length, options.pattern
        done = options.frames, options.rows, options.ink
        return not options.ignore_case and {*known, *done} == {None}


PLAIN = Choice()
"""What a request asks for that says nothing but its images."""


class Readers:
    """Every model is opened once; what requests ask for is laid over it and kept for a while.

    One batch is read after the other; only ``offer`` may be called meanwhile.

    Attributes:
        opened: The models that are open, by name.
    """

    def __init__(
        self, models: Sequence[str], limits: Limits, providers: Sequence[str] | None = None
    ) -> None:
        self._models = names_of(models)
        self._limits = limits
        self._providers = providers
        self._kept: OrderedDict[tuple[Reader, Choice], Reader] = OrderedDict()
        self._changing = Lock()
        self.opened: dict[str, Reader] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What a request may ask for; the first is the default."""
        return tuple(self._models)

    def open(self) -> None:
        """Open every model.

        Raises:
            ModelError: If one cannot be used.
        """
        for name, model in self._models.items():
            self._put(name, load(model, providers=self._providers))

    def offer(self, name: str, reader: Reader) -> None:
        """Let requests ask for a further model, or for another one by the name of a former."""
        self._put(name, reader)
        self._models = {**self._models, name: str(reader.path)}

    def _put(self, name: str, reader: Reader) -> None:
        with self._changing:
            self.opened = {**self.opened, name: reader}  # others may be looking at it

    @property
    def kept(self) -> int:
        """How many readers under options are kept."""
        return len(self._kept)

    def read(self, images: Sequence[bytes], choice: Choice) -> list[Reading]:
        """Read images under what a request asks for; those that fail have ``error`` set.

        Raises:
            UsageError: If there is no such model, or a constraint is malformed or impossible.
            ModelError: If the model fails.
        """
        limits = self._limits  # narrower than a reader's own
        readings = self._reader(choice).read_batch(
            images, name="image", max_bytes=limits.body, max_pixels=limits.pixels
        )
        for reading in readings:
            if reading.error is not None:
                without_traceback(reading.error)
        return readings

    def _reader(self, choice: Choice) -> Reader:
        """Return the reader of a choice; what one request asks for never changes another's."""
        name = choice.model or self.names[0]
        if name not in self._models:
            remedy = f"ask for one of {', '.join(self._models)}"
            raise UsageError("model", f"there is no {name}", remedy)
        if name not in self.opened:
            raise ModelError(name, "is not open yet", "try again in a second")
        if choice == PLAIN:
            return self.opened[name]
        reader, always = self.opened[name], replace(choice.options, min_confidence=0.0)
        key = reader, replace(choice, options=always)
        if key not in self._kept:
            self._kept[key] = reader.with_options(always)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key].with_options(choice.options)


def without_traceback(error: CaptchascopeError) -> CaptchascopeError:
    """Return an error that is kept for an answer, without the frames that hold the image."""
    for cause in causes_of(error):
        cause.__traceback__ = None
    return error


def names_of(models: Sequence[str]) -> dict[str, str]:
    """Return what each model is asked for as: its name, or its file's without ``.onnx``.

    Raises:
        UsageError: If two have one name, or there is none at all.
    """
    names = {
        printable(Path(model).stem if model.endswith(".onnx") else model): model for model in models
    }
    if len(names) != len(models) or not names:
        what = "names no model" if not names else "names two models that would be called the same"
        raise UsageError("models", what, "rename one of the files")
    return names


_OPENING, _READY, _STOPPING = "the models are being opened", "ready", "the server is stopping"

_USUAL = 0.02  # seconds for an image, before any was read
_OUTLAY = 4  # images: what a batch takes besides its own, whatever its size
_MOMENT = 0.01  # seconds: a batch that takes less is read without the thread
_SMALL = 64_000  # pixels


class Busy(Problem):
    """More is waiting than is taken in, or the models are not open: 503, and when to come again."""

    def __init__(self, what: str, seconds: int = 1) -> None:
        super().__init__(503, what, {"Retry-After": str(seconds)})


@dataclass(slots=True, eq=False)
class _Job:
    """The images of one request, and what it waits for."""

    images: Sequence[bytes]
    choice: Choice
    done: asyncio.Future[list[Reading]]


class Batcher:
    """Reads images for everybody who asks.

    Requests wait in one queue. A batch is what has come while the one before was being read, or
    within ``limits.gather`` of the first; images of one choice are read together. A batch that will
    take but a moment is read in the event loop itself, because a thread would hold the interpreter
    as long and have to be handed it. What may take longer is read in a thread: large images, other
    models than the first, and whatever is known of the texts, for that may have to be searched for.

    Attributes:
        readers: The models.
        state: What is being done, in half a sentence.
        waiting: How many images wait to be read.
    """

    def __init__(self, readers: Readers, limits: Limits, metrics: Metrics) -> None:
        self.readers = readers
        self._limits = limits
        self._metrics = metrics
        self._jobs: deque[_Job] = deque()
        self.waiting = 0
        self._pace = _USUAL  # processor seconds for a quick image; a slow one counts at once
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "captchascope-read")
        self._task: asyncio.Task[None] | None = None
        self.state = _OPENING
        self._opening: asyncio.Future[None]

    @property
    def ready(self) -> bool:
        """Whether images are read, and more are wanted."""
        return self.state == _READY

    @property
    def short(self) -> bool:
        """Whether there soon is nothing to read: no more than a batch waits."""
        return self.waiting <= self._limits.batch

    async def opened(self) -> None:
        """Wait until the models are open.

        Raises:
            ModelError: If one cannot be.
        """
        await asyncio.shield(self._opening)

    async def _run(self) -> None:
        """Open the models, then read whatever comes, until ``stop``."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self.readers.open)
        except CaptchascopeError as error:
            self.state = f"a model cannot be opened: {error.what}"
            self._opening.set_exception(error)
            return
        if self.state == _OPENING:
            self.state = _READY
        self._opening.set_result(None)
        while True:
            await self._arrived.wait()
            if self.waiting < self._limits.batch:
                await asyncio.sleep(self._limits.gather)
            self._arrived.clear()
            while self._jobs:
                await self._read_batch()
                await asyncio.sleep(0)  # a request that waits for it need not wait for the next one

    def start(self) -> None:
        """Begin to open the models, in the background."""
        self._opening = asyncio.get_running_loop().create_future()
        self._opening.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """Say that the end is near; what comes nevertheless is still read."""
        self.state = _STOPPING

    async def stop(self) -> None:
        """Read what was taken in, then end; to be called when nothing more comes."""
        while self.waiting and self._task is not None and not self._task.done():
            await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._thread.shutdown()

    def check(self, images: int = 1) -> None:
        """Refuse images that could not be taken in now.

        Raises:
            Busy: If the queue is full, or no model is open yet.
        """
        if why := self.refusal(images):
            raise Busy(*why)

    def refusal(self, images: int = 1) -> tuple[str, int] | None:
        """Tell why images could not be taken in now, and after how many seconds to come again."""
        if self.state not in (_READY, _STOPPING):
            return self.state, 1
        if self.waiting and self.waiting + images > self._limits.queue:
            return "too many images are waiting", max(1, math.ceil(self.waiting * self._pace))
        return None

    async def read(
        self, images: Sequence[bytes], choice: Choice = PLAIN
    ) -> tuple[list[Reading], float]:
        """Read images, which wait their turn; those that fail have ``error`` set.

        Returns:
            The readings, and the milliseconds since the images were taken in.
        Raises:
            Busy: If the queue is full, or no model is open yet.
            UsageError: If ``choice`` names no model, or its constraints are no good.
            ModelError: If a model fails.
        """
        since = time.perf_counter()
        self.check(len(images))
        job = _Job(images, choice, asyncio.get_running_loop().create_future())
        self.waiting += len(images)
        self._jobs.append(job)
        self._arrived.set()
        readings = await job.done
        return readings, 1000 * (time.perf_counter() - since)

    async def _read_batch(self) -> None:
        """Take whole requests off the queue, until they make a batch, and read that."""
        batch, images = [], 0
        while self._jobs and images < self._limits.batch:
            job = self._jobs.popleft()
            if job.done.cancelled():  # the client has gone
                self.waiting -= len(job.images)
                continue
            batch.append(job)
            images += len(job.images)
        self._metrics.waiting.set(self.waiting)
        if not images:
            return
        self._metrics.batches.observe(images)
        quick = all(map(_is_quick, batch))
        try:
            if quick and (images + _OUTLAY) * self._pace < _MOMENT:
                outcomes, seconds = self._outcomes(batch)
            else:
                loop = asyncio.get_running_loop()
                outcomes, seconds = await loop.run_in_executor(self._thread, self._outcomes, batch)
        finally:
            self.waiting -= images
            self._metrics.waiting.set(self.waiting)
        if quick:
            pace = seconds / (images + _OUTLAY)
            self._pace = max(pace, self._pace + 0.1 * (pace - self._pace))
        for job, outcome in zip(batch, outcomes, strict=True):
            if job.done.cancelled():
                continue
            if isinstance(outcome, BaseException):
                job.done.set_exception(outcome)
            else:
                job.done.set_result(outcome)

    def _outcomes(self, batch: list[_Job]) -> tuple[list[list[Reading] | Exception], float]:
        """Read the jobs of each choice together; one that fails fails alone.

        The second value is the seconds that it took of the processor. On a busy machine a batch may
        stand still for longer than that, which says nothing of the next one.
        """
        begun = time.thread_time()
        groups: dict[Choice, list[_Job]] = {}
        for job in batch:
            groups.setdefault(job.choice, []).append(job)
        found: dict[_Job, list[Reading] | Exception] = {}
        for choice, jobs in groups.items():
            try:
                images = [image for job in jobs for image in job.images]
                readings = iter(self.readers.read(images, choice))
                found.update((job, list(islice(readings, len(job.images)))) for job in jobs)
            except Exception as error:  # reading must go on, and the client must know
                found.update((job, error) for job in jobs)
        return [found[job] for job in batch], time.thread_time() - begun


def _is_quick(job: _Job) -> bool:
    """Tell whether a request cannot take long: small images of the usual formats, nothing known."""
    if not job.choice.plain:
        return False
    try:
        headers = [read_header(image, "image", _SMALL) for image in job.images]
    except ImageError:
        return False
    return all(header.plain is not None for header in headers)
