"""Batches of rows that need not fit in memory: read, shuffled and decoded beside the network.

What is in memory at once is bounded, however many rows there are: the rows that wait in the
shuffle, encoded; a few of each row group that is open; and of decoded images those that wait for
others of their width, and the batches ahead.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchascope.data.shards import Faults, ParquetDataset, Row, RowGroup, no_image
from captchascope.errors import CaptchascopeError, DatasetError
from captchascope.records import GrayImage, RgbImage, Sample
from captchascope.train.ctc.augment import augment_image
from captchascope.train.ctc.data import Batch, at_width, batch_of, loaded
from captchascope.train.ctc.infer import Inferred

_SHUFFLED = 4096  # rows that wait to be drawn
_SHUFFLED_BYTES = 64 * 2**20  # of their images; beyond that, fewer wait
_OPEN = 4  # row groups that are read by turns
_TURN = 64  # rows of one before the next one's
_AHEAD = 4  # chunks of rows for each thread, of as many as a batch has, that are decoded ahead
_THREADS = 8  # at most: one of them feeds a fast network of two cores
_STRETCH = 1.25  # between two widths that batches have
_WIDTH_STEP = 8


class _Decoded(NamedTuple):
    """Some rows decoded: images at the widths of batches, the ids of texts, and what failed."""

    images: list[GrayImage | RgbImage]
    targets: list[NDArray[np.int64]]
    failed: list[tuple[int, CaptchascopeError]]


class StreamedBatches:
    """The batches of one process.

    Each pass over the rows has another order: row groups are shuffled, a few of them read by turns,
    and their rows shuffled within a buffer. Several processes share the row groups of a pass, or
    where there are fewer of those, their rows. What cannot be decoded is left out, and counted.

    Args:
        data: Where the rows come from.
        known: What is done to the images, and the alphabet.
        size: Images per batch.
        strength: Of the augmentation.
        seed: Decides order and augmentation.
        held: Numbers of the rows that are never given.
        share: Which process of how many this is; each has its own rows.
    """

    def __init__(
        self,
        data: ParquetDataset,
        known: Inferred,
        size: int,
        strength: float,
        seed: int,
        held: Iterable[int] = (),
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._data, self._known, self._size = data, known, size
        self._strength, self._seed, self._held = strength, seed, frozenset(held)
        self._rank, self._world = share
        self._faults, self._bad = Faults(), set[int | RowGroup]()

    @property
    def samples(self) -> int:
        """How many rows all processes train on, as far as is known."""
        return self._data.rows - len(self._held) - len(self._bad)

    @property
    def problems(self) -> tuple[DatasetError, ...]:
        """Why rows that this process was to give were left out, so far."""
        return self._faults.errors()

    def after(self, given: int) -> Generator[Batch]:
        """Yield the batches that come after so many that were given.

        After a resume, the pass that was interrupted goes on with the row group that it had come
        to: some of its rows come again, and those that had waited in the shuffle don't, before the
        next pass. What comes is decided by the seed and ``given``.

        Raises:
            DatasetError: If a whole pass has nothing that can be decoded.
        """
        threads = max(1, min(_THREADS, (os.cpu_count() or 1) // self._world))
        rows, waiting = self.rows(given), deque[Future[_Decoded]]()
        alike: dict[int, list[tuple[GrayImage | RgbImage, NDArray[np.int64]]]] = {}
        barren = 0
        pool = ThreadPoolExecutor(threads, "decode")
        try:
            for number in count():
                chunk = list(islice(rows, self._size))
                waiting.append(pool.submit(self._decoded, chunk, (given, number)))
                if len(waiting) <= _AHEAD * threads:
                    continue
                done = waiting.popleft().result()
                for row, error in done.failed:
                    self._fail(error, row)
                barren = 0 if done.images else barren + self._size
                if barren > self._data.rows:
                    raise self.problems[0]
                for image, target in zip(done.images, done.targets, strict=True):
                    group = alike.setdefault(image.shape[1], [])
                    group.append((image, target))
                    if len(group) == self._size:
                        yield batch_of(*zip(*alike.pop(image.shape[1]), strict=True))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def rows(self, given: int) -> Iterator[Row]:
        """Yield without end the rows in the order in which they are decoded."""
        rng = np.random.default_rng((self._seed, 2, given, self._rank))
        waiting: list[Row] = []
        held = 0
        for row in self._unshuffled(given):
            held += len(row.image)
            if len(waiting) < _SHUFFLED and held <= _SHUFFLED_BYTES:
                waiting.append(row)
                continue
            waiting.append(row)
            place = int(rng.integers(len(waiting)))
            waiting[place], waiting[-1] = waiting[-1], waiting[place]
            held -= len(waiting[-1].image)
            yield waiting.pop()

    def _unshuffled(self, given: int) -> Iterator[Row]:
        """Yield without end the rows of one pass after the other."""
        own = max(1, (self._data.rows - len(self._held)) // self._world)
        first, past = divmod(given * self._size, own)
        yield from self.one_pass(first, past)
        for number in count(first + 1):
            yield from self.one_pass(number)
            if self._bad.issuperset(self._data.groups):  # none can be read any more
                raise self.problems[0]

    def one_pass(self, number: int, past: int = 0) -> Iterator[Row]:
        """Yield this process's rows of a pass, each once, in the order in which they are read.

        Args:
            number: Of the pass, from 0.
            past: So many had come before: the row groups that hold only such are left out.
        """
        groups, seen, left = self._data.groups, 0, []
        whole = len(groups) >= self._world  # row groups for each process
        order = np.random.default_rng((self._seed, 3, number)).permutation(len(groups))
        for place in order[self._rank :: self._world] if whole else order:
            seen += groups[place].rows // (1 if whole else self._world)
            if seen > past:
                left.append(groups[place])
        rows = self._by_turns(left)
        yield from rows if whole else islice(rows, self._rank, None, self._world)

    def _by_turns(self, groups: Sequence[RowGroup]) -> Iterator[Row]:
        """Yield the rows of some row groups, of a few of them by turns."""
        waiting = iter(groups)
        turns = deque(self._of(group) for group in islice(waiting, _OPEN))
        while turns:
            rows = turns.popleft()
            some = list(islice(rows, _TURN))
            yield from some
            if some:
                turns.append(rows)
            else:
                turns.extend(self._of(group) for group in islice(waiting, 1))

    def _of(self, group: RowGroup) -> Iterator[Row]:
        """Yield the rows of a row group that are trained on, as far as it can be read."""
        try:
            yield from (row for row in self._data.rows_of(group) if row.number not in self._held)
        except DatasetError as error:
            self._fail(error, group)

    def _fail(self, error: CaptchascopeError, what: int | RowGroup) -> None:
        """Count a row that cannot be used, or a row group, once."""
        if what not in self._bad:
            self._bad.add(what)
            self._faults.add(error)

    def _decoded(self, rows: Sequence[Row], number: tuple[int, int]) -> _Decoded:
        """Decode and augment what can be."""
        rng = np.random.default_rng((self._seed, 1, self._rank, *number))
        done = _Decoded([], [], [])
        for row in rows:
            where = Path(self._data.where(row.number))
            got: GrayImage | RgbImage | CaptchascopeError = no_image(str(where))
            if row.image:
                got = loaded(Sample(where.name, row.label, where), self._known, row.image)
            if isinstance(got, CaptchascopeError):
                done.failed.append((row.number, got))
                continue
            image = augment_image(at_width(got, self._width(got.shape[1])), rng, self._strength)
            done.images.append(image)
            done.targets.append(np.array(self._known.charset.encode(row.label), np.int64))
        return done

    def _width(self, width: int) -> int:
        """Return the width of a batch that is nearest to an image's."""
        spec = self._known.spec
        if spec.width is not None:
            return width
        steps = round(log(width / spec.min_width, _STRETCH))
        return round(spec.min_width * _STRETCH**steps / _WIDTH_STEP) * _WIDTH_STEP
