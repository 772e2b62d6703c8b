"""The interface of the package ddddocr 1.6.1, read by the model ``any``.

    from captchascope.compat import ddddocr

    ddddocr.DdddOcr(show_ad=False).classification(data)

Only the import differs. What is the same, what differs and what is not there, docs/from-ddddocr.md
says; what is not there raises a ``DdddOcrInputError`` that says what to do. Nothing is printed.
"""

from __future__ import annotations

import base64
import builtins
import io
import string
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.errors import CaptchascopeError, ImageError, UsageError, likeliest
from captchascope.image import MAX_BYTES, MAX_PIXELS, load_rgb
from captchascope.image.decode import load_with_look
from captchascope.reader import Reader, load
from captchascope.records import RgbImage

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "DDDDOCRError",
    "DdddOcr",
    "DdddOcrInputError",
    "InvalidImageError",
    "TypeError",
    "base64_to_image",
    "get_img_base64",
]

Picture: TypeAlias = "bytes | str | PurePath | NDArray[Any] | Image"
"""What ``classification`` takes: encoded bytes, a path or base64 text, an array, or Pillow's."""

Hsv: TypeAlias = tuple[int, int, int]
"""OpenCV's hue, 0 to 180, and saturation and value, 0 to 255."""


class DDDDOCRError(CaptchascopeError):
    """Whatever goes wrong here; of that name in ``ddddocr.utils.exceptions``."""


class DdddOcrInputError(DDDDOCRError, UsageError):
    """An argument that cannot be used, or a feature that is not there."""


class InvalidImageError(DdddOcrInputError, ImageError):
    """An image that cannot be decoded; there, too, one of the arguments that cannot be used."""


_RANGES = (
    string.digits,
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.ascii_letters,
    string.ascii_lowercase + string.digits,
    string.ascii_uppercase + string.digits,
    string.ascii_letters + string.digits,
)
"""What the numbers 0 to 6 mean to ``set_ranges``; 7 is all the rest."""

_HUES = {
    "red": ((0, 10), (170, 180)),
    "orange": ((10, 20),),
    "yellow": ((20, 40),),
    "green": ((40, 80),),
    "cyan": ((80, 100),),
    "blue": ((100, 130),),
    "purple": ((130, 170),),
}
_COLOURS: dict[str, list[tuple[Hsv, Hsv]]] = {
    name: [((low, 50, 50), (high, 255, 255)) for low, high in hues] for name, hues in _HUES.items()
} | {
    "black": [((0, 0, 0), (180, 255, 50))],
    "gray": [((0, 0, 50), (180, 30, 200))],
    "white": [((0, 0, 200), (180, 30, 255))],
}
"""What each name of ``color_filter_colors`` lets through, both ends included."""


class DdddOcr:
    """Reads captchas as ddddocr's class of this name does.

    Threads may share one, as they may share a ``Reader``. Pickled, it keeps its ranges.

    Args:
        ocr: Must be True: no slider is matched here.
        det: Must be False: no objects are found here.
        old: Taken and without effect, as there is one model; not together with ``beta``.
        beta: Likewise.
        use_gpu: Read by ONNX Runtime's CUDA, which must be there.
        device_id: The GPU; must be 0 where one is used.
        show_ad: Taken and without effect: there is none.
        import_onnx_path: Must be empty: a model of theirs cannot be read.
        charsets_path: Must be empty, likewise.
    Raises:
        DdddOcrInputError: Where one of these asks for what is not there.
        UsageError: If there is to be a GPU, and ONNX Runtime has none.
    """

    def __init__(
        self,
        ocr: bool = True,
        det: bool = False,
        old: bool = False,
        beta: bool = False,
        use_gpu: bool = False,
        device_id: int = 0,
        show_ad: bool = True,
        import_onnx_path: str = "",
        charsets_path: str = "",
    ) -> None:
        if det:
            _refuse("det", "asks for the detection of objects", _KEEP)
        if not ocr:
            _refuse("ocr", "is False, which leaves the matching of sliders alone", _SLIDER)
        if import_onnx_path or charsets_path:
            name = "import_onnx_path" if import_onnx_path else "charsets_path"
            _refuse(name, "asks for a model in ddddocr's own form", _TRAIN)
        if old and beta:
            _refuse("old", "cannot be True together with beta", "choose one; they read alike here")
        if use_gpu and device_id != 0:
            _refuse("device_id", f"cannot be {device_id}", "choose by CUDA_VISIBLE_DEVICES")
        try:
            self._reader: Reader = load("any", providers=["cuda" if use_gpu else "cpu"])
        except UsageError as error:
            if not use_gpu or error.where != "providers":
                raise
            what = error.what.replace("has ", "needs ", 1)
            raise UsageError("use_gpu", what, error.remedy) from None

    @overload
    def classification(
        self,
        img: Picture,
        png_fix: bool = False,
        probability: Literal[False] = False,
        color_filter_colors: Sequence[str] | None = None,
        color_filter_custom_ranges: Sequence[tuple[Hsv, Hsv]] | None = None,
    ) -> str: ...

    @overload
    def classification(
        self,
        img: Picture,
        png_fix: bool = False,
        *,
        probability: Literal[True],
        color_filter_colors: Sequence[str] | None = None,
        color_filter_custom_ranges: Sequence[tuple[Hsv, Hsv]] | None = None,
    ) -> dict[str, Any]: ...

    def classification(
        self,
        img: Picture,
        png_fix: bool = False,
        probability: bool = False,
        color_filter_colors: Sequence[str] | None = None,
        color_filter_custom_ranges: Sequence[tuple[Hsv, Hsv]] | None = None,
    ) -> str | dict[str, Any]:
        """Return the text of an image, "" where there is none.

        Args:
            img: An image; a str is a file's path, or base64 text where there is no such file.
            png_fix: Taken and without effect: what is transparent is always laid on white.
            probability: Return a dict: ``text``; ``confidence``, the probability that all of it is
                right; ``charset``, "" for the blank and then the characters that the model knows;
                and ``probabilities``, as lists of shape (T, 1, K), of each of the K of the charset
                at each of T places from left to right, whatever the ranges are.
            color_filter_colors: Make all white but these: red, orange, yellow, green, cyan, blue,
                purple, black, gray, white.
            color_filter_custom_ranges: Likewise, all but what is from one colour to another.
        Raises:
            InvalidImageError: If the image cannot be decoded.
            DdddOcrInputError: If it is none, or a colour is not known or not one.
        """
        reader = self._reader  # one, whatever ranges another thread sets now
        source = Path(img) if isinstance(img, PurePath) else img
        ranges = _ranges_of(color_filter_colors, color_filter_custom_ranges)
        try:
            if ranges:
                source = _filtered(load_rgb(source), ranges)
            reading = reader.read(source)
            text = reading.text or ""
            if not probability:
                return text
            shares = _shares(reader, source)
        except ImageError as error:
            raise InvalidImageError(error.where, error.what, error.remedy) from error
        except builtins.TypeError:
            _refuse("img", f"is of type {type(img).__name__}", "give bytes, a path, or an image")
        return {
            "text": text,
            "probabilities": shares,
            "charset": self.get_charset(),
            "confidence": reading.confidence,
        }

    def set_ranges(self, charset_range: int | str | list[str]) -> None:
        """Read nothing but these characters from now on.

        Letters of one case alone stand for both, and are given in that case.

        Args:
            charset_range: The characters; or a number: 0 for digits, 1 for small letters, 2 for
                capitals, 3 for both, 4 for small letters and digits, 5 for capitals and digits, 6
                for all three, and 7 for whatever else the model knows. Characters that it does not
                know are left out.
        Raises:
            DdddOcrInputError: If it is no such number, none of the characters is known, or it is
                neither.
        """
        known = self._reader.charset
        if isinstance(charset_range, int | np.integer):
            if not 0 <= charset_range <= len(_RANGES):
                _refuse("charset_range", f"cannot be {charset_range}", "0 to 7, or characters")
            named = [*_RANGES, [char for char in known.chars if char not in _RANGES[-1]]]
            charset_range = [*named[charset_range]]
        given = _items("charset_range", charset_range, "give a number, or characters")
        chars = "".join(dict.fromkeys(c for c in given if isinstance(c, str) and c and c in known))
        if not chars:
            what = "names no character that the model `any` knows"
            _refuse("charset_range", what, "get_charset() lists those; or train on your own labels")
        options = replace(self._reader.options, charset=Charset(chars).written)
        self._reader = self._reader.with_options(options)

    def get_charset(self) -> list[str]:
        """Return "" for the blank, and the characters that the model knows."""
        return ["", *self._reader.charset.chars]

    def detection(self, img: object) -> NoReturn:
        """Raise a ``DdddOcrInputError``: no objects are found here."""
        _refuse("detection", "is not there", _KEEP)

    def slide_match(
        self, target_img: object, background_img: object, simple_target: bool = False
    ) -> NoReturn:
        """Raise a ``DdddOcrInputError``: no slider is matched here."""
        _refuse("slide_match", "is not there", _SLIDER)

    def slide_comparison(self, target_img: object, background_img: object) -> NoReturn:
        """Raise a ``DdddOcrInputError``: no slider is matched here."""
        _refuse("slide_comparison", "is not there", _SLIDER)

    def switch_device(self, use_gpu: bool, device_id: int = 0) -> NoReturn:
        """Raise a ``DdddOcrInputError``: what it reads on is chosen when it is made."""
        _refuse("switch_device", "is not there", "make another: DdddOcr(use_gpu=...)")

    def get_model_info(self) -> NoReturn:
        """Raise a ``DdddOcrInputError``: there is no model of ddddocr to tell of."""
        _refuse("get_model_info", "is not there", "captchascope.load('any').model tells of ours")

    def cleanup(self) -> None:
        """Do nothing: there is nothing to clean up."""


_KEEP = "this library reads text alone; keep ddddocr for it"
_SLIDER = "this library reads text alone; keep ddddocr for it, or call OpenCV's matchTemplate"
_TRAIN = "train on the same labels with captchascope train, then captchascope.load(FILE)"


def _refuse(where: str, what: str, remedy: str) -> NoReturn:
    raise DdddOcrInputError(where, what, remedy)


def _ranges_of(names: object, custom: object) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return what some names of colours let through, and the pairs of colours that were given.

    Raises:
        DdddOcrInputError: If one is neither.
    """
    ranges: list[Any] = []
    for name in _items("color_filter_colors", names, "give a list of names"):
        if not isinstance(name, str) or name.lower() not in _COLOURS:
            meant = likeliest(str(name), _COLOURS)
            remedy = f"{meant}give a list of {', '.join(_COLOURS)}"
            _refuse("color_filter_colors", f"cannot be {name!r}", remedy)
        ranges += map(np.array, _COLOURS[name.lower()])
    for pair in _items("color_filter_custom_ranges", custom, _PAIRS):
        try:
            bounds = np.array(pair)
        except ValueError:  # rows of unequal length
            bounds = np.array(None)
        if bounds.shape != (2, 3) or bounds.dtype.kind not in "iu":
            _refuse("color_filter_custom_ranges", f"cannot have {pair!r}", _PAIRS)
        ranges.append(np.clip(bounds, -1, 256))  # OpenCV takes no large ones
    return [(low, high) for low, high in ranges]


_PAIRS = "give a list of pairs of three whole numbers, such as ((100, 50, 50), (130, 255, 255))"


def _items(where: str, given: object, remedy: str) -> list[Any]:
    """Return what is gone through, nothing for None.

    Raises:
        DdddOcrInputError: If it cannot be gone through.
    """
    if given is None:
        return []
    if not isinstance(given, Iterable):
        _refuse(where, f"is of type {type(given).__name__}", remedy)
    return [*given]


def _filtered(image: RgbImage, ranges: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> RgbImage:
    """Return an image of shape (H, W, 3) with white where its colour is in no range."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    seen = [cv2.inRange(hsv, low, high) > 0 for low, high in ranges]
    return np.where(np.any(seen, axis=0)[..., None], image, np.uint8(255))


def _shares(reader: Reader, source: Any) -> list[list[list[float]]]:
    """Return the probabilities of blank and characters at each place, as ddddocr nests them."""
    channels, limits = reader.recogniser.spec.channels, (MAX_BYTES, MAX_PIXELS)
    image, _ = load_with_look(source, channels, None, limits, reader.preprocessing)
    shares = reader.recogniser.shares([image])[0]
    return [[[float(share) for share in place]] for place in shares]


def base64_to_image(img_base64: str) -> Image:
    """Return the image of base64 text, as Pillow opens it.

    Raises:
        InvalidImageError: If it is none.
        DdddOcrInputError: If it is no text.
    """
    from PIL import Image

    if not isinstance(img_base64, str | bytes):
        _refuse("img_base64", f"is of type {type(img_base64).__name__}", "give base64 text")

    try:
        return Image.open(io.BytesIO(base64.b64decode(img_base64, validate=True)))
    except (ValueError, OSError) as error:
        raise InvalidImageError("<base64>", "is no image", "give base64 of its file") from error


def get_img_base64(single_image_path: str | PurePath) -> str:
    """Return the bytes of a file as base64 text; errors as ``open``."""
    return base64.b64encode(Path(single_image_path).read_bytes()).decode("ascii")


TypeError = DdddOcrInputError  # noqa: A001 - this is what ddddocr exports under that name
