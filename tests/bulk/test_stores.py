"""Reading in bulk from a store, and writing to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import captchascope

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow as pa
from pyarrow import dataset, parquet

from bulk.given import tar_bytes
from bulk.making import EXAMPLES
from captchascope import read_bulk

if TYPE_CHECKING:
    from bulk.s3 import Bucket

IMAGES = [(EXAMPLES / f"{number}.jpeg").read_bytes() for number in range(1, 7)]


def fill(bucket: Bucket) -> None:
    """Put the same images into a bucket in all forms, one of them cut off."""
    images = [*IMAGES[:5], IMAGES[5][:100]]
    for number, image in enumerate(images, 1):
        bucket.put(f"images/{number}.jpeg", image)
    table = pa.table({"image": images, "name": [f"{number}.jpeg" for number in range(1, 7)]})
    for at in (0, 3):
        made = pa.BufferOutputStream()
        parquet.write_table(table.slice(at, 3), made)
        bucket.put(f"parquet/{at}.parquet", made.getvalue().to_pybytes())
        members = [(f"{at + n}.jpeg", image) for n, image in enumerate(images[at : at + 3], 1)]
        bucket.put(f"tar/{at}.tar.gz", tar_bytes(members, "w:gz"))
    bucket.put("paths/a.parquet", _paths())


def _paths() -> bytes:
    made = pa.BufferOutputStream()
    names = [f"../images/{number}.jpeg" for number in range(1, 7)]
    parquet.write_table(pa.table({"path": names}), made)
    data: bytes = made.getvalue().to_pybytes()
    return data


@pytest.mark.parametrize("opener", ["", "fsspec+"], ids=["Arrow", "s3fs"])
def test_a_store_is_read_and_written(bucket: Bucket, opener: str) -> None:
    """The texts are those of the same images here, in whatever form they lie there."""
    fill(bucket)
    reader = captchascope.load("metu")
    expected = [reading.text for reading in reader.read_many(IMAGES[:5])]
    options = bucket.fsspec_options if opener else bucket.options
    url = f"{opener}{bucket.url}"
    sources = ("images", "tar/{0,3}.tar.gz", "parquet/*.parquet", "paths/a.parquet")
    for source in sources[:2] if opener else sources:
        target = f"read-{source.partition('/')[0]}"
        for new in (6, 0):
            done = read_bulk(
                *(reader, f"{url}/{source}", f"{url}/{target}"), storage_options=options, jobs=1
            )
            assert (done.read, sum(done.failed.values()), done.new) == (5, 1, new)
        table = dataset.dataset(f"{bucket.path}/{target}", filesystem=bucket.files).to_table()
        rows = sorted(table.to_pylist(), key=lambda row: (row["file"], row["row"]))
        assert [row["text"] for row in rows] == [*expected, None]
        assert all(row["file"].startswith(f"{url}/{source.partition('/')[0]}/") for row in rows)
