"""Reading in bulk: shards of images in, parts of readings out, on one machine or on a cluster.

It needs the extra ``bulk``, and on a cluster ``ray``, whose packages are imported when it begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from captchascope.errors import MissingExtraError, UsageError, likeliest
from captchascope.files import StrPath

if TYPE_CHECKING:
    from captchascope.reader import Reader

__all__ = ["BulkProgress", "BulkSummary", "read_bulk"]

Form = Literal["parquet", "jsonl"]
Engine = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a run is.

    Attributes:
        rows: Rows read in this run.
        total: Rows that this run has to read; None where only reading tells.
        seconds: Since reading began.
    """

    rows: int
    total: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None where that is not known."""
        if self.total is None or not self.rate:
            return None
        return max(self.total - self.rows, 0) / self.rate


@dataclass(frozen=True, slots=True)
class BulkSummary:
    """What is at the destination when a run has ended, earlier ones of it included.

    Attributes:
        rows: Rows, each of which stands for an image.
        read: Those that have a text.
        abstained: Those whose text was withheld.
        unfamiliar: Those unlike anything that the model was trained on.
        failed: Those with an error, by reason, the most frequent first.
        new: Rows that this run has read.
        seconds: That this run took.
    """

    rows: int
    read: int
    abstained: int
    unfamiliar: int
    failed: Mapping[str, int] = field(default_factory=dict)
    new: int = 0
    seconds: float = 0.0


def read_bulk(
    reader: Reader,
    source: StrPath,
    destination: StrPath,
    *,
    column: str | None = None,
    key: str | None = None,
    to: Form = "parquet",
    chars: bool = False,
    consistent: bool = False,
    storage_options: Mapping[str, str] | None = None,
    engine: Engine = "local",
    address: str | None = None,
    jobs: int | None = None,
    rows_per_part: int = 100_000,
    on_line: Callable[[str], None] = lambda line: None,
    on_progress: Callable[[BulkProgress], None] = lambda progress: None,
) -> BulkSummary:
    """Read all images of a source, and write a row for each to a destination.

    A run that was ended, however that was, goes on when it is begun again: rows that are at the
    destination are not read twice. An image that cannot be read has a row with its error.

    >>> import captchascope
    >>> reader = captchascope.load("metu")
    >>> captchascope.read_bulk(reader, "captchas/*.parquet", "readings").read
    200000

    Args:
        reader: How images are read.
        source: A folder, a glob, or a file: images, Parquet, or tar shards as WebDataset has them.
            A path, or a URL that Arrow or fsspec opens.
        destination: The folder to write, a path or a URL; a new one, or that of a run to go on
            with.
        column: Of Parquet, the column that has the images, encoded or as paths; None finds it.
        key: Of Parquet, a column whose text names the rows beside file and number.
        to: What the parts are: Parquet, or JSON Lines.
        chars: Whether the confidence of each character is written.
        consistent: Whether the charset and the length that images have in common are inferred from
            some of them first, and all are read under them.
        storage_options: What the file systems of URLs are told: of s3 and gs the arguments of
            Arrow's ``S3FileSystem`` and ``GcsFileSystem``, of others those of fsspec.
        engine: ``local``: processes of this machine. ``ray``: Ray Data, here or on a cluster.
        address: Of a running Ray cluster; None starts Ray on this machine.
        jobs: How many read at once; None for one on each processor.
        rows_per_part: About how many rows a part has; it has fewer where they take over a minute.
        on_line: Takes a line about what goes on.
        on_progress: Takes how far the run is, after each batch.

    Raises:
        DatasetError: If the source is not there, or holds nothing that could be read.
        OutputError: If the destination cannot be written, is another's, or another run writes
            there. What was written stays, and a later run goes on.
        UsageError: If the options contradict each other, or the run to go on with.
        ModelError: If the network fails.
        MissingExtraError: If the packages of the extra ``bulk`` or ``ray`` are not installed.
    """
    begun = time.monotonic()
    for name, value, known in (("to", to, Form), ("engine", engine, Engine)):
        if value not in get_args(known):
            remedy = f"{likeliest(value, get_args(known))}{' or '.join(get_args(known))}"
            raise UsageError(name, f"cannot be {value!r}", remedy)
    for name, number in (("jobs", jobs), ("rows_per_part", rows_per_part)):
        if number is not None and number < 1:
            raise UsageError(name, f"must be at least 1, not {number}", "give a positive number")
    if address is not None and engine != "ray":
        raise UsageError("address", "has no meaning for the local engine", "choose the engine ray")
    try:
        from captchascope.bulk import workflow
    except ModuleNotFoundError as error:
        raise MissingExtraError("read_bulk", "bulk") from error
    options = workflow.Options(column, key, to, chars, consistent, rows_per_part)
    places = workflow.places_of(source, destination, storage_options or {})
    how = workflow.engine_of(engine, address, jobs)
    return workflow.read_all(
        reader, places, options, how, workflow.Told(begun, on_line, on_progress)
    )
