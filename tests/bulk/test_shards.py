"""The rows of shards."""

from __future__ import annotations

import base64
import os
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.errors import DatasetError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem
from pyarrow import fs, parquet

from bulk.given import JPEG, given_at, jpegs, rows_given, tar_bytes, write_parquet
from captchascope.bulk.places import place_of
from captchascope.bulk.rows import BATCH_BYTES, Shard
from captchascope.bulk.shards import rows_of
from captchascope.bulk.sources import find_shards

if TYPE_CHECKING:
    from bulk.s3 import Bucket


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_images_are_rows_of_their_own_files() -> None:
    """Each is row 0 of its file, which is named as ``read`` names it."""
    for name in ("2.jpeg", "10.jpeg", "a/1.png"):
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        Path("in", name).write_bytes(JPEG)
    names = ["in/2.jpeg", "in/10.jpeg", "in/a/1.png"]
    here = Path.cwd().as_posix()
    assert given_at("in") == [{"file": name, "row": 0, "path": f"{here}/{name}"} for name in names]


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="no such names")
def test_a_name_that_is_no_utf_8_is_a_row_with_an_error() -> None:
    """Arrow's text cannot have it."""
    Path("in").mkdir()
    Path(os.fsdecode(b"in/\xff.jpeg")).write_bytes(JPEG)
    Path("in/1.jpeg").write_bytes(JPEG)
    assert [row.get("error") for row in given_at("in")] == [
        None,
        "has a name that is not UTF-8",
    ]


def test_rows_of_parquet_are_images_or_say_why_not() -> None:
    """What is null or empty is told from what is an image."""
    images = [b"\xff\xd8", None, b"", b"no image"]
    write_parquet(Path("a.parquet"), {"image": images, "id": [7, 8, 9, 10]}, row_group_size=3)
    assert given_at("a.parquet", key="id") == [
        {"file": "a.parquet", "row": 0, "key": "7", "image": b"\xff\xd8"},
        {"file": "a.parquet", "row": 1, "key": "8", "error": "holds no image: it is null"},
        {"file": "a.parquet", "row": 2, "key": "9", "error": "holds no image: it is empty"},
        {"file": "a.parquet", "row": 3, "key": "10", "image": b"no image"},
        {"file": "a.parquet", "row": 4, "end": True},
    ]


def test_rows_may_have_paths() -> None:
    """Relative ones lie beside the file, wherever that is; and each names its row."""
    uri = "data:image/png;base64,iVBORw0KGgo="
    far = Path("far/3.png").absolute().as_posix()
    paths = ["1.png", "../2.png", far, f"file://{far}", "https://x.org/4.png", uri, "", None]
    write_parquet(Path("in/a.parquet"), {"image": paths})
    here = Path.cwd().as_posix()
    expected: list[dict[str, Any]] = [
        *({"path": f"{here}/in/1.png"}, {"path": f"{here}/2.png"}, {"path": far}),
        *({"path": far}, {"path": "https://x.org/4.png"}, {"image": uri.encode()}),
        *({"error": "holds no image: it is empty"}, {"error": "holds no image: it is null"}),
        {"end": True},
    ]
    keys = [*paths[:5], None, "", None, None]
    assert given_at("in") == [
        {"file": "in/a.parquet", "row": row, **({} if key is None else {"key": key}), **said}
        for row, (key, said) in enumerate(zip(keys, expected, strict=True))
    ]


def test_a_hugging_face_data_set_is_read() -> None:
    """Bytes and the path that names them; a path alone says where the image is."""
    images = [{"bytes": JPEG, "path": "1.jpeg"}, {"bytes": None, "path": "2.jpeg"}, None]
    write_parquet(Path("data/train-00000-of-00001.parquet"), {"image": images, "text": list("abc")})
    Path("README.md").write_text("---\n")
    name = "./data/train-00000-of-00001.parquet"
    far = Path("data/2.jpeg").absolute().as_posix()
    assert given_at(".") == [
        {"file": name, "row": 0, "key": "1.jpeg", "image": JPEG},
        {"file": name, "row": 1, "key": "2.jpeg", "path": far},
        {"file": name, "row": 2, "error": "holds no image: it is null"},
        {"file": name, "row": 3, "end": True},
    ]


def test_text_that_is_no_utf_8_does_not_end_the_file() -> None:
    """Parquet may hold any bytes as text."""
    paths = pa.array([b"1.png", b"\xff.png"]).view(pa.string())
    write_parquet(Path("a.parquet"), {"image": [JPEG, JPEG], "name": paths})
    rows = given_at("a.parquet", key="name")
    assert [row.get("key") for row in rows] == ["1.png", "\ufffd.png", None]


def test_a_tar_shard_is_given_in_batches() -> None:
    """Bounded by rows and by bytes; one without images has an end alone."""
    large = JPEG + bytes(BATCH_BYTES // 3)
    images = jpegs(300) + [large] * 4
    Path("a.tar").write_bytes(tar_bytes((f"{n}.jpg", image) for n, image in enumerate(images)))
    Path("b.tar").write_bytes(tar_bytes([("1.json", b"{}")]))
    rows = given_at("a.tar")
    assert [row.get("image") for row in rows] == [*images, None]
    assert [row["row"] for row in rows] == [*range(305)]
    assert given_at("b.tar") == [{"file": "b.tar", "row": 0, "end": True}]


def test_large_images_come_in_small_batches() -> None:
    """A batch is bounded by bytes, too; also where only some images are large."""
    large = bytes(BATCH_BYTES // 3)
    write_parquet(Path("a.parquet"), {"image": [large] * 5 + [JPEG] * 400 + [large] * 5})
    (shard,) = find_shards(place_of("a.parquet", {})).shards
    assert len(rows_given([shard])) == 411


def test_pieces_give_what_the_whole_gives() -> None:
    """Each row once, and the end with the last; rows count from the beginning of the file."""
    write_parquet(Path("a.parquet"), {"image": jpegs(95)}, row_group_size=10)
    (shard,) = find_shards(place_of("a.parquet", {})).shards
    parts = [*shard.parts(rows=25)]
    assert [part.part for part in parts] == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert [*parts[0].parts(rows=1)] == [parts[0]]
    assert [row for part in parts for row in rows_given([part])] == rows_given([shard])
    assert [part.part for part in shard.parts(rows=1)] == [(n, n + 1) for n in range(10)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Shard]:
    """Make a shard of each kind, of 30 rows."""
    folder = tmp_path_factory.mktemp("three")
    write_parquet(folder / "p" / "a.parquet", {"image": jpegs(30)}, row_group_size=7)
    (folder / "a.tar").write_bytes(tar_bytes((f"{n}.jpg", jpegs(30)[n]) for n in range(30)))
    (folder / "i").mkdir()
    for n in range(30):
        (folder / "i" / f"{n}.jpeg").touch()
    places = [place_of(str(folder / name), {}) for name in ("p", "a.tar", "i")]
    return [shard for place in places for shard in find_shards(place).shards]


@given(st.integers(0, 2), st.sets(st.integers(0, 35)))
def test_what_is_done_is_not_given_again(three: list[Shard], kind: int, done: set[int]) -> None:
    """All else is, exactly once."""
    shard = three[kind]
    rest = rows_given([replace(shard, done=[(row, row + 1) for row in done])])
    whole = rows_given([shard])
    if shard.kind == "images":
        left = [row for at, row in enumerate(whole[:30]) if at not in done]
        left += [row for at, row in enumerate(whole[30:]) if at not in done]
    else:
        left = [row for row in whole if row.get("end") or row["row"] not in done]
    assert rest == left


@pytest.mark.parametrize("content", [b"", b"PAR1", b"nonsense" * 99], ids=["empty", "cut", "none"])
def test_what_is_no_parquet_is_a_row_with_an_error(content: bytes) -> None:
    """The others are read."""
    write_parquet(Path("in/1.parquet"), {"image": jpegs(1)})
    Path("in/2.parquet").write_bytes(content)
    write_parquet(Path("in/3.parquet"), {"image": jpegs(0)}, row_group_size=1)
    rows = given_at("in")
    assert [
        (row["file"][3], row["row"], *({*row} & {"image", "error", "end"})) for row in rows
    ] == [
        *(("1", 0, "image"), ("1", 1, "end"), ("2", 0, "error"), ("2", 1, "end")),
        ("3", 0, "end"),
    ]
    assert rows[2]["error"].startswith("cannot be read: ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [(1, "its footer contradicts itself on how many rows there are"), (9, "1 rows too early")],
    ids=["footer", "row group"],
)
def test_rows_that_are_missing_are_rows_with_an_error(changed: int, message: str) -> None:
    """A footer that promises 61 rows, where 60 are."""
    path = write_parquet(Path("a.parquet"), {"image": jpegs(60)}, use_dictionary=False)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    promised = data[start:].replace(b"\x16\x78", b"\x16\x7a", changed)  # zigzag: twice as many
    assert promised != data[start:]
    path.write_bytes(data[:start] + promised)
    assert message in given_at("a.parquet")[-2]["error"]


def test_a_column_that_is_encrypted_is_rows_with_an_error() -> None:
    """Others may be read; Arrow ends the process that asks how large such a column is."""
    encryption = pytest.importorskip("pyarrow.parquet.encryption")

    wrap = {"wrap_key": lambda self, key, name: base64.b64encode(key)}
    client = type("Keys", (encryption.KmsClient,), wrap)
    keys = encryption.EncryptionConfiguration("a", column_keys={"b": ["image"]})
    keys.plaintext_footer = True
    properties = encryption.CryptoFactory(lambda config: client()).file_encryption_properties(
        encryption.KmsConnectionConfig(), keys
    )
    columns = {"image": jpegs(2), "other": jpegs(2)}
    write_parquet(Path("a.parquet"), columns, encryption_properties=properties)
    assert ["Cannot decrypt" in row["error"] for row in given_at("a.parquet")[:-1]] == [True] * 2
    assert [row["image"] for row in given_at("a.parquet", "other")[:-1]] == jpegs(2)


def test_a_damaged_row_group_costs_its_own_rows() -> None:
    """Those before the damage are read, those of the next row group, too."""
    images = [os.urandom(50_000) for _ in range(100)]
    path = write_parquet(
        *(Path("a.parquet"), {"image": images}),
        row_group_size=50,
        compression="gzip",
        use_dictionary=False,
    )
    column = parquet.read_metadata(path).row_group(0).column(0)
    data = bytearray(path.read_bytes())
    middle = column.data_page_offset + column.total_compressed_size // 2
    data[middle : middle + 200_000] = bytes(200_000)
    path.write_bytes(data)
    rows = given_at("a.parquet")
    assert [row["row"] for row in rows] == [*range(101)]
    assert [row["image"] for row in rows[50:100]] == images[50:]
    wrong = [row["row"] for row in rows if "error" in row]
    assert wrong == [*range(50 - len(wrong), 50)]
    assert all(rows[at]["image"] == images[at] for at in range(50 - len(wrong)))
    assert wrong


@pytest.mark.parametrize("unread", ["a column", "rows"])
def test_a_row_group_takes_the_memory_of_a_page(unread: str) -> None:
    """However large it is; other columns are not read, nor held what is not given."""
    columns = {"image": [os.urandom(2_000) for _ in range(20_000)]}
    if unread == "a column":
        columns["other"] = columns["image"]
    path = write_parquet(Path("a.parquet"), columns, use_dictionary=False)
    del columns
    assert parquet.read_metadata(path).num_row_groups == 1
    (shard,) = find_shards(place_of("a.parquet", {})).shards
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    for batch in rows_of(replace(shard, done=[] if unread == "a column" else [(0, 10_000)])):
        most = max(most, pa.total_allocated_bytes() - before)
        rows += len(batch)
    assert rows == (20_001 if unread == "a column" else 10_001)
    assert most < 15_000_000  # of 40 or 80: the buffer, a page or two, and a batch


class _Flaky(LocalFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A store of which some reads beyond the first 100,000 bytes fail."""

    cachable = False
    failing: Container[int] = (3, 7)
    reads = 0

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        file = super()._open(path, mode, **options)
        read = file.f.read

        def flaky(size: int = -1) -> bytes:
            if file.f.tell() > 100_000:
                self.reads += 1
                if self.reads in self.failing:
                    raise OSError("the connection was reset")
            data: bytes = read(size)
            return data

        file.read = flaky
        return file


@pytest.mark.parametrize("kind", ["parquet", "tar"])
def test_a_store_that_fails_once_is_asked_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is lost by it, and none comes twice; one that fails always costs what is left."""
    monkeypatch.setattr("captchascope.bulk.shards._BUFFER", 100_000)
    images = [JPEG + os.urandom(10_000) for _ in range(100)]
    path = Path(f"a.{kind}")
    if kind == "parquet":
        write_parquet(path, {"image": images}, row_group_size=25, use_dictionary=False)
    else:
        path.write_bytes(tar_bytes((f"{n}.jpg", image) for n, image in enumerate(images)))
    (shard,) = find_shards(place_of(str(path), {})).shards
    store = _Flaky()
    shard = replace(shard, files=fs.PyFileSystem(fs.FSSpecHandler(store)))
    rows = rows_given([shard])
    assert store.reads > 7
    assert [row.get("image") for row in rows] == [*images, None]
    assert [row["row"] for row in rows] == [*range(101)]
    store.failing = range(1_000)
    rows = rows_given([shard])
    assert "the connection was reset" in rows[-2]["error"]
    assert [row["row"] for row in rows] == [*range(len(rows))]


def test_a_file_that_changes_meanwhile_ends_the_reading() -> None:
    """Which rows are which could no longer be told."""
    write_parquet(Path("a.parquet"), {"image": jpegs(3)})
    (shard,) = find_shards(place_of("a.parquet", {})).shards
    write_parquet(Path("a.parquet"), {"image": jpegs(4)})
    with pytest.raises(DatasetError, match=r"a\.parquet: has changed since it was listed"):
        [*rows_of(shard)]


@pytest.mark.parametrize("name", ["a.parquet", "a.tar"])
def test_a_file_that_is_gone_is_rows_with_an_error(name: str) -> None:
    """As many as were known."""
    if name == "a.tar":
        Path(name).write_bytes(tar_bytes([("1.jpg", JPEG)]))
    else:
        write_parquet(Path(name), {"image": jpegs(1)})
    (shard,) = find_shards(place_of(name, {})).shards
    Path(name).unlink()
    assert rows_given([shard]) == [
        {"file": name, "row": 0, "error": "does not exist any more"},
        {"file": name, "row": 1, "end": True},
    ]


@pytest.mark.parametrize("opener", ["", "fsspec+"], ids=["Arrow", "s3fs"])
@pytest.mark.parametrize("kind", ["images", "parquet", "tar"])
def test_s3_gives_what_a_folder_gives(bucket: Bucket, kind: str, opener: str) -> None:
    """The same rows, under their URLs, by either file system."""
    root = Path("in")
    write_parquet(root / "parquet" / "a.parquet", {"image": jpegs(300)}, row_group_size=70)
    Path("in/tar").mkdir()
    Path("in/tar/a.tar.gz").write_bytes(tar_bytes([("1.jpg", JPEG), ("2.jpg", JPEG)], "w:gz"))
    Path("in/images").mkdir()
    Path("in/images/1.jpg").write_bytes(JPEG)
    for path in Path("in", kind).iterdir():
        bucket.put(path.as_posix(), path.read_bytes())
    options = bucket.fsspec_options if opener else bucket.options
    found = find_shards(place_of(f"{opener}{bucket.url}/in/{kind}", options))
    expected = given_at(Path("in", kind))
    for row in expected:
        row["file"] = f"{opener}{bucket.url}/{row['file']}"
        if "path" in row:
            row["path"] = row["path"].replace(Path.cwd().as_posix(), bucket.path)
    assert rows_given(found.shards) == expected


def test_paths_in_rows_are_those_of_the_store(bucket: Bucket) -> None:
    """Beside the file, or a URL of the same kind."""
    paths = ["1.png", f"{bucket.url}/far/2.png", "https://x.org/3.png"]
    path = write_parquet(Path("a.parquet"), {"image": paths})
    bucket.put("in/a.parquet", path.read_bytes())
    rows = rows_given(find_shards(place_of(f"{bucket.url}/in", bucket.options)).shards)
    expected = [f"{bucket.path}/in/1.png", f"{bucket.path}/far/2.png", "https://x.org/3.png"]
    assert [row["path"] for row in rows[:3]] == expected


def test_columns_are_looked_for_where_a_footer_could_not_be_read() -> None:
    """When it can be, and its rows say so where there are none."""
    write_parquet(Path("a.parquet"), {"a": jpegs(2), "b": jpegs(2)})
    (shard,) = find_shards(place_of("a.parquet", {}), "a").shards
    unread = replace(shard, rows=None, groups=())
    assert rows_given([unread]) == rows_given([shard])
    (wrong, _) = rows_given([replace(unread, column=None)])
    assert wrong["error"] == "has 2 columns that could be the image: 'a' and 'b'"


def test_a_store_that_is_gone_ends_the_reading(bucket: Bucket) -> None:
    """Its rows are not lost: they are read when it is back."""
    path = write_parquet(Path("a.parquet"), {"image": jpegs(3)})
    bucket.put("a.parquet", path.read_bytes())
    (shard,) = find_shards(place_of(f"{bucket.url}/a.parquet", bucket.options)).shards
    gone = place_of(bucket.url, {**bucket.options, "endpoint_override": "127.0.0.1:1"}).files
    with pytest.raises(DatasetError, match=r"can no longer be read: .*go on when it can be"):
        [*rows_of(replace(shard, files=gone))]


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2"])
def test_what_is_packed_a_thousandfold_is_passed_over(mode: str) -> None:
    """It is unpacked as it comes, and its end is found; images after it are rows."""
    members = [("1.txt", bytes(2**26)), ("2.jpg", bytes(2**25)), ("3.jpg", JPEG)]
    Path("a.tar.gz").write_bytes(tar_bytes(members, mode))
    *rows, end = given_at("a.tar.gz")
    assert [(row["key"], "image" in row) for row in rows] == [("2", False), ("3", True)]
    assert end["end"]


def test_a_packed_tar_that_is_cut_off_says_so() -> None:
    """What came before is there."""
    random = os.urandom(2**22)
    data = tar_bytes([("1.jpg", JPEG), ("2.jpg", random), ("3.jpg", JPEG)], "w:gz")
    Path("a.tar.gz").write_bytes(data[: len(data) // 2])
    first, wrong, end = given_at("a.tar.gz")
    assert first["image"] == JPEG
    assert wrong["error"]
    assert end["end"]
