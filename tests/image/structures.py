"""Sound files of every format, taken apart into units and put together again."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
Units = list[bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """One format as a list of units, which can be repeated, dropped, moved and changed.

    Attributes:
        seeds: Sound files.
        split: Takes one apart.
        join: Puts it together, with lengths and checksums that are right.
        bombs: Units that cost more than they take.
        sizes: Puts a width and a height into the units.
    """

    seeds: tuple[bytes, ...]
    split: Callable[[bytes], Units]
    join: Callable[[Units], bytes]
    bombs: tuple[bytes, ...] = ()
    sizes: Callable[[Units, int, int], None] | None = None


def picture(mode: str, width: int = 60, height: int = 24, seed: int = 0) -> Image.Image:
    """Return an image with a text's worth of detail."""
    chance = np.random.default_rng(seed)
    shape = (height, width, 4)
    levels: NDArray[np.uint8] = chance.integers(0, 256, shape, np.uint8)
    levels[:, : width // 2] //= 64
    levels[:, : width // 2] *= 64
    return Image.fromarray(levels).convert("RGBA").convert(mode)


def encoded(codec: str, image: Image.Image, **options: Any) -> bytes:
    """Return an image as a file."""
    buffer = BytesIO()
    image.save(buffer, codec, **options)
    return buffer.getvalue()


def _moving(codec: str, mode: str, frames: int = 5, **options: Any) -> bytes:
    first, *others = (picture(mode, seed=number) for number in range(frames))
    return encoded(codec, first, save_all=True, append_images=others, **options)


@cache
def formats() -> dict[str, Format]:
    """Return all formats that are decoded, by name."""
    found = {
        "JPEG": _jpeg_format(),
        "PNG": _png_format(),
        "GIF": _gif_format(),
        "WEBP": _webp_format(),
        "JPEG scans": _jpeg_format(progressive=True),
        "APNG": _apng_format(),
        "GIF frames": _gif_frames(),
        "WEBP frames": _webp_frames(),
        "BMP": _bmp_format(),
        "TIFF": _tiff_format(),
        "PPM": _ppm_format(),
        "SVG": _svg_format(),
    }
    if "avif" in features.get_supported_modules():
        found["AVIF"] = _avif_format()
    return found


def _jpeg_format(*, progressive: bool = False) -> Format:
    options: dict[str, Any] = {"progressive": progressive}
    seeds = [encoded("JPEG", picture(mode), **options) for mode in ("L", "RGB", "CMYK")]
    seeds.append(encoded("JPEG", picture("RGB"), subsampling=2, **options))
    seeds.append(encoded("JPEG", picture("RGB"), restart_marker_blocks=1, **options))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    seeds.append(encoded("JPEG", picture("RGB"), exif=exif, **options))
    bombs = (
        b"\xff\xda\0\x08\1\1\0\0\0\0\xff\0",  # a scan of one component, which tells nothing
        b"\xff\xda\0\x08\1\1\0\1\x3f\0\xaa\xaa",
        b"\xff\xda\0\x08\1\1\0\1\x3f\x21\xaa\xaa",
        b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + bytes(500),
        b"\xff\xdd\0\4\0\1",  # a restart after each block
        b"\xff\xc4\0\x14\0" + b"\1" + bytes(15) + b"\0",
        b"\xff\xc4\0\x14\x10" + b"\1" + bytes(15) + b"\1",
        b"\xff\xc4\1\x13\x10" + bytes(14) + b"\x80\x80" + bytes(range(256)),
        b"\xff\xfe\0\2",
        b"\xff\xe1\0\2",
        b"\xff\xe2\0\x10ICC_PROFILE\0\1\xff",
        b"\xff\xed\0\x10Photoshop 3.0\0",
        *(b"\xff" + bytes((last,)) for last in (0xC0, 0xC9, 0xCA, 0xD0, 0xD7, 0xD8, 0xDC, 0xFF)),
    )
    return Format(tuple(seeds), _jpeg_units, b"".join, bombs, _jpeg_sizes)


def _jpeg_units(data: bytes) -> Units:
    """Return segments, those of scans with their pixels."""
    starts = [0]
    position = 2
    while position < len(data) - 2:
        starts.append(position)
        (length,) = struct.unpack_from(">H", data, position + 2)
        scan = data[position + 1] == 0xDA
        position += 2 + length
        while scan and (data[position] != 0xFF or data[position + 1] in (0, *range(0xD0, 0xD8))):
            position += 1
    ends = [*starts[1:], len(data)]
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]


def _jpeg_sizes(units: Units, width: int, height: int) -> None:
    for place, unit in enumerate(units):
        if unit[:1] == b"\xff" and unit[1:2] in (b"\xc0", b"\xc1", b"\xc2") and len(unit) > 9:
            units[place] = unit[:5] + struct.pack(">HH", height % 2**16, width % 2**16) + unit[9:]


def _png_format() -> Format:
    seeds = [encoded("PNG", picture(mode)) for mode in ("L", "RGB", "RGBA", "P", "LA", "1")]
    seeds.append(encoded("PNG", Image.fromarray(np.arange(999, dtype=np.uint16).reshape(27, 37))))
    seeds.append(encoded("PNG", picture("P"), transparency=3))
    return Format(tuple(seeds), _png_units, _png_joined, _png_bombs(), _png_sizes)


def _apng_format() -> Format:
    seeds = (_moving("PNG", "RGB"), _moving("PNG", "RGBA", disposal=1), _moving("PNG", "P"))
    return Format(seeds, _png_units, _png_joined, _png_bombs(), _png_sizes)


@cache
def _png_bombs() -> tuple[bytes, ...]:
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(2**20)) for _ in range(100)) + packer.flush()
    return (
        b"IDAT" + zeros,
        b"fdAT\0\0\0\1" + zeros,
        b"zTXtComment\0\0" + zeros[:1100],
        b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zeros[:1100],
        b"zTXtRaw profile type exif\0\0" + zlib.compress(b"\nexif\n 99\n" + b"4d" * 99),
        b"iCCPx\0\0" + zeros[:1100],
        b"IDAT",
        b"IHDR" + struct.pack(">IIBBBBB", 37, 24, 8, 2, 0, 0, 1),  # interlaced
        b"tRNS\0\0\0\0\0\0",
        b"PLTE" + bytes(768),
        b"acTL" + struct.pack(">II", 400, 0),
        b"fcTL" + struct.pack(">IIIIIHHBB", 1, 60, 24, 0, 0, 1, 1, 1, 1),
        b"eXIfMM\0*\0\0\0\x08\xff\xff" + b"\1\x12\0\2\0\x10\0\0\0\0\0\0" * 99,
    )


def _png_units(data: bytes) -> Units:
    """Return the kind and the body of each chunk."""
    units, position = [], len(PNG_MAGIC)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        units.append(data[position + 4 : position + 8 + length])
        position += 12 + length
    return units


def _png_joined(units: Units) -> bytes:
    chunks = [
        struct.pack(">I", len(unit) - 4) + unit + struct.pack(">I", zlib.crc32(unit))
        for unit in units
        if len(unit) >= 4
    ]
    return PNG_MAGIC + b"".join(chunks)


def _png_sizes(units: Units, width: int, height: int) -> None:
    for place, unit in enumerate(units):
        if unit[:4] == b"IHDR":
            units[place] = unit[:4] + struct.pack(">II", width, height) + unit[12:]
        elif unit[:4] == b"fcTL":
            units[place] = unit[:8] + struct.pack(">II", width, height) + unit[16:]


def _gif_format() -> Format:
    seeds = tuple(encoded("GIF", picture(mode), interlace=n) for n, mode in enumerate("PL"))
    return Format(seeds, _gif_units, b"".join, _GIF_BOMBS, _gif_sizes)


def _gif_frames() -> Format:
    seeds = tuple(
        _moving("GIF", mode, disposal=disposal, frames=frames)
        for mode, disposal, frames in (("P", 0, 5), ("RGBA", 2, 9), ("P", 3, 40), ("RGB", 1, 5))
    )
    return Format(seeds, _gif_units, b"".join, _GIF_BOMBS, _gif_sizes)


_GIF_BOMBS = (
    b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0",  # a frame of a pixel
    b",\0\0\0\0\x3c\0\x18\0\0\x02\0",  # one without any
    b",\0\0\0\0\x3c\0\x18\0\x40\x08" + b"\xff\x00" * 9 + bytes(2000) + b"\0",
    b"!\xfe" + b"\1x" * 5000 + b"\0",  # a comment in pieces of one byte
    b"!\xfe" + b"\xff" + b"x" * 255 + b"\0",
    b"!\xf9\4\x0d\1\0\0\0",  # disposal to what was there, transparent
    b"!\xf9\4\x09\1\0\0\0",
    b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0",
    b"\0",
    b";",
)


def _gif_units(data: bytes) -> Units:
    """Return the head, and each extension and image with its blocks."""
    position = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    units = [data[:position]]
    while data[position] != 0x3B:
        start = position
        if data[position] == 0x21:
            position += 2
        else:
            flags = data[position + 9]
            position += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        while data[position]:
            position += data[position] + 1
        position += 1
        units.append(data[start:position])
    return [*units, b";"]


def _gif_sizes(units: Units, width: int, height: int) -> None:
    sides = struct.pack("<HH", width % 2**16, height % 2**16)
    for place, unit in enumerate(units):
        if unit[:3] == b"GIF":
            units[place] = unit[:6] + sides + unit[10:]
        elif unit[:1] == b"," and place % 2:
            units[place] = unit[:5] + sides + unit[9:]


def _webp_format() -> Format:
    seeds = [
        encoded("WEBP", picture(mode), lossless=lossless)
        for mode in ("RGB", "RGBA")
        for lossless in (True, False)
    ]
    seeds.append(encoded("WEBP", picture("RGBA"), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"))
    return Format(tuple(seeds), _webp_units, _webp_joined, _webp_bombs(), _webp_sizes)


def _webp_frames() -> Format:
    seeds = tuple(_moving("WEBP", mode, frames=n) for mode, n in (("RGB", 5), ("RGBA", 20)))
    return Format(seeds, _webp_units, _webp_joined, _webp_bombs(), _webp_sizes)


@cache
def _webp_bombs() -> tuple[bytes, ...]:
    pixels = [encoded("WEBP", Image.new("RGB", (1, 1)), lossless=n)[12:] for n in (False, True)]
    frames = [b"ANMF" + bytes(12) + b"\x10\0\0\0" + one for one in pixels]
    canvas = b"VP8X\x02\0\0\0" + b"\x9f\x0f\0" * 2  # 4000 x 4000, animated
    return (*frames, b"ANIM" + bytes(6), canvas, b"EXIF", b"ICCP", b"ALPH\1", b"XMP ")


def _webp_units(data: bytes) -> Units:
    """Return the kind and the body of each chunk."""
    units, position = [], 12
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        units.append(data[position : position + 4] + data[position + 8 : position + 8 + length])
        position += 8 + length + length % 2
    return units


def _webp_joined(units: Units) -> bytes:
    body = b"".join(
        unit[:4] + struct.pack("<I", len(unit) - 4) + unit[4:] + bytes(len(unit) % 2)
        for unit in units
        if len(unit) >= 4
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_sizes(units: Units, width: int, height: int) -> None:
    sides = [(max(side, 1) - 1).to_bytes(3, "little") for side in (width, height)]
    for place, unit in enumerate(units):
        if unit[:4] == b"VP8X":
            units[place] = unit[:8] + b"".join(sides) + unit[14:]
        elif unit[:4] == b"VP8 " and len(unit) > 14:
            packed = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
            units[place] = unit[:10] + packed + unit[14:]


def _bmp_format() -> Format:
    seeds = [encoded("BMP", picture(mode)) for mode in ("1", "L", "P", "RGB", "RGBA")]
    for compression, bits in ((1, 8), (2, 4)):  # run lengths
        head = struct.pack("<IiiHHIIIIII", 40, 60, 24, 1, bits, compression, 0, 1, 1, 1 << bits, 0)
        palette = bytes(range(256)) * 4
        palette, runs = palette[: 4 << bits], b"\x1e\1\0\x04\1\2\3\4\0\0" * 24 + b"\0\1"
        start = b"BM" + struct.pack("<I4xI", 54 + len(palette) + len(runs), 54 + len(palette))
        seeds.append(start + head + palette + runs)
    bombs = (b"\0\2\0\0", b"\0\0", b"\1\0", b"\xff\0", b"\0\2\xff\xff", b"\0\3\1\2\3\0")
    return Format(tuple(seeds), _bmp_units, b"".join, bombs, _bmp_sizes)


def _bmp_units(data: bytes) -> Units:
    """Return the two headers, and the palette with the pixels in pieces."""
    rest = data[54:]
    return [data[:14], data[14:54], *(rest[at : at + 50] for at in range(0, len(rest), 50))]


def _bmp_sizes(units: Units, width: int, height: int) -> None:
    for place, unit in enumerate(units):
        if unit[:4] == b"\x28\0\0\0":
            units[place] = unit[:4] + struct.pack("<ii", width, height) + unit[12:]


def _tiff_format() -> Format:
    packings = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma", "jpeg")
    seeds = []
    for packing in packings:
        try:
            seeds.append(encoded("TIFF", picture("RGB"), compression=packing))
        except OSError:
            if packing != "zstd":  # earlier Pillows are built without it
                raise
    seeds += [encoded("TIFF", picture("1"), compression=f"group{n}") for n in (3, 4)]
    seeds += [encoded("TIFF", picture(mode)) for mode in ("L", "P", "RGBA", "CMYK")]
    seeds.append(_moving("TIFF", "L"))
    bombs = [
        struct.pack("<HHII", tag, kind, count, value)
        for tag, kind, count, value in (
            *((256, 4, 1, 4000), (257, 4, 1, 4000), (258, 3, 1, 16), (277, 3, 1, 4)),
            *((259, 3, 1, 7), (259, 3, 1, 5), (259, 3, 1, 50_000), (262, 3, 1, 6)),
            *((273, 4, 1, 8), (273, 4, 500, 8), (279, 4, 500, 8), (278, 4, 1, 1)),
            *((322, 3, 1, 16), (323, 3, 1, 16), (322, 4, 1, 30_000), (323, 4, 1, 30_000)),
            *((324, 4, 500, 8), (325, 4, 500, 8), (338, 3, 1, 1), (284, 3, 1, 2)),
            *((34_665, 4, 1, 8), (700, 1, 900, 8), (347, 7, 900, 8), (60_000, 12, 100, 8)),
        )
    ]
    return Format(tuple(seeds), _tiff_units, _tiff_joined, tuple(bombs), _tiff_sizes)


def _tiff_units(data: bytes) -> Units:
    """Return what the first directory points to, which stays at its place, and its entries."""
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    return [data[8:], *(data[place + 2 + 12 * n : place + 14 + 12 * n] for n in range(count))]


def _tiff_joined(units: Units) -> bytes:
    pixels, *entries = units or [b""]
    entries = entries[:60_000]
    start = b"II*\0" + struct.pack("<I", len(pixels) + 8) + pixels
    return start + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


def _tiff_sizes(units: Units, width: int, height: int) -> None:
    for place, unit in enumerate(units[1:], 1):
        for tag, side in ((256, width), (257, height), (278, height)):
            if unit[:2] == struct.pack("<H", tag):
                units[place] = struct.pack("<HHII", tag, 4, 1, side)


def _ppm_format() -> Format:
    rows = " ".join(str(n % 2) for n in range(4 * 24 * 60))
    seeds = [encoded("PPM", picture(mode)) for mode in ("1", "L", "RGB")]
    seeds += [f"P{n} 60 24 {'' if n == 1 else 255} {rows}".encode() for n in (1, 2, 3)]
    bombs = (b"# nothing\n", b" ", b"\n", b"0 ", b"65535 ", b"1", b"#" + b"x" * 1000, b"#\n")
    return Format(tuple(seeds), _ppm_units, b"".join, bombs, _ppm_sizes)


def _ppm_units(data: bytes) -> Units:
    """Return the first three words, each with what follows it, and the rest in pieces."""
    head = re.match(rb"(P\d\s)(\d+\s)(\d+\s+)", data)
    assert head is not None
    rest = data[head.end() :]
    return [*head.groups(), *(rest[at : at + 100] for at in range(0, len(rest), 100))]


def _ppm_sizes(units: Units, width: int, height: int) -> None:
    if len(units) > 2:
        units[1:3] = [b"%d " % width, b"%d " % height]


def _svg_format() -> Format:
    paths = [b'<path d="M%d 4l9 9h5v3z" stroke="#123" fill="none"/>' % (9 * n) for n in range(5)]
    start = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
    seed = b"\n".join((start + b' width="60" height="24" viewBox="0 0 60 24">', *paths, b"</svg>"))
    nests = [b'<g id="g%d"><use x:href="#g%d"/>' % (n + 1, n) * 1 for n in range(3)]
    doubling = b'<g id="u0"><path d="M0 0h60v24z"/></g>' + b"".join(
        b'<g id="u%d">' % n + b'<use x:href="#u%d"/>' % (n - 1) * 10 + b"</g>" for n in range(1, 9)
    )
    png = base64.b64encode(encoded("PNG", Image.new("L", (4000, 4000))))
    effect = b'<filter id="f%s" x="0" y="0" width="1" height="1">%s</filter><g filter="url(#f%s)">'
    effects = [
        effect % (name, body, name) + b'<path d="M0 0h60v24H0z"/></g>'
        for name, body in (
            (b"a", b'<feGaussianBlur stdDeviation="500"/>'),
            (b"b", b'<feTurbulence baseFrequency="0.05" numOctaves="9999"/>'),
            (b"c", b'<feMorphology operator="dilate" radius="500"/>'),
            (b"d", b'<feConvolveMatrix order="99" kernelMatrix="' + b"1 " * 9801 + b'"/>'),
        )
    ]
    bombs = (
        doubling,
        *nests,
        *effects,
        b'<g opacity="0.5">',
        b"<g>",
        b"</g>",
        b'<image width="60" height="24" x:href="data:image/png;base64,' + png + b'"/>',
        b'<path d="M0 0h60v24H0z" opacity="0.5"/>',
        b'<path d="' + b"M0 0L60 24 0 24 60 0" * 500 + b'"/>',
        b'<path d="M0 0h6e6v24z" stroke="red" stroke-dasharray="0.01"/>',
        b'<pattern id="p" width="0.1" height="0.1" patternUnits="userSpaceOnUse">'
        b'<path d="M0 0h1v1z"/></pattern><path fill="url(#p)" d="M0 0h60v24H0z"/>',
        b'<mask id="m"><path d="M0 0h9v9z" mask="url(#m)"/></mask><path mask="url(#m)"/>',
        b"<style>" + b"path path path{fill:red}" * 200 + b"</style>",
        b"<text>abc</text>",
    )
    return Format((seed,), lambda data: data.split(b"\n"), b"\n".join, bombs, _svg_sizes)


def _svg_sizes(units: Units, width: int, height: int) -> None:
    sides = b' width="%d" height="%d"' % (width, height)
    for place, unit in enumerate(units):
        if unit.startswith(b"<svg"):
            units[place] = re.sub(rb' width="\d+" height="\d+"', sides, unit)


def _avif_format() -> Format:
    seeds = tuple(encoded("AVIF", picture(mode), speed=10) for mode in ("RGB", "RGBA"))
    seeds += (_moving("AVIF", "RGB", speed=10),)
    return Format(seeds, _avif_units, b"".join, (b"\0\0\0\x08free", b"\0\0\0\0mdat"), _avif_sizes)


def _avif_units(data: bytes) -> Units:
    """Return the boxes, and those within the one of metadata without its head."""
    units, position = [], 0
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        units.append(data[position : position + length])
        position += length
    return units


def _avif_sizes(units: Units, width: int, height: int) -> None:
    for place, unit in enumerate(units):
        at = unit.find(b"ispe") + 8
        if at >= 8:
            units[place] = unit[:at] + struct.pack(">II", width, height) + unit[at + 8 :]
