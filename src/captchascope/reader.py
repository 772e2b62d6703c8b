"""The two ways of reading as a model file has them: images in, readings out, behind one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from captchascope.charset import Charset
from captchascope.ctc import inputs as whole_inputs
from captchascope.ctc.recogniser import Bucket, WholeRecogniser
from captchascope.decode import (
    Constraints,
    Decoded,
    ReadOptions,
    allowed,
    decode_ctc,
    decode_glyphs,
)
from captchascope.errors import ImageError, ModelError, SegmentationError, UsageError
from captchascope.glyphs import inputs as glyph_inputs
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme
from captchascope.image import MAX_BYTES, MAX_PIXELS, Channels, ImageSource, load_image
from captchascope.model.file import ModelFile, open_model
from captchascope.records import FloatArray, GrayImage, Reading, RgbImage, build

if TYPE_CHECKING:
    from concurrent.futures import Executor


_SURE = 0.99  # a text that is as probable is not looked at again

_TRAIN_AGAIN = "train it again with `captchascope train`"


@dataclass(frozen=True, slots=True)
class GlyphMethod:
    """The way over glyphs.

    Attributes:
        recognise: Images to the probabilities of their glyphs.
        charset: The alphabet.
        rule: What the texts may be.
    """

    recognise: GlyphRecogniser
    charset: Charset
    rule: Constraints

    @property
    def channels(self) -> Channels:
        """What an image is decoded to: gray."""
        return 1

    def __call__(self, images: Sequence[GrayImage]) -> list[Reading]:
        """Return one reading for each image; those that cannot be cut have ``error`` set."""
        return [self._reading(found) for found in self.recognise(images)]

    def decode(self, probabilities: FloatArray) -> Reading:
        """Return the reading of glyphs' probabilities, shape (N, C), under the constraints."""
        return Reading.of(decode_glyphs(probabilities, self.charset, self.rule))

    def _reading(self, found: FloatArray | SegmentationError) -> Reading:
        if isinstance(found, SegmentationError):
            return Reading(None, 0.0, error=found)
        return self.decode(found)


@dataclass(frozen=True, slots=True)
class WholeMethod:
    """The way without segmentation.

    Attributes:
        name: The model, for errors.
        recognise: Images to logits.
        charset: The alphabet.
        rule: What the texts may be.
        temperature: What the logits are divided by, so that the confidences are honest.
        unfamiliar: The distance above which an image is unfamiliar; None where none is.
    """

    name: str
    recognise: WholeRecogniser
    charset: Charset
    rule: Constraints
    temperature: float
    unfamiliar: float | None

    @property
    def channels(self) -> Channels:
        """What an image is decoded to: 1 for gray, 3 for RGB."""
        return self.recognise.spec.channels

    def __call__(self, images: Sequence[GrayImage | RgbImage]) -> list[Reading]:
        """Return one reading for each image, whatever the others are.

        An image that is not read surely is looked at again, and then counts what several looks
        together say.

        Raises:
            ModelError: If the network fails, or gives what cannot be decoded.
        """
        read: dict[int, Reading] = {}
        for bucket in self.recognise(images):
            read.update(zip(bucket.places, self._readings(bucket), strict=True))
        return [read[place] for place in range(len(images))]

    def _readings(self, bucket: Bucket) -> Iterator[Reading]:
        decoded = self._decoded(bucket.logits, False)
        unsure = [i for i, one in enumerate(decoded) if one is None or one.confidence < _SURE]
        if unsure:
            again = self._decoded(self.recognise.again(bucket, unsure))
            for i, one in zip(unsure, again, strict=True):
                decoded[i] = one
        if bucket.distances is None or self.unfamiliar is None:
            return map(Reading.of, decoded)
        strange = [not distance <= self.unfamiliar for distance in bucket.distances.tolist()]
        return map(Reading.of, decoded, strange)

    def _decoded(self, logits: FloatArray, search: bool = True) -> list[Decoded | None]:
        span = self.recognise.spec.span
        try:
            return decode_ctc(logits, self.charset, self.rule, self.temperature, span, search)
        except ValueError as error:
            what = f"gives what cannot be decoded: {error}"
            raise ModelError(self.name, what, _TRAIN_AGAIN) from error


Method: TypeAlias = GlyphMethod | WholeMethod


def method_of(model: ModelFile, rule: Constraints) -> Method:
    """Return the way in which a model reads, under constraints.

    Where neither a length nor a pattern is given, the texts of a model without segmentation are
    as long as the labels that it was trained on.

    Raises:
        ModelError: If the metadata cannot be used.
        UsageError: If the model can never satisfy the constraints.
    """
    known = {"glyphs": glyph_inputs.NORMALISATION, "whole": whole_inputs.NORMALISATION}
    meta = model.metadata
    if meta.normalisation != known[meta.method]:
        what = f"wants the unknown normalisation {meta.normalisation!r}"
        raise ModelError(model.name, what, "upgrade captchascope")
    try:
        return _glyphs(model, rule) if meta.method == "glyphs" else _whole(model, rule)
    except ValueError as error:
        raise ModelError(model.name, f"has unusable metadata: {error}", _TRAIN_AGAIN) from None


def _glyphs(model: ModelFile, rule: Constraints) -> GlyphMethod:
    meta = model.metadata
    spec = build(glyph_inputs.InputSpec, meta.input)
    scheme = build(Scheme, meta.scheme)
    if scheme.charset != meta.charset.chars:
        raise ValueError("the charset is not the scheme's")
    count = scheme.split.count
    if rule.length is not None and not rule.length[0] <= count <= rule.length[1]:
        remedy = f"leave it away, or include {count}"
        raise UsageError("length", f"the model reads {count} characters", remedy)
    _check_possible(rule, meta.charset, count)
    recogniser = GlyphRecogniser(scheme, spec, meta.temperature, model.run)
    return GlyphMethod(recogniser, meta.charset, rule)


def _whole(model: ModelFile, rule: Constraints) -> WholeMethod:
    meta = model.metadata
    spec = build(whole_inputs.WholeSpec, meta.input)
    if rule.length is None and rule.pattern is None:
        rule = replace(rule, length=meta.lengths)
    _check_possible(rule, meta.charset)
    recogniser = WholeRecogniser(spec, model.run_with_distance)
    return WholeMethod(
        model.name, recogniser, meta.charset, rule, meta.temperature, meta.unfamiliar
    )


def _check_possible(rule: Constraints, charset: Charset, count: int | None = None) -> None:
    """Refuse what no text of the model satisfies, of ``count`` characters where it is given."""
    left = allowed(rule, charset)
    if not left.chars:
        remedy = f"it knows {charset.chars}"
        raise UsageError("charset", "has nothing in common with the model's", remedy)
    if not left.possible(count):
        remedy = f"it reads {'' if count is None else f'{count} characters of '}{left.chars}"
        where = "length" if rule.pattern is None else "pattern"
        raise UsageError(where, "matches no text that the model can read", remedy)


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
        options: What the user said of the texts, and how sure the reader must be.
        method: How the model reads: images to readings.
        path: The model's file, from which other processes make the same reader.
        pools: The processes of ``read_many``, by their number and the process that began them.
    """

    model: ModelFile
    options: ReadOptions
    method: Method
    path: Path
    pools: dict[tuple[int, int], Executor] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def charset(self) -> Charset:
        """The characters that the model knows."""
        return self.model.metadata.charset

    def with_options(self, options: ReadOptions) -> Reader:
        """Return a reader of the same opened model under other options; errors as ``load``."""
        method = self.method
        if replace(options, min_confidence=self.options.min_confidence) != self.options:
            method = method_of(self.model, options.constraints())
        return Reader(self.model, options, method, self.path)

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
        if reading.confidence < self.options.min_confidence and reading.error is None:
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
        pattern: Read only texts that match this regular expression as a whole.
        ignore_case: Take upper and lower case for one, and give lower case.
        min_confidence: Abstain below this confidence, 0 to 1.
    Raises:
        ModelError: If there is no such model, or its file cannot be used.
        UsageError: If a constraint is malformed, or the model can never satisfy it.

    Example:
        >>> captchascope.load("metu").read("captcha.jpeg").text
        '321404'
    """
    options = ReadOptions(charset, length, pattern, ignore_case, min_confidence)
    return reader_of(model, options)


def reader_of(model: str | Path, options: ReadOptions) -> Reader:
    """Return the reader of a model; errors as ``load``."""
    constraints, path = options.constraints(), model_path(model)
    opened = open_model(path)
    return Reader(opened, options, method_of(opened, constraints), Path(path).absolute())


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
