"""A real S3 server on this machine: moto's, in a process of its own.

The fixture ``bucket`` (``conftest.py``) gives each test an empty bucket of one server per session:

    def test_something(bucket: Bucket) -> None:
        bucket.put("a/1.jpeg", data)
        place = place_of(bucket.url + "/a", bucket.options)  # Arrow's own S3
        place = place_of("fsspec+" + bucket.url + "/a", bucket.fsspec_options)  # s3fs

On a command line the options are ``*bucket.flags``. Nothing is told by the environment, so a
process that is started needs these options and no more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyarrow import fs

_KEYS = {"access_key": "testing", "secret_key": "testing"}

_PATIENCE = {"connect_timeout": 60, "request_timeout": 60}
"""Seconds: a busy machine may let the server wait for longer than the 3 that are usual."""

_SERVER = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(*server.get_host_and_port(), sep=":", flush=True)
sys.stdin.read()
"""
"""Takes any free port and says which; ends when whoever started it has ended, however."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of a server.

    Attributes:
        endpoint: Where the server is, such as ``127.0.0.1:41234``.
        path: What the bucket is called, and as Arrow's file system takes it.
    """

    endpoint: str
    path: str

    @property
    def url(self) -> str:
        """The bucket, such as ``s3://bucket-1``."""
        return f"s3://{self.path}"

    @property
    def options(self) -> dict[str, str]:
        """What Arrow's S3 is told."""
        return {
            **_KEYS,
            "endpoint_override": self.endpoint,
            "scheme": "http",
            "region": "us-east-1",
            **{name: str(seconds) for name, seconds in _PATIENCE.items()},
        }

    @property
    def flags(self) -> list[str]:
        """The same for a command line."""
        named = [("--storage-option", f"{key}={value}") for key, value in self.options.items()]
        return [word for pair in named for word in pair]

    @property
    def fsspec_options(self) -> dict[str, str]:
        """What s3fs is told, which fsspec opens."""
        client = json.dumps({"region_name": "us-east-1"})
        return {
            "key": _KEYS["access_key"],
            "secret": _KEYS["secret_key"],
            "endpoint_url": f"http://{self.endpoint}",
            "client_kwargs": client,
        }

    @property
    def files(self) -> Any:
        """Arrow's file system, which also makes buckets."""
        return fs.S3FileSystem(**{**self.options, **_PATIENCE}, allow_bucket_creation=True)

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        with self.files.open_output_stream(f"{self.path}/{name}", compression=None) as file:
            file.write(data)


@contextmanager
def s3_server() -> Iterator[str]:
    """Run a server, and give its endpoint."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        endpoint = process.stdout.readline().strip()
        assert endpoint, "moto's server has not started"
        yield endpoint
    finally:
        process.kill()  # it has nothing to lose
        process.communicate()
