"""Images as text: data URIs (RFC 2397), and base64 (RFC 4648) as people copy it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from captchascope.errors import ImageError
from captchascope.files import codec_by_start

_SCHEME = b"data:"
_LEADS = (120, 2000)
"""Characters of base64 text by which it is seen whether it holds an image, or a drawing."""

_AROUND = b" \t\r\n\"'"
"""What may stand around a text that was copied."""

_LONGEST_NAME = 255
"""Characters of the path that a str may be; what is longer than four such is hardly one."""

_COPY_AGAIN = "copy all of it, from the first character to the last"

_FEW_SIGNS = 100_000
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")
"""A percent sign that encodes nothing."""

_OTHER_ALPHABET = bytes.maketrans(b"-_ ", b"+/+")
"""The alphabet for URLs; and a blank within a line is a plus sign that was lost in a form."""


def from_base64(text: bytes) -> bytes | None:
    r"""Return what base64 text holds, None if it is none.

    Of either alphabet, with padding or without, in one line or many.

    Example:
        >>> from_base64(b"_-8")
        b'\xff\xef'
    """
    with suppress(Base64Error):
        return b64decode(text, validate=True)
    # The look behind keeps a long run of blanks from being gone through from each of them.
    packed = re.sub(rb"(?<![ \t])[ \t]*+[\r\n]\s*+", b"", text.strip())
    packed = packed.translate(_OTHER_ALPHABET).rstrip(b"=")
    try:
        return b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except Base64Error:
        return None


def is_data_uri(text: str | bytes) -> bool:
    """Tell whether a text begins as a data URI does, also within quotes."""
    start = text[: _LEADS[0]]
    if isinstance(start, str):
        start = start.encode("utf-8", "replace")
    return start.lstrip(_AROUND).lower().startswith(_SCHEME)


def from_data_uri(text: bytes) -> bytes | None:
    """Return what a data URI holds, in base64 or percent-encoded; None if it is damaged."""
    head, comma, data = text.strip().partition(b",")
    if not comma or not is_data_uri(head):
        return None
    unquoted = _unquoted(data)
    if unquoted is None:
        return None
    data = unquoted
    return from_base64(data) if head.lower().rstrip().endswith(b";base64") else data


def _unquoted(data: bytes) -> bytes | None:
    """Return what is percent-encoded (RFC 3986); None where much is, and some of it wrongly.

    urllib makes a list of all signs, which are gigabytes for a few megabytes.
    """
    if data.count(b"%") <= _FEW_SIGNS:
        return unquote_to_bytes(data)
    if _STRAY.search(data):
        return None
    return a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"="))


def from_text(text: str) -> bytes | None:
    """Return what a data URI or base64 text holds, None if it is neither."""
    packed = text.strip().encode("utf-8", "replace")
    return from_data_uri(packed) if is_data_uri(packed) else from_base64(packed)


def unpacked(data: bytes, where: str) -> bytes:
    """Return the image that ``data`` holds as text: a data URI, or base64 of an image's bytes.

    All else is returned as it is, also text that holds no image. The text may stand in quotes, and
    be of UTF-16, as a shell of Windows writes it.

    Raises:
        ImageError: If it is a damaged data URI, or base64 that begins as an image and is damaged.
    """
    if codec_by_start(data) is not None:
        return data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace").encode("utf-8", "replace")
    else:
        text = data.removeprefix(b"\xef\xbb\xbf")
    text = text.strip(_AROUND)
    if is_data_uri(text):
        kind, found = "a data URI", from_data_uri(text)
    elif holds_image(text):
        kind, found = "base64 text", from_base64(text)
    else:
        return data
    if found is None:
        raise ImageError(where, f"is {kind} that is damaged", _COPY_AGAIN)
    return found


def holds_image(text: bytes) -> bool:
    """Tell whether base64 text begins as an encoded image does."""
    for length in _LEADS:
        lead = b"".join(text[:length].lstrip(_AROUND).split())
        start = from_base64(lead[: len(lead) // 4 * 4])
        if start is not None and codec_by_start(start) is not None:
            return True
    return False


def is_text(source: str) -> bool:
    """Tell whether a str is a data URI, or too long for a file's name and base64 of an image."""
    long = len(source) > _LONGEST_NAME
    return is_data_uri(source) or (long and holds_image(source.encode("utf-8", "replace")))


def shortened(text: str) -> str:
    """Return a str as an error names it: a path as it is, what is no path cut short."""
    limit = 40 if is_text(text) else 4 * _LONGEST_NAME
    return text if len(text) <= limit else f"{text[:30]}… ({len(text):,} characters)"
