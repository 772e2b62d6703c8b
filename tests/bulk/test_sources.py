"""What there is to read at a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.errors import CaptchascopeError, UsageError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from bulk.given import JPEG, jpegs, tar_bytes, write_parquet
from captchascope.bulk.places import place_of
from captchascope.bulk.sources import Found, find_shards


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()


def found(url: str, column: str | None = None, key: str | None = None) -> Found:
    """Return what is at a local place."""
    return find_shards(place_of(url, {}), column, key)


def test_many_images_are_several_shards() -> None:
    """Each of a few thousand; what is no image is counted."""
    for number in range(4100):
        Path(f"in/{number}.jpeg").touch()
    for name in ("captcha.php", "notes.md", "a.zip", "b.zip", "labels.csv"):
        Path("in", name).write_bytes(JPEG if name == "captcha.php" else b"")
    there = found("in")
    assert [shard.rows for shard in there.shards] == [4096, 5]
    assert there.shards[1].names == (
        *("in/4096.jpeg", "in/4097.jpeg", "in/4098.jpeg", "in/4099.jpeg", "in/captcha.php"),
    )
    assert there.lines == ["in: 4,101 images", "in: 3 files passed over: 2 .zip, 1 .md"]


def test_a_single_image_is_a_source() -> None:
    """Of whatever suffix, as it is for ``read``."""
    Path("in/captcha").write_bytes(JPEG)
    assert found("in/captcha").shards[0].names == ("in/captcha",)


def test_parquet_says_how_many_rows_there_are() -> None:
    """And in which column the images are."""
    for number in range(3):
        columns = {"img": jpegs(5), "thumb": jpegs(5), "id": list("abcde")}
        write_parquet(Path(f"in/{number}.parquet"), columns, row_group_size=2)
    there = found("in", key="ID")
    assert [(s.rows, s.groups, s.column, s.key) for s in there.shards] == [
        (5, (2, 2, 1), "img", "id")
    ] * 3
    assert all(shard.size == Path(shard.names[0]).stat().st_size for shard in there.shards)
    assert there.lines == ["in: 3 Parquet files, 15 rows, images in 'img'"]
    assert found("in", "thumb").shards[0].column == "thumb"


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.TGZ", "a.tar.bz2", "a.txz"])
def test_tar_shards_are_known_by_their_suffix(name: str) -> None:
    """Only reading tells how many rows they have."""
    Path("in", name).write_bytes(tar_bytes([("1.jpg", JPEG)]))
    (shard,) = found("in").shards
    assert (shard.kind, shard.rows, shard.names) == ("tar", None, (f"in/{name}",))
    assert shard.size > 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "in: has neither images nor Parquet files nor tar shards (they are known by"),
        (["a.md"], "in: has neither images nor Parquet files nor tar shards; 1 file passed over: "),
        (
            ["1.jpeg", "2.jpeg", "a.parquet", "b.tar"],
            "in: has 2 images and 1 Parquet file and 1 tar shard "
            "(name those that you mean by a glob, such as **/*.jpeg)",
        ),
    ],
    ids=["nothing", "others", "a mix"],
)
def test_what_is_no_source_is_an_error(names: list[str], message: str) -> None:
    """It says what is there."""
    for name in names:
        Path("in", name).touch()
    with pytest.raises(CaptchascopeError) as error:
        found("in")
    assert str(error.value).startswith(message)


def test_columns_that_are_not_clear_are_an_error_before_anything_is_read() -> None:
    """It names the file; and only Parquet has columns."""
    write_parquet(Path("in/a.parquet"), {"a": jpegs(1), "b": jpegs(1)})
    with pytest.raises(CaptchascopeError, match=r"in/a\.parquet: has 2 columns .*--column"):
        found("in")
    with pytest.raises(CaptchascopeError, match=r"in/a\.parquet: has no column 'id'.*--key"):
        found("in", "a", "id")
    Path("in/1.jpeg").touch()
    with pytest.raises(UsageError, match="column: has no meaning for images"):
        found("in/*.jpeg", "a")
