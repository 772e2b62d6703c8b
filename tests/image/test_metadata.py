"""What stands in an image file beside the picture."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from captchascope.image.metadata import LONGEST, metadata_of, printed_in

PICTURE = Image.new("RGB", (60, 24), "white")
TEXT = "k7wq2"


def encoded(codec: str, **options: Any) -> bytes:
    """Return the picture as a file."""
    file = BytesIO()
    PICTURE.save(file, codec, **options)
    return file.getvalue()


def exif(tag: int, value: object) -> Image.Exif:
    """Return EXIF data of one tag."""
    tags = Image.Exif()
    tags[tag] = value
    return tags


def png(**options: Any) -> bytes:
    """Return a PNG with a text."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT, **options)
    return encoded("PNG", pnginfo=info)


def behind_the_pixels() -> bytes:
    """Return a PNG whose text comes after its pixels."""
    data, chunk = encoded("PNG"), b"tEXtHint\0" + TEXT.encode()
    framed = (len(chunk) - 4).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)
    return data[:-12] + framed + data[-12:]


HELD = {
    "the PNG text chunk Comment": png(),
    "the PNG text chunk Comment, packed": png(zip=True),
    "the PNG text chunk Hint": behind_the_pixels(),
    "the JPEG comment": encoded("JPEG", comment=TEXT),
    "the GIF comment": encoded("GIF", comment=TEXT.encode()),
    "the JPEG XMP": encoded("JPEG", xmp=f"<x>{TEXT}</x>".encode()),
    "the WEBP XMP": encoded("WEBP", xmp=f"<x>{TEXT}</x>".encode()),
    "the EXIF tag ImageDescription": encoded("JPEG", exif=exif(0x010E, TEXT)),
    "the EXIF tag Artist": encoded("PNG", exif=exif(0x013B, TEXT)),
    "the EXIF tag XPComment": encoded("WEBP", exif=exif(0x9C9C, TEXT.encode("utf-16-le"))),
    "bytes after the end of the image": encoded("PNG") + TEXT.encode(),
    "bytes after the end of the image, of a JPEG": encoded("JPEG") + TEXT.encode(),
    "bytes after the end of the image, of a WebP": encoded("WEBP") + TEXT.encode(),
    "bytes after the end of the image, of a BMP": encoded("BMP") + TEXT.encode(),
    "the JPEG IPTC": encoded("JPEG")[:2]
    + b"\xff\xed"
    + (2 + 14 + 12 + len(TEXT) + 1).to_bytes(2)
    + b"Photoshop 3.0\0"
    + b"8BIM\x04\x04\0\0\0\0\0"
    + bytes([len(TEXT)])
    + TEXT.encode()
    + b"\0"
    + encoded("JPEG")[2:],
}


@pytest.mark.parametrize("what", HELD)
def test_what_an_image_holds(what: str) -> None:
    """Each is told by its name, with its text."""
    found = dict(metadata_of(HELD[what]))
    assert TEXT in found[what.partition(",")[0]]


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
def test_an_image_without_metadata(codec: str) -> None:
    """Nothing in it is a text to speak of."""
    assert all(len(text) < 20 for _, text in metadata_of(encoded(codec)))


@given(cut=st.integers(0, 400), put=st.binary(max_size=40), which=st.sampled_from(sorted(HELD)))
def test_no_file_is_too_broken(cut: int, put: bytes, which: str) -> None:
    """What is left of it counts, or nothing."""
    data = HELD[which]
    for _, text in metadata_of(data[:cut] + put + data[cut + len(put) :]):
        assert len(text) <= 4 * LONGEST
    metadata_of(data[:cut])
    printed_in(data[:cut])


def test_more_than_anybody_reads() -> None:
    """A comment of megabytes and thousands of comments are cut."""
    info = PngImagePlugin.PngInfo()
    for number in range(3000):
        info.add_text(f"c{number}", "x")
    assert len(metadata_of(encoded("PNG", pnginfo=info))) <= 200
    long = metadata_of(encoded("PNG") + b"y" * 3_000_000)
    assert max(len(text) for _, text in long) <= LONGEST
    assert len(printed_in(b"z" * 3_000_000)) < 600_000


def test_what_is_printed_in_a_file() -> None:
    """Whatever is not text parts it."""
    assert (
        printed_in(b"\x89PNG\0\0answer k7\xff\xe4\xb8\x80\xe4\xba\x8c\0") == "PNG\nanswer k7\n一二"
    )
