"""The header walk: an encoded image's format, size and completeness, before it is decoded.

Only the headers are looked at, with ``struct``; the pixel data is passed over by ``bytes.rfind``
and ``zlib.crc32``, so that the check costs microseconds. All others are left to Pillow, which
opens them without decoding. A WebP is not: Pillow's opening allocates its canvas, twice.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from captchascope.errors import ImageError
from captchascope.files import codec_by_start


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one encoded image.

    Attributes:
        codec: The format, by the name that Pillow has for it.
        size: Width and height in pixels, as stored, before any EXIF orientation; None where
            Pillow's opening tells it.
        plain: The bytes to give to OpenCV, or None for an image that Pillow must decode.
        kept: The bytes to give to Pillow in the place of the whole file, None for all of it.
    """

    codec: str
    size: tuple[int, int] | None = None
    plain: bytes | None = None
    kept: bytes | None = None


MAX_SIDE = 65_535
"""The longest side that is decoded, as JPEG and GIF have it: no decoder takes any longer one."""

# What a file may make a decoder repeat. Real ones stay far below: a progressive JPEG has a dozen
# scans and a hundred segments, a PNG a chunk for each 8 kB.
_MOST_SCANS = 100  # each costs a pass over all pixels, and takes a dozen bytes
_MOST_SEGMENTS = 1000
MOST_CHUNKS = 10_000
_SMALL, _SMALL_WORK = 2**16, 500_000_000  # bytes, and bytes times pixels: 0.05 s at most
MOST_BLOCKS = 70_000  # of a GIF, which has them full: 65,793 in the longest file
_MOST_PARTS = 25_000
_MOST_ENTRIES = 1000  # of a TIFF's directory
_SURPLUS = 64 * 2**20  # bytes behind the last row of a PNG, which libpng inflates: 0.1 s
_DEFLATE_RATIO = 1032  # the most bytes that one byte inflates to
_PIECE = 2**18  # bytes that are inflated at a time

_JPEG_SEGMENT = struct.Struct(">HH")
_JPEG_FRAME = struct.Struct(">BHHB")
_PNG_START = struct.Struct(">I4sIIBB")
_PNG_CHUNK = struct.Struct(">I4s")
_PNG_CRC = struct.Struct(">I")

# A marker that begins a segment: 0xFF 0 is a pixel's, a restart belongs to the scan, and 0xFF 1
# has no length that scans could hide in. Of fill bytes the last one counts: all are gone through
# once.
_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")
_FILL = re.compile(rb"\xff*")
_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}
_PLAIN_FRAMES = frozenset({0xFFC0, 0xFFC1, 0xFFC2})  # baseline, extended, progressive
_APP1, _SCAN = 0xFFE1, 0xFFDA
_SHOW_NOTHING = frozenset(range(0xFFE2, 0xFFF0)) - {0xFFEE}  # Pillow takes some of them apart

_TIFF_SIDES = (256, 257, 322, 323)  # width and height, of the image and of a tile
_GIF_BLOCK = re.compile(rb"[,!;]")

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_MAGICS = (_PNG_MAGIC, b"\xff\xd8", b"GIF87a", b"GIF89a", b"RIFF", b"II*\0", b"MM\0*")

# Transparency, animation and orientation change the pixels, and only Pillow heeds all of them.
_PILLOW_CHUNKS = frozenset({b"tRNS", b"acTL", b"eXIf"})
_FRAME_CHUNKS = frozenset({b"fcTL", b"fdAT"})
_ORIENTATION_TEXTS = (b"Raw profile type", b"XML:com.adobe.xmp")

_FETCH_AGAIN = "download or copy it again"
_SHRINK = "shrink or crop it, or raise max_pixels"
_CONVERT = "convert it to PNG first"
_ERROR_PAGE = "servers send an error page under an image's name; download it again"

_LOOKS = {
    b"%pdf": ("a PDF document", _CONVERT),
    b"\x00\x00\x01\x00": ("an icon (ICO)", _CONVERT),
    b"8bps": ("a Photoshop document", _CONVERT),
    b"\xff\x0a": ("a JPEG XL image", _CONVERT),
    b"\x00\x00\x00\x0cjp": ("a JPEG 2000 image", _CONVERT),
    b"ii+\x00": ("a BigTIFF image", _CONVERT),
    b"mm\x00+": ("a BigTIFF image", _CONVERT),
    b"pk\x03\x04": ("a ZIP archive", "unpack it first"),
    b"\x1f\x8b": ("gzip data", "unpack it first"),
    b"{": ("JSON text", "take the image's base64 text out of it; collect --json-field does"),
}


def corrupted(where: str, codec: str) -> ImageError:
    """Return the error for data that contradicts its own format."""
    return ImageError(where, f"holds corrupted {codec} data", _FETCH_AGAIN)


def truncated(where: str, codec: str) -> ImageError:
    """Return the error for data that ends too early."""
    return ImageError(where, f"is truncated: its {codec} data ends early", _FETCH_AGAIN)


def check_size(where: str, width: int, height: int, max_pixels: int) -> None:
    """Refuse an image without pixels or with too many of them.

    Raises:
        ImageError: If a side is zero or above ``MAX_SIDE``, or ``width * height`` is above
            ``max_pixels``.
    """
    if width <= 0 or height <= 0:
        what = f"is {width} x {height} pixels: there is nothing to read"
        raise ImageError(where, what, _FETCH_AGAIN)
    if width * height > max_pixels:
        what = f"is too large: {width} x {height} pixels, the limit is {max_pixels:,} in all"
        raise ImageError(where, what, _SHRINK)
    if max(width, height) > MAX_SIDE:
        what = f"is too large: {width} x {height} pixels, the limit of a side is {MAX_SIDE:,}"
        raise ImageError(where, what, "shrink or crop it")


def read_header(data: bytes, where: str, max_pixels: int) -> Header:
    """Return the header of a JPEG, PNG or WebP, and the format of all others.

    JPEG and PNG are also checked to be complete, which OpenCV 4 does not do; bytes that follow
    the end are tolerated. The other formats are complete or not when Pillow has decoded them.

    Raises:
        ImageError: If ``data`` is empty, of no supported format, too large, truncated or
            corrupted.
    """
    codec = codec_of(data, where)
    if codec not in _WALKS:
        return Header(codec)
    try:
        return _WALKS[codec](data, where, max_pixels)
    except (struct.error, IndexError):
        raise truncated(where, codec) from None


def codec_of(data: bytes, where: str) -> str:
    """Return the format of an encoded image by its first bytes, as Pillow calls it.

    Raises:
        ImageError: If it is none of those that are supported; it says what the data looks like.
    """
    codec = codec_by_start(data)
    if codec is None:
        raise _unsupported(data, where)
    return codec


def overdone(where: str, codec: str, what: str) -> ImageError:
    """Return the error for a file that would keep its decoder busy for nothing."""
    return ImageError(where, f"is {codec} with more than {what}", "save it anew, then read that")


def _jpeg(data: bytes, where: str, max_pixels: int) -> Header:
    """Walk the segments up to the scan, as strictly as Pillow does, then look for the end."""
    width = height = position = segments = 0
    plain = framed = False
    orientable = False
    kept = [data[:2]]
    marker, length = 0, 2
    while marker != _SCAN:
        position += length
        marker, length = _JPEG_SEGMENT.unpack_from(data, position)
        if marker == 0xFFFF:  # fill bytes: the marker begins at the last of them
            position, length = _end_of_fill(data, position), 0
            continue
        length += 2
        # What has no length (restarts, a second start, the end) has no place before the scan.
        if marker < 0xFFC0 or 0xFFD0 <= marker <= 0xFFD9 or length < 4:
            raise corrupted(where, "JPEG")
        segments += 1
        if segments > _MOST_SEGMENTS:
            raise overdone(where, "JPEG", f"{_MOST_SEGMENTS:,} segments")
        if marker in _FRAMES:
            precision, height, width, components = _JPEG_FRAME.unpack_from(data, position + 4)
            check_size(where, width, height, max_pixels)
            framed = True
            plain = marker in _PLAIN_FRAMES and precision == 8 and components in (1, 3)
        elif marker == _APP1:  # EXIF or XMP, which may hold an orientation
            orientable = True
        if marker not in _SHOW_NOTHING and marker != _SCAN:
            kept.append(data[position : position + length])
    if not framed:
        raise corrupted(where, "JPEG")
    # Inside a scan 0xFF is followed by 0 or a restart, so this cannot be pixel data.
    if data.rfind(b"\xff\xd9", position + length) < 0:
        raise truncated(where, "JPEG")
    # A scan takes ten bytes, so that a small file of a small picture need not be searched.
    if len(data) > _SMALL or len(data) * width * height > _SMALL_WORK:
        _check_scans(data, position + length, (width // 8 + 1) * (height // 8 + 1), where)
    if plain and not orientable:
        return Header("JPEG", (width, height), data)
    return Header("JPEG", (width, height), kept=b"".join(kept) + data[position:])


def _end_of_fill(data: bytes, position: int) -> int:
    """Return the place of the last of the bytes 0xFF that begin at ``position``."""
    fill = _FILL.match(data, position)
    return position if fill is None else fill.end() - 1


def _check_scans(data: bytes, position: int, blocks: int, where: str) -> None:
    """Refuse a JPEG of too many scans, or too many segments or restarts within them.

    They are walked only where a search, which finds too many rather than too few, finds so many.
    """
    scans = data.count(b"\xff\xda", position)
    markers = data.count(b"\xff", position) - data.count(b"\xff\0", position)
    if scans < _MOST_SCANS and markers < _MOST_SEGMENTS:
        return
    restarts = 0
    if markers > blocks * _MOST_SCANS:
        restarts = sum(data.count(bytes((0xFF, last)), position) for last in range(0xD0, 0xD8))
    if restarts > _MOST_SEGMENTS + blocks * _MOST_SCANS:
        raise overdone(where, "JPEG", "a restart for each block")
    scans = 1
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(data, position)
        if marker is None or data[marker.end() - 1] == 0xD9:
            return
        scans += data[marker.end() - 1] == 0xDA
        if scans > _MOST_SCANS:
            raise overdone(where, "JPEG", f"{_MOST_SCANS} scans")
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    raise overdone(where, "JPEG", f"{_MOST_SEGMENTS:,} segments")


def _png(data: bytes, where: str, max_pixels: int) -> Header:
    """Check every chunk, and keep what shows: the others cost time, and tell nothing.

    libpng turns RGB to gray in linear light where there is a gAMA chunk (up to 67 levels off),
    and prints warnings about colour profiles; without these chunks it does neither.
    """
    _, kind, width, height, depth, colour = _PNG_START.unpack_from(data, len(_PNG_MAGIC))
    if kind != b"IHDR":
        raise corrupted(where, "PNG")
    check_size(where, width, height, max_pixels)
    plain = depth == 8 and colour in (0, 2)  # gray or RGB
    view = memoryview(data)
    kept: list[bytes | memoryview] = [_PNG_MAGIC]
    pixels: list[memoryview] = []
    position = len(_PNG_MAGIC)
    chunks = 0
    while kind != b"IEND":
        length, kind = _PNG_CHUNK.unpack_from(data, position)
        end = position + length + 12
        (crc,) = _PNG_CRC.unpack_from(data, end - 4)
        if zlib.crc32(view[position + 4 : end - 4]) != crc:
            raise corrupted(where, "PNG")
        chunks += 1
        if chunks > MOST_CHUNKS:
            raise overdone(where, "PNG", f"{MOST_CHUNKS:,} chunks")
        turned = kind in _PILLOW_CHUNKS or data.startswith(_ORIENTATION_TEXTS, position + 8)
        critical = not kind[0] & 0x20  # a capital letter
        plain = plain and (critical or not turned)
        if critical or turned or kind in _FRAME_CHUNKS:
            kept.append(view[position:end])
        if kind == b"IDAT":
            pixels.append(view[position + 8 : end - 4])
        position = end
    whole = b"".join(kept)
    rows = 2 * height * (1 + 3 * width)  # those of all passes, where it is interlaced
    plain = plain and not _overflows(pixels, rows + _SURPLUS)
    return Header("PNG", (width, height), whole if plain else None, whole)


def _overflows(pixels: list[memoryview], most: int) -> bool:
    """Tell whether data inflates to more than ``most`` bytes; little that cannot is not tried.

    libpng inflates what follows the last row, too, and Pillow does not.
    """
    if sum(map(len, pixels)) * _DEFLATE_RATIO <= most:
        return False
    inflate = zlib.decompressobj()
    try:
        for part in pixels:
            rest: bytes | memoryview = part
            while rest and most >= 0:
                most -= len(inflate.decompress(rest, _PIECE))
                rest = inflate.unconsumed_tail
    except zlib.error:  # the decoder says so
        return False
    return most < 0


def _webp(data: bytes, where: str, max_pixels: int) -> Header:
    riff_size, kind = struct.unpack_from("<I4x4s", data, 4)
    if kind == b"VP8X":
        packed = int.from_bytes(data[24:30].ljust(6, b"\0"), "little")
        width, height = (packed & 0xFFFFFF) + 1, (packed >> 24) + 1
    elif kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    check_size(where, width, height, max_pixels)
    if riff_size + 8 > len(data):
        raise truncated(where, "WEBP")
    position = 12
    for _ in range(MOST_CHUNKS):
        if position + 8 > len(data):
            return Header("WEBP", (width, height))
        (length,) = struct.unpack_from("<I", data, position + 4)
        position += 8 + length + length % 2
    raise overdone(where, "WebP", f"{MOST_CHUNKS:,} chunks")


def _gif(data: bytes, where: str, _: int) -> Header:
    """Keep the images and what tells how they are shown, and nothing between them."""
    position = 13 + gif_table(data[10])
    kept, blocks, parts = [data[:position]], 0, 0
    while (found := _GIF_BLOCK.search(data, position)) is not None and found[0] != b";":
        start = position = found.start()
        if found[0] == b",":
            position += 11 + gif_table(data[position + 9]) if position + 9 < len(data) else 11
        else:
            position += 2
        while position < len(data) and (length := data[position]):
            position += length + 1
            blocks += 1
            if blocks > MOST_BLOCKS:
                raise overdone(where, "GIF", f"{MOST_BLOCKS:,} blocks")
        position, parts = position + 1, parts + 1
        if parts > _MOST_PARTS:
            raise overdone(where, "GIF", f"{_MOST_PARTS:,} frames and extensions")
        cut_off = position > len(data)
        if found[0] == b"," or data[start + 1 : start + 2] == b"\xf9" or cut_off:
            kept.append(data[start:position])
    return Header("GIF", kept=b"".join(kept) + (b"" if found is None else b";"))


def gif_table(flags: int) -> int:
    """Return the bytes of a GIF's colour table, by the flags of what has it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _bmp(data: bytes, where: str, max_pixels: int) -> Header:
    """Cut what follows run lengths, which Pillow unpacks one by one."""
    if len(data) < 34 or data[30:34] not in (b"\1\0\0\0", b"\2\0\0\0") or data[14] == 12:
        return Header("BMP")
    start, width, height = struct.unpack_from("<I4xii", data, 10)
    check_size(where, width, abs(height), max_pixels)
    return Header("BMP", kept=data[: start + 3 * width * abs(height) // 2 + 2**16])


def _tiff(data: bytes, where: str, max_pixels: int) -> Header:
    """Look at the sides and the tiles of the first directory; all else is left to Pillow."""
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, start)
    if entries > _MOST_ENTRIES:
        raise overdone(where, "TIFF", f"{_MOST_ENTRIES:,} entries")
    sides: dict[int, int] = {}
    for place in range(start + 2, min(start + 2 + 12 * entries, len(data) - 11), 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in _TIFF_SIDES:
            form = "H" if kind == 3 else "I"
            sides.setdefault(tag, struct.unpack_from(f"{order}{form}", data, place + 8)[0])
    width, height, across, down = (sides.get(tag, 0) for tag in _TIFF_SIDES)
    # A tile is unpacked as a whole, however little of it lies within the image.
    if across * down > max(4 * width * height, 2**20):
        raise overdone(where, "TIFF", "four times its pixels in a tile")
    return Header("TIFF")


_WALKS = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "GIF": _gif, "BMP": _bmp, "TIFF": _tiff}


def _unsupported(data: bytes, where: str) -> ImageError:
    """Return the error for foreign data, which says what it looks like and what to do with it."""
    if not data:
        return ImageError(where, "is empty", _FETCH_AGAIN)
    if any(magic.startswith(data) for magic in _MAGICS):
        return ImageError(where, "is truncated: only its first bytes are there", _FETCH_AGAIN)
    lead = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    known = next((look for start, look in _LOOKS.items() if lead.startswith(start)), None)
    if lead.startswith(b"<"):
        html = b"<!doctype html" in lead or b"<html" in lead
        known = ("an HTML page" if html else "XML or HTML text"), _ERROR_PAGE
    elif lead[4:8] == b"ftyp":
        known = "a HEIC image, or a film", _CONVERT
    elif known is None:
        text = lead[:64].decode("utf-8", "replace").rstrip("\ufffd")  # a character may be cut
        if text and "\ufffd" not in text and all(c.isprintable() or c.isspace() for c in text):
            known = "plain text", _ERROR_PAGE
    if known is None:
        what = "is not a JPEG, PNG, GIF, BMP, WebP, AVIF, TIFF or PPM image"
        return ImageError(where, what, _CONVERT)
    return ImageError(where, f"is {known[0]}, not an image that can be decoded", known[1])
