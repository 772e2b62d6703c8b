"""Sources: what there is to read at a place, in pieces that a worker goes through each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from captchascope.bulk.listing import AT_ONCE, Entry, files_at
from captchascope.bulk.places import Place
from captchascope.bulk.rows import Kind, Shard
from captchascope.bulk.shards import rows_of, with_footer
from captchascope.data.labels import quoted
from captchascope.errors import DatasetError, UsageError
from captchascope.files import IMAGE_SUFFIXES, FoundImages, is_image, pass_over, printable

__all__ = ["Found", "find_shards", "rows_of"]

_IMAGES = 4096  # files of a shard

_SUFFIXES: Mapping[str, Kind] = {
    **dict.fromkeys((".parquet", ".parq", ".pq"), "parquet"),
    **dict.fromkeys((".tar", ".tgz", ".tbz2", ".txz"), "tar"),
    **dict.fromkeys(IMAGE_SUFFIXES, "images"),
}
_PACKED = (".tar.gz", ".tar.bz2", ".tar.xz")

_CALLED: Mapping[Kind, str] = {"images": "image", "parquet": "Parquet file", "tar": "tar shard"}


@dataclass(frozen=True, slots=True)
class Found:
    """What there is at a place.

    Attributes:
        shards: In natural order of their files.
        lines: What the user is told of it.
    """

    shards: Sequence[Shard]
    lines: Sequence[str]


def find_shards(place: Place, column: str | None = None, key: str | None = None) -> Found:
    """Return the shards at a place: images, Parquet files, or tar shards.

    Of Parquet, the footers are read; a file in which that fails is a shard that says so.

    Args:
        place: A folder, a glob, or a file.
        column: Of Parquet, the column that has the images; None finds it.
        key: Of Parquet, the column that names the rows; None for what the images are called.

    Raises:
        DatasetError: If there are none, or of several kinds, or the columns are not clear.
        UsageError: If braces stand for too many names.
    """
    kinds: dict[Kind, list[Entry]] = {}
    others: Counter[str] = Counter()
    for entry in files_at(place):
        kind = _kind_of(entry, place)
        if kind is None:
            pass_over(PurePosixPath(entry.path).name, others)
        else:
            kinds.setdefault(kind, []).append(entry)
    note = FoundImages([], others).note
    if len(kinds) != 1:
        raise _unclear(place, kinds, note)
    ((kind, entries),) = kinds.items()
    if kind != "parquet" and (asked := "column" if column else "key" if key else None):
        raise UsageError(asked, f"has no meaning for {_CALLED[kind]}s", "leave it away")
    shards = [*_shards(place, kind, entries, column, key)]
    return Found(shards, _told(place, kind, shards, len(entries), note))


def _kind_of(entry: Entry, place: Place) -> Kind | None:
    """Tell a file by its suffix; of this machine, an image also by its first bytes."""
    name = entry.path[entry.path.rfind("/") + 1 :].lower()
    kind = "tar" if name.endswith(_PACKED) else _SUFFIXES.get(name[name.rfind(".") :])
    return "images" if kind is None and place.is_local and is_image(Path(entry.path)) else kind


def _unclear(place: Place, kinds: Mapping[Kind, Sequence[Entry]], note: str) -> DatasetError:
    """Return the error that there are several kinds of files, or none."""
    if not kinds:
        what = "has neither images nor Parquet files nor tar shards"
        remedy = "they are known by their suffixes, such as .jpeg, .parquet, .tar"
        return DatasetError(printable(place.url), f"{what}; {note}" if note else what, remedy)
    counts = " and ".join(_counted(len(kinds[kind]), _CALLED[kind]) for kind in kinds)
    suffix = PurePosixPath(next(iter(kinds.values()))[0].path).suffix
    remedy = f"name those that you mean by a glob, such as **/*{suffix}"
    return DatasetError(printable(place.url), f"has {counts}", remedy)


def _told(
    place: Place, kind: Kind, shards: Sequence[Shard], files: int, note: str
) -> Sequence[str]:
    """Return what the user is told of what was found."""
    what = _counted(files, _CALLED[kind])
    if kind == "parquet":
        columns = dict.fromkeys(shard.column for shard in shards if shard.rows)
        rows = sum(shard.rows or 0 for shard in shards)
        named = " and ".join(quoted(column) for column in columns if column is not None)
        what += f", {_counted(rows, 'row')}, images in {named or 'no column'}"
    where = printable(place.url)
    return [f"{where}: {what}", *([f"{where}: {note}"] if note else [])]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _shards(
    place: Place, kind: Kind, entries: Sequence[Entry], column: str | None, key: str | None
) -> Iterator[Shard]:
    """Yield the shards that files are."""
    files = place.files
    if kind == "images":
        for start in range(0, len(entries), _IMAGES):
            names, paths, sizes = zip(*entries[start : start + _IMAGES], strict=True)
            yield Shard(kind, names, paths, files, len(names), sum(sizes))
        return
    if kind == "tar":
        for name, path, size in entries:
            yield Shard(kind, (name,), (path,), files, None, size)
        return
    with ThreadPoolExecutor(AT_ONCE, "footers") as pool:
        bare = [
            Shard(kind, (name,), (path,), files, None, size, column, key)
            for name, path, size in entries
        ]
        yield from pool.map(_with_footer, bare)


def _with_footer(shard: Shard) -> Shard:
    """Return a shard of Parquet with what its footer says; as it is where that cannot be read."""
    try:
        return with_footer(shard)
    except (OSError, ValueError, pa.ArrowException):
        return shard
