"""Rows as a worker gives them, made by rule: what is in one is known by its file and row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import dataset

from captchascope.bulk.rows import CHARS, READ

GIVEN_BACK = READ.append(pa.field("chars", CHARS)).append(pa.field("end", pa.bool_(), False))


def row(file: str, number: int) -> dict[str, Any]:
    """Return a row; every tenth abstained, and every seventh failed."""
    failed, abstained = number % 7 == 6, number % 10 == 9 and number % 7 != 6
    text = None if failed or abstained else f"{number:06}"
    return {
        "file": file,
        "row": number,
        "key": f"{file}/{number}",
        "text": text,
        "value": None if text is None else "8/3" if file == "sums" else f"{number}",
        "confidence": 0.0 if failed else 0.75,
        "abstained": abstained,
        "unfamiliar": number % 5 == 4,
        "frames": None,
        "error": f"is cut off at byte {number}" if failed else None,
        "chars": [{"char": char, "confidence": 0.875} for char in text or ""],
    }


def batch(rows: Iterable[tuple[str, int]], ends: Mapping[str, int] = {}) -> pa.RecordBatch:
    """Return a batch of these rows, and of ends of files."""
    made = [{**row(*one), "end": False} for one in rows]
    nothing = {"confidence": 0.0, "abstained": False, "unfamiliar": False}
    made += [{"file": file, "row": n, "end": True, **nothing} for file, n in ends.items()]
    return pa.RecordBatch.from_pylist(made, GIVEN_BACK)


def span(file: str, start: int, stop: int) -> list[tuple[str, int]]:
    """Return the rows of a file from one to before another."""
    return [(file, number) for number in range(start, stop)]


def found(place: Path | str, files: Any = None) -> list[tuple[str, int]]:
    """Return which rows are in a destination, sorted, as anybody would read it with Arrow."""
    table = dataset.dataset(place, filesystem=files).to_table(["file", "row"])
    return sorted(zip(*(table[name].to_pylist() for name in ("file", "row")), strict=True))


def found_lines(place: Path) -> list[tuple[str, int]]:
    """Return the same of JSON Lines. Arrow's own scan of many such files may wait for ever."""
    lines = (line for part in place.glob("*.jsonl") for line in part.read_text().splitlines())
    return sorted((row["file"], row["row"]) for row in map(json.loads, lines))
