"""The ways in which an answer may stand in a text: as it is, backwards, encoded, or hashed."""

from __future__ import annotations

import binascii
import hashlib
import html
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

_LONGEST = 64 * 2**10
"""Characters of one encoded piece, and bytes of what it unpacks to."""

_AROUND = 30  # characters that are shown on either side

_BASE64 = tuple(
    re.compile(rf"[{alphabet}]{{4,}}") for alphabet in ("A-Za-z0-9+/", "A-Za-z0-9_-", "A-Za-z0-9")
)
"""Both alphabets (RFC 4648), and what they share: a slash or a hyphen may stand beside the text."""

_HEX = re.compile(r"[0-9A-Fa-f]{4,}")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})")

Way: TypeAlias = tuple[str, str]
"""A name of ``SPELLINGS``, and one of ``ENCODINGS``."""


class Held(NamedTuple):
    """A text, and the same in lower case, in which answers are looked for."""

    text: str
    folded: str

    @classmethod
    def of(cls, text: str) -> Held:
        """Return a text with its lower case."""
        return cls(text, text.casefold())

    def around(self, needles: Iterable[str]) -> str | None:
        """Return what stands around the first needle that is there; None where none is."""
        for needle in needles:
            if (place := self.folded.find(needle)) >= 0:
                shown = self.text if len(self.text) == len(self.folded) else self.folded
                return shown[max(0, place - _AROUND) : place + len(needle) + _AROUND]
        return None


def ways_in(text: str, answer: str) -> Iterator[tuple[Way, str]]:
    """Give each way in which an answer stands in a text, and what stands around it.

    Example:
        >>> list(ways_in("/captcha/NDgyMQ", "4821"))
        [(('', 'in base64'), '4821')]
    """
    spelt = _spelt(answer)
    for encoding, held in (_short if len(text) <= _SHORT else _texts)(text):
        for spelling, needles in spelt.items():
            if (around := held.around(needles)) is not None:
                yield (spelling, encoding), around


def _backwards(answer: str) -> tuple[str, ...]:
    plain = answer.casefold()
    return (plain[::-1],) if plain != plain[::-1] else ()


def _hashed(name: str, answer: str) -> tuple[str, ...]:
    """Return the hash of an answer as it is and in either case, in hexadecimal and in base64."""
    cases = dict.fromkeys((answer, answer.lower(), answer.upper()))
    digests = [hashlib.new(name, case.encode(), usedforsecurity=False) for case in cases]
    packed = (b64encode(digest.digest()).decode().rstrip("=").casefold() for digest in digests)
    return (*(digest.hexdigest() for digest in digests), *packed)


SPELLINGS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "": lambda answer: (answer.casefold(),),
    "backwards": _backwards,
    "as its MD5": partial(_hashed, "md5"),
    "as its SHA-1": partial(_hashed, "sha1"),
    "as its SHA-256": partial(_hashed, "sha256"),
}
"""What to look for in lower case, by how it spells the answer; "" is the answer as it is."""


def _unescaped(text: str) -> str:
    """Return a text without its escapes of URLs, HTML and scripts; "" where it has none."""
    plain = html.unescape(unquote(text))
    plain = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), plain)
    return plain if plain != text else ""


def _from_base64(text: str) -> str:
    """Return what the pieces of base64 in a text hold, where that is text; also in two layers."""
    once = _base64_once(_unescaped(text) or text)
    return "\n".join(filter(None, (once, _unescaped(once), _base64_once(once), _from_hex(once))))


def _base64_once(text: str) -> str:
    pieces = dict.fromkeys(piece for kind in _BASE64 for piece in kind.findall(text))
    return "\n".join(dict.fromkeys(filter(None, map(_piece, pieces))))


def _piece(piece: str) -> str:
    piece = piece[:_LONGEST].replace("-", "+").replace("_", "/")
    piece = piece[: len(piece) - (len(piece) % 4 == 1)]
    data = b64decode(piece + "=" * (-len(piece) % 4))
    if data[:1] == b"\x78":  # zlib, in which frameworks pack what a session holds
        with suppress(zlib.error):  # or a text that begins with an x
            data = zlib.decompressobj().decompress(data, _LONGEST)
    return _printed(data)


def _from_hex(text: str) -> str:
    """Return what the hexadecimal digits in a text hold, where that is text."""
    pieces = dict.fromkeys(_HEX.findall(text))
    ends = (end for piece in pieces for end in _even(piece[:_LONGEST]))
    return "\n".join(filter(None, (_printed(binascii.unhexlify(end)) for end in ends)))


def _even(piece: str) -> tuple[str, ...]:
    """Return the parts of a piece whose digits come in pairs."""
    return (piece,) if len(piece) % 2 == 0 else (piece[:-1], piece[1:])


def _printed(data: bytes) -> str:
    """Return bytes as text; "" where they are none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if all(char.isprintable() or char.isspace() for char in text) else ""


@lru_cache(1024)
def _spelt(answer: str) -> Mapping[str, tuple[str, ...]]:
    return {name: spell(answer) for name, spell in SPELLINGS.items()}


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "": lambda text: text,
    "escaped": _unescaped,
    "in base64": _from_base64,
    "in hexadecimal": _from_hex,
}
"""What a text holds, by how it is encoded there; "" is the text itself."""


def _texts(text: str) -> tuple[tuple[str, Held], ...]:
    """Return what a text holds, by each encoding that gives something."""
    decoded = ((encoding, decode(text)) for encoding, decode in ENCODINGS.items())
    return tuple((encoding, Held.of(held)) for encoding, held in decoded if held)


_SHORT = 500  # characters
_short = lru_cache(20_000)(_texts)
"""Most parts of a page are those of the page before."""
