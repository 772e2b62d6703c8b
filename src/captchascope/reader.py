"""Reader: images in, texts out, by whichever method the model file holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from captchascope.charset import Charset
from captchascope.decode import Constraints
from captchascope.errors import ImageError, ModelError, SegmentationError, UsageError
from captchascope.image import MAX_BYTES, MAX_PIXELS, ImageSource
from captchascope.image import load as load_image
from captchascope.methods import Method, method_of
from captchascope.modelfile import ModelFile, open_model
from captchascope.records import GrayImage, Reading, RgbImage

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Reader", "load", "model_names", "model_path", "reader_of"]

_FOLDER = Path(__file__).parent / "models"

_BATCH = 256  # images that are read at once; half as many take a twentieth longer
_HELD = 1 << 26  # bytes of decoded images, which end a batch too

_STAND_INS = {"metu": "metu-glyphs"}  # where the first does not ship


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads captchas of the scheme that its model was trained on.

    Make one with ``load``. Threads may share it: reading changes nothing in it, ONNX Runtime and
    OpenCV work without Python's lock, and each call of ``read_many`` has its own order.

    Attributes:
        model: The opened model file.
        constraints: What the user said of the texts.
        min_confidence: Below this confidence the reader abstains.
        method: How the model reads: images to readings.
        path: The model's file, from which other processes make the same reader.
        pools: The processes of ``read_many``, by their number and the process that began them.
    """

    model: ModelFile
    constraints: Constraints
    min_confidence: float
    method: Method
    path: Path
    pools: dict[tuple[int, int], Executor] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def charset(self) -> Charset:
        """The characters that the model knows."""
        return self.model.metadata.charset

    def read(self, image: ImageSource) -> Reading:
        """Read one image: a path, bytes, an array of shape (H, W) or (H, W, 3), a PIL image.

        Raises:
            ImageError: If it cannot be decoded.
            SegmentationError: If it cannot be cut into glyphs.
        """
        return next(self.read_many([image]))

    def read_many(
        self,
        images: Iterable[ImageSource],
        *,
        jobs: int = 1,
        errors: Literal["raise", "return"] = "raise",
    ) -> Iterator[Reading]:
        """Read images lazily and in order.

        Args:
            images: As ``read`` takes them.
            jobs: Processes; 1 stays in this one. More are started when they are first needed, and
                kept for further calls until ``close``, or until the reader is gone.
            errors: ``raise`` stops at the first image that fails, ``return`` gives a reading with
                ``error`` set and goes on.
        Raises:
            ImageError, SegmentationError: As ``read``, where ``errors`` is ``raise``.
            UsageError: If ``jobs`` is below 1 or ``errors`` is neither.
        """
        if jobs < 1:
            raise UsageError("jobs", f"must be at least 1, not {jobs}", "give a positive number")
        if errors not in ("raise", "return"):
            raise UsageError("errors", f"cannot be {errors!r}", "'raise' or 'return'")
        return self._readings(images, jobs, errors == "raise")

    def _readings(self, images: Iterable[ImageSource], jobs: int, stop: bool) -> Iterator[Reading]:
        for reading in self._in_batches(images, jobs):
            if stop and (error := reading.error) is not None:
                del reading  # nor the error: its traceback holds this frame, and that the reader
                try:
                    raise error
                finally:
                    del error
            yield reading

    def _in_batches(self, images: Iterable[ImageSource], jobs: int) -> Iterator[Reading]:
        if jobs > 1:
            from captchascope.parallel import read_in_processes

            yield from read_in_processes(self, images, jobs)
            return
        names: list[str | Path] = []
        loaded: list[GrayImage | RgbImage | ImageError] = []
        held = 0
        for image in images:
            names.append(_name_of(image))
            loaded.append(one := self._loaded(image))
            # The traceback of an error, which --debug shows, holds the file.
            held += MAX_BYTES if isinstance(one, ImageError) else one.nbytes
            if len(names) == _BATCH or held > _HELD:
                readings = self._read(names, loaded)
                names, loaded, held = [], [], 0
                yield from readings
        yield from self._read(names, loaded)

    def read_batch(
        self,
        images: Sequence[ImageSource],
        *,
        name: str | None = None,
        max_bytes: int = MAX_BYTES,
        max_pixels: int = MAX_PIXELS,
    ) -> list[Reading]:
        """Read some images at once; those that fail have ``error`` set.

        Args:
            images: As ``read`` takes them.
            name: What an error names instead of a path, ``<bytes>`` or ``<array>``.
            max_bytes: The limit of an encoded image.
            max_pixels: The limit of width times height.
        Raises:
            ModelError: If the network fails.
        """
        loaded = [self._loaded(image, name, max_bytes, max_pixels) for image in images]
        return self._read([name or _name_of(image) for image in images], loaded)

    def close(self) -> None:
        """End the processes that ``read_many`` has begun; it may be called again all the same."""
        while self.pools:
            self.pools.popitem()[1].shutdown(cancel_futures=True)

    def _read(
        self, names: Sequence[str | Path], loaded: Sequence[GrayImage | RgbImage | ImageError]
    ) -> list[Reading]:
        found = iter(self.method([item for item in loaded if not isinstance(item, ImageError)]))
        return [
            Reading(None, 0.0, error=item)
            if isinstance(item, ImageError)
            else self._finished(next(found), name)
            for item, name in zip(loaded, names, strict=True)
        ]

    def _loaded(
        self,
        image: ImageSource,
        name: str | None = None,
        max_bytes: int = MAX_BYTES,
        max_pixels: int = MAX_PIXELS,
    ) -> GrayImage | RgbImage | ImageError:
        channels = self.method.channels
        try:
            return load_image(
                image, channels, name=name, max_bytes=max_bytes, max_pixels=max_pixels
            )
        except ImageError as error:
            return error

    def _finished(self, reading: Reading, name: str | Path) -> Reading:
        """Withhold a text that is not sure enough, and say which image it was that failed."""
        if reading.confidence < self.min_confidence and reading.error is None:
            return replace(reading, text=None, abstained=True)
        if isinstance(reading.error, SegmentationError):
            named = SegmentationError(str(name), reading.error.what, reading.error.remedy)
            return replace(reading, error=named)
        return reading


def _name_of(image: ImageSource) -> str | Path:
    """Return what an error calls an image, once its bytes are no longer held."""
    return image if isinstance(image, str | Path) else "image"


def load(
    model: str | Path = "metu",
    *,
    charset: str | None = None,
    length: str | int | None = None,
    pattern: str | None = None,
    ignore_case: bool = False,
    min_confidence: float = 0.0,
) -> Reader:
    """Return a reader.

    Args:
        model: The name of a shipped model, or the path of a model file.
        charset: Read only these characters.
        length: Read only texts of so many characters: 6, "6" or "4-6". Where neither this nor a
            pattern is given, they are as long as the labels that the model was trained on.
        pattern: Read only texts that match this as a whole: classes, characters, {m,n}, ?, |.
        ignore_case: Take upper and lower case for one, and give lower case.
        min_confidence: Abstain below this confidence, 0 to 1.
    Raises:
        ModelError: If there is no such model, or its file cannot be used.
        UsageError: If a constraint is malformed, or the model can never satisfy it.

    Example:
        >>> captchascope.load("metu").read("captcha.jpeg").text
        '321404'
    """
    if not 0 <= min_confidence <= 1:
        raise UsageError("--min-confidence", f"must be 0 to 1, not {min_confidence}", "such as 0.9")
    rule = Constraints.parse(charset, length, pattern, ignore_case)
    return reader_of(model_path(model), rule, min_confidence)


def reader_of(path: str | Path, constraints: Constraints, min_confidence: float) -> Reader:
    """Return the reader of a model file under parsed constraints; errors as ``load``."""
    opened = open_model(path)
    method = method_of(opened, constraints)
    return Reader(opened, constraints, min_confidence, method, Path(path).absolute())


def model_names() -> list[str]:
    """Return the names of the models that ship."""
    return sorted({file.stem for file in _FOLDER.glob("*.onnx")} | {*_STAND_INS})


def model_path(model: str | Path) -> Path:
    """Return the file of a shipped model's name, or the path itself.

    Raises:
        ModelError: If it is neither a name nor the path of something.
    """
    if isinstance(model, str) and model in model_names():
        file = _FOLDER / f"{model}.onnx"
        return file if file.exists() else _FOLDER / f"{_STAND_INS[model]}.onnx"
    path = Path(model)
    if not _exists(path) and path.suffix != ".onnx":
        remedy = f"name one of {', '.join(model_names())}, or an .onnx file"
        raise ModelError(str(model), "no such model", remedy)
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no name that a file could have
        return False
