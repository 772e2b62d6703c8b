"""The models of a server, and the readers that requests ask of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captchascope.decode import Constraints
from captchascope.errors import CaptchascopeError, ModelError, UsageError
from captchascope.files import printable
from captchascope.reader import Reader, load, method_of
from captchascope.records import Reading
from captchascope.web.settings import Limits

__all__ = ["Choice", "Readers", "bare", "names_of"]

_KEPT = 32  # constrained readers; they share their model, so each is small


@dataclass(frozen=True, slots=True)
class Choice:
    """What one request asks for; the values are as ``captchascope.load`` takes them."""

    model: str | None = None
    charset: str | None = None
    length: str | int | None = None
    pattern: str | None = None
    ignore_case: bool = False
    min_confidence: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether it is the first model, and nothing that has to be searched for."""
        known = self.model, self.charset, self.length, self.pattern
        return not self.ignore_case and known == (None, None, None, None)


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
        if not 0 <= choice.min_confidence <= 1:
            what = f"must be 0 to 1, not {choice.min_confidence}"
            raise UsageError("min_confidence", what, "such as 0.9")
        key = replace(choice, min_confidence=0.0)
        if key not in self._kept:
            self._kept[key] = self._constrained(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return replace(self._kept[key], min_confidence=choice.min_confidence)

    def _constrained(self, choice: Choice) -> Reader:
        name = next(iter(self._models)) if choice.model is None else choice.model
        if name not in self._models:
            what = f"there is no {name}"
            raise UsageError("model", what, f"ask for one of {', '.join(self._models)}")
        if name not in self._opened:
            raise ModelError(name, "is not open yet", "try again in a second")
        try:
            rule = Constraints.parse(
                choice.charset, choice.length, choice.pattern, choice.ignore_case
            )
            model = self._opened[name].model
            return replace(self._opened[name], constraints=rule, method=method_of(model, rule))
        except UsageError as error:  # the option of the command line is the field of a request
            field = error.where.removeprefix("--").replace("-", "_")
            raise UsageError(field, error.what, error.remedy) from None


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
        raise UsageError("--model", what, "rename one of the files")
    return names
