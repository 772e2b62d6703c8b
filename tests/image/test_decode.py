"""Arrays: every shape and type to the same gray and the same RGB, and the others refused."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, features

from captchascope.errors import ImageError
from captchascope.image import Channels, ImageSource, load_gray, load_image, load_rgb
from captchascope.image.decode import on_white
from captchascope.records import GrayImage

BOTH: tuple[Channels, ...] = (1, 3)


def _picture() -> NDArray[np.uint8]:
    """Return many colours, shape (24, 37, 4), that fade out to the left."""
    rows, columns = np.mgrid[0:24, 0:37]
    channels = (rows * 10, columns * 6, 255 - rows * 5 - columns * 3, columns * 7)
    return np.stack(channels, axis=2).astype(np.uint8)


RGBA = _picture()
RGB = np.ascontiguousarray(RGBA[:, :, :3])
GRAY = np.array(Image.fromarray(RGB).convert("L"))


def _wanted(pixels: NDArray[np.uint8], channels: Channels) -> NDArray[np.uint8]:
    """Return what Pillow makes of an image on white."""
    white = Image.new("RGBA", (pixels.shape[1], pixels.shape[0]), "white")
    white.alpha_composite(Image.fromarray(pixels).convert("RGBA"))
    return np.array(white.convert("L" if channels == 1 else "RGB"))


def _distance(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Return the largest difference in levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("channels", BOTH)
@pytest.mark.parametrize("pixels", [GRAY, RGB, RGBA], ids=["gray", "RGB", "RGBA"])
def test_arrays_of_every_shape_and_type(channels: Channels, pixels: NDArray[np.uint8]) -> None:
    """Gray, RGB and RGBA on white, of 8 and 16 bits, also as a view, come out alike."""
    wanted = _wanted(pixels, channels)
    deep = pixels.astype(np.uint16) * 256 + 77
    for source in (pixels, deep, deep.astype(">u2")):
        assert _distance(load_image(source, channels), wanted) <= 2
    assert _distance(load_image(pixels[:, ::-1], channels), wanted[:, ::-1]) <= 2


def test_colour_is_exact_and_gray_is_the_same_three_times() -> None:
    """Nothing is lost on the way to RGB."""
    assert _distance(load_image(RGB, 3), RGB) == 0
    assert _distance(load_image(GRAY, 3), np.repeat(GRAY[..., None], 3, axis=2)) == 0
    assert _distance(load_image(GRAY[..., None], 3), load_image(GRAY, 3)) == 0


@pytest.mark.parametrize("channels", BOTH)
def test_a_bool_is_black_or_white(channels: Channels) -> None:
    """True is white."""
    assert (
        _distance(
            load_image(GRAY > 99, channels), load_image((GRAY > 99) * np.uint8(255), channels)
        )
        == 0
    )


@given(level=st.integers(0, 255), alpha=st.integers(0, 255))
def test_compositing_rounds_to_the_nearest_level(level: int, alpha: int) -> None:
    """In both, for every level and alpha, whatever the position in the row."""
    rgba = np.full((2, 33, 4), (level, level, level, alpha), np.uint8)
    exact = 255 - (255 - level) * alpha / 255
    for channels in BOTH:
        assert np.abs(on_white(rgba, channels) - exact).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("channels", BOTH)
def test_an_array_is_copied(channels: Channels) -> None:
    """Writing into the result leaves the source alone, also a read-only one."""
    for source in (GRAY.copy(), GRAY.T.copy().T, GRAY[:, :, None].copy(), RGB.copy(), RGBA.copy()):
        kept = source.copy()
        source.flags.writeable = False
        levels = load_image(source, channels)
        assert (levels.flags.c_contiguous, levels.flags.writeable) == (True, True)
        assert not np.shares_memory(levels, source)
        levels[:] = 7
        assert _distance(source, kept) == 0


def _refusal(source: NDArray[Any]) -> str:
    with pytest.raises(ImageError) as caught:
        load_gray(source)
    assert caught.value.remedy
    return caught.value.what


def test_what_is_no_image() -> None:
    """Floats may mean anything, and a batch is too much."""
    for dtype in (np.float32, np.int64, np.uint32, object):
        assert f"type {np.dtype(dtype)}" in _refusal(np.zeros((4, 5), dtype))
    for shape in ((20,), (2, 4, 5, 3), (3, 4, 5), (4, 5, 2)):
        assert f"shape {shape}" in _refusal(np.zeros(shape, np.uint8))
    assert "0 x 5 pixels" in _refusal(np.zeros((5, 0), np.uint8))


WIDTH, HEIGHT = 37, 24
IMAGE_BOTH: tuple[Channels, ...] = (1, 3)
BLACK = Image.new("RGB", (WIDTH, HEIGHT))
ANIMATED: dict[str, Any] = {"save_all": True, "append_images": [BLACK]}  # which shows nothing


def _image_picture(mode: str = "RGB") -> Image.Image:
    """Return a smooth picture of many colours, whose left half is see-through in RGBA."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    alpha = np.where(columns < WIDTH // 2, columns * 14, 255)
    channels = (rows * 10, columns * 6, 255 - rows * 5 - columns * 3, alpha)
    colour = Image.fromarray(np.stack(channels, axis=2).astype(np.uint8))
    return colour if mode == "RGBA" else colour.convert("RGB").convert(mode)


def _encoded(codec: str, image: Image.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, codec, **options)
    return buffer.getvalue()


def _exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def _expected(mode: str = "RGB", channels: Channels = 1) -> NDArray[np.uint8]:
    """Return ``_picture`` on white, by Pillow."""
    white = Image.new("RGBA", (WIDTH, HEIGHT), "white")
    white.alpha_composite(_image_picture(mode).convert("RGBA"))
    return np.array(white.convert("L" if channels == 1 else "RGB"))


def _image_distance(one: GrayImage, other: NDArray[Any]) -> int:
    """Return the largest difference in levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def _image_refusal(source: Any, **options: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load_gray(source, **options)
    assert caught.value.remedy
    return caught.value


def _load_or_refuse(data: bytes) -> GrayImage | None:
    """Return None for an ImageError; let any other exception fail the test."""
    try:
        return load_gray(data)
    except ImageError:
        return None


MODES = {"JPEG": "RGB L CMYK", "PNG": "RGB L P 1 RGBA LA", "GIF": "P", "BMP": "RGB P 1"}
MODES |= {"WEBP": "RGB RGBA", "TIFF": "RGB RGBA CMYK", "PPM": "RGB L 1"}
MODES |= {"AVIF": "RGB RGBA"} if "avif" in features.get_supported_modules() else {}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("JPEG RGB progressive", {"progressive": True}),
    ("PNG RGB animated", ANIMATED),
    ("GIF P animated", ANIMATED),
    ("WEBP RGBA lossless", {"lossless": True}),
    ("WEBP RGB animated", {"lossless": True, **ANIMATED}),
    ("TIFF RGB LZW", {"compression": "tiff_lzw"}),
    ("TIFF 1 fax", {"compression": "group4"}),
]
VARIANTS += [(f"{codec} {mode}", {}) for codec in MODES for mode in MODES[codec].split()]
FILES = {
    kind: _encoded(kind.split()[0], _image_picture(kind.split()[1]), **o) for kind, o in VARIANTS
}
JPEG, PNG, GIF = FILES["JPEG RGB"], FILES["PNG RGB"], FILES["GIF P"]


@pytest.mark.parametrize("channels", IMAGE_BOTH)
@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_same_pixels(kind: str, channels: Channels) -> None:
    """They are Pillow's own, as near as the format allows, whatever follows the end."""
    levels = load_image(FILES[kind], channels)
    assert (str(levels.dtype), levels.flags.c_contiguous) == ("uint8", True)
    lossy = kind.startswith(("JPEG", "AVIF")) or kind in ("WEBP RGB", "WEBP RGBA")
    tolerance = (12, 36)[channels > 1] if lossy else 2  # a JPEG's colours are coarse
    assert _image_distance(levels, _expected(kind.split()[1], channels)) <= tolerance
    assert (
        _image_distance(load_image(FILES[kind] + b"<!-- served in 3 ms -->" * 20, channels), levels)
        == 0
    )


def test_colour_is_red_green_and_blue() -> None:
    """In this order, by OpenCV, Pillow and from an array."""
    red = Image.new("RGB", (8, 8), (250, 5, 10))
    for source in (_encoded("PNG", red), _encoded("GIF", red), _encoded("JPEG", red), red):
        assert _image_distance(load_rgb(source), np.full((8, 8, 3), (250, 5, 10))) <= 3


@pytest.mark.parametrize("channels", IMAGE_BOTH)
@pytest.mark.parametrize("kind", ["JPEG RGB", "JPEG L", "PNG RGB", "PNG L"])
def test_opencv_and_pillow_agree(kind: str, channels: Channels) -> None:
    """Also on loud noise, where a JPEG's luma and its clipped RGB are 20 levels apart."""
    codec, mode = kind.split()
    noise = np.random.default_rng(0).integers(0, 256, (50, 150, 4), np.uint8)
    data = _encoded(codec, Image.fromarray(noise).convert(mode))
    turned = _encoded(codec, Image.fromarray(noise).convert(mode), exif=_exif(1))
    by_pillow = load_image(turned, channels)  # OpenCV is given nothing with an orientation
    assert _image_distance(load_image(data, channels), by_pillow) <= 2


@pytest.mark.parametrize("low", [0, 200])
def test_16_bits_become_8(low: int) -> None:
    """The upper byte is the level, in PNG, TIFF, a Pillow image and an array alike."""
    wanted = np.arange(256).reshape(8, 32)
    deep = (wanted * 256 + low).astype(np.uint16)
    image = Image.fromarray(deep)
    files = [_encoded(codec, image) for codec in ("PNG", "TIFF", "PPM")]
    sources: list[ImageSource] = [*files, image, deep.astype(">u2")]
    for source in sources:
        assert _image_distance(load_gray(source), wanted) == 0
        assert _image_distance(load_rgb(source), np.repeat(wanted[..., None], 3, axis=2)) == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "RGB"])
def test_a_transparent_colour_becomes_white(mode: str) -> None:
    """A colour declared transparent shows the white below, in 1, 8 and 16 bits and palettes."""
    black = (0, 0, 0) if mode == "RGB" else 0
    for codec in ("PNG", "GIF") if mode == "P" else ("PNG",):
        image = Image.new(mode, (4, 3), black)
        data = _encoded(codec, image, transparency=black)
        assert (load_gray(data).min(), load_rgb(data).min()) == (255, 255)


@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(("orientation", "turn"), [*enumerate((0, 3, 1, 5, 4, 6, 2), 2)])
def test_the_orientation_is_applied(codec: str, orientation: int, turn: int) -> None:
    """Every format comes out as a viewer shows it, mirrored and turned."""
    exact: dict[str, Any] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}
    data = _encoded(codec, _image_picture("L"), exif=_exif(orientation), **exact.get(codec, {}))
    wanted = np.array(_image_picture("L").transpose(Image.Transpose(turn)))
    for levels in (load_gray(data), load_rgb(data)):
        assert _image_distance(levels.reshape(*wanted.shape, -1)[:, :, -1], wanted) <= 2
        assert levels.flags.c_contiguous


@pytest.mark.parametrize("block", [_exif(9), b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x09"])
def test_a_senseless_orientation_is_ignored(block: bytes) -> None:
    """Damaged metadata is no reason not to read the pixels."""
    for codec in ("JPEG", "PNG"):
        data = _encoded(codec, _image_picture("L"), exif=block)
        assert _image_distance(load_gray(data), load_gray(FILES[f"{codec} L"])) == 0


@pytest.mark.parametrize("kind", FILES)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_prefix_is_refused_or_whole(kind: str, share: float) -> None:
    """Whatever is cut off, there is either an error or all of the picture."""
    gray = _load_or_refuse(FILES[kind][: int(share * len(FILES[kind]))])
    assert gray is None or _image_distance(gray, load_gray(FILES[kind])) == 0


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_raise_nothing_else(kind: str) -> None:
    """Damage gives a picture or an ImageError, whatever a decoder stumbles over."""
    chance = random.Random(kind)
    for changes in (1, 3, 10) * 8:
        data = bytearray(FILES[kind])
        for _ in range(changes):
            data[chance.randrange(min(len(data), 400))] = chance.randrange(256)
        _load_or_refuse(bytes(data))


@given(st.data(), st.integers(1, 9), st.integers(1, 9))
def test_a_png_round_trip_is_exact(data: st.DataObject, height: int, width: int) -> None:
    """What is saved as a gray PNG is read back level by level."""
    levels = data.draw(st.binary(min_size=height * width, max_size=height * width))
    gray = np.frombuffer(levels, np.uint8).reshape(height, width)
    assert np.array_equal(load_gray(_encoded("PNG", Image.fromarray(gray))), gray)


def test_a_decoder_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of OpenCV and a result of another size both mean corrupted data."""

    def throw(*_: object) -> None:
        raise cv2.error("out of memory")

    for decoder in (throw, lambda *_: None, lambda *_: np.zeros((1, 1), np.uint8)):
        monkeypatch.setattr(cv2, "imdecode", decoder)
        assert "corrupted" in _image_refusal(PNG).what


def test_paths_bytes_and_views_are_the_same(tmp_path: Path) -> None:
    """Wherever the bytes lie, the pixels are the same."""
    (path := tmp_path / "a.jpeg").write_bytes(JPEG)
    for source in (path, str(path), bytearray(JPEG), memoryview(JPEG)):
        assert _image_distance(load_gray(source), load_gray(JPEG)) == 0


def test_paths_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of bad path has its own words, and the path in front of them."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "loop").symlink_to("loop")
    wanted = {
        "none.png": "does not exist",
        "empty.png/a.png": "does not exist",
        "": "is a directory",
        "empty.png": "is empty",
        "loop": "cannot be read",
        "a\0b": "cannot be read",
    }
    for file, what in wanted.items():
        assert str(_image_refusal(tmp_path / file)).startswith(f"{tmp_path / file}: {what}")
    assert "not a regular file" in _image_refusal(os.devnull).what
    # Root is never denied, hence the stand-in.
    denied = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(denied))
    assert "may not be read" in _image_refusal(tmp_path / "empty.png").what


def test_the_name_replaces_the_place(tmp_path: Path) -> None:
    """Errors name the kind of source, or what the caller says."""
    for source, place in ((b"", "<bytes>"), (np.zeros(3), "<array>"), (BLACK, "<image>")):
        assert _image_refusal(source, max_pixels=1).where == place
        assert _image_refusal(source, max_pixels=1, name="upload").where == "upload"
    assert _image_refusal(tmp_path, name="upload").where == "upload"


def test_the_limits_hold_for_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes are not read, and too many pixels not decoded."""
    (path := tmp_path / "a.png").write_bytes(PNG)
    assert load_gray(path, max_bytes=len(PNG), max_pixels=WIDTH * HEIGHT).shape == (HEIGHT, WIDTH)
    for source in (path, *FILES.values(), BLACK, np.zeros((HEIGHT, WIDTH))):
        assert "too large: 37 x 24" in _image_refusal(source, max_pixels=WIDTH * HEIGHT - 1).what
    monkeypatch.delattr(Path, "open")
    for encoded in (path, PNG, memoryview(PNG)):
        assert "max_bytes" in _image_refusal(encoded, max_bytes=len(PNG) - 1).remedy


def test_a_bomb_by_pillows_own_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's limit gives an ImageError, and its warning does not get out."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    assert load_gray(GIF).shape == (HEIGHT, WIDTH)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind in ("GIF P", "BMP RGB", "TIFF RGB", "WEBP RGB", "PNG RGBA"):
        assert "decompression bomb" in _image_refusal(FILES[kind]).what


def _bomb(codec: str, side: int) -> bytes:
    """Return a file of so many pixels squared whose pixel data is nearly all missing."""
    words = struct.Struct("<HH").pack(side, side)
    if codec.startswith("GIF"):
        control = b"!\xf9\4\x08\0\0\0\0" if codec == "GIF disposed" else b""
        frame = control + b",\0\0\0\0" + words + b"\0\x08\2\x4c\1\0;"
        return b"GIF89a" + words + b"\0\0\0" + frame
    if codec == "BMP":
        return b"BM" + struct.pack("<8xIIiiHH24x9x", 54, 40, side, -side, 1, 24)
    if codec == "WEBP":
        corner = (side - 1).to_bytes(3, "little") * 2
        whole = _encoded("WEBP", _image_picture(), lossless=True)[12:]
        frame = b"\0\0\0\0\0\0" + corner + b"\x10\0\0\0" + whole
        chunks = b"VP8X\x0a\0\0\0\2\0\0\0" + corner + b"ANIM\6\0\0\0\0\0\0\0\0\0"
        chunks += b"ANMF" + struct.pack("<I", len(frame)) + frame
        return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
    tags = {256: side, 257: side, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: side, 279: side}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(entries) + bytes(68)


@pytest.mark.parametrize("side", [4096, 16_383])  # below what Pillow takes for a bomb, and above
@pytest.mark.parametrize("codec", ["GIF", "GIF disposed", "BMP", "TIFF", "WEBP"])
def test_a_bomb_is_refused_before_its_pixels_have_room(codec: str, side: int) -> None:
    """With memory for a fraction of them, the error is that of the size."""
    pytest.importorskip("resource")
    code = (
        "import resource, sys, cv2\n"
        "from PIL import Image; Image.init()\n"
        "from captchascope.image import load_gray\n"
        "held = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + 12_000_000,) * 2)\n"
        "try: load_gray(sys.stdin.buffer.read())\n"
        "except Exception as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=_bomb(codec, side), capture_output=True, check=True)
    what = f"is too large: {side} x {side} pixels, the limit is 16,000,000 in all"
    assert done.stdout.decode() == f"<bytes>: {what} (shrink or crop it, or raise max_pixels)\n"


@pytest.mark.parametrize("codec", ["GIF", "BMP", "TIFF"])
def test_a_header_that_breaks_off_is_truncated(codec: str) -> None:
    """Pillow only says that the file is not of the format."""
    whole = next(data for kind, data in FILES.items() if kind.startswith(codec))
    for length in {"GIF": (6, 10, 12), "BMP": (18, 30, 50), "TIFF": (4, 7, 8)}[codec]:
        assert "truncated" in _image_refusal(whole[:length]).what


def test_old_and_upside_down_bmp_headers_are_read() -> None:
    """A BMP may have a header of 12 bytes, and a negative height."""
    rows = bytes(range(12)) * 2
    old = b"BM" + struct.pack("<8xIIHHHH", 26, 12, 4, 2, 1, 24) + rows
    down = b"BM" + struct.pack("<8xIIiiHH24x", 54, 40, 4, -2, 1, 24) + rows
    assert load_gray(old).shape == load_gray(down).shape == (2, 4)


def test_big_endian_tiff_with_long_sides_is_read() -> None:
    """TIFF comes in both byte orders, and its sides in 2 or 4 bytes."""
    tags = {256: 4, 257: 2, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 2, 279: 8}
    entries = [struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags.items()]
    start = b"MM\0*" + struct.pack(">I", 16) + bytes(range(8))
    data = start + struct.pack(">H", len(tags)) + b"".join(entries) + bytes(4)
    assert load_gray(data).shape == (2, 4)


def test_what_is_no_source() -> None:
    """A number is a mistake of the caller."""
    with pytest.raises(TypeError, match="int"):
        load_gray(7)  # type: ignore[arg-type]


def test_avif_without_its_codec_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pillow that cannot decode it is told from a damaged file."""
    monkeypatch.setattr(features, "check", lambda codec: False)
    error = _image_refusal(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(20))
    assert "an AVIF image, which the installed Pillow cannot decode" in error.what
    assert "pip install --upgrade pillow" in error.remedy


def test_ppm_as_text_is_read() -> None:
    """Plain and raw, with comments in the header."""
    gray = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50
    plain = b"P2\n# by hand\n3 2\n255\n" + " ".join(map(str, gray.flat)).encode()
    assert np.array_equal(load_gray(plain + b"\n"), gray)
    assert np.array_equal(load_gray(_encoded("PPM", Image.fromarray(gray))), gray)
    assert "truncated" in _image_refusal(plain[:-4]).what


def test_images_of_pillow_are_like_their_files() -> None:
    """An opened image is read as its bytes would be, orientation included."""
    turned = _encoded("JPEG", _image_picture(), exif=_exif(6))
    for data in (PNG, FILES["PNG RGBA"], FILES["GIF P animated"], FILES["TIFF CMYK"], turned):
        with Image.open(BytesIO(data)) as opened:
            assert _image_distance(load_gray(opened), load_gray(data)) <= 2


def test_what_pillow_cannot_read() -> None:
    """A cut file, also of an opened image, and pixels without a known range are errors."""
    assert "truncated" in _image_refusal(GIF[:900]).what
    with Image.open(BytesIO(GIF[:900])) as opened:
        assert "truncated" in _image_refusal(opened).what
    for mode in ("I", "F", "LAB"):
        assert f"mode {mode}" in _image_refusal(Image.new(mode, (3, 2))).what


def test_a_plain_jpeg_does_not_import_pillow() -> None:
    """Cold start: Pillow is loaded for the first image that needs it, not before."""
    read = "load_gray(sys.stdin.buffer.read()); assert 'PIL' not in sys.modules"
    code = f"import sys; from captchascope.image import load_gray; {read}"
    done = subprocess.run([sys.executable, "-c", code], input=JPEG, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
