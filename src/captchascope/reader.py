"""A reader: images in, readings out, whatever the model's method, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from captchascope.charset import Charset
from captchascope.ctc import inputs as ctc_inputs
from captchascope.ctc.recogniser import CtcRecogniser
from captchascope.decode import Case, Constraints, ReadOptions
from captchascope.errors import (
    ImageError,
    ModelError,
    SegmentationError,
    UsageError,
    likeliest,
)
from captchascope.files import printable
from captchascope.glyphs import inputs as glyph_inputs
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.image import MAX_BYTES, MAX_PIXELS, ImageSource, Preprocessing
from captchascope.image.datauri import shortened
from captchascope.image.decode import load_with_look
from captchascope.image.frames import Look
from captchascope.model.file import ModelFile, open_model
from captchascope.model.metadata import TRAIN_AGAIN
from captchascope.records import FloatArray, GrayImage, Reading, RgbImage
from captchascope.sources import Source

if TYPE_CHECKING:
    from captchascope.parallel import Workers

Recogniser: TypeAlias = GlyphRecogniser | CtcRecogniser
"""How a model reads: images to readings."""

_Loaded: TypeAlias = tuple[GrayImage | RgbImage | ImageError, Look | None]
"""An image or why there is none, and what it is of where it is an animation."""

_FOLDER = Path(__file__).parent / "models"

_BATCH = 256  # images that are read at once; half as many take a twentieth longer
_SAMPLE, _FEW = 100, 16  # images that a scheme is inferred from, and decoded at once for it
_HELD = 1 << 26  # bytes of decoded images, which end a batch too

DEFAULT_MODELS = {"whole": "any", "glyphs": "metu-glyphs"}
"""The model of each method that is taken where none is named."""


def recogniser_of(model: ModelFile, rule: Constraints) -> Recogniser:
    """Return what reads by the method of a model, under constraints.

    Raises:
        ModelError: If the metadata cannot be used.
        UsageError: If the model can never satisfy the constraints.
    """
    meta = model.metadata
    known = {"glyphs": glyph_inputs.NORMALISATION, "whole": ctc_inputs.NORMALISATION}
    if meta.normalisation != known[meta.method]:
        what = f"wants the unknown normalisation {meta.normalisation[:40]!r}"
        raise ModelError(model.name, what, "upgrade captchascope")
    try:
        if meta.method == "glyphs":
            return GlyphRecogniser.of_model(model, rule)
        return CtcRecogniser.of_model(model, rule)
    except ValueError as error:
        what = f"has unusable metadata: {printable(str(error)[:200])}"
        raise ModelError(model.name, what, TRAIN_AGAIN) from None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reader:
    """Reads captchas of the scheme that its model was trained on.

    Make one with ``load``. Threads may share it: reading changes nothing in it, ONNX Runtime and
    OpenCV work without Python's lock, and each call of ``read_many`` has its own order. Where
    processes were begun, ``with`` ends them. A reader is equal to itself alone. Pickled, it is the
    path of its model and its options: the process that loads it opens the file anew.

    Attributes:
        model: The opened model file.
        options: What the user said of the texts, and how sure the reader must be.
        recogniser: How the model reads: images to readings.
        path: The model's file, from which other processes make the same reader.
        threads: How many ONNX Runtime may use for one batch.
        providers: ONNX Runtime's execution providers; None for its own choice.

    Example:
        >>> with captchascope.load() as reader:
        ...     texts = [reading.text for reading in reader.read_many(paths, jobs=2)]
    """

    model: ModelFile
    options: ReadOptions
    recogniser: Recogniser
    path: Path
    threads: int = 1
    providers: tuple[str, ...] | None = None
    _workers: dict[tuple[int, int], Workers] = field(default_factory=dict, init=False)

    def __repr__(self) -> str:
        name = self.path.stem if self.path.parent == _FOLDER else str(self.path)
        told = [repr(name), f"method={self.model.metadata.method!r}"]
        given = [(option, getattr(self.options, option.name)) for option in fields(self.options)]
        told += [f"{o.name}={value!r}" for o, value in given if o.init and value != o.default]
        return f"Reader({', '.join(told)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return reader_of, (self.path, self.options, self.threads, self.providers)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def charset(self) -> Charset:
        """The characters that the model knows."""
        return self.model.metadata.charset

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to every image first: as the model was trained, but for what is told."""
        return self.options.preprocessing(self.model.metadata.preprocessing)

    def with_options(self, options: ReadOptions) -> Reader:
        """Return a reader of the same opened model under other options; errors as ``load``."""
        recogniser = self.recogniser
        if replace(options, min_confidence=self.options.min_confidence) != self.options:
            recogniser = recogniser_of(self.model, options.constraints)
        return replace(self, options=options, recogniser=recogniser)

    def read(self, image: ImageSource) -> Reading:
        """Read one image: a path, bytes, an array of shape (H, W) or (H, W, 3), a PIL image.

        A data URI, base64 text and an open file will do as well; ``image.load_gray`` says how.

        Raises:
            ImageError: If it cannot be decoded, or is an array of several images.
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

        Where ``images`` raises, or gives what is no image, the readings of those before come first,
        and then its error, whatever ``errors`` says.

        Args:
            images: Each as ``read`` takes it. An array is a batch, of shape (N, H, W) or
                (N, H, W, 3).
            jobs: Processes; 1 stays in this one. More are started when they are first needed, and
                kept for further calls until ``close``, or until the reader is gone.
            errors: ``raise`` stops at the first image that fails, ``return`` gives a reading with
                ``error`` set and goes on.
        Raises:
            ImageError, SegmentationError: As ``read``, where ``errors`` is ``raise``.
            UsageError: If ``images`` is one image, ``jobs`` is below 1 or ``errors`` is neither.
        """
        if _is_one_image(images):
            raise UsageError("images", "is one image", "give a list of images, or call read")
        if jobs < 1:
            raise UsageError("jobs", f"must be at least 1, not {jobs}", "give a positive number")
        if errors not in ("raise", "return"):
            raise UsageError("errors", f"cannot be {errors!r}", "'raise' or 'return'")
        if jobs == 1:
            readings = self._in_batches(images)
        else:
            from captchascope.parallel import Workers

            key = os.getpid(), jobs  # what this process was forked with is not its own
            make, arguments = self.__reduce__()
            workers = self._workers.setdefault(key, Workers(partial(make, *arguments), jobs))
            readings = workers.read(images)
        return readings if errors == "return" else _until_an_error(readings)

    def _in_batches(self, images: Iterable[ImageSource]) -> Iterator[Reading]:
        names: list[str | Path] = []
        loaded: list[_Loaded] = []
        held = 0
        source = Source(images, lambda image: (_name_of(image), self._loaded(image)))
        for name, one in source:
            names.append(name)
            loaded.append(one)
            # The traceback of an error, which --debug shows, holds the file.
            held += MAX_BYTES if isinstance(one[0], ImageError) else one[0].nbytes
            if len(names) == _BATCH or held > _HELD:
                readings = self._read(names, loaded)
                names, loaded, held = [], [], 0
                yield from readings
        yield from self._read(names, loaded)
        source.raise_error()

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
        limits = max_bytes, max_pixels
        loaded = [self._loaded(image, name, limits) for image in images]
        return self._read([name or _name_of(image) for image in images], loaded)

    def inferred_options(self, images: Sequence[ImageSource]) -> ReadOptions | None:
        """Return these options with the charset and the length that images have in common.

        The images are of one scheme. A hundred of them, evenly chosen where there are more, are
        looked at, and the alphabet and the lengths are taken under which all of them together are
        most probable. What the options say already stays as it is.

        Args:
            images: Each as ``read`` takes it; those that fail are left out.
        Returns:
            None where no alphabet and no length is clearly more probable than any other.
        Raises:
            UsageError: If there is nothing to infer: there is a pattern, or a charset and a length.
            ModelError: If the network fails.

        Example:
            >>> reader = captchascope.load("any")
            >>> if (options := reader.inferred_options(paths)) is not None:
            ...     reader = reader.with_options(options)
        """
        from captchascope.decode.consistent import inferred_scheme

        if _is_one_image(images):
            raise UsageError("images", "is one image", "give a list of images")
        told = self.options.constraints
        for name in ("pattern", "length"):
            if getattr(told, name) is not None and (name == "pattern" or told.charset is not None):
                what = "leaves nothing to be inferred from the images"
                raise UsageError(name, what, "leave it away, or do not read consistently")
        count = min(len(images), _SAMPLE)
        chosen = [images[i * len(images) // count] for i in range(count)]
        shares: list[FloatArray] = []
        for first in range(0, len(chosen), _FEW):
            loaded = map(self._loaded, chosen[first : first + _FEW])
            shares += self.recogniser.shares(
                [image for image, _ in loaded if not isinstance(image, ImageError)]
            )
        scheme = inferred_scheme(shares, self.charset, told, self.recogniser.lengths)
        if scheme is None:
            return None
        low, high = scheme.length
        length = str(low) if low == high else f"{low}-{high}"
        narrower = told.charset is None and len(scheme.chars) < len(self.charset.chars)
        charset = Charset(scheme.chars).written if narrower else self.options.charset
        options = replace(self.options, charset=charset, length=length)
        return None if options.constraints == told else options

    def close(self) -> None:
        """End the processes that ``read_many`` has begun; it may be called again all the same."""
        for key in [key for key in self._workers if key[0] == os.getpid()]:
            self._workers.pop(key).close()

    def _loaded(
        self,
        image: ImageSource,
        name: str | None = None,
        limits: tuple[int, int] = (MAX_BYTES, MAX_PIXELS),
    ) -> _Loaded:
        try:
            channels = self.recogniser.spec.channels
            return load_with_look(image, channels, name, limits, self.preprocessing)
        except ImageError as error:
            return error, None

    def _read(self, names: Sequence[str | Path], loaded: Sequence[_Loaded]) -> list[Reading]:
        """Read what could be decoded, and keep what could not in its place."""
        found = iter(self.recogniser([i for i, _ in loaded if not isinstance(i, ImageError)]))
        readings, rows = [], self.preprocessing.rows
        for (item, look), name in zip(loaded, names, strict=True):
            if isinstance(item, ImageError):
                readings.append(Reading(None, 0.0, error=item))
                continue
            reading = next(found)
            if isinstance(error := reading.error, SegmentationError):
                named = SegmentationError(str(name), error.what, error.remedy)
                reading = replace(reading, error=named)
            elif self.options.solve and reading.value is None:
                reading = replace(reading, text=None, abstained=True)
            reading = reading.abstaining(self.options.min_confidence)
            if look is not None:
                reading = replace(reading, frames=str(look))
            readings.append(reading if rows == 1 else reading.in_rows(rows))
        return readings


def _until_an_error(readings: Iterator[Reading]) -> Iterator[Reading]:
    """Yield readings until one has failed, and raise its error."""
    for reading in readings:
        if (error := reading.error) is not None:
            del reading, readings  # nor the error: its traceback holds this frame
            try:
                raise error
            finally:
                del error
        yield reading


def _name_of(image: ImageSource) -> str | Path:
    """Return what an error calls an image, once its bytes are no longer held."""
    if isinstance(image, str):
        return shortened(image)
    return image if isinstance(image, Path) else "image"


def _is_one_image(images: object) -> bool:
    """Tell whether ``images`` is what ``read`` takes: most of that can be gone through, too."""
    if isinstance(images, np.ndarray):
        return images.ndim < 3 or (images.ndim == 3 and images.shape[2] in (1, 3, 4))
    single = str | Path | bytes | bytearray | memoryview
    opened = hasattr(images, "read")  # its lines would be gone through
    return isinstance(images, single) or opened or not isinstance(images, Iterable)


def load(
    model: str | Path = DEFAULT_MODELS["whole"],
    *,
    charset: str | None = None,
    length: str | int | None = None,
    pattern: str | None = None,
    ignore_case: bool = False,
    case: Case = "fold",
    min_confidence: float = 0.0,
    solve: bool = False,
    frames: str | int | None = None,
    rows: str | int | None = None,
    ink: str | None = None,
    threads: int = 1,
    providers: Sequence[str] | None = None,
) -> Reader:
    """Return a reader.

    Args:
        model: The name of a shipped model, or the path of a model file; ``any`` reads whatever
            scheme an image is of.
        charset: Read only these characters; ranges such as ``0-9a-z`` may be among them.
        length: Read only texts of so many characters: 6, "6" or "4-6". Where neither this nor a
            pattern is given, they are as long as the labels that the model was trained on.
        pattern: Read only texts that match this regular expression as a whole.
        ignore_case: Take upper and lower case for one, and give lower case.
        case: Where a charset or a pattern has letters of one case alone, ``fold`` takes upper and
            lower case for one and gives that case; ``keep`` reads nothing but that case.
        min_confidence: Abstain below this confidence, 0 to 1.
        solve: Abstain where the text is no sum, such as 3+5=?; the result is the reading's value.
        frames: Which frame of an animation is looked at: ``auto``, ``merge``, ``last``, ``first``,
            or its number from 1. None, here and below, for what the model was trained on.
        rows: In how many rows the text stands.
        ink: Look at what is written in this colour alone: a name such as ``red``, or ``#cc0000``;
            ``all`` for all colours.
        threads: How many ONNX Runtime may use for one batch; in each process, where there are more.
        providers: ONNX Runtime's execution providers, the preferred one first: ``cuda``, ``cpu`` or
            such a name as ``TensorrtExecutionProvider``. None for CUDA where it works, and else the
            CPU.
    Raises:
        ModelError: If there is no such model, or its file cannot be used.
        UsageError: If an option is malformed, or the model can never satisfy it; if a provider is
            not there, or does not work.

    Example:
        >>> captchascope.load().read("captcha.jpeg").text
        '321404'
    """
    options = ReadOptions(
        charset, length, pattern, ignore_case, case, min_confidence, solve, frames, rows, ink
    )
    return reader_of(model, options, threads, providers)


def reader_of(
    model: str | Path,
    options: ReadOptions,
    threads: int = 1,
    providers: Sequence[str] | None = None,
) -> Reader:
    """Return the reader of a model; arguments and errors as ``load``."""
    path = model_path(model)
    opened = open_model(path, threads=threads, providers=providers)
    recogniser = recogniser_of(opened, options.constraints)
    known = None if providers is None else tuple(providers)
    return Reader(opened, options, recogniser, path.absolute(), threads, known)


def model_names() -> list[str]:
    """Return the names of the models that ship."""
    return sorted(file.stem for file in _FOLDER.glob("*.onnx"))


def model_path(model: str | Path) -> Path:
    """Return the file of a shipped model's name, or the path itself.

    Raises:
        ModelError: If it is neither a name nor the path of something.
    """
    if isinstance(model, str) and model in model_names():
        return _FOLDER / f"{model}.onnx"
    path = Path(model)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # no name that a file could have
        exists = False
    if not exists and path.suffix != ".onnx":
        names = model_names()
        remedy = f"{likeliest(str(model), names)}name one of {', '.join(names)}, or an .onnx file"
        raise ModelError(str(model), "no such model", remedy)
    return path
