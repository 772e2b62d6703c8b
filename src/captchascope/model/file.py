"""A model file: an ONNX graph that carries all that is needed to use it in its metadata.

Nothing of a file reaches ONNX Runtime before ``onnxwalk`` has seen the whole of it, and ``cost``
has told what it takes to run. ONNX Runtime is imported when the first file is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from captchascope.errors import ModelError, UsageError
from captchascope.files import printable
from captchascope.model.cost import MAX_BYTES, check_cost
from captchascope.model.metadata import TRAIN_AGAIN, Metadata
from captchascope.model.onnxwalk import read_graph, read_model, read_props
from captchascope.records import FloatArray

if TYPE_CHECKING:
    import onnxruntime


_MAX_REASON = 300  # characters of what ONNX Runtime says

_FLOATS = "tensor(float)"
_WIDEST = 4096  # pixels, of an image that a network may be made for
_DISTANCE = "distance"  # the name of the second output, where there is one

_PROVIDER = "ExecutionProvider"  # how the names of all of them end
_CUDA, _CPU = f"CUDA{_PROVIDER}", f"CPU{_PROVIDER}"
_FATAL = 4  # the only severity that ONNX Runtime may report on stderr

# What C++'s own exceptions become on their way through ONNX Runtime's bindings.
_BINDING_ERRORS = (ArithmeticError, LookupError, MemoryError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An opened model; threads may share it.

    Attributes:
        name: What errors call it: the path, or the name that was given with the bytes.
        metadata: What it says of itself.
        classes: How many classes the network tells apart.
        session: ONNX Runtime's side of it, with one input; all is of 32-bit floats.
        takes: The name of the input.
        gives: The names of the outputs: the logits, and the distance where the graph has it.
        at_once: How many images ONNX Runtime gets at once; more go through it in turn.
    """

    name: str
    metadata: Metadata
    classes: int
    session: onnxruntime.InferenceSession
    takes: str
    gives: tuple[str, ...]
    at_once: int

    @property
    def provider(self) -> str:
        """The execution provider that runs it; what that cannot do, the CPU does."""
        return str(self.session.get_providers()[0])

    def run(self, batch: FloatArray) -> FloatArray:
        """Return the logits of a batch of the shape that ``metadata.input`` describes.

        Returns:
            Shape (..., ``classes``).

        Raises:
            ModelError: If the graph does not take the batch, fails on it, or gives another number
                of classes.
        """
        return self._outputs(batch, self.gives[:1])[0]

    def run_with_distance(self, batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return the logits, and how far each image is from what the network was trained on.

        Returns:
            As ``run``; and shape (B,), or None where the graph does not tell.

        Raises:
            ModelError: As ``run``, or if there are not logits, and one distance, for each image.
        """
        logits, *distances = self._outputs(batch, self.gives)
        if logits.shape[:1] != (len(batch),):
            what = f"gives logits of the shape {logits.shape} for {len(batch)} images"
            raise ModelError(self.name, what, TRAIN_AGAIN)
        if not distances:
            return logits, None
        if distances[0].shape != (len(batch),):
            what = f"gives distances of the shape {distances[0].shape} for {len(batch)} images"
            raise ModelError(self.name, what, TRAIN_AGAIN)
        return logits, distances[0]

    def _outputs(self, batch: FloatArray, names: Sequence[str]) -> list[FloatArray]:
        if len(batch) > self.at_once:
            parts = [batch[at : at + self.at_once] for at in range(0, len(batch), self.at_once)]
            found = zip(*(self._outputs(part, names) for part in parts), strict=True)
            return [np.concatenate(outputs) for outputs in found]
        try:
            outputs = cast("list[FloatArray]", self.session.run(names, {self.takes: batch}))
        except _runtime_errors() as error:
            what = f"failed on a batch of the shape {batch.shape}: {_one_line(error)}"
            raise ModelError(self.name, what, TRAIN_AGAIN) from error
        _check_classes(self.name, self.classes, outputs[0].shape)
        return outputs


def open_model(
    path: Path | str, *, threads: int = 1, providers: Sequence[str] | None = None
) -> ModelFile:
    """Check and open a model file.

    Example:
        >>> open_model("metu.onnx").metadata.charset.chars
        '0123456789'

    Args:
        path: Of the file.
        threads: How many ONNX Runtime may use for one batch.
        providers: ONNX Runtime's execution providers, the preferred one first, by their names or
            the beginnings of these: ``cuda``, ``cpu``. None for CUDA where there is a GPU and this
            ONNX Runtime can use it, and else the CPU.

    Raises:
        UsageError: If ``threads`` is below 1, or one of the providers is unknown, not in this ONNX
            Runtime, or does not work on this machine: what is asked for is never left to the CPU.
        ModelError: If there is no such file, or it cannot be read, is empty, larger than
            ``MAX_MODEL_BYTES``, damaged, not captchascope's, of a newer format, has invalid
            metadata, holds what no network of captchascope has, such as data elsewhere, loops or
            other operators, costs more than ``cost`` allows, or is refused by ONNX Runtime.
    """
    data = read_model(Path(path))
    return open_model_bytes(data, printable(path), threads=threads, providers=providers)


def open_model_bytes(
    data: bytes, where: str, *, threads: int = 1, providers: Sequence[str] | None = None
) -> ModelFile:
    """Check and open the bytes of a model file as ``open_model`` does; errors name ``where``."""
    if threads < 1:
        raise UsageError("threads", f"must be at least 1, not {threads}", "such as 1")
    metadata = Metadata.from_props(read_props(data, where), where)
    wanted = metadata.num_classes
    widest = metadata.input.get("max_width")
    within = isinstance(widest, int) and 0 < widest <= _WIDEST
    cost = check_cost(read_graph(data, where), cast(int, widest) if within else _WIDEST, where)
    try:
        session = _session(data, threads, providers)
        session.disable_fallback()
        # Names and shapes are decoded as they are asked for, and may fail.
        inputs = [(port.name, port.type) for port in session.get_inputs()]
        outputs = [(port.name, port.type, port.shape) for port in session.get_outputs()]
    except _runtime_errors() as error:
        what = f"is refused by ONNX Runtime: {_one_line(error)}"
        raise ModelError(where, what, f"upgrade onnxruntime, or {TRAIN_AGAIN}") from error
    outputs = outputs[:1] + [port for port in outputs[1:] if port[0] == _DISTANCE]
    if len(inputs) != 1 or not outputs or {p[1] for p in (*inputs, *outputs)} != {_FLOATS}:
        what = "is not a network with one input and an output of 32-bit floats"
        raise ModelError(where, what, TRAIN_AGAIN)
    _check_classes(where, wanted, outputs[0][2])
    gives = tuple(port[0] for port in outputs)
    at_once = MAX_BYTES // max(cost.peak, 1)
    return ModelFile(where, metadata, wanted, session, inputs[0][0], gives, at_once)


def _session(
    data: bytes, threads: int, providers: Sequence[str] | None
) -> onnxruntime.InferenceSession:
    """Return a session that is silent and leaves the choice of parallelism to its callers."""
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # Otherwise "ORTM" at byte 4 makes it another format, which the walk knows nothing of.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # ONNX Runtime's own fallback would print to stdout, and its environment could change options.
    given = {"sess_options": options, "enable_fallback": 0, "read_config_from_model": 0}
    names = [_provider(name) for name in providers or ()]
    if _CUDA in (names or onnxruntime.get_available_providers()):
        _load_cuda()
        if not names:
            with suppress(*_runtime_errors()):  # built for CUDA, on a machine without it
                return onnxruntime.InferenceSession(data, providers=[_CUDA, _CPU], **given)
    reason = "it cannot be loaded, or finds no GPU"
    try:
        session = onnxruntime.InferenceSession(data, providers=names or [_CPU], **given)
    except _runtime_errors() as error:
        reason = _one_line(error)
        # Where this fails too, it is the model's fault.
        session = onnxruntime.InferenceSession(data, providers=[_CPU], **given)
    for name in names:
        if name not in session.get_providers():  # ONNX Runtime falls back to the CPU, and is silent
            what = f"has {name}, which does not work here: {reason}"
            remedy = "nvidia-smi shows whether there is a GPU" if name == _CUDA else "take another"
            raise UsageError("providers", what, remedy)
    return session


def _provider(name: str) -> str:
    """Return ONNX Runtime's name of a provider, of which the beginning may have been told.

    Raises:
        UsageError: If there is none of this name, or not in this ONNX Runtime.
    """
    import onnxruntime

    available = onnxruntime.get_available_providers()
    known = {each.lower(): each for each in (*onnxruntime.get_all_providers(), *available)}
    full = known.get(name.lower().removesuffix(_PROVIDER.lower()) + _PROVIDER.lower())
    if full in available:
        return str(full)
    remedy = f"choose one of {', '.join(available)}"
    if full == _CUDA:
        remedy = (
            "pip uninstall onnxruntime, then pip install onnxruntime-gpu in its place: both at "
            "once are in each other's way"
        )
    raise UsageError("providers", printable(f"has {name}, which this ONNX Runtime lacks"), remedy)


def _load_cuda() -> None:
    """Load the CUDA that came from pip, if any; ONNX Runtime would look for the system's alone."""
    import onnxruntime

    if hasattr(onnxruntime, "preload_dlls"):  # older ones have none
        with redirect_stdout(StringIO()):  # what is missing is said again, and on stderr
            onnxruntime.preload_dlls()


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime may raise: classes without a common root, more in each version."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    classes = [value for value in vars(state).values() if isinstance(value, type)]
    return (*(cls for cls in classes if issubclass(cls, Exception)), *_BINDING_ERRORS)


def _one_line(error: Exception) -> str:
    # Under some Pythons an error whose message is not UTF-8 has none.
    unsaid = f"{type(error).__name__}, whose reason cannot be decoded"
    text = printable(" ".join(str(error).split())) or unsaid
    return text if len(text) <= _MAX_REASON else f"...{text[-_MAX_REASON:]}"  # the end tells most


def _check_classes(where: str, wanted: int, shape: Sequence[object]) -> None:
    """Refuse an output whose last dimension is known and not the number of classes."""
    classes = shape[-1] if shape else None
    if isinstance(classes, int) and classes != wanted:
        what = f"tells {classes} classes apart, but its charset needs {wanted}"
        raise ModelError(where, what, TRAIN_AGAIN)
