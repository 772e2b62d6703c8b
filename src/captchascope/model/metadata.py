"""The metadata of a model file: what it says of itself, held as strings by the ONNX file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import NoneType
from typing import Any, Literal, NoReturn, TypeAlias, cast, get_args

from captchascope.charset import Charset
from captchascope.errors import ModelError, UsageError
from captchascope.files import printable
from captchascope.image import Preprocessing

FORMAT = 1
"""The format that is written, and the newest that is read."""

FEWEST_CALIBRATING = 30
"""Validation texts below which nobody knows how right the confidences are."""

_Method: TypeAlias = Literal["glyphs", "whole"]

_AS_IT_IS = Preprocessing()
_MAX_VALUE = 2**20  # characters of one metadata value
_MAX_REASON = 200  # characters of what is wrong with one
_MAX_DIGITS = 40  # of a whole number; none of ours needs more, and each costs more than the last
_MAX_DEPTH = 16  # of JSON; a scheme has four
_TEMPERATURES = 1e-4, 1e4  # beyond them, logits are no numbers any more
_TRAIN = "train one with `captchascope train`"
TRAIN_AGAIN = "train it again with `captchascope train`"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a model file: what it says of itself.

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
        lengths: The fewest and most characters of the labels it was trained on; None where that
            is not known, as in files of before there was the key.
        unfamiliar: The distance from the training images above which an image is unfamiliar; None
            where the network gives none.
        preprocessing: What was done to the images that it was trained on.

    Raises:
        ValueError: If ``format`` is below 1, ``method`` unknown, ``temperature`` not between 1e-4
            and 1e4, ``lengths`` no range, or ``unfamiliar`` negative or not finite.
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
    lengths: tuple[int, int] | None = None
    unfamiliar: float | None = None
    preprocessing: Preprocessing = _AS_IT_IS

    def __post_init__(self) -> None:
        if self.format < 1:
            raise ValueError(f"format is {self.format}, not at least 1")
        if self.method not in get_args(_Method):
            known = " or ".join(get_args(_Method))
            raise ValueError(f"method is {self.method!r}, not {known}")
        if not _TEMPERATURES[0] <= self.temperature <= _TEMPERATURES[1]:
            raise ValueError(f"temperature is {self.temperature}, not a positive number")
        if self.lengths is not None and not 1 <= self.lengths[0] <= self.lengths[1]:
            raise ValueError(f"lengths are {self.lengths}, not fewest and most")
        if self.unfamiliar is not None and not 0 <= self.unfamiliar < math.inf:
            raise ValueError(f"unfamiliar is {self.unfamiliar}, not a distance")

    @property
    def num_classes(self) -> int:
        """The number of classes of the network; a glyph is never blank."""
        return len(self.charset.chars) + (self.method != "glyphs")

    def to_props(self) -> dict[str, str]:
        """Return the metadata as the strings that an ONNX file holds.

        Newer keys that say nothing are left out: such a file is as it was before there were any.

        Raises:
            ValueError: If a mapping holds a NaN or an infinity, which JSON lacks.
            TypeError: If a mapping holds what JSON cannot express.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values = {key: v for key, v in values.items() if v is not None or key not in _OPTIONAL}
        values["charset"] = self.charset.chars
        del values["preprocessing"]
        if self.preprocessing != _AS_IT_IS:
            values["preprocessing"] = asdict(self.preprocessing)
        return {
            key: value if isinstance(value, str) else json.dumps(value, allow_nan=False)
            for key, value in values.items()
        }

    @classmethod
    def from_props(cls, props: Mapping[str, str], where: str) -> Metadata:
        """Return the metadata that an ONNX file holds; unknown keys are passed over.

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
        keys = [key for key in _PARSERS if key in props or key not in _OPTIONAL]
        values: dict[str, Any] = {key: _parsed(props, key, where) for key in keys}
        try:
            return cls(**values)
        except ValueError as error:
            what = f"has invalid metadata: {printable(str(error)[:_MAX_REASON])}"
            raise ModelError(where, what, TRAIN_AGAIN) from error


def is_calibrated(metrics: Mapping[str, object]) -> bool:
    """Tell whether enough texts validated a model; one that doesn't say how many is taken at that.

    Args:
        metrics: What it reached on its validation images.
    """
    texts = metrics.get("validation_samples")
    return not isinstance(texts, int) or texts >= FEWEST_CALIBRATING


def _parsed(props: Mapping[str, str], key: str, where: str) -> object:
    """Return the value of one key, or raise a ModelError that names the key."""
    if key not in props:
        raise ModelError(where, f"lacks the metadata {key!r}", TRAIN_AGAIN)
    text = props[key]
    try:
        if len(text) > _MAX_VALUE:
            raise ValueError(f"it has more than {_MAX_VALUE:,} characters")
        return _PARSERS[key](text)
    except (ValueError, RecursionError) as error:
        reason = printable(str(error)[:_MAX_REASON])
        what = f"has invalid metadata {key!r}: {reason}"
        raise ModelError(where, what, TRAIN_AGAIN) from error


def _json(text: str) -> object:
    """Return what JSON says, if every reader of JSON would be told the same by it.

    Raises:
        ValueError: If it is no JSON, has a key twice, a number that is no number or beyond all
            bounds, or is nested too deeply.
    """
    value: object = json.loads(
        text,
        parse_constant=_refuse_constant,
        parse_int=_whole_number,
        parse_float=_finite_number,
        object_pairs_hook=_with_keys_once,
    )
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH + 1):
        level = [part for item in level for part in _parts(item)]
    if level:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    return value


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"it has a number of {len(digits):,} digits")
    return int(digits)


def _finite_number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _with_keys_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"it has the key {key[:40]!r} twice")
    return found


def _json_of(*kinds: type) -> Callable[[str], object]:
    """Return a parser of JSON values of exactly these types."""

    def parse(text: str) -> object:
        value = _json(text)
        if type(value) not in kinds:
            expected = " or ".join(_KINDS[kind] for kind in kinds)
            raise ValueError(f"it is {text[:40]!r}, not {expected}")
        return value

    return parse


def _range(text: str) -> tuple[int, int]:
    value = _json(text)
    if not isinstance(value, list) or [type(item) for item in value] != [int, int]:
        raise ValueError(f"it is {text[:40]!r}, not two whole numbers")
    return value[0], value[1]


def _preprocessing(text: str) -> Preprocessing:
    value = _json(text)
    known = {field.name for field in fields(Preprocessing)}
    if not isinstance(value, dict) or not value.keys() <= known:
        raise ValueError(f"it is {text[:40]!r}, not a JSON object of {', '.join(sorted(known))}")
    try:
        return Preprocessing(**value)
    except UsageError as error:
        raise ValueError(str(error)) from None


_OPTIONAL = frozenset(field.name for field in fields(Metadata) if field.default is not MISSING)

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
    "lengths": _range,
    "unfamiliar": float,
    "preprocessing": _preprocessing,
}
