"""Encoded images, arrays and images of Pillow to gray or RGB: 8 bits, upright, on white.

A plain JPEG (one or three components) or PNG (8-bit gray or RGB) goes through OpenCV; all the
rest goes through Pillow, which is imported when the first such image arrives, and is as fast.
Both give the same pixels, to within two levels:

- gray is 0.299 R + 0.587 G + 0.114 B, or the stored luma of a JPEG; colour profiles are ignored;
- transparency lies on white, as in a browser;
- 16 bits become 8 by dropping the lower ones;
- of an animation ``Preprocessing.frames`` says what counts;
- an EXIF orientation is applied, for the labels were typed from what a viewer shows.

The C libraries inside OpenCV and Pillow may write a line to stderr about damaged pixel data whose
framing is intact. Only redirecting the stderr of the whole process would stop that, so it is left
alone.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import CaptchascopeError, ImageError
from captchascope.files import Refusals, read_regular
from captchascope.image import ppm
from captchascope.image.datauri import holds_image, is_data_uri, shortened, unpacked
from captchascope.image.frames import MAX_BYTES, Animation, Look, animation_of, picture_of
from captchascope.image.header import Header, check_size, corrupted, read_header, truncated
from captchascope.image.ink import one_ink
from captchascope.image.preprocessing import Preprocessing
from captchascope.image.rows import side_by_side
from captchascope.records import GrayImage, RgbImage

if TYPE_CHECKING:
    from PIL import Image


Channels: TypeAlias = Literal[1, 3]
"""Of a decoded image: gray, or red, green and blue."""

MAX_PIXELS = 16_000_000
"""The largest width times height that is decoded, unless the caller says otherwise."""


class BinaryFile(Protocol):
    """What is open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


ImageSource: TypeAlias = (
    "Path | str | bytes | bytearray | memoryview | NDArray[Any] | Image.Image | BinaryFile"
)
"""A path, a data URI or base64 text, encoded bytes, an array, an image of Pillow, or a file."""

# No header that sends an image to OpenCV has an orientation; the flag makes sure of it.
_FLAGS = {
    1: cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
    3: cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
}
_FILE = Refusals(
    ImageError, "an image", "read it and pass the bytes", "save it smaller, or raise max_bytes"
)
_AS_IT_IS = Preprocessing()
_ORIENTATION_TAG = 0x0112
_LONGEST_EXIF = 2**17  # a JPEG has half of it at most, in hexadecimal all
# How orientations 1 to 4 step through rows and columns; 5 to 8 do the same to the transpose.
_STEPS = ((1, 1), (1, -1), (-1, -1), (-1, 1))

# warnings.catch_warnings swaps the filters of the process: two threads inside it at once could
# leave the swapped ones behind. A fork waits until no other thread is inside, as the child would
# find the lock held, the filters swapped and Pillow half imported, by a thread that it hasn't.
_PILLOW_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_PILLOW_LOCK.acquire,
        after_in_parent=_PILLOW_LOCK.release,
        after_in_child=_PILLOW_LOCK.release,
    )


def load_gray(
    source: ImageSource,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> GrayImage:
    """Decode an image to gray.

    Example:
        >>> load_gray(np.zeros((50, 150, 3), np.uint8)).shape
        (50, 150)

    Args:
        source: The path of an image file; the bytes of one (JPEG, PNG, GIF, BMP, WebP, AVIF, TIFF,
            PPM, or base64 text of such); a str that is a data URI, or base64 of an image and no
            file's path; a file open for reading bytes, which is read from its beginning where it
            can be rewound; an image of Pillow, of which the current frame counts; or an array of
            shape (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA, of type uint8, uint16 (0 to
            65535) or bool. Floats are refused, for 1.0 may be white or nearly black.
        name: What an error names instead of the path, ``<base64>``, ``<bytes>``, ``<file>``,
            ``<array>`` or ``<image>``.
        max_bytes: The limit of the encoded length; a file above it is not read.
        max_pixels: The limit of width times height; an image above it is not decoded.

    Returns:
        Shape (H, W), 0 black to 255 white, C-contiguous, sharing no memory with ``source``.

    Raises:
        ImageError: If there is no such file, or it cannot be read, is empty, too large,
            truncated, corrupted or of no supported format; or an array has no fitting shape or
            type.
        TypeError: If ``source`` is of none of these kinds.
    """
    return load_image(source, 1, name=name, max_bytes=max_bytes, max_pixels=max_pixels)


def load_rgb(
    source: ImageSource,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> RgbImage:
    """Decode an image to colour: shape (H, W, 3) RGB; all else as ``load_gray``.

    Example:
        >>> load_rgb(np.zeros((50, 150), np.uint8)).shape
        (50, 150, 3)
    """
    return load_image(source, 3, name=name, max_bytes=max_bytes, max_pixels=max_pixels)


def load_image(
    source: ImageSource,
    channels: Channels,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    preprocessing: Preprocessing = _AS_IT_IS,
) -> GrayImage | RgbImage:
    """Decode an image to gray for one channel, to RGB for three; see ``load_gray``.

    Args:
        source: See ``load_gray``.
        channels: 1 or 3.
        name: See ``load_gray``.
        max_bytes: See ``load_gray``.
        max_pixels: See ``load_gray``; also of all frames together that an animation needs.
        preprocessing: Which frames of an animation count, and what is done to the image then.

    Raises:
        ImageError: As ``load_gray``; or if the image holds no such frame, no such rows, or nothing
            in such an ink.
    """
    limits = max_bytes, max_pixels
    return load_with_look(source, channels, name, limits, preprocessing)[0]


def load_with_look(
    source: ImageSource,
    channels: Channels,
    name: str | None = None,
    limits: tuple[int, int] = (MAX_BYTES, MAX_PIXELS),
    preprocessing: Preprocessing = _AS_IT_IS,
) -> tuple[GrayImage | RgbImage, Look | None]:
    """Return what ``load_image`` does, and what it is of where the image is an animation."""
    ink, rows, max_pixels = preprocessing.ink, preprocessing.rows, limits[1]
    wanted = _Wanted(channels if ink is None else 3, preprocessing.frames, max_pixels)
    (image, look), where = _decoded(source, wanted, name, limits[0])
    if ink is not None:
        image = levels_of(one_ink(image, ink, where), channels, where, max_pixels)
    return image if rows == 1 else side_by_side(image, rows, where), look


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an image is decoded to: its channels, the frames that count, and the most pixels."""

    channels: Channels
    frames: str | int
    max_pixels: int


_Pixels: TypeAlias = tuple[GrayImage | RgbImage, Look | None]


def _decoded(
    source: ImageSource, wanted: _Wanted, name: str | None, max_bytes: int
) -> tuple[_Pixels, str]:
    """Return the pixels with what they are of, and what an error names."""
    channels, max_pixels = wanted.channels, wanted.max_pixels
    if isinstance(source, (str, Path, bytes, bytearray, memoryview)):
        data, where = _data_of(source, name, max_bytes)
        return _decode(data, wanted, where), where
    if isinstance(source, np.ndarray):
        where = "<array>" if name is None else name
        return (levels_of(np.asarray(source), channels, where, max_pixels), None), where
    # A caller that holds an image of Pillow has imported Pillow.
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(source, pillow.Image):
        where = "<image>" if name is None else name
        check_size(where, source.width, source.height, max_pixels)
        with quiet_pillow(where, source.format or "image"):
            levels = _upright(_pixels(source, where), source, channels, where, max_pixels)
        return (levels, None), where
    if hasattr(source, "read"):
        where = "<file>" if name is None else name
        return _decode(bytes_of(source, where, max_bytes), wanted, where), where
    what = "a path, bytes, an array, a PIL image or an open file"
    raise TypeError(f"an image is {what}, not {type(source)!r}")


def _data_of(
    source: Path | str | bytes | bytearray | memoryview, name: str | None, max_bytes: int
) -> tuple[bytes, str]:
    """Return the bytes of a file, of a text, or as they are, and what an error names.

    A str is a path unless it is a data URI; one that leads to no file may be base64 text.
    """
    if isinstance(source, (str, Path)) and not (isinstance(source, str) and is_data_uri(source)):
        where = shortened(str(source)) if name is None else name
        try:
            return read_regular(Path(source), max_bytes, _FILE, where), where
        except ImageError:
            if not isinstance(source, str) or not holds_image(source.encode("utf-8", "replace")):
                raise
    if isinstance(source, (str, Path)):
        where = "<base64>" if name is None else name
        data = str(source).encode("utf-8", "replace")
    else:
        where = "<bytes>" if name is None else name
        data = source if isinstance(source, bytes) else memoryview(source).tobytes()
    _FILE.check_size(where, len(data), max_bytes)
    return data, where


def bytes_of(file: BinaryFile, where: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return what an open file holds, from its beginning where it can be rewound.

    Raises:
        ImageError: If there are more than ``max_bytes``, or it cannot be read.
        TypeError: If it gives neither bytes nor text.
    """
    parts: list[bytes] = []
    size = 0
    try:
        if (seek := getattr(file, "seek", None)) is not None:
            with suppress(OSError):  # a pipe has it, and cannot
                seek(0)
        while part := file.read(max_bytes + 1 - size):
            text = cast("bytes | str", part)  # of a file open as text, which may hold base64
            parts.append(text.encode() if isinstance(text, str) else memoryview(text).tobytes())
            size += len(parts[-1])
            _FILE.check_size(where, size, max_bytes)
    except (ImageError, TypeError):
        raise
    except Exception as error:  # it may be closed, an answer that breaks off, or damaged gzip
        raise ImageError(where, f"cannot be read: {error}", "open it for reading bytes") from error
    return b"".join(parts)


def _decode(data: bytes, wanted: _Wanted, where: str) -> _Pixels:
    data = unpacked(data, where)
    header = read_header(data, where, wanted.max_pixels)
    data = data if header.kept is None else header.kept
    if header.plain is None and (animation := animation_of(data, header.codec)) is not None:
        return _decode_animation(data, header, animation, wanted, where)
    if isinstance(wanted.frames, int) and wanted.frames > 1:
        what = f"is no animation, and has no frame {wanted.frames}"
        raise ImageError(where, what, "look at it as it is: frames auto")
    return _decode_still(data, header, wanted.channels, where, wanted.max_pixels), None


def _decode_still(
    data: bytes, header: Header, channels: Channels, where: str, max_pixels: int
) -> GrayImage | RgbImage:
    if header.codec == "SVG":
        from captchascope.image.svg import rendered  # a parser of XML, only where it is needed

        data = rendered(data, where, max_pixels)
        header = read_header(data, where, max_pixels)
    if header.codec == "PPM":
        return levels_of(ppm.decoded(data, where, max_pixels), channels, where, max_pixels)
    if header.plain is None:
        return _decode_with_pillow(data, header.codec, channels, where, max_pixels)
    encoded = np.frombuffer(header.plain, np.uint8)
    try:
        levels = cast("GrayImage | None", cv2.imdecode(encoded, _FLAGS[channels]))
    except cv2.error as error:
        raise corrupted(where, header.codec) from error
    if levels is None or levels.shape[1::-1] != header.size:
        raise corrupted(where, header.codec)
    if channels == 3:
        return cast("RgbImage", cv2.cvtColor(levels, cv2.COLOR_BGR2RGB, dst=levels))
    return levels


def _decode_animation(
    data: bytes, header: Header, animation: Animation, wanted: _Wanted, where: str
) -> _Pixels:
    """Decode the frames that count, each as a viewer shows it, and make one picture of them."""
    needed = animation.needed(wanted.frames)
    animation.check(animation.size or header.size or (0, 0), needed, where, wanted.max_pixels)
    frames: list[RgbImage] = []
    with quiet_pillow(where, header.codec) as pillow:
        opener = opener_of(pillow, header.codec)
        with opener(BytesIO(data), "") as image:
            # A PNG may have an image for viewers that show no animation, and is then no frame.
            first = int(getattr(image, "default_image", False))
            for number in range(first, first + needed):
                image.seek(number)
                pixels = _pixels(image, where)
                frames.append(_upright(pixels, image, 3, where, wanted.max_pixels))
    picture, look = picture_of(frames, animation.frames, wanted.frames)
    return levels_of(picture, wanted.channels, where, wanted.max_pixels), look


def opener_of(pillow: ModuleType, codec: str) -> Any:
    """Return Pillow's class of a format, imported where it is a rare one."""
    pillow.preinit()
    if codec not in pillow.OPEN:
        pillow.init()
    return pillow.OPEN[codec][0]


@cache
def first_frame(gif: type) -> Any:
    """Return Pillow's class of a GIF, but for what its first frame leaves to a second one.

    Opening it would make room for that, as large as the frame, before its size can be told.
    """
    return type("FirstFrame", (gif,), {"disposal_method": property(lambda _: 0, lambda *_: None)})


def _decode_with_pillow(
    data: bytes, codec: str, channels: Channels, where: str, max_pixels: int
) -> GrayImage | RgbImage:
    if codec == "TIFF":  # of a missing directory Pillow tells only that it is no TIFF
        start = int.from_bytes(data[4:8], "little" if data.startswith(b"II") else "big")
        if start + 2 > len(data):
            raise truncated(where, codec)
    with quiet_pillow(where, codec) as pillow:
        if codec == "AVIF":
            _require_avif(where)
        opener = opener_of(pillow, codec)
        if codec == "GIF":
            opener = first_frame(opener)
        # Image.open would refuse a bomb before its size can be told, and warn of a small one.
        with opener(BytesIO(data), "") as image:
            check_size(where, image.width, image.height, max_pixels)
            limit = pillow.MAX_IMAGE_PIXELS
            if limit is not None and image.width * image.height > 2 * limit:
                raise pillow.DecompressionBombError
            if codec == "JPEG" and channels == 1:  # the stored luma, as OpenCV has it
                image.draft("L", image.size)
            return _upright(_pixels(image, where), image, channels, where, max_pixels)


def _require_avif(where: str) -> None:
    """Check that this Pillow decodes AVIF, as it does from 11.3 on unless it was built without."""
    from PIL import features

    if not features.check("avif"):
        what = "is an AVIF image, which the installed Pillow cannot decode"
        raise ImageError(where, what, "pip install --upgrade pillow, or convert it to PNG first")


@contextmanager
def quiet_pillow(where: str, codec: str) -> Iterator[ModuleType]:
    """Give the module of Pillow; it says nothing here, and what it raises becomes an ImageError."""
    with _PILLOW_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from PIL import Image

        try:
            yield Image
        except Image.DecompressionBombError as error:
            what = "is too large: Pillow takes it for a decompression bomb"
            raise ImageError(where, what, "shrink or crop it") from error
        except CaptchascopeError:
            raise
        except Exception as error:  # its plugins let whatever their parsing stumbles over escape
            early = any(
                isinstance(one, EOFError | IndexError | struct.error)
                for one in (error, error.__cause__)
            )
            told = str(error).lower()
            early = early or "truncated" in told or "not enough image data" in told
            raise (truncated if early else corrupted)(where, codec) from error


def _pixels(image: Image.Image, where: str) -> NDArray[Any]:
    """Return the pixels in one of the shapes and types that an array may have."""
    if image.mode.startswith("I;16"):
        deep = np.array(image)
        deep[deep == image.info.get("transparency", -1)] = 0xFFFF
        return deep
    if image.mode == "I" and image.format == "PPM":  # 16 bits, which it scales to
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F", "LAB"):
        what = f"has pixels of the mode {image.mode}, which could be shown in many ways"
        raise ImageError(where, what, "convert it to 8-bit gray or RGB first")
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))


def _upright(
    pixels: NDArray[Any], image: Image.Image, channels: Channels, where: str, max_pixels: int
) -> GrayImage | RgbImage:
    """Return ``pixels`` in gray or RGB, turned as the metadata of ``image`` says."""
    levels = levels_of(pixels, channels, where, max_pixels)
    try:
        held = len(image.info.get("exif", b"")) + len(image.info.get("Raw profile type exif", ""))
        orientation = 1 if held > _LONGEST_EXIF else image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # what cannot be parsed turns nothing
        return levels
    # What makes no sense is none, as viewers have it.
    if not isinstance(orientation, int) or not 2 <= orientation <= 8:
        return levels
    down, right = _STEPS[(orientation - 1) % 4]
    return (levels.swapaxes(0, 1) if orientation > 4 else levels)[::down, ::right].copy()


def levels_of(
    pixels: NDArray[Any], channels: Channels, where: str, max_pixels: int
) -> GrayImage | RgbImage:
    """Return shape (H, W) for one channel, (H, W, 3) RGB for three.

    Args:
        pixels: Shape (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or bool.
        channels: What is wanted.
        where: What an error names.
        max_pixels: The limit of H times W.

    Returns:
        C-contiguous, sharing no memory with ``pixels``.

    Raises:
        ImageError: If the shape or the type is another one, or there are too many pixels.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        what = f"has the shape {pixels.shape}, not (H, W) or (H, W, 1, 3 or 4)"
        raise ImageError(where, what, "pass one image at a time; encoded data as bytes")
    height, width = pixels.shape[:2]
    check_size(where, width, height, max_pixels)
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "b":
        pixels = pixels * np.uint8(255)
    elif kind == "u" and size == 2:
        pixels = pixels >> 8
    elif kind != "u" or size > 2:
        remedy = "make it uint8, 0 black to 255 white"
        if kind == "f":
            remedy += "; from 0.0 to 1.0: (pixels * 255).round().astype(np.uint8)"
        raise ImageError(where, f"has pixels of type {pixels.dtype}", remedy)
    levels = np.array(pixels, dtype=np.uint8, order="C")
    if levels.ndim == 3 and levels.shape[2] == 4:
        return on_white(levels, channels)
    if levels.ndim == 3 and levels.shape[2] == 3:
        return levels if channels == 3 else _converted(levels, cv2.COLOR_RGB2GRAY)
    gray = levels.reshape(height, width)
    return gray if channels == 1 else _converted(gray, cv2.COLOR_GRAY2RGB)


def on_white(rgba: NDArray[np.uint8], channels: Channels) -> GrayImage | RgbImage:
    """Composite shape (H, W, 4) on white, as gray or RGB."""
    alpha = rgba[:, :, 3]
    if channels == 3:
        alpha = _converted(alpha, cv2.COLOR_GRAY2RGB)
        colour = _converted(rgba, cv2.COLOR_RGBA2RGB)
    else:
        colour = _converted(rgba, cv2.COLOR_RGBA2GRAY)
    # Only the darkness is weighted by the alpha; OpenCV rounds, and no product lies halfway.
    darkness = cv2.bitwise_not(colour, dst=colour)
    veiled = cv2.multiply(darkness, alpha, dst=darkness, scale=1 / 255)
    return cast("GrayImage | RgbImage", cv2.bitwise_not(veiled, dst=veiled))


def _converted(levels: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    return cast("NDArray[np.uint8]", cv2.cvtColor(levels, code))
