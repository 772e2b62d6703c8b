"""Places for rows: a folder, and a bucket of S3 for those tests that want one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bulk.s3 import Bucket

_numbers = count(1)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Start an S3 server when the first test needs one, and end it with the session."""
    pytest.importorskip("moto.server")
    pytest.importorskip("pyarrow")
    from bulk.s3 import s3_server

    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str) -> Bucket:
    """Make an empty bucket that no other test has."""
    from bulk.s3 import Bucket

    made = Bucket(s3_endpoint, f"bucket-{next(_numbers)}")
    made.files.create_dir(made.path)
    return made


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """Name a place that is not there yet; in memory where there is such, as parts wait for disks.

    Whether what was written is brought to the disk is tested with ``captchascope.atomic``.
    """
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder, "some", "out")
