"""Destinations that are not on this machine: S3 by Arrow and by fsspec, and what moves files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pyarrow")

from pyarrow.fs import FileSelector, FileType

from bulk.destinations import fill, interrupted, opened
from bulk.rows import batch, found, span
from captchascope.bulk.places import Place, place_of
from captchascope.errors import OutputError

if TYPE_CHECKING:
    from bulk.s3 import Bucket


@pytest.fixture(params=["Arrow's S3", "s3fs", "memory"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Name a place that is not on this machine, or no file system of it."""
    if request.param == "memory":
        memory = place_of("memory://made/out", {})
        yield memory
        memory.files.delete_dir(memory.path)
        return
    bucket: Bucket = request.getfixturevalue("bucket")
    if request.param == "s3fs":
        pytest.importorskip("s3fs")
        yield place_of(f"fsspec+{bucket.url}/made/out", bucket.fsspec_options)
    else:
        yield place_of(f"{bucket.url}/made/out", bucket.options)


def put(place: Place, name: str, data: bytes) -> None:
    """Write a file as somebody else would."""
    with place.files.open_output_stream(f"{place.path}/{name}") as file:
        file.write(data)


def test_elsewhere(elsewhere: Place) -> None:
    """Interrupted runs, an orphan, and what is half-written: in the end each row is there once."""
    interrupted(elsewhere, [batch(span("a", 0, 25))])
    put(elsewhere, "part-00001.parquet", b"PAR1")
    put(elsewhere, "_manifest/.0123456789abcdef.part", b"{")
    fill(elsewhere, 50)
    with opened(elsewhere) as place:
        assert place.covered.ranges("a") == ((0, 50),)
        place.finish()
    assert found(elsewhere.path, elsewhere.files) == span("a", 0, 50)
    infos = elsewhere.files.get_file_info(FileSelector(elsewhere.path, recursive=True))
    files = sorted(info.base_name for info in infos if info.type == FileType.File)
    parts = [f"part-0000{number}.{suffix}" for number in range(4) for suffix in ("json", "parquet")]
    assert files == ["begun.json", *parts, "summary.json"]


def test_two_runs_elsewhere(elsewhere: Place) -> None:
    """No lock keeps them apart, but one stops where the other took its number."""

    def first() -> None:
        with opened(elsewhere) as one:
            one.add(batch(span("a", 0, 10)))
            with opened(elsewhere) as other:
                other.add(batch(span("a", 10, 20)))
            one.add(batch(span("a", 20, 30)))

    with pytest.raises(OutputError, match=r"out/part-00001.parquet: was written by another run"):
        first()
    assert found(elsewhere.path, elsewhere.files) == span("a", 0, 20)
    fill(elsewhere, 30)
    assert found(elsewhere.path, elsewhere.files) == span("a", 0, 30)


def test_what_is_elsewhere_already(elsewhere: Place) -> None:
    """Other things, a part that is gone, and one that was changed are told as they are here."""
    put(elsewhere, "labels.csv", b"file,label")
    with pytest.raises(OutputError, match=r"made/out: has other things in it, such as labels.csv"):
        fill(elsewhere)
    elsewhere.files.delete_file(f"{elsewhere.path}/labels.csv")
    fill(elsewhere)
    put(elsewhere, "part-00001.parquet", b"PAR1")
    with pytest.raises(OutputError, match=r"made/out/part-00001.parquet: has 4 bytes, and had"):
        fill(elsewhere)
    elsewhere.files.delete_file(f"{elsewhere.path}/part-00001.parquet")
    with pytest.raises(OutputError, match=r"made/out/part-00001.parquet: is not there any more"):
        fill(elsewhere)


def test_a_store_that_refuses(bucket: Bucket) -> None:
    """A line that names the place, and what the store said."""
    for url in ("s3://no-such-bucket/out", "fsspec+s3://no-such-bucket/out"):
        options = bucket.fsspec_options if "+" in url else bucket.options
        with pytest.raises(OutputError, match=r"no-such-bucket/out.*: cannot be .*check the place"):
            fill(place_of(url, options))
