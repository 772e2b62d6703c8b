"""The heart of reading in bulk: a batch of rows in, a batch of rows out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pyarrow.fs import FileSystem, LocalFileSystem

from captchascope import __version__
from captchascope.bulk.places import expect_answer, first_line
from captchascope.bulk.rows import CHARS, GIVEN, READ
from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError, ImageError
from captchascope.image import MAX_BYTES, ImageSource
from captchascope.model.file import open_model_bytes
from captchascope.model.onnxwalk import read_model
from captchascope.reader import Reader, model_path, reader_of, recogniser_of
from captchascope.reader import model_names as shipped_names
from captchascope.records import Reading
from captchascope.sources import Unread

_FETCHED = 16  # images that are fetched at once: a store answers each in some 30 ms


@dataclass(frozen=True, slots=True)
class Work:
    """How rows are read, as it is sent to those who read them.

    Attributes:
        model: The name of a model that ships, or the path that errors name.
        data: The model file; None of one that ships, which is wherever captchascope is.
        options: What the reader was told.
        providers: ONNX Runtime's execution providers; None for its own choice.
        files: The file system of paths in rows.
        root: A path of it that tells whether it answers; None where each does.
        chars: Whether the characters are given, too.
        version: Of captchascope.
        schema: The columns of what is read: ``READ``, ``chars`` where wanted, and ``end``.
    """

    model: str
    data: bytes | None
    options: ReadOptions
    providers: tuple[str, ...] | None
    files: FileSystem
    chars: bool = False
    root: str | None = None
    version: str = __version__
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        more = [pa.field("chars", CHARS)] if self.chars else []
        object.__setattr__(self, "schema", pa.schema([*READ, *more, GIVEN.field("end")]))

    @classmethod
    def of(cls, reader: Reader, files: FileSystem, chars: bool, root: str | None = None) -> Work:
        """Return the work of a reader on rows whose paths a file system takes."""
        ships = reader.path.stem in shipped_names() and reader.path == model_path(reader.path.stem)
        model = reader.path.stem if ships else str(reader.path)
        data = None if ships else read_model(reader.path)
        return cls(model, data, reader.options, reader.providers, files, chars, root)

    def start(self) -> Worker:
        """Open the model.

        Raises:
            CaptchascopeError: If captchascope is of another version here than where the work comes
                from.
            ModelError: If it cannot be used.
        """
        if self.version != __version__:
            what = f"is version {__version__} here, and {self.version} where the work comes from"
            raise CaptchascopeError("captchascope", what, "install one version on all machines")
        if self.data is None:
            return Worker(self, reader_of(self.model, self.options, providers=self.providers))
        opened = open_model_bytes(self.data, self.model, providers=self.providers)
        recogniser = recogniser_of(opened, self.options.constraints)
        path = Path(self.model)
        return Worker(self, Reader(opened, self.options, recogniser, path, 1, self.providers))

    def failed(self, given: pa.RecordBatch, error: str) -> pa.RecordBatch:
        """Return rows that could not be read, all for one reason."""
        readings = [_failure(None if end else error) for end in _ends(given)]
        return self.table(given, readings)

    def table(self, given: pa.RecordBatch, readings: Sequence[Reading]) -> pa.RecordBatch:
        """Return given rows with the reading of each, as ``schema`` has them."""
        columns: dict[str, pa.Array | list[object]] = {
            **{name: given[name] for name in ("file", "row", "key", "end")},
            "text": [reading.text for reading in readings],
            "value": [_value(reading) for reading in readings],
            "confidence": [reading.confidence for reading in readings],
            "abstained": [reading.abstained for reading in readings],
            "unfamiliar": [reading.unfamiliar for reading in readings],
            "frames": [reading.frames for reading in readings],
            "error": [None if r.error is None else r.error.what for r in readings],
        }
        if self.chars:
            columns["chars"] = [
                [{"char": c.char, "confidence": c.confidence} for c in r.chars] for r in readings
            ]
        return pa.record_batch(
            [pa.array(columns[field.name], field.type) for field in self.schema],
            schema=self.schema,
        )


class Worker:
    """Reads rows with a model that it holds; ``Work.start`` makes it."""

    def __init__(self, work: Work, reader: Reader) -> None:
        self._work, self._reader = work, reader

    def read(self, given: pa.RecordBatch) -> pa.RecordBatch:
        """Read a batch of rows, each as it would be read alone.

        Args:
            given: Rows of ``GIVEN``.

        Returns:
            A row of ``Work.schema`` for each, in the same order.

        Raises:
            ModelError: If the network fails.
            DatasetError: If the store of images no longer answers.
        """
        told = given["error"].to_pylist()
        given_none = [
            error is not None or end for error, end in zip(told, _ends(given), strict=True)
        ]
        wanted = [at for at, none in enumerate(given_none) if not none]
        images = images_of(given, wanted, self._work.files, self._work.root)
        found = self._reader.read_many(images, errors="return")
        readings = [
            _failure(error) if none else next(found)
            for error, none in zip(told, given_none, strict=True)
        ]
        return self._work.table(given, readings)


def images_of(
    given: pa.RecordBatch, wanted: Sequence[int], files: FileSystem, root: str | None = None
) -> Iterator[ImageSource]:
    """Yield the images of some rows as they are asked for; distant ones are fetched meanwhile.

    Args:
        given: Rows of ``GIVEN``.
        wanted: Places of rows in it that have an image.
        files: The file system of its paths.
        root: A path that tells whether it answers.

    Raises:
        DatasetError: If it does not: that is no fault of an image, which would stay unread.
    """
    images, paths = given["image"].to_pylist(), given["path"].to_pylist()
    rows = ((images[at], paths[at]) for at in wanted)
    if isinstance(files, LocalFileSystem) or not any(paths):
        yield from (_here(image, path) for image, path in rows)
        return
    with ThreadPoolExecutor(_FETCHED, "fetch") as pool:
        waiting: deque[Future[ImageSource]] = deque()
        for image, path in rows:
            waiting.append(pool.submit(_fetched, image, path, files, root))
            if len(waiting) == _FETCHED:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _fetched(
    image: bytes | None, path: str | None, files: FileSystem, root: str | None
) -> ImageSource:
    """Return an image with its bytes, wherever they are, or what says why there are none.

    Raises:
        DatasetError: If the store does not answer.
    """
    if path is None:
        return _here(image, None)
    try:
        return _content(path, files)
    except Exception:  # each file system has its own
        expect_answer(files, root or path, root or path)
    try:
        return _content(path, files)
    except FileNotFoundError:
        return Unread(ImageError(path, "does not exist", "check the path"))
    except Exception as error:
        what = f"cannot be read: {first_line(error)}"
        return Unread(ImageError(path, what, "check the path"))


def _content(path: str, files: FileSystem) -> ImageSource:
    """Return what is at a path, if it is not too large to be an image."""
    with files.open_input_file(path) as file:
        if (size := file.size()) > MAX_BYTES:
            what = f"is too large: {size:,} bytes, the limit is {MAX_BYTES:,}"
            return Unread(ImageError(path, what, "save it smaller"))
        return bytes(file.read())


def _ends(given: pa.RecordBatch) -> list[bool]:
    ends: list[bool] = given["end"].to_pylist()
    return ends


def _here(image: bytes | None, path: str | None) -> ImageSource:
    """Return an image of this machine as a reader takes it."""
    if path is not None:
        return Path(path)
    if image is None:
        return Unread(ImageError("image", "holds no image: it is null", "leave the row away"))
    return image


def _failure(error: str | None) -> Reading:
    """Return what there is of a row that has no image; without an error it marks an end."""
    return Reading(None, 0.0, error=None if error is None else ImageError("row", error))


def _value(reading: Reading) -> str | None:
    """Return the result of a sum as it is written, such as 8/3."""
    return None if (value := reading.value) is None else str(value)
