"""Reader: images in, texts out, by whichever method the model file holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from captchascope.charset import Charset
from captchascope.decode import Constraints, allowed, decode_glyphs
from captchascope.errors import (
    CaptchascopeError,
    ImageError,
    ModelError,
    SegmentationError,
    UsageError,
)
from captchascope.glyphs.inputs import NORMALISATION, InputSpec
from captchascope.glyphs.recognise import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.table import build
from captchascope.image import ImageSource, load_gray
from captchascope.modelfile import ModelFile, open_model
from captchascope.records import FloatArray, GrayImage, Reading

__all__ = ["Reader", "load", "model_names", "model_path", "reader_of"]

_FOLDER = Path(__file__).parent / "models"

_BATCH = 16  # images; 8 to 64 are equally fast

_ALIASES = {"metu": "metu-glyphs"}  # until the segmentation-free model ships


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads captchas of the scheme that its model was trained on; safe to share by threads.

    Make one with ``load``.

    Attributes:
        model: The opened model file.
        constraints: What is known about the texts beforehand.
        min_confidence: Below this confidence the reader abstains.
        recognise: Images to the probabilities of their characters.
        path: The model's file, from which other processes make the same reader.
    """

    model: ModelFile
    constraints: Constraints
    min_confidence: float
    recognise: GlyphRecogniser
    path: Path

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
            jobs: Processes; 1 stays in this one.
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
            if stop and reading.error is not None:
                raise reading.error
            yield reading

    def _in_batches(self, images: Iterable[ImageSource], jobs: int) -> Iterator[Reading]:
        if jobs > 1:
            from captchascope.parallel import read_in_processes

            yield from read_in_processes(self, images, jobs)
            return
        rest = iter(images)
        while batch := list(islice(rest, _BATCH)):
            yield from self.read_batch(batch)

    def read_batch(self, images: Sequence[ImageSource]) -> list[Reading]:
        """Read some images at once; those that fail have ``error`` set."""
        loaded = [_loaded(image) for image in images]
        found = iter(self.recognise([g for g in loaded if not isinstance(g, ImageError)]))
        return [
            _failed(gray) if isinstance(gray, ImageError) else self._reading(next(found), image)
            for gray, image in zip(loaded, images, strict=True)
        ]

    def _reading(self, found: FloatArray | SegmentationError, image: ImageSource) -> Reading:
        if isinstance(found, SegmentationError):
            return _failed(SegmentationError(_name(image), found.what, found.remedy))
        return self.decode(found)

    def decode(self, probabilities: FloatArray) -> Reading:
        """Return the reading of glyphs' probabilities, shape (N, C), under the constraints."""
        found = decode_glyphs(probabilities, self.charset, self.constraints)
        if found is None:
            return Reading(None, 0.0, abstained=True)
        if found.confidence < self.min_confidence:
            return Reading(None, found.confidence, found.chars, abstained=True)
        return Reading(found.text, found.confidence, found.chars)


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
        length: Read only texts of so many characters: 6, "6" or "4-6".
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
    recogniser = _recogniser(opened)
    _check_possible(constraints, opened.metadata.charset, recogniser.scheme)
    return Reader(opened, constraints, min_confidence, recogniser, Path(path).absolute())


def model_names() -> list[str]:
    """Return the names of the models that ship."""
    return sorted({file.stem for file in _FOLDER.glob("*.onnx")} | {*_ALIASES})


def model_path(model: str | Path) -> Path:
    """Return the file of a shipped model's name, or the path itself.

    Raises:
        ModelError: If it is neither a name nor the path of something.
    """
    if isinstance(model, str) and model in model_names():
        return _FOLDER / f"{_ALIASES.get(model, model)}.onnx"
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


def _recogniser(model: ModelFile) -> GlyphRecogniser:
    meta = model.metadata
    if meta.method != "glyphs":
        what = f"reads by the method {meta.method}, which this version does not know"
        raise ModelError(model.name, what, "upgrade captchascope")
    if meta.normalisation != NORMALISATION:
        what = f"wants the unknown normalisation {meta.normalisation!r}"
        raise ModelError(model.name, what, "upgrade captchascope")
    try:
        spec = build(InputSpec, meta.input)
        scheme = build(Scheme, meta.scheme)
        if scheme.charset != meta.charset.chars:
            raise ValueError("the charset is not the scheme's")
    except ValueError as error:
        raise ModelError(model.name, f"has unusable metadata: {error}", "train it again") from None
    return GlyphRecogniser(scheme, spec, meta.temperature, model.run)


def _check_possible(rule: Constraints, charset: Charset, scheme: Scheme) -> None:
    left = allowed(rule, charset)
    if not left.chars:
        remedy = f"it knows {charset.chars}"
        raise UsageError("--charset", "has nothing in common with the model's", remedy)
    count = scheme.split.count
    if rule.length is not None and not rule.length[0] <= count <= rule.length[1]:
        remedy = f"leave it away, or include {count}"
        raise UsageError("--length", f"the model reads {count} characters", remedy)
    if not left.possible(count):
        remedy = f"it reads {count} characters of {left.chars}"
        raise UsageError("--pattern", "matches no text that the model can read", remedy)


def _loaded(image: ImageSource) -> GrayImage | ImageError:
    try:
        return load_gray(image)
    except ImageError as error:
        return error


def _failed(error: CaptchascopeError) -> Reading:
    return Reading(None, 0.0, error=error)


def _name(image: ImageSource) -> str:
    return str(image) if isinstance(image, str | Path) else "image"
