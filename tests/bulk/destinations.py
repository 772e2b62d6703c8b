"""Small destinations: opened, filled, and interrupted."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NoReturn

import pyarrow as pa
import pytest

from bulk.rows import batch, span
from captchascope.bulk.destination import Destination, open_destination
from captchascope.bulk.places import Place, place_of

FACTS = {"model": "0" * 64, "source": "shards", "length": 6}

Form = Literal["parquet", "jsonl"]


def opened(
    place: Path | Place, form: Form = "parquet", rows_per_part: int = 10, **more: Any
) -> AbstractContextManager[Destination]:
    """Open a destination of small parts."""
    facts = more.pop("facts", FACTS)
    place = place if isinstance(place, Place) else place_of(str(place), {})
    return open_destination(place, form, facts, rows_per_part=rows_per_part, **more)


def names(folder: Path) -> list[str]:
    """Return all files in a destination but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return sorted(path.relative_to(folder).as_posix() for path in files)


def fill(out: Path | Place, rows: int = 40, form: Form = "parquet") -> None:
    """Write rows of one file in parts of ten, and finish."""
    with opened(out, form) as place:
        for start in range(0, rows, 5):
            ends = {"a": rows} if start + 5 == rows else {}
            place.add(batch(span("a", start, start + 5), ends))
        place.finish()


def interrupted(out: Path | Place, batches: Iterable[pa.RecordBatch]) -> None:
    """Write these, and then press Ctrl-C."""

    def write() -> NoReturn:
        with opened(out) as place:
            for rows in batches:
                place.add(rows)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
