"""One spelling of what an image shows alike, whatever the label was typed or pasted with.

Text is composed (Unicode's NFC), full-width and small forms are their plain characters, and the
dashes that are typed for a minus are that one. ``*``, ``/``, ``x`` and ``×`` stay what they are:
images show the difference.
"""

from __future__ import annotations

import unicodedata

_ALIKE = {
    "-": "‐‑‒–—―−➖﹘",
    "+": "➕",
    "×": "✕✖⨯╳",
    "÷": "➗",
    "*": "∗⁎",
    "/": "∕⁄",
    ":": "∶",
    "'": "‘’‛′",
    '"': "“”‟″",
    " ": "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))),
}
"""Each sign, and what else it is typed as."""

_UNSEEN = (
    *(0x00AD, 0x061C, 0x180E, 0xFEFF),
    *range(0x200B, 0x2010),  # of no width, and marks of direction
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
    *range(0xFE00, 0xFE10),  # variants, such as an emoji's
)
"""What no image shows."""

_FORMS = (*range(0xFE50, 0xFE6C), *range(0xFF01, 0xFF5F))  # small, and full-width

_PLAIN: dict[int, str] = {
    **{
        form: plain
        for form in _FORMS
        if (plain := unicodedata.normalize("NFKC", chr(form))) != chr(form)
    },
    **{ord(char): sign for sign, chars in _ALIKE.items() for char in chars},
    **dict.fromkeys(_UNSEEN, ""),
}


def plain_spelling(text: str) -> str:
    """Return a text in the one spelling; doing it again changes nothing.

    Example:
        >>> plain_spelling("３−1＝?")
        '3-1=?'
    """
    return unicodedata.normalize("NFC", text.translate(_PLAIN))


def respelt(text: str) -> list[str]:
    """Return what of a text ``plain_spelling`` changes, as a message shows it.

    Example:
        >>> respelt("3−1=?")
        ["'−' U+2212 to '-'"]
    """
    found = [char for char in dict.fromkeys(text) if ord(char) in _PLAIN]
    shown = [f"{_named(char)} to '{_PLAIN[ord(char)]}'" for char in found if _PLAIN[ord(char)]]
    shown += [f"{_named(char)} left out" for char in found if not _PLAIN[ord(char)]]
    return shown or ["accents composed"]


def _named(char: str) -> str:
    """Return a character with its code point, or that alone where nothing would be seen."""
    code = f"U+{ord(char):04X}"
    return f"'{char}' {code}" if char.isprintable() and not char.isspace() else code
