"""Rows as shards give them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from captchascope.bulk.rows import GIVEN

EXAMPLES = Path(__file__).parents[2] / "examples"


def given(*rows: Mapping[str, object]) -> pa.RecordBatch:
    """Return rows of ``GIVEN`` of which only some columns are named."""
    plain = {"file": "shard", "key": None, "image": None, "path": None, "error": None, "end": False}
    full = [{**plain, "row": number, **row} for number, row in enumerate(rows)]
    return pa.RecordBatch.from_pylist(full, schema=GIVEN)
