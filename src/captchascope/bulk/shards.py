"""The rows of shards, as they are given to whoever reads them.

What is wrong with a row, or with a part of a file, becomes a row with an error. A store that no
longer answers is no such thing: it ends the reading, which goes on from there when it is back.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

import pyarrow as pa
from pyarrow import compute, fs, parquet

from captchascope.bulk.places import expect_answer, first_line
from captchascope.bulk.rows import BATCH, BATCH_BYTES, GIVEN, Kind, Shard
from captchascope.bulk.tars import Member, images_of
from captchascope.data.parquet import (
    encoded_images,
    image_column,
    key_column,
    parts_of,
    texts_of,
)
from captchascope.errors import CaptchascopeError, DatasetError
from captchascope.files import printable

_BUFFER = 2**22
"""Bytes that are asked of a store at once; so much is held of a column, however many it has."""


def rows_of(shard: Shard) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a shard that are not done, in their order.

    Last of all comes the row that tells the end of a Parquet file or of a tar shard; of a Parquet
    file in pieces, the last has it.

    Returns:
        Batches of ``GIVEN``, of ``BATCH`` rows at most, and of ``BATCH_BYTES`` or a single row.

    Raises:
        DatasetError: If the store no longer answers, or the file is not what it was.
    """
    return _ROWS[shard.kind](shard)


def _images(shard: Shard) -> Iterator[pa.RecordBatch]:
    """Yield one row for each file, which has no other: none tells its end."""
    left = [at for start, stop in _left(shard, 0, len(shard.names)) for at in range(start, stop)]
    for start in range(0, len(left), BATCH):
        some = left[start : start + BATCH]
        names = [shard.names[at] for at in some]
        paths = [_encodable(shard.paths[at]) for at in some]
        wrong = [None if path else "has a name that is not UTF-8" for path in paths]
        yield _given(names, [0] * len(some), path=paths, error=wrong)


def _encodable(path: str) -> str | None:
    """Return a path, None where it has bytes of a name that are no UTF-8."""
    return path if path == path.encode("utf-8", "replace").decode() else None


def _tar(shard: Shard) -> Iterator[pa.RecordBatch]:
    """Yield a row for each image of a tar shard."""
    (name,), at, held, size = shard.names, 0, list[tuple[int, Member]](), 0
    for at, member in enumerate(_members(shard), 1):
        if not any(_left(shard, at - 1, at)):
            continue
        weight = len(member.data or b"")
        if held and (len(held) == BATCH or size + weight > BATCH_BYTES):
            yield _of_members(name, held)
            held, size = [], 0
        held.append((at - 1, member))
        size += weight
    if held:
        yield _of_members(name, held)
    yield _given([name], [at], end=True)


def _of_members(name: str, held: Sequence[tuple[int, Member]]) -> pa.RecordBatch:
    rows, members = zip(*held, strict=True)
    empty = [member.data == b"" for member in members]
    return _given(
        [name] * len(rows),
        rows,
        key=[member.key for member in members],
        image=[member.data or None for member in members],
        error=[_EMPTY if is_empty else m.error for is_empty, m in zip(empty, members, strict=True)],
    )


_EMPTY, _NULL = "holds no image: it is empty", "holds no image: it is null"


def _members(shard: Shard) -> Iterator[Member]:
    """Yield the images of a tar shard, from where it broke off once more if it does."""
    (path,), taken, failed_at = shard.paths, 0, -1
    while True:
        try:
            packed = _compression(shard)
            with shard.files.open_input_stream(path, compression=None, buffer_size=_BUFFER) as raw:
                file = raw if packed is None else pa.CompressedInputStream(raw, packed)
                for member in islice(images_of(file), taken, None):
                    yield member
                    taken += 1
            return
        except OSError as error:
            if failed_at == taken:
                yield Member(None, None, _fault(shard, error))
                return
            failed_at = taken


def _compression(shard: Shard) -> str | None:
    """Return how a tar shard is compressed, where Arrow unpacks that; ``tarfile`` does the rest.

    It does it, too, but what a few bytes are unpacked to it copies for each block that it takes.

    Raises:
        OSError: If the file cannot be read.
    """
    with shard.files.open_input_stream(shard.paths[0], compression=None) as file:
        start: bytes = file.read(3)
    return next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)


_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2"}


def _fault(shard: Shard, error: Exception) -> str:
    """Return what is wrong with a file of a store that is there.

    Raises:
        DatasetError: If it is not there.
    """
    if isinstance(error, CaptchascopeError):
        return error.what
    there = expect_answer(shard.files, shard.paths[0], shard.names[0])
    return f"cannot be read: {first_line(error)}" if there else "does not exist any more"


def with_footer(shard: Shard) -> Shard:
    """Return a Parquet shard with what the footer of its file says.

    Raises:
        DatasetError: If it has no such columns, or it is not clear which are meant.
        OSError: If it cannot be read.
        ValueError: If it is no Parquet.
    """
    with _opened(shard) as file:
        meta, schema = file.metadata, file.schema_arrow
    groups = tuple(meta.row_group(at).num_rows for at in range(meta.num_row_groups))
    if sum(groups) != meta.num_rows:
        raise ValueError("its footer contradicts itself on how many rows there are")
    shard = replace(shard, rows=meta.num_rows, groups=groups)
    if not shard.rows:  # whoever writes none may not know of what type they would have been
        return shard
    where = printable(shard.names[0])
    column = image_column(schema, shard.column, where)
    key = None if shard.key is None else key_column(schema, shard.key, where)
    return replace(shard, column=column, key=key)


@contextmanager
def _opened(shard: Shard) -> Iterator[Any]:
    """Open a Parquet file to be read page by page, however large its row groups are."""
    with (
        shard.files.open_input_file(shard.paths[0]) as file,
        parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as opened,
    ):
        yield opened


def _parquet(shard: Shard) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file, or of some of its row groups.

    Where a row group breaks off twice at the same row, its rest is lost; the next may be well.
    """
    name = shard.names[0]
    if shard.rows is None:
        try:
            shard = with_footer(shard)
        except (CaptchascopeError, *_DAMAGE) as error:
            yield from _errors(shard, 0, 1, _fault(shard, error))
            yield _given([name], [1], end=True)
            return
    starts = [0, *accumulate(shard.groups)]
    first, last = shard.part or (0, len(shard.groups))
    at, stop, failed_at = starts[first], starts[last], -1
    while at < stop:
        try:
            for reached, batch in _batches(shard, starts, at, stop):
                yield batch
                at = reached
            at = stop
        except _DAMAGE as error:
            if failed_at == at:
                group_end = next(start for start in starts if start > at)
                yield from _errors(shard, at, group_end, _fault(shard, error))
                at = group_end
            failed_at = at
    if last == len(shard.groups):
        yield _given([name], [starts[-1]], end=True)


_DAMAGE = (OSError, ValueError, NotImplementedError, pa.ArrowException)
"""What Arrow raises of files that are damaged, or cannot be read."""


def _errors(shard: Shard, low: int, high: int, wrong: str) -> Iterator[pa.RecordBatch]:
    """Yield rows that are lost for one reason."""
    for start, stop in _left(shard, low, high):
        for row in range(start, stop, BATCH):
            rows = range(row, min(row + BATCH, stop))
            yield _given(shard.names * len(rows), rows, error=[wrong] * len(rows))


def _batches(
    shard: Shard, starts: Sequence[int], at: int, stop: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield rows from ``at`` to before ``stop`` that are not done, after each batch the next row.

    Raises:
        DatasetError: If the file is not what it was.
    """
    with _opened(shard) as file:
        if file.metadata.num_rows != shard.rows:
            where, remedy = printable(shard.names[0]), "begin again when nothing writes to it"
            raise DatasetError(where, "has changed since it was listed", remedy)
        columns = [*parts_of(file.schema_arrow, shard.column or ""), *filter(None, [shard.key])]
        for group, (row, end) in enumerate(pairwise(starts)):
            if row >= stop or not any(_left(shard, max(row, at), end)):
                continue
            size = _rows_at_once(file.metadata.row_group(group))
            for batch in file.iter_batches(size, [group], columns, use_threads=False):
                for low, high in _left(shard, max(row, at), row + len(batch)):
                    given = _of_parquet(shard, low, _taken(batch, low - row, high - row))
                    for piece in _pieces(given):
                        low += len(piece)
                        yield low, piece
                row += len(batch)
            if row != end:
                raise ValueError(f"row group {group} ends {end - row:,} rows too early")


def _rows_at_once(group: Any) -> int:
    """Return how many rows of a row group are read at once, as large as they are on average.

    What its columns say is not asked: Arrow ends the process where one is encrypted.
    """
    size = max(int(group.total_byte_size), 1)
    return max(1, min(BATCH, BATCH_BYTES * int(group.num_rows) // size))


def _pieces(given: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in halves until each is small enough, or one row."""
    if len(given) == 1 or given["image"].nbytes <= BATCH_BYTES:
        yield given
        return
    half = len(given) // 2
    yield from _pieces(_taken(given, 0, half))
    yield from _pieces(_taken(given, half, len(given)))


def _taken(batch: pa.RecordBatch, start: int, stop: int) -> pa.RecordBatch:
    """Return some rows of a batch, which do not hold the others as a slice does."""
    return batch if stop - start == len(batch) else batch.take(pa.array(range(start, stop)))


def _of_parquet(shard: Shard, first: int, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows of a Parquet file, of which the first is row ``first``, as they are given."""
    count = len(batch)
    data, named = encoded_images(batch[shard.column])
    empty = compute.equal(compute.binary_length(compute.coalesce(data, named.cast(data.type))), 0)
    missing = compute.and_(data.is_null(), named.is_null())
    wrong = compute.case_when(compute.make_struct(empty, missing), _EMPTY, _NULL)
    told: dict[str, Any] = {}
    if data.null_count:
        pairs = zip(data.is_null().to_pylist(), named.to_pylist(), strict=True)
        told["path"] = [_located(shard, path) if null and path else None for null, path in pairs]
    return _given(
        pa.repeat(shard.names[0], count),
        range(first, first + count),
        key=named if shard.key is None else texts_of(batch[shard.key]),
        image=compute.if_else(empty, None, data) if compute.any(empty).as_py() else data,
        error=wrong.cast(pa.string()),
        **told,
    )


def _located(shard: Shard, path: str) -> str:
    """Return a path that a row names as the file system takes it: relative ones lie beside it."""
    scheme, found, rest = path.partition("://")
    if found:
        if isinstance(shard.files, fs.LocalFileSystem):
            return url2pathname(f"/{rest.partition('/')[2]}") if scheme == "file" else path
        own = shard.names[0].partition("://")[0].removeprefix("fsspec+")
        return rest if scheme == own else path
    if path.startswith("/") or Path(path).is_absolute():
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(shard.paths[0]), path))


def _left(shard: Shard, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of rows from ``low`` to before ``high`` that are not done."""
    for start, stop in sorted(shard.done):
        if low < min(start, high):
            yield low, min(start, high)
        low = max(low, stop)
    if low < high:
        yield low, high


def _given(
    files: Sequence[str] | pa.Array, rows: Sequence[int], *, end: bool = False, **told: Any
) -> pa.RecordBatch:
    """Return rows of ``GIVEN``; columns that are not told are null."""
    count = len(rows)
    columns = {"file": files, "row": rows, "end": [end] * count, **told}
    given = [columns.get(field.name, pa.nulls(count, field.type)) for field in GIVEN]
    return pa.record_batch([*map(_array, given, GIVEN.types)], schema=GIVEN)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


_ROWS: Mapping[Kind, Callable[[Shard], Iterator[pa.RecordBatch]]] = {
    "images": _images,
    "parquet": _parquet,
    "tar": _tar,
}
