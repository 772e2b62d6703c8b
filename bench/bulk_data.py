"""Generated `metu` captchas in Parquet shards, and in what else `bulk` reads, for its benches.

    python bench/bulk_data.py [--data DIR] [--files 20]

They are drawn once, 10,000 to a file, at low priority, and kept: an interrupted run goes on where
it was, and files that are there are not drawn again.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from captchascope.atomic import atomic_folder
from captchascope.generate import draw_captcha

DATA = Path(tempfile.gettempdir(), "captchascope-bulk")
"""Where they are kept, if not told otherwise."""

ROWS = 10_000
"""Rows of a file."""

_SEED = 990_150  # nothing is trained on it
_GROUP = 1000
_SCHEMA = pa.schema([("image", pa.binary()), ("label", pa.string())])
_BAD = 100  # of so many images one is spoilt


def shards(data: Path, files: int) -> list[Path]:
    """Return so many Parquet files of 10,000 captchas each; those that miss are drawn."""
    place = data / "metu"
    place.mkdir(parents=True, exist_ok=True)
    paths = [place / f"metu-{number:03}.parquet" for number in range(files)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if missing:
        with ProcessPoolExecutor(initializer=os.nice, initargs=(10,)) as pool:
            for path in pool.map(_draw, missing, [paths[number] for number in missing]):
                print(f"drawn: {path}", flush=True)
    return paths


def _draw(number: int, path: Path) -> Path:
    first = number * ROWS
    drawn = [draw_captcha("metu", _SEED, first + row) for row in range(ROWS)]
    images, labels = [one.jpeg() for one in drawn], [one.label for one in drawn]
    return _written(pa.table([images, labels], schema=_SCHEMA), path)


def _written(table: pa.Table, path: Path, group: int = _GROUP) -> Path:
    """Write a file whole or not at all."""
    new = path.with_suffix(".new")
    pq.write_table(table, new, row_group_size=group)
    new.rename(path)
    return path


def first_shards(data: Path, files: int) -> Path:
    """Return a folder of so many of the shards alone."""

    def make(place: Path) -> None:
        for path in shards(data, files):
            os.link(path, place / path.name)

    return _once(data / f"first-{files}", make)


def images_of(path: Path) -> list[bytes | None]:
    """Return the images of a file."""
    column: list[bytes | None] = pq.read_table(path, columns=["image"])["image"].to_pylist()
    return column


def _once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return a folder, which is made where it is not there."""
    if not folder.exists():
        with atomic_folder(folder) as place:
            make(place)
    return folder


def _rewritten(
    change: Callable[[pa.Table], pa.Table], paths: Sequence[Path], group: int, place: Path
) -> None:
    for path in paths:
        _written(change(pq.read_table(path)), place / path.name, group)


def one_group(data: Path, files: int) -> Path:
    """Return a folder of one file that is a single row group."""

    def make(place: Path) -> None:
        table = pa.concat_tables(pq.read_table(path) for path in shards(data, files))
        _written(table, place / "metu.parquet", len(table))

    return _once(data / f"one-group-{files}", make)


def struct_column(data: Path, files: int) -> Path:
    """Return a folder of files as Hugging Face's image data sets have them."""

    def change(table: pa.Table) -> pa.Table:
        images = table["image"].combine_chunks()
        names = pa.array([f"{row}.jpeg" for row in range(len(table))])
        column = pa.StructArray.from_arrays([images, names], ["bytes", "path"])
        return pa.table({"image": column, "label": table["label"]})

    make = partial(_rewritten, change, shards(data, files), _GROUP)
    return _once(data / f"struct-{files}", make)


def spoilt(data: Path, files: int) -> tuple[Path, list[list[int]]]:
    """Return a folder of files of which 1 % of the images cannot be read, and which rows.

    One of four each is cut off, is nothing but zeros, is empty, or is null.
    """
    drawn = map(random.Random, range(files))
    rows = [sorted(rng.sample(range(ROWS), ROWS // _BAD)) for rng in drawn]

    def make(place: Path) -> None:
        for path, bad in zip(shards(data, files), rows, strict=True):
            table = pq.read_table(path)
            images = table["image"].to_pylist()
            for number, row in enumerate(bad):
                image = images[row]
                ways = image[: len(image) // 2], bytes(len(image)), b"", None
                images[row] = ways[number % len(ways)]
            _written(table.set_column(0, _SCHEMA.field(0), [images]), place / path.name)

    return _once(data / f"spoilt-{files}", make), rows


def _named(paths: Sequence[Path]) -> Iterator[tuple[str, bytes, str]]:
    """Yield stem, image and label of all rows."""
    for path in paths:
        for row, one in enumerate(pq.read_table(path).to_pylist()):
            yield f"{path.stem}-{row:05}", one["image"], one["label"]


def tar_shards(data: Path, files: int) -> Path:
    """Return a folder of tar files, in WebDataset's layout."""

    def make(place: Path) -> None:
        for path in shards(data, files):
            with tarfile.open(place / f"{path.stem}.tar", "w") as tar:
                for stem, image, label in _named([path]):
                    for suffix, content in (("jpeg", image), ("txt", label.encode())):
                        member = tarfile.TarInfo(f"{stem}.{suffix}")
                        member.size = len(content)
                        tar.addfile(member, io.BytesIO(content))

    return _once(data / f"tar-{files}", make)


def folder_of_images(data: Path, files: int) -> Path:
    """Return a folder of as many image files as so many shards have rows."""

    def make(place: Path) -> None:
        for stem, image, _ in _named(shards(data, files)):
            (place / f"{stem}.jpeg").write_bytes(image)

    return _once(data / f"folder-{files}", make)


def main() -> None:
    """Draw what is missing."""
    parser = argparse.ArgumentParser(description="Captchas in shards.")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where they are kept ({DATA})")
    parser.add_argument("--files", type=int, default=20, help="of 10,000 captchas each (20)")
    options = parser.parse_args()
    shards(options.data, options.files)


if __name__ == "__main__":
    main()
