"""What sources give, in a form that tests can compare; and shards for them to give it from."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from captchascope.bulk.places import place_of
from captchascope.bulk.rows import BATCH, BATCH_BYTES, GIVEN, Shard
from captchascope.bulk.sources import find_shards, rows_of

JPEG = b"\xff\xd8\xff\xe0"


def jpegs(count: int) -> list[bytes]:
    """Return what begins as an image does, each otherwise; nothing here decodes them."""
    return [JPEG + str(number).encode() for number in range(count)]


def write_parquet(path: Path, columns: Mapping[str, Any], **options: Any) -> Path:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path, **options)
    return path


def tar_bytes(members: Iterable[tuple[str, bytes]], mode: str = "w") -> bytes:
    """Return a tar shard."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as tar:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


def rows_given(shards: Iterable[Shard]) -> list[dict[str, Any]]:
    """Return the rows of some shards, each with the columns that say something."""
    rows: list[dict[str, Any]] = []
    for shard in shards:
        for batch in rows_of(shard):
            assert batch.schema == GIVEN
            assert len(batch) <= BATCH
            assert len(batch) == 1 or batch["image"].nbytes <= BATCH_BYTES
            rows += batch.to_pylist()
    for row in rows:
        said = [row[name] for name in ("image", "path", "error")] + [row["end"] or None]
        assert sum(one is not None for one in said) == 1, row
    return [{k: v for k, v in row.items() if v is not None and v is not False} for row in rows]


def given_at(url: str | Path, column: str | None = None, key: str | None = None) -> Any:
    """Return the rows of a local place."""
    return rows_given(find_shards(place_of(str(url), {}), column, key).shards)
