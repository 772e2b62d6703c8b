"""Reading in bulk as a whole: a source and a destination in, a summary out."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from itertools import chain, islice
from typing import TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from captchascope.bulk import BulkProgress, BulkSummary, Engine, Form
from captchascope.bulk.destination import Destination, open_destination, require_apart
from captchascope.bulk.local import default_jobs, read_batches
from captchascope.bulk.manifest import Counts, Covered
from captchascope.bulk.places import Place, place_of
from captchascope.bulk.ray_data import read_shards
from captchascope.bulk.rows import BATCH, Shard
from captchascope.bulk.sources import find_shards, rows_of
from captchascope.bulk.work import Work, images_of
from captchascope.errors import CaptchascopeError, MissingExtraError, UsageError
from captchascope.files import StrPath, printable
from captchascope.image import ImageSource
from captchascope.model.onnxwalk import read_model
from captchascope.reader import Reader

_LOOKED_INTO = 10  # shards, and places in them, to see what all images have in common
_TAKEN = 100  # images of all these together

_Thing = TypeVar("_Thing")

ReadsShards: TypeAlias = Callable[[Work, Sequence[Shard]], Generator[pa.RecordBatch, None, None]]
"""An engine: rows of ``work.schema`` for those of shards, in any order."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told what goes on, and since when the time counts."""

    begun: float
    on_line: Callable[[str], None]
    on_progress: Callable[[BulkProgress], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What is read of a source, and how it is written; as ``read_bulk`` takes it."""

    column: str | None
    key: str | None
    to: Form
    chars: bool
    consistent: bool
    rows_per_part: int


def places_of(source: StrPath, target: StrPath, options: Mapping[str, str]) -> tuple[Place, Place]:
    """Return the places of a source and of a destination, of which URLs take the options.

    Raises:
        UsageError: If nothing opens one, or it is empty, or neither is a URL and there are options.
    """
    urls = [os.fspath(source), os.fspath(target)]
    for name, url in zip(("source", "destination"), urls, strict=True):
        if not url:  # as a variable of a shell that is not set
            raise UsageError(name, "is empty", "name a folder, a file or a URL")
    if options and not any("://" in url for url in urls):
        what = "has no meaning where no place is a URL"
        raise UsageError("storage_options", what, "leave it away")
    one, other = (place_of(url, options if "://" in url else {}) for url in urls)
    return one, other


def engine_of(name: Engine, address: str | None, jobs: int | None) -> ReadsShards:
    """Return the engine of a name.

    Raises:
        MissingExtraError: If its packages are not installed.
    """
    if name == "local":
        return lambda work, shards: _read_here(work, shards, jobs or default_jobs())
    if find_spec("ray") is None:
        raise MissingExtraError("the engine ray", "ray")
    return lambda work, shards: read_shards(work, shards, address=address, jobs=jobs)


def read_all(
    reader: Reader, places: tuple[Place, Place], options: Options, engine: ReadsShards, told: Told
) -> BulkSummary:
    """Read what is not at the destination yet; arguments and errors as ``read_bulk``."""
    source, target = places
    require_apart(source, target, options.to)
    found = find_shards(source, options.column, options.key)
    for line in found.lines:
        told.on_line(line)
    if options.consistent:
        reader = _consistent(reader, source, found.shards, told)
    work = Work.of(reader, source.files, options.chars, source.path)
    facts = _facts(reader, source, options)
    rows = options.rows_per_part
    with open_destination(
        target, options.to, facts, chars=options.chars, rows_per_part=rows
    ) as place:
        if place.earlier.rows:
            told.on_line(f"going on: {place.earlier.rows:,} rows are there already")
        _fill(place, work, found.shards, engine, told)
        place.finish()
    counts = Counts()
    counts.take(place.earlier)
    counts.take(place.counts)
    return BulkSummary(
        counts.rows,
        counts.read,
        counts.abstained,
        counts.unfamiliar,
        dict(counts.failed.most_common()),
        place.counts.rows,
        time.monotonic() - told.begun,
    )


def _fill(
    place: Destination, work: Work, shards: Sequence[Shard], engine: ReadsShards, told: Told
) -> None:
    """Read all rows of some shards that a destination does not have."""
    left = [*_left(shards, place.covered)]
    lengths = [_rows_left(shard) for shard in left]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    begun = time.monotonic()
    with closing(engine(work, left)) as batches:  # whose processes end with it
        for batch in batches:
            place.add(batch)
            seconds = time.monotonic() - begun
            told.on_progress(BulkProgress(place.counts.rows, total, seconds))
    for shard in _left(shards, place.covered):  # of which nothing was heard
        what, remedy = "was not read to its end", "read it again: what is written stays"
        raise CaptchascopeError(printable(shard.names[0]), what, remedy)


def _read_here(
    work: Work, shards: Iterable[Shard], jobs: int
) -> Generator[pa.RecordBatch, None, None]:
    return read_batches(work, chain.from_iterable(map(rows_of, shards)), jobs)


def _left(shards: Iterable[Shard], covered: Covered) -> Iterator[Shard]:
    """Yield what is left of shards when some rows are there."""
    for shard in shards:
        if shard.kind != "images":
            name = shard.names[0]
            if not covered.complete(name, shard.rows):
                yield replace(shard, done=covered.ranges(name))
            continue
        pairs = zip(shard.names, shard.paths, strict=True)
        left = [pair for pair in pairs if not covered.complete(pair[0], 1)]
        if left:
            names, paths = zip(*left, strict=True)
            yield replace(shard, names=names, paths=paths, rows=len(names))


def _rows_left(shard: Shard) -> int | None:
    """Return how many rows of a shard are to be read; None where nobody knows."""
    done = sum(stop - start for start, stop in shard.done)
    return None if shard.rows is None else shard.rows - done


def _consistent(reader: Reader, source: Place, shards: Sequence[Shard], told: Told) -> Reader:
    """Return the reader under what is inferred from images of some shards.

    Raises:
        UsageError: If there is nothing to infer.
    """
    images: list[ImageSource] = []
    for given in _some_rows(shards):
        has_image = pc.and_(pc.is_null(given["error"]), pc.invert(given["end"])).to_pylist()
        wanted = [at for at, has in enumerate(has_image) if has]
        images += images_of(given, wanted, source.files, source.path)
    options = reader.inferred_options(images)
    if options is None:
        told.on_line("no charset and no length is clearly what these images have in common")
        return reader
    chars = options.constraints.charset or reader.charset
    told.on_line(f"read as: {options.length} of {chars.chars}")
    return reader.with_options(options)


def _some_rows(shards: Sequence[Shard]) -> Iterator[pa.RecordBatch]:
    """Yield some rows from all over shards; of tar, from their beginnings."""
    pieces = [piece for shard in _evenly(shards, _LOOKED_INTO) for piece in _pieces(shard)]
    looked_into = _evenly(pieces, _LOOKED_INTO)
    for piece in looked_into:
        for given in islice(rows_of(piece), 1):
            some = _evenly(range(len(given)), -(-_TAKEN // len(looked_into)))
            yield given.take(pa.array(some, pa.int64()))


def _pieces(shard: Shard) -> Iterator[Shard]:
    """Yield the row groups of Parquet, and of images as many as are read at once."""
    if shard.kind != "images":
        yield from shard.parts(1)
        return
    for at in range(0, len(shard.names), BATCH):
        some = slice(at, at + BATCH)
        yield replace(shard, names=shard.names[some], paths=shard.paths[some])


def _evenly(things: Sequence[_Thing], most: int) -> list[_Thing]:
    count = min(len(things), most)
    return [things[number * len(things) // count] for number in range(count)]


def _facts(reader: Reader, source: Place, options: Options) -> dict[str, object]:
    """Return what must be the same for a run to go on, as errors call it.

    The source is the same in the same words: rows are known by the names that these give.
    """
    told = reader.options
    return {
        "source": printable(source.url.rstrip("/")),
        "path of the source": printable(source.path),
        "column": options.column,
        "key": options.key,
        "model": hashlib.sha256(read_model(reader.path)).hexdigest(),
        **{option.name: getattr(told, option.name) for option in fields(told) if option.init},
    }
