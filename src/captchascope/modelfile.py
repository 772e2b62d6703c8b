"""A model file: an ONNX graph that carries all that is needed to use it in its metadata.

Nothing of a file reaches ONNX Runtime before ``onnxwalk`` has seen the whole of it. ONNX Runtime
is imported when the first file is opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, cast, get_args

from captchascope.charset import Charset
from captchascope.errors import ModelError
from captchascope.finding import printable
from captchascope.onnxwalk import MAX_BYTES, read_bytes, read_props
from captchascope.records import FloatArray

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["FORMAT", "MAX_BYTES", "Metadata", "ModelFile", "open_model", "open_model_bytes"]

FORMAT = 1
"""The format that is written, and the newest that is read."""

_Method: TypeAlias = Literal["glyphs", "whole"]

_MAX_VALUE = 2**20  # characters of one metadata value
_MAX_REASON = 300  # characters of what ONNX Runtime says
_TRAIN = "train one with `captchascope train`"
_TRAIN_AGAIN = "train it again with `captchascope train`"

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_FATAL = 4  # the only severity that ONNX Runtime may report on stderr

# What C++'s own exceptions become on their way through ONNX Runtime's bindings.
_BINDING_ERRORS = (ArithmeticError, LookupError, MemoryError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a model file says of itself.

    Attributes:
        format: The format of the file, see ``FORMAT``.
        method: Whether the network reads one glyph or the whole image.
        charset: The alphabet.
        input: What the network takes, such as ``{"kind": "glyph", "height": 24, "width": 14}``.
        normalisation: How gray levels become the network's input.
        scheme: The scheme that cuts the glyphs; None for a model that needs none.
        temperature: What the logits are divided by so that the confidences are right.
        version: The captchascope that trained it.
        seed: The seed of the training; None where there was none.
        data: A description of what it was trained on.
        metrics: What it reached on its validation images.

    Raises:
        ValueError: If ``format`` is below 1, ``method`` unknown, or ``temperature`` not a positive
            finite number.
    """

    format: int
    method: _Method
    charset: Charset
    input: Mapping[str, object]
    normalisation: str
    scheme: Mapping[str, object] | None
    temperature: float
    version: str
    seed: int | None
    data: str
    metrics: Mapping[str, object]

    def __post_init__(self) -> None:
        if self.format < 1:
            raise ValueError(f"format is {self.format}, not at least 1")
        if self.method not in get_args(_Method):
            known = " or ".join(get_args(_Method))
            raise ValueError(f"method is {self.method!r}, not {known}")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature is {self.temperature}, not a positive number")

    @property
    def num_classes(self) -> int:
        """The number of classes of the network; a glyph is never blank."""
        return len(self.charset.chars) if self.method == "glyphs" else self.charset.num_classes

    def to_props(self) -> dict[str, str]:
        """Return the metadata as the strings that an ONNX file holds.

        Raises:
            ValueError: If a mapping holds a NaN or an infinity, which JSON lacks.
            TypeError: If a mapping holds what JSON cannot express.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["charset"] = self.charset.chars
        return {
            key: value if isinstance(value, str) else json.dumps(value, allow_nan=False)
            for key, value in values.items()
        }

    @classmethod
    def from_props(cls, props: Mapping[str, str], where: str) -> Metadata:
        """Return the metadata that an ONNX file holds; unknown keys are passed over.

        Args:
            props: As ``to_props`` returns them.
            where: What an error names.

        Raises:
            ModelError: If the metadata is not captchascope's, of a newer format, incomplete or
                invalid.
        """
        if not props.keys() & {"format", "method", "charset"}:
            raise ModelError(where, "is an ONNX file, but not one of captchascope's", _TRAIN)
        newest = cast(int, _parsed(props, "format", where))
        if newest > FORMAT:
            what = f"has the format {newest}; this captchascope reads up to {FORMAT}"
            raise ModelError(where, what, "upgrade captchascope")
        values: dict[str, Any] = {key: _parsed(props, key, where) for key in _PARSERS}
        try:
            return cls(**values)
        except ValueError as error:
            raise ModelError(where, f"has invalid metadata: {error}", _TRAIN_AGAIN) from error


def _parsed(props: Mapping[str, str], key: str, where: str) -> object:
    """Return the value of one key, or raise a ModelError that names the key."""
    if key not in props:
        raise ModelError(where, f"lacks the metadata {key!r}", _TRAIN_AGAIN)
    text = props[key]
    try:
        if len(text) > _MAX_VALUE:
            raise ValueError(f"it has more than {_MAX_VALUE:,} characters")
        return _PARSERS[key](text)
    except (ValueError, RecursionError) as error:
        reason = printable(str(error)[:200])
        what = f"has invalid metadata {key!r}: {reason}"
        raise ModelError(where, what, _TRAIN_AGAIN) from error


def _json_of(*kinds: type) -> Callable[[str], object]:
    """Return a parser of JSON values of exactly these types."""

    def parse(text: str) -> object:
        value: object = json.loads(text, parse_constant=_refuse_constant)
        if type(value) not in kinds:
            expected = " or ".join(_KINDS[kind] for kind in kinds)
            raise ValueError(f"it is {text[:40]!r}, not {expected}")
        return value

    return parse


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_KINDS = {dict: "a JSON object", int: "a whole number", NoneType: "null"}

_PARSERS: dict[str, Callable[[str], object]] = {
    "format": _json_of(int),
    "method": str,
    "charset": Charset,
    "input": _json_of(dict),
    "normalisation": str,
    "scheme": _json_of(dict, NoneType),
    "temperature": float,
    "version": str,
    "seed": _json_of(int, NoneType),
    "data": str,
    "metrics": _json_of(dict),
}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An opened model; threads may share it.

    Attributes:
        name: What errors call it: the path, or the name that was given with the bytes.
        metadata: What it says of itself.
        session: ONNX Runtime's side of it, with one float input; its first output is float.
    """

    name: str
    metadata: Metadata
    session: onnxruntime.InferenceSession

    def run(self, batch: FloatArray) -> FloatArray:
        """Return the first output for a batch of the shape that ``metadata.input`` describes.

        Returns:
            Logits of the shape (..., ``metadata.num_classes``).

        Raises:
            ModelError: If the graph does not take the batch, fails on it, or gives another number
                of classes.
        """
        feed = {self.session.get_inputs()[0].name: batch}
        outputs = [self.session.get_outputs()[0].name]
        try:
            logits = cast("FloatArray", self.session.run(outputs, feed)[0])
        except _runtime_errors() as error:
            what = f"failed on a batch of the shape {batch.shape}: {_one_line(error)}"
            raise ModelError(self.name, what, _TRAIN_AGAIN) from error
        _check_classes(self.name, self.metadata, logits.shape)
        return logits


def open_model(path: Path | str) -> ModelFile:
    """Check and open a model file.

    Example:
        >>> open_model("metu.onnx").metadata.charset.chars
        '0123456789'

    Raises:
        ModelError: If there is no such file, or it cannot be read, is empty, larger than
            ``MAX_BYTES``, damaged, not captchascope's, of a newer format, has invalid metadata,
            needs external data or custom operators, or is refused by ONNX Runtime.
    """
    where = printable(path)
    return open_model_bytes(read_bytes(Path(path), where), where)


def open_model_bytes(data: bytes, where: str) -> ModelFile:
    """Check and open the bytes of a model file.

    Args:
        data: The whole file.
        where: What errors name.

    Raises:
        ModelError: As ``open_model`` does.
    """
    metadata = Metadata.from_props(read_props(data, where), where)
    try:
        session = _session(data)
        session.disable_fallback()
        # Names and shapes are decoded as they are asked for, and may fail.
        inputs = [(port.name, port.type) for port in session.get_inputs()]
        outputs = [(port.name, port.type, port.shape) for port in session.get_outputs()[:1]]
    except _runtime_errors() as error:
        what = f"is refused by ONNX Runtime: {_one_line(error)}"
        raise ModelError(where, what, f"upgrade onnxruntime, or {_TRAIN_AGAIN}") from error
    if [port[1] for port in (*inputs, *outputs)] != ["tensor(float)"] * 2 or not outputs:
        what = "is not a network with one input and an output of 32-bit floats"
        raise ModelError(where, what, _TRAIN_AGAIN)
    _check_classes(where, metadata, outputs[0][2])
    return ModelFile(where, metadata, session)


def _session(data: bytes) -> onnxruntime.InferenceSession:
    """Return a session that is silent and leaves the choice of parallelism to its callers."""
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # Otherwise "ORTM" at byte 4 makes it another format, which the walk knows nothing of.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # ONNX Runtime's own fallback would print to stdout, and its environment could change options.
    given = {"sess_options": options, "enable_fallback": 0, "read_config_from_model": 0}
    if _CUDA in onnxruntime.get_available_providers():
        with suppress(*_runtime_errors()):  # built for CUDA, on a machine without it
            return onnxruntime.InferenceSession(data, providers=[_CUDA, _CPU], **given)
    return onnxruntime.InferenceSession(data, providers=[_CPU], **given)


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime may raise: classes without a common root, more in each version."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    classes = [value for value in vars(state).values() if isinstance(value, type)]
    return (*(cls for cls in classes if issubclass(cls, Exception)), *_BINDING_ERRORS)


def _one_line(error: Exception) -> str:
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= _MAX_REASON else f"...{text[-_MAX_REASON:]}"  # the end tells most


def _check_classes(where: str, metadata: Metadata, shape: Sequence[object]) -> None:
    """Refuse an output whose last dimension is known and not the number of classes."""
    classes = shape[-1] if shape else None
    if isinstance(classes, int) and classes != metadata.num_classes:
        what = f"tells {classes} classes apart, but its charset needs {metadata.num_classes}"
        raise ModelError(where, what, _TRAIN_AGAIN)
