"""Ray Data."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("ray")

import pyarrow as pa
import ray
from pyarrow import parquet
from pyarrow.fs import LocalFileSystem

from bulk.making import EXAMPLES
from captchascope import MissingExtraError, UsageError, load
from captchascope.bulk.places import place_of
from captchascope.bulk.ray_data import read_shards
from captchascope.bulk.rows import Shard
from captchascope.bulk.sources import find_shards
from captchascope.bulk.work import Work

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has clusters elsewhere"),
]

IMAGES = [(EXAMPLES / f"{number}.jpeg").read_bytes() for number in range(1, 13)]


def work(kind: type[Work] = Work) -> Work:
    """Return how rows are read here."""
    return kind.of(load("metu"), LocalFileSystem(), False)


def shards(folder: Path, files: int, rows: int, **odd: bytes) -> Sequence[Shard]:
    """Write examples in turn; some rows of the first file have other bytes, such as ``_7=b""``."""
    for number in range(files):
        images = [IMAGES[row % 12] for row in range(rows)]
        for row, image in odd.items() if number == 0 else ():
            images[int(row[1:])] = image
        path = folder / f"{number}.parquet"
        parquet.write_table(pa.table({"image": images}), path, row_group_size=500)
    return find_shards(place_of(str(folder), {})).shards


@pytest.mark.parametrize("named", ["127.0.0.1:{port}", "ray://127.0.0.1:{port}", "x:y"])
def test_an_address_without_a_cluster_is_an_error(named: str, tmp_path: Path) -> None:
    """It says so at once, where Ray tries for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UsageError, match="address"):
        list(read_shards(work(), shards(tmp_path, 1, 1), address=named.format(port=port)))
    assert not ray.is_initialized()


def test_what_answers_may_be_no_ray(tmp_path: Path) -> None:
    """Some other server, which the error tells."""

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("", 0)) as server:
        answering = threading.Thread(target=answer)
        answering.start()
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match="is not Ray"):
            list(read_shards(work(), shards(tmp_path, 1, 1), address=f"127.0.0.1:{port}"))
        answering.join()


def test_ray_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"captchascope\[ray\]"):
        list(read_shards(work(), []))
