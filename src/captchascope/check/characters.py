"""What a character is: its kind, by script and case, and the plain one that it looks like."""

from __future__ import annotations

import unicodedata
from functools import cache

from captchascope.files import printable

__all__ = ["described", "kind_of", "look_alike"]

_TWINS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅасеорхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABEKMHOPCTYXIJSaceopxyijsABEZHIKMNOPTYXov",
)
"""Capital and small letters of Cyrillic and Greek that are drawn like a Latin one."""

_CASES = {"Lu": "capital letters", "Ll": "small letters", "Nd": "digits"}


@cache
def kind_of(char: str) -> str:
    """Return a name for all characters of the same script and case: ``Latin capital letters``.

    Digits that are not 0 to 9 have their script before them; what is neither letter nor digit
    is a symbol.
    """
    category = unicodedata.category(char)
    if not category.startswith("L") and category != "Nd":
        return "symbols"
    script = unicodedata.name(char, "UNKNOWN").split()[0].capitalize()
    if script == "Digit":
        return "digits"
    return f"{script} {_CASES.get(category, 'letters')}"


@cache
def look_alike(char: str) -> str:
    """Return the ASCII character that an image shows alike, or nothing where there is none.

    These are the full-width and other compatible forms that Unicode's NFKC normalisation makes
    plain, and the letters of ``_TWINS``.
    """
    plain = unicodedata.normalize("NFKC", char).translate(_TWINS)
    return plain if plain != char and plain.isascii() and len(plain) == 1 else ""


def described(char: str) -> str:
    """Return a character as a message shows it, by its Unicode name where it is not ASCII."""
    if char.isascii():
        return f"'{char}'"
    name = unicodedata.name(char, "without a name").lower()
    return f"'{printable(char)}' U+{ord(char):04X} {name}"
