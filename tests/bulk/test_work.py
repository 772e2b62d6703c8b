"""The heart of reading in bulk."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from fsspec.implementations.memory import MemoryFileSystem
from pyarrow.fs import (
    FileSystem,
    FSSpecHandler,
    LocalFileSystem,
    PyFileSystem,
    _MockFileSystem,
)

from bulk.making import EXAMPLES, given
from captchascope import Reader, UsageError, load
from captchascope.bulk.rows import CHARS, READ
from captchascope.bulk.work import Work, Worker
from captchascope.errors import CaptchascopeError, DatasetError


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return the reader that most rows here are read with."""
    return load("metu")


def of(reader: Reader, files: FileSystem | None = None, chars: bool = False) -> Work:
    """Return work as another process gets it."""
    sent: Work = pickle.loads(pickle.dumps(Work.of(reader, files or LocalFileSystem(), chars)))
    return sent


def test_rows_are_read_as_their_images_are(reader: Reader) -> None:
    """From bytes and from paths; what is known of a row stays with it."""
    one, two = EXAMPLES / "1.jpeg", EXAMPLES / "2.jpeg"
    batch = given({"image": one.read_bytes(), "key": "a"}, {"path": str(two)})
    rows = of(reader).start().read(batch).to_pylist()
    alone = [reader.read(one), reader.read(two)]
    assert [row["text"] for row in rows] == [reading.text for reading in alone]
    assert [row["confidence"] for row in rows] == pytest.approx([r.confidence for r in alone])
    assert [(row["file"], row["row"], row["key"]) for row in rows] == [
        ("shard", 0, "a"),
        ("shard", 1, None),
    ]


def test_bad_rows_say_why_and_lose_none_of_the_others(reader: Reader) -> None:
    """Whatever is wrong with one, each has its place."""
    image = (EXAMPLES / "1.jpeg").read_bytes()
    batch = given(
        {"image": image},
        {"image": b""},
        {"image": image[:300]},
        {"image": None},
        {"path": "nowhere.jpeg"},
        {"error": "is a link"},
        {"end": True},
        {"image": image},
    )
    read = of(reader).start().read(batch)
    errors = read["error"].to_pylist()
    assert [error is None for error in errors] == [True, *[False] * 5, True, True]
    assert errors[3:6] == ["holds no image: it is null", "does not exist", "is a link"]
    assert read["text"].to_pylist() == ["964490", *[None] * 6, "964490"]
    assert read["end"].to_pylist() == [*[False] * 6, True, False]


def test_a_batch_of_nothing_but_ends_is_read(reader: Reader) -> None:
    """An empty shard has no other row."""
    read = of(reader).start().read(given({"end": True}))
    assert read.to_pylist()[0] | {"end": True, "row": 0, "error": None} == read.to_pylist()[0]


def test_chars_come_last_where_they_are_wanted(reader: Reader) -> None:
    """The schema is the same for every batch."""
    work = of(reader, chars=True)
    read = work.start().read(given({"path": str(EXAMPLES / "1.jpeg")}, {"image": b"no image"}))
    assert read.schema.names == [*READ.names, "chars", "end"]
    assert read.schema.field("chars").type == CHARS
    assert ["".join(c["char"] for c in chars) for chars in read["chars"].to_pylist()] == [
        "964490",
        "",
    ]
    assert work.failed(given({"path": "a"}), "why").schema == read.schema


def test_images_of_another_file_system_are_fetched(reader: Reader) -> None:
    """Many at once, in order; those that are not there say so."""
    files = _MockFileSystem()
    for number in range(1, 13):
        with files.open_output_stream(f"{number}.jpeg") as file:
            file.write((EXAMPLES / f"{number}.jpeg").read_bytes())
    paths = [f"{number}.jpeg" for number in range(1, 13)] * 3
    batch = given(*({"path": path} for path in paths), {"path": "13.jpeg"})
    read = Work.of(reader, files, False).start().read(batch)
    expected = [reader.read(EXAMPLES / path).text for path in paths]
    assert read["text"].to_pylist() == [*expected, None]
    assert read["error"].to_pylist()[-1] == "does not exist"


class _Store(MemoryFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A store that fails so many times."""

    cachable = False
    failures = 0

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        self.fail()
        return super()._open(path, mode, **options)

    def info(self, path: str, **options: Any) -> Any:
        """Say what is at a path, or nothing where there should be an answer."""
        if self.failures > 1:
            raise RuntimeError("no route to host")
        return super().info(path, **options)

    def fail(self) -> None:
        """Say that a file is not there, as some do that get no answer."""
        self.failures -= 1
        if self.failures >= 0:
            raise FileNotFoundError


def test_a_store_that_does_not_answer_is_no_fault_of_an_image(reader: Reader) -> None:
    """One that fails once is asked again; where none answers, no row says that it is wrong."""
    store = _Store()
    store.pipe("/made/1.jpeg", (EXAMPLES / "1.jpeg").read_bytes())
    files = PyFileSystem(FSSpecHandler(store))
    worker = Worker(Work.of(reader, files, False, "/made"), reader)
    batch = given({"path": "/made/1.jpeg"})
    for failures in (0, 1):
        store.failures = failures
        assert worker.read(batch)["text"].to_pylist() == ["964490"]
    store.failures = 9
    with pytest.raises(DatasetError, match=r"^/made: can no longer be read: no route to host"):
        worker.read(batch)
    store.failures = 0
    missing = worker.read(given({"path": "/made/2.jpeg"}))
    assert missing["error"].to_pylist() == ["does not exist"]
    store.rm("/made", recursive=True)


def test_a_model_that_does_not_ship_travels_with_the_work(tmp_path: Path) -> None:
    """Its file need not be where the work is done; errors still name it."""
    own = tmp_path / "own.onnx"
    own.write_bytes(load("metu").path.read_bytes())
    work = of(load(own, length=6, min_confidence=0.5))
    own.unlink()
    read = work.start().read(given({"path": str(EXAMPLES / "1.jpeg")}))
    assert read["text"].to_pylist() == ["964490"]
    assert work.options.min_confidence == 0.5
    assert of(load("metu")).data is None


def test_sums_have_values(reader: Reader) -> None:
    """As text, since they may be fractions; an abstention has none."""
    options = load("metu", min_confidence=1.0)
    read = of(options).start().read(given({"path": str(EXAMPLES / "1.jpeg")}))
    assert read["value"].to_pylist() == [None]
    assert read["abstained"].to_pylist() == [True]


def test_another_version_is_refused(reader: Reader) -> None:
    """All machines of a cluster must give the same."""
    work = of(reader)
    object.__setattr__(work, "version", "0.0.0")
    with pytest.raises(CaptchascopeError, match="install one version on all machines"):
        work.start()


def test_a_provider_that_is_not_there_is_refused(reader: Reader) -> None:
    """Where the work is done, as ``load`` does where it is begun."""
    work = of(reader)
    object.__setattr__(work, "providers", ("NoExecutionProvider",))
    with pytest.raises(UsageError, match="lacks"):
        work.start()
