"""Requests gathered into small batches, which are read one after the other."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from captchascope.errors import CaptchascopeError, ImageError
from captchascope.image.header import read_header
from captchascope.records import Reading
from captchascope.web.metrics import Metrics
from captchascope.web.problems import Problem
from captchascope.web.readers import Choice, Readers
from captchascope.web.settings import Limits

__all__ = ["Batcher", "Busy", "Timed"]

_DEFAULT = Choice()
_OPENING, _READY, _STOPPING = "the models are being opened", "ready", "the server is stopping"

_USUAL = 0.02  # seconds for an image, before any was read
_OUTLAY = 4  # images: what a batch takes besides its own, whatever its size
_MOMENT = 0.01  # seconds: a batch that takes less is read without the thread
_SMALL = 64_000  # pixels


class Busy(Problem):
    """More is waiting than is taken in, or the models are not open: 503, and when to come again."""

    def __init__(self, what: str, seconds: int = 1) -> None:
        super().__init__(503, what, {"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class Timed:
    """A reading, and the milliseconds since its image was taken in."""

    reading: Reading
    ms: float


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
    """

    def __init__(self, readers: Readers, limits: Limits, metrics: Metrics) -> None:
        self._readers = readers
        self._limits = limits
        self._metrics = metrics
        self._jobs: deque[_Job] = deque()
        self._waiting = 0  # images
        self._pace = _USUAL  # processor seconds for a quick image; a slow one counts at once
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "captchascope-read")
        self._task: asyncio.Task[None] | None = None
        self._state = _OPENING
        self._opening: asyncio.Future[None]

    @property
    def ready(self) -> bool:
        """Whether images are read, and more are wanted."""
        return self._state == _READY

    @property
    def waiting(self) -> int:
        """How many images wait to be read."""
        return self._waiting

    @property
    def state(self) -> str:
        """What is being done, in half a sentence."""
        return self._state

    @property
    def readers(self) -> Readers:
        """The models."""
        return self._readers

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
            await loop.run_in_executor(self._thread, self._readers.open)
        except CaptchascopeError as error:
            self._state = f"a model cannot be opened: {error.what}"
            self._opening.set_exception(error)
            return
        if self._state == _OPENING:
            self._state = _READY
        self._opening.set_result(None)
        while True:
            await self._arrived.wait()
            if self._waiting < self._limits.batch:
                await asyncio.sleep(self._limits.gather)
            self._arrived.clear()
            while self._jobs:
                await self._read_batch(self._next_batch())
                await asyncio.sleep(0)  # whoever waits for it need not wait for the next one

    def start(self) -> None:
        """Begin to open the models, in the background."""
        self._opening = asyncio.get_running_loop().create_future()
        self._opening.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """Say that the end is near; what comes nevertheless is still read."""
        self._state = _STOPPING

    async def stop(self) -> None:
        """Read what was taken in, then end; to be called when nothing more comes."""
        while self._waiting and self._task is not None and not self._task.done():
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
        if self._state not in (_READY, _STOPPING):
            raise Busy(self._state)
        if self._waiting and self._waiting + images > self._limits.queue:
            seconds = math.ceil(self._waiting * self._pace)
            raise Busy("too many images are waiting", max(1, seconds))

    async def read(self, images: Sequence[bytes], choice: Choice = _DEFAULT) -> list[Timed]:
        """Read images, which wait their turn; those that fail have ``reading.error`` set.

        Raises:
            Busy: If the queue is full, or no model is open yet.
            UsageError: If ``choice`` names no model, or its constraints are no good.
            ModelError: If a model fails.
        """
        since = time.perf_counter()
        self.check(len(images))
        job = _Job(images, choice, asyncio.get_running_loop().create_future())
        self._waiting += len(images)
        self._jobs.append(job)
        self._arrived.set()
        readings = await job.done
        ms = 1000 * (time.perf_counter() - since)
        return [Timed(reading, ms) for reading in readings]

    def _next_batch(self) -> list[_Job]:
        """Take whole requests off the queue, until they make a batch."""
        batch: list[_Job] = []
        images = 0
        while self._jobs and images < self._limits.batch:
            job = self._jobs.popleft()
            if job.done.cancelled():  # whoever asked has gone
                self._waiting -= len(job.images)
                continue
            batch.append(job)
            images += len(job.images)
        return batch

    async def _read_batch(self, batch: list[_Job]) -> None:
        self._metrics.waiting.set(self._waiting)
        images = sum(len(job.images) for job in batch)
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
            self._waiting -= images
            self._metrics.waiting.set(self._waiting)
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
                readings = iter(self._readers.read(images, choice))
                found.update((job, list(islice(readings, len(job.images)))) for job in jobs)
            except Exception as error:  # reading must go on, and whoever asked must know
                found.update((job, error) for job in jobs)
        return [found[job] for job in batch], time.thread_time() - begun


def _is_quick(job: _Job) -> bool:
    """Tell whether a request cannot take long: small images of the usual formats, nothing known."""
    return job.choice.plain and all(map(_is_small, job.images))


def _is_small(image: bytes) -> bool:
    try:
        return read_header(image, "image", _SMALL).plain is not None
    except ImageError:
        return False
