"""The headers: formats, sizes, completeness, and what foreign data is said to look like."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image import load_gray
from captchascope.image.header import read_header

LIMIT = 16_000_000
MAGIC = b"\x89PNG\r\n\x1a\n"


def _encoded(codec: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = BytesIO()
    Image.new(mode, (37, 24)).save(buffer, codec, **options)
    return buffer.getvalue()


WHOLE = [_encoded(codec) for codec in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")]


def _chunk(kind: bytes, body: bytes = b"") -> bytes:
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def _ihdr(width: int, height: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def _jpeg_of(height: int, width: int) -> bytes:
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"


def _refusal(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read_header(data, "x.jpeg", LIMIT)
    assert caught.value.where == "x.jpeg"
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("codec", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "CMYK", {"progressive": True}),
        ("PNG", "P", {}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    ],
)
def test_jpeg_png_and_webp_tell_its_name_and_size(
    codec: str, mode: str, options: dict[str, Any]
) -> None:
    """The codec, width and height are those that were encoded."""
    header = read_header(_encoded(codec, mode, **options), "x", LIMIT)
    assert (header.codec, header.size) == (codec, (37, 24))


@pytest.mark.parametrize("codec", ["GIF", "BMP", "TIFF"])
def test_the_size_of_the_others_is_left_to_pillow(codec: str) -> None:
    """Only their names are told."""
    header = read_header(_encoded(codec), "x", LIMIT)
    assert (header.codec, header.size, header.plain) == (codec, None, None)


@pytest.mark.parametrize(
    ("codec", "mode", "options", "plain"),
    [
        ("JPEG", "RGB", {}, True),
        ("JPEG", "L", {"progressive": True}, True),
        ("JPEG", "RGB", {"comment": b"CREATOR: gd-jpeg v1.0"}, True),
        ("JPEG", "CMYK", {}, False),
        ("JPEG", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, False),
        ("PNG", "L", {}, True),
        ("PNG", "RGB", {}, True),
        ("PNG", "RGBA", {}, False),
        ("PNG", "LA", {}, False),
        ("PNG", "P", {}, False),
        ("PNG", "1", {}, False),
        ("PNG", "I;16", {}, False),
        ("PNG", "L", {"transparency": 3}, False),
        ("PNG", "L", {"exif": b"MM\0*\0\0\0\x08\0\0\0\0\0\0"}, False),
        ("GIF", "P", {}, False),
    ],
)
def test_only_plain_jpeg_and_png_go_to_opencv(
    codec: str, mode: str, options: dict[str, Any], plain: bool
) -> None:
    """Whatever has transparency, an orientation or unusual pixels is left to Pillow."""
    header = read_header(_encoded(codec, mode, **options), "x", LIMIT)
    assert (header.plain is not None) is plain


def test_png_text_that_may_hold_an_orientation_goes_to_pillow() -> None:
    """ImageMagick and Adobe hide the orientation in text chunks; a plain comment hides none."""
    start, idat, end = MAGIC + _ihdr(1, 1), _chunk(b"IDAT", b"..."), _chunk(b"IEND")
    texts = (b"Comment\0hello", b"Raw profile type exif\0...", b"XML:com.adobe.xmp\0...")
    headers = [read_header(start + _chunk(b"tEXt", t) + idat + end, "x", LIMIT) for t in texts]
    assert [h.plain is None for h in headers] == [False, True, True]


def test_ancillary_chunks_and_what_follows_are_kept_from_opencv() -> None:
    """A gAMA chunk would change the gray, and a bad iCCP chunk print a warning."""
    start, idat, end = MAGIC + _ihdr(1, 1), _chunk(b"IDAT", b"..."), _chunk(b"IEND")
    full = start + _chunk(b"gAMA", b"\0\0\xb1\x8f") + _chunk(b"iCCP", b"x") + idat + end + b"junk"
    assert read_header(full, "x", LIMIT).plain == start + idat + end


def test_fill_bytes_before_a_jpeg_marker_are_passed_over() -> None:
    """The standard lets any number of 0xFF stand before a marker."""
    jpeg = _encoded("JPEG")
    assert read_header(jpeg[:2] + b"\xff\xff\xff" + jpeg[2:], "x", LIMIT).size == (37, 24)


@pytest.mark.parametrize(
    "data",
    [
        MAGIC + _ihdr(20_000, 20_000),
        _jpeg_of(20_000, 20_000),
        b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x1f\x4e\0\x1f\x4e\0",
    ],
    ids=["png", "jpeg", "webp"],
)
def test_a_bomb_is_refused_by_its_header_alone(data: bytes) -> None:
    """The size is compared before the rest of the file is even looked at."""
    error = _refusal(data)
    assert "too large: 20000 x 20000 pixels, the limit is 16,000,000" in error.what
    assert "max_pixels" in error.remedy


@pytest.mark.parametrize("sides", [(16_000_000, 1), (1, 16_000_000), (65_536, 9)])
def test_a_side_that_no_decoder_takes_is_named(sides: tuple[int, int]) -> None:
    """Such an image is not corrupted, and has no more pixels than others."""
    what = f"is too large: {sides[0]} x {sides[1]} pixels, the limit of a side is 65,535"
    assert _refusal(MAGIC + _ihdr(*sides) + _chunk(b"IEND")).what == what


@pytest.mark.parametrize(
    "data",
    [MAGIC + _ihdr(0, 50), _jpeg_of(0, 50)],
    ids=["png", "jpeg"],
)
def test_an_image_without_pixels_is_refused(data: bytes) -> None:
    """A side of zero leaves nothing to read."""
    assert "nothing to read" in _refusal(data).what


@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_a_missing_last_byte_is_noticed(codec: str) -> None:
    """These formats say where they end, so that not one byte may be missing."""
    assert "truncated" in _refusal(_encoded(codec)[:-1].rstrip(b"\0")).what


@pytest.mark.parametrize("start", [b"\xff", b"\xff\xd8", MAGIC[:5], b"GIF8", b"RIF", b"MM\0"])
def test_the_first_bytes_of_a_format_count_as_truncated(start: bytes) -> None:
    """A download that broke off at once is not called an unknown format."""
    assert "truncated" in _refusal(start).what


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xd9" * 8,
        b"\xff\xd8\x00\x00" + bytes(20),
        b"\xff\xd8\xff\xe0\x00\x01" + bytes(20),
        b"\xff\xd8\xff\xda\x00\x02" + b"\xff\xd9" * 8,
        MAGIC + _chunk(b"IDAT", bytes(13)) + _chunk(b"IEND"),
        MAGIC + _ihdr(1, 1)[:-1] + b"!" + _chunk(b"IEND"),
    ],
    ids=["early end", "no marker", "length", "no frame", "no IHDR", "checksum"],
)
def test_broken_framing_is_called_corrupted(data: bytes) -> None:
    """Data that contradicts its own format is not handed to a decoder."""
    assert "corrupted" in _refusal(data).what


def _progressive(side: int, scans: int) -> bytes:
    """Return a progressive JPEG in gray of some side, whose last scan is there so often again."""
    buffer = BytesIO()
    Image.new("L", (side, side), 128).save(buffer, "JPEG", progressive=True)
    whole = buffer.getvalue()
    return whole[:-2] + whole[whole.rfind(b"\xff\xda") : -2] * scans + b"\xff\xd9"


def test_a_jpeg_of_many_scans_is_refused_by_its_header() -> None:
    """Each of them takes a dozen bytes, and a pass over all pixels that nothing can stop."""
    for data in (_progressive(2000, 5000), _progressive(240, 60_000)):
        assert "more than 100 scans" in _refusal(data).what
    assert load_gray(_progressive(2000, 20)).shape == (2000, 2000)


SCAN = b"\xff\xda\0\x08\1\1\0\x3f\x3f\0\xaa\xff\0\xaa"


@pytest.mark.parametrize(
    ("segment", "what"),
    [
        (SCAN, "100 scans"),
        (b"\xff\xff\xff" + SCAN, "100 scans"),
        (b"\xff\xfe\0\4\xff\xd9" + SCAN, "100 scans"),
        (b"\xff\1" + SCAN * 4678 + bytes(6), "100 scans"),
        (b"\xff\xe1\0\2", "1,000 segments"),
        (b"\xff\xd0", "a restart for each block"),
    ],
    ids=["scans", "fill bytes", "an end within a comment", "TEM", "segments", "restarts"],
)
def test_what_repeats_itself_is_refused(segment: bytes, what: str) -> None:
    """However the scans, segments and restarts behind the first scan are written."""
    jpeg = _encoded("JPEG")
    repeated = segment * (5_000_000 // len(segment))
    assert f"more than {what}" in _refusal(jpeg[:-2] + repeated[:5_000_000] + jpeg[-2:]).what


def test_segments_before_the_scan_are_counted() -> None:
    """Each costs time; fill bytes, of which there may be any number, are skipped at once."""
    jpeg = _encoded("JPEG")
    assert "1,000 segments" in _refusal(jpeg[:2] + b"\xff\xfe\0\2" * 1001 + jpeg[2:]).what
    assert read_header(jpeg[:2] + b"\xff" * 2**24 + jpeg[2:], "x", LIMIT).size == (37, 24)


def test_fill_bytes_behind_the_scan_are_gone_through_once() -> None:
    """And not from each of them; they may be megabytes."""
    jpeg = _encoded("JPEG")
    filled = jpeg[:-2] + b"\xff\1" * 1000 + b"\xff" * 2**21 + b"\0" + jpeg[-2:]
    assert read_header(filled, "x", LIMIT).size == (37, 24)


def test_pillow_is_given_no_segment_that_shows_nothing() -> None:
    """It would take those of Photoshop apart, a million blocks of them; what turns it is kept."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.new("RGB", (37, 24)).save(file, "JPEG", exif=exif)
    jpeg = file.getvalue()
    block = b"Photoshop 3.0\0" + b"8BIM\4\4" + bytes(6)
    segment = b"\xff\xed" + (len(block) + 2).to_bytes(2) + block
    header = read_header(jpeg[:2] + segment * 900 + jpeg[2:], "x", LIMIT)
    assert header.kept == jpeg
    assert load_gray(jpeg[:2] + segment * 900 + jpeg[2:]).shape == (37, 24)


def test_what_follows_the_end_of_a_jpeg_is_not_counted() -> None:
    """It may hold other images, or a film."""
    noise = random.Random(0).randbytes(100_000) + b"\xff\xda\xff\xe1" * 5000
    assert read_header(_encoded("JPEG") + noise + b"\xff\xd9", "x", LIMIT).size == (37, 24)


def test_a_png_of_many_chunks_is_refused() -> None:
    """Each costs time, in all decoders."""
    start, end = MAGIC + _ihdr(1, 1), _chunk(b"IDAT", b"...") + _chunk(b"IEND")
    for kind in (b"tEXt", b"iCCP", b"IDAT", b"fdAT"):
        assert "10,000 chunks" in _refusal(start + _chunk(kind) * 10_000 + end).what


@pytest.mark.parametrize("colour", [0, 2, 6])
def test_a_png_is_read_until_its_rows_are_full(colour: int) -> None:
    """Zeros that follow are given to no decoder that would unpack them, for all of their time."""
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(2**20)) for _ in range(70)) + packer.flush()
    start = struct.pack(">IIBBBBB", 10, 10, 8, colour, 0, 0, 0)
    chunks = b"".join(_chunk(b"IDAT", part) for part in (zeros[:5], b"", zeros[5:]))
    data = MAGIC + _chunk(b"IHDR", start) + chunks + _chunk(b"IEND")
    assert read_header(data, "x", LIMIT).plain is None
    assert load_gray(data).shape == (10, 10)


def test_a_png_of_as_many_pixels_as_its_data_goes_to_opencv() -> None:
    """Its rows are unpacked to be counted where they may be too many, in bounded pieces."""
    buffer = BytesIO()
    noise = random.Random(0).randbytes(3000 * 40)
    Image.frombytes("L", (3000, 40), noise).save(buffer, "PNG")
    assert read_header(buffer.getvalue(), "x", LIMIT).plain is not None


def test_a_webp_of_many_chunks_is_refused() -> None:
    """Each costs time, wherever it stands."""
    webp = _encoded("WEBP")[12:] + b"junk\0\0\0\0" * 10_000
    data = b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp
    assert "WebP with more than 10,000 chunks" in _refusal(data).what


def test_a_gif_of_many_blocks_is_refused() -> None:
    """Also where they are within a comment, and Pillow is given none of those."""
    gif = _encoded("GIF", "P")
    comment = b"!\xfe" + b"\1x" * 70_001 + b"\0"
    assert "70,000 blocks" in _refusal(gif[:-1] + comment + b";").what
    assert "25,000 frames" in _refusal(gif[:-1] + b"!\xfe\0" * 25_001 + b";").what
    assert read_header(gif[:-1] + comment[-99:] + b";", "x", LIMIT).kept is not None


def test_a_tiff_of_many_entries_or_a_large_tile_is_refused() -> None:
    """A tile is unpacked as a whole."""
    for order, start in (("<", b"II*\0"), (">", b"MM\0*")):
        tags = {256: 10, 257: 10, 322: 30_000, 323: 30_000}
        entries = b"".join(struct.pack(f"{order}HHII", t, 4, 1, v) for t, v in tags.items())
        head = start + struct.pack(f"{order}IH", 8, 4)
        assert "in a tile" in _refusal(head + entries + bytes(4)).what
        head = start + struct.pack(f"{order}IH", 8, 1001)
        assert "1,000 entries" in _refusal(head + bytes(13_000)).what


def test_pillow_is_given_no_chunk_that_shows_nothing() -> None:
    """A profile is unpacked at each mention: 8 s for ten thousand of them."""
    start = MAGIC + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    idat, end = _chunk(b"IDAT", zlib.compress(bytes(5))), _chunk(b"IEND")
    profile = _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1000)))
    shown = _chunk(b"tRNS") + _chunk(b"eXIf") + _chunk(b"fcTL") + _chunk(b"fdAT")
    header = read_header(start + profile * 9 + shown + idat + end, "x", LIMIT)
    assert (header.plain, header.kept) == (None, start + shown + idat + end)


@given(st.sampled_from(WHOLE), st.integers(0, 40), st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(whole: bytes, length: int, noise: bytes) -> None:
    """Whatever follows the real start of a file, there is a header or an ImageError."""
    try:
        header = read_header(whole[:length] + noise, "x", LIMIT)
    except ImageError:
        return
    assert header.size is None or 0 < header.size[0] * header.size[1] <= LIMIT


@pytest.mark.parametrize(
    ("data", "look"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        (b"\xef\xbb\xbf\r\n <html lang='tr'>", "an HTML page"),
        (b"<html><svg></svg></html>", "an HTML page"),
        (b"<?xml version='1.0'?><Error/>", "XML or HTML text"),
        (b'{"error": "rate limit"}', "JSON text"),
        ("Sayfa bulunamad\u0131".encode() * 9, "plain text"),
        (b"BMW is a make of car, and no bitmap", "plain text"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\0\0\0\x1cftypheic" + bytes(20), "a HEIC image"),
        (b"\0\0\x01\0\x01\0" + bytes(20), "an icon (ICO)"),
        (b"PK\x03\x04" + bytes(20), "a ZIP archive"),
        (b"\x01\x02\x03\xfe" * 9, "is not a JPEG, PNG, GIF, BMP, WebP, AVIF, TIFF or PPM image"),
        (b"\xfe\xfc" * 40, "is not a JPEG, PNG, GIF, BMP, WebP, AVIF, TIFF or PPM image"),
        (b"", "is empty"),
    ],
)
def test_foreign_data_is_told_what_it_looks_like(data: bytes, look: str) -> None:
    """An error page saved as a .jpeg is the most common case, so the error says so."""
    assert look in _refusal(data).what
