"""Folders of files that are called images; no form of labels looks into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from captchascope.data.convert import convert_dataset
from captchascope.data.dataset import Dataset, read_dataset


def folder_of(place: Path, names: list[str]) -> Path:
    """Make files, each holding its own name, and return the folder."""
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode(errors="surrogateescape"))
    return place


def labelled(folder: Path, rows: dict[str, str]) -> Path:
    """Make a data set with a labels.csv."""
    folder_of(folder, list(rows))
    lines = [f"{file},{label}\n" for file, label in rows.items()]
    (folder / "labels.csv").write_text("file,label\n" + "".join(lines), encoding="utf-8")
    return folder


def labels(dataset: Dataset) -> dict[str, str]:
    """Return the label of each file."""
    return {sample.file: sample.label for sample in dataset.samples}


def whats(dataset: Dataset) -> list[tuple[int | None, str]]:
    """Return the row and text of each problem."""
    return [(problem.row, problem.what) for problem in dataset.problems]


def dumped(path: Path, value: Any) -> Path:
    """Write a value as JSON, and return where."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def converted(source: Dataset | Path, to: str, dest: Path) -> tuple[Path, list[str]]:
    """Write a data set in another form; return the folder, and what was wrong."""
    problems: list[str] = []
    dataset = source if isinstance(source, Dataset) else read_dataset(source)
    convert_dataset(dataset, to, dest, lambda problem: problems.append(str(problem)))
    return dest, problems


def files(folder: Path) -> list[str]:
    """List what is in a folder, and in those within it."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(found)
