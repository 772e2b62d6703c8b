"""The models of a server, and the readers that requests ask of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError, ModelError, UsageError
from captchascope.files import printable
from captchascope.reader import Reader, load
from captchascope.records import Reading
from captchascope.web.settings import Limits

__all__ = ["Choice", "Readers", "bare", "names_of"]

_KEPT = 32  # constrained readers; they share their model, so each is small


_ANY = ReadOptions()


@dataclass(frozen=True, slots=True)
class Choice:
    """What one request asks for: a model, None for the first, and how it is to read."""

    model: str | None = None
    options: ReadOptions = _ANY

    def at_any_confidence(self) -> Choice:
        """Return the same choice of a reader that never abstains."""
        return replace(self, options=replace(self.options, min_confidence=0.0))

    @property
    def plain(self) -> bool:
        """Whether it is the first model, and nothing that has to be searched for."""
        return self.at_any_confidence() == Choice()


class Readers:
    """Every model is opened once; what requests ask for is laid over it and kept for a while.

    Not for several threads at once: one batch is read after the other.
    """

    def __init__(self, models: Sequence[str], limits: Limits) -> None:
        self._models = names_of(models)
        self._limits = limits
        self._opened: dict[str, Reader] = {}
        self._kept: OrderedDict[Choice, Reader] = OrderedDict()

    @property
    def names(self) -> list[str]:
        """The names that a request may ask for; the first is the default."""
        return list(self._models)

    def open(self) -> None:
        """Open every model.

        Raises:
            ModelError: If one cannot be used.
        """
        for name, model in self._models.items():
            self._opened[name] = load(model)

    @property
    def opened(self) -> dict[str, Reader]:
        """The models that are open, by name."""
        return dict(self._opened)

    @property
    def kept(self) -> int:
        """How many constrained readers are kept."""
        return len(self._kept)

    def read(self, images: Sequence[bytes], choice: Choice) -> list[Reading]:
        """Read images under what a request asks for; those that fail have ``error`` set.

        Raises:
            UsageError: If there is no such model, or a constraint is malformed or impossible.
            ModelError: If the model fails.
        """
        limits = self._limits  # narrower than a reader's own
        readings = self._reader(choice).read_batch(
            images, name="image", max_bytes=limits.body, max_pixels=limits.pixels
        )
        for reading in readings:
            if reading.error is not None:
                bare(reading.error)
        return readings

    def _reader(self, choice: Choice) -> Reader:
        """Return the reader of a choice; what one request asks for never changes another's."""
        key = choice.at_any_confidence()
        if key not in self._kept:
            self._kept[key] = self._constrained(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key].with_options(choice.options)

    def _constrained(self, choice: Choice) -> Reader:
        name = next(iter(self._models)) if choice.model is None else choice.model
        if name not in self._models:
            what = f"there is no {name}"
            raise UsageError("model", what, f"ask for one of {', '.join(self._models)}")
        if name not in self._opened:
            raise ModelError(name, "is not open yet", "try again in a second")
        return self._opened[name].with_options(choice.options)


def bare(error: CaptchascopeError) -> CaptchascopeError:
    """Return an error that is kept for an answer, without the frames that hold the image."""
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error


def names_of(models: Sequence[str]) -> dict[str, str]:
    """Return what each model is asked for as: its name, or its file's without ``.onnx``.

    Raises:
        UsageError: If two have one name, or there is none at all.
    """
    names = {
        printable(Path(model).stem if model.endswith(".onnx") else model): model for model in models
    }
    if len(names) != len(models) or not names:
        what = "names no model" if not names else "names two models that would be called the same"
        raise UsageError("models", what, "rename one of the files")
    return names
