"""Rows in bulk: those that shards give, and those that the reader makes of them.

Both pass between processes and machines as record batches of Arrow. A row is known by the file that
it comes from and its place in it, whatever the order in which rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import pyarrow as pa
from pyarrow.fs import FileSystem

Kind: TypeAlias = Literal["parquet", "tar", "images"]

BATCH = 256
"""Rows of a batch at most; a batch of large images ends earlier."""

BATCH_BYTES = 32 * 2**20
"""Bytes of encoded images that end a batch."""

GIVEN = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("key", pa.string()),
        pa.field("image", pa.large_binary()),
        pa.field("path", pa.string()),
        pa.field("error", pa.string()),
        pa.field("end", pa.bool_(), nullable=False),
    ]
)
"""Rows as a shard gives them, of which just one of the last four columns says something.

- ``file``: the shard as the user is told it, or the image itself where images are files;
- ``row``: the place in that file, from 0;
- ``key``: what the shard calls the row; null where it has no name for it;
- ``image``: the encoded bytes;
- ``path``: where they are, as the shard's file system takes it;
- ``error``: why there are none;
- ``end``: that the file has no such row: so many there are, and none was lost. An image that is a
  file has one row, and needs none to say so.
"""

CHARS = pa.list_(pa.struct([pa.field("char", pa.string()), pa.field("confidence", pa.float32())]))
"""The characters of a reading."""

READ = pa.schema(
    [
        *(GIVEN.field(name) for name in ("file", "row", "key")),
        pa.field("text", pa.string()),
        pa.field("value", pa.string()),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("abstained", pa.bool_(), nullable=False),
        pa.field("unfamiliar", pa.bool_(), nullable=False),
        pa.field("frames", pa.string()),
        pa.field("error", pa.string()),
    ]
)
"""Rows as they are written, each as ``Reading.row`` says it; ``chars`` comes last where wanted."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of the source that one worker goes through from its beginning to its end.

    Attributes:
        kind: ``parquet`` or ``tar``, which is one file; or some ``images``, each a file.
        names: Its files as the user is told them, and as rows name them.
        paths: The same as the file system takes them.
        files: That file system.
        rows: How many rows its files have; None where only reading tells.
        size: Bytes; 0 where nobody knows.
        column: Of Parquet, the column that has the images.
        key: Of Parquet, the column that names the rows; None for none.
        done: Ranges of rows, from the first to before the second, that are not read again; of
            images, the places in ``names``.
        groups: Of Parquet, how many rows each row group has; none where that is not known.
        part: Of Parquet, which of these are read, from the first to before the second; None for
            all. Rows are counted from the beginning of the file all the same.
    """

    kind: Kind
    names: tuple[str, ...]
    paths: tuple[str, ...]
    files: FileSystem
    rows: int | None
    size: int = 0
    column: str | None = None
    key: str | None = None
    done: Sequence[tuple[int, int]] = ()
    groups: tuple[int, ...] = ()
    part: tuple[int, int] | None = None

    def parts(self, rows: int = 50_000) -> Iterator[Shard]:
        """Yield the shard in pieces that several can read at once.

        They are runs of row groups of so many rows at most, or of one that has more. The last has
        the row that tells the end of the file. What is no Parquet stays whole, and of a piece
        there are no smaller ones.
        """
        if self.part is not None or len(self.groups) < 2:
            yield self
            return
        first, held = 0, 0
        for at, count in enumerate(self.groups):
            if at > first and held + count > rows:
                yield replace(self, part=(first, at))
                first, held = at, 0
            held += count
        yield replace(self, part=(first, len(self.groups)))
