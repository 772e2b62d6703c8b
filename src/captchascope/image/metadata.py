"""What an image file holds beside its pixels, as text: comments, EXIF, XMP, IPTC, and its rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

from captchascope.errors import ImageError
from captchascope.files import codec_by_start
from captchascope.image.decode import MAX_PIXELS, first_frame, opener_of, quiet_pillow
from captchascope.image.header import check_size, read_header

LONGEST = 64 * 2**10
"""Bytes of one piece of metadata that are looked at."""

_MOST = 200
"""Pieces of one image that are looked at."""

_ENDS = 256 * 2**10
"""Bytes of the beginning and of the end of a file that are looked through."""

_SUB_IFDS = (0x8769, 0x8825)
"""Where EXIF keeps more: of the exposure, and of the place."""

_NO_TEXT = frozenset({"exif", "icc_profile"})
"""What is told by its tags, and what is no text."""

_NAMES = {"comment": "comment", "xmp": "XMP", "photoshop": "IPTC"}


class Metadata(NamedTuple):
    """A piece of metadata: what it is, such as ``the EXIF tag Artist``, and its text."""

    what: str
    text: str


def metadata_of(data: bytes) -> tuple[Metadata, ...]:
    """Return the metadata of an encoded image, as far as it is text, and what follows its end.

    No pixel is decoded of an image that is too large to be shown; what is damaged, or more than
    64 KiB, counts as far as it goes.
    """
    codec = codec_by_start(data)
    if codec is None or codec == "SVG":
        return ()
    found: list[Metadata] = []
    with suppress(ImageError):
        if codec in ("JPEG", "PNG", "WEBP"):
            read_header(data, "", MAX_PIXELS)
        with quiet_pillow("", codec) as pillow:
            opener = opener_of(pillow, codec)
            opener = first_frame(opener) if codec == "GIF" else opener
            with opener(BytesIO(data), "") as image:
                check_size("", image.width, image.height, MAX_PIXELS)
                for what, value in islice(_held(image, codec), _MOST):
                    found += (Metadata(what, text) for text in _texts(value))
    tail = data[end:][:LONGEST] if (end := _end(data, codec)) else b""
    if tail.strip(b"\0"):
        found.append(Metadata("bytes after the end of the image", as_text(tail)))
    return tuple(found[:_MOST])


def printed_in(data: bytes) -> str:
    """Return all that could be read in a file by anybody who opens it as text.

    What is between two pieces of text becomes an end of line. Of a file of more than 512 KiB only
    the beginning and the end count.
    """
    if len(data) > 2 * _ENDS:
        data = data[:_ENDS] + b"\0" + data[-_ENDS:]
    text = data.decode("utf-8", "replace")
    return "\n".join(run for run in re.split(r"[\x00-\x1f\x7f-\x9f\ufffd]+", text) if len(run) > 1)


def as_text(data: bytes) -> str:
    """Return bytes as the texts that they may be: UTF-8, and UTF-16 where there are null bytes."""
    data = data[:LONGEST]
    text = data.decode("utf-8", "replace")
    if b"\0" not in data:
        return text
    wide = (data.decode(coding, "ignore") for coding in ("utf-16-le", "utf-16-be"))
    return "\n".join([text.replace("\0", ""), *wide])


def _held(image: Any, codec: str) -> Iterator[tuple[str, object]]:
    """Give what Pillow finds, each with its name."""
    if codec == "PNG":
        with suppress(Exception):  # of what is damaged what came before it counts
            image.load()  # texts may stand behind the pixels
        for name, value in {**image.info, **getattr(image, "text", {})}.items():
            if name not in _NO_TEXT:
                yield f"the PNG text chunk {name}", value
    else:
        for name, value in image.info.items():
            if name not in _NO_TEXT:
                yield f"the {codec} {_NAMES.get(name, name)}", value
    if len(image.info.get("exif", b"")) > LONGEST:
        return
    with suppress(Exception):
        exif = image.getexif()
        for tags in (exif, *(exif.get_ifd(ifd) for ifd in _SUB_IFDS)):
            for tag, value in tags.items():
                yield f"the EXIF tag {_tag_name(tag)}", value


def _tag_name(tag: int) -> str:
    from PIL import ExifTags

    return ExifTags.TAGS.get(tag, f"0x{tag:04x}")


def _texts(value: object) -> Iterator[str]:
    """Give the texts in a value of Pillow's; numbers are none."""
    if isinstance(value, str):
        yield value[:LONGEST]
    elif isinstance(value, bytes):
        yield as_text(value)
    elif isinstance(value, dict | list | tuple):
        for part in list(value.values() if isinstance(value, dict) else value)[:_MOST]:
            if isinstance(part, str | bytes):
                yield from _texts(part)


def _end(data: bytes, codec: str) -> int:
    """Return where an image ends in its file, as its format tells; 0 where it does not tell."""
    if codec == "PNG":
        end = data.find(b"\0\0\0\0IEND")
        return end + 12 if end >= 0 else 0
    if codec == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    if codec == "BMP":
        return int.from_bytes(data[2:6], "little")
    if codec == "JPEG":
        scan = _scan(data)
        end = data.find(b"\xff\xd9", scan)
        return end + 2 if scan and end >= 0 else 0
    return 0


def _scan(data: bytes) -> int:
    """Return where the first scan of a JPEG begins; 0 where there is none."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == 0xDA:
            return position
        position += 2 + max(2, int.from_bytes(data[position + 2 : position + 4]))
    return 0
