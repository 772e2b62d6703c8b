"""What kind of character one is, and what it is drawn like."""

from __future__ import annotations

import pytest

from captchascope.check.characters import described, kind_of, look_alike


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("7", "digits"),
        ("O", "Latin capital letters"),
        ("o", "Latin small letters"),
        ("О", "Cyrillic capital letters"),
        ("７", "Fullwidth digits"),
        ("汉", "Cjk letters"),
        ("@", "symbols"),
    ],
)
def test_a_kind_is_script_and_case(char: str, kind: str) -> None:
    """Digits and Latin letters go by their plain names."""
    assert kind_of(char) == kind


@pytest.mark.parametrize(
    ("char", "twin"), [("О", "O"), ("ο", "o"), ("７", "7"), ("Ａ", "A"), ("O", ""), ("Ж", "")]
)
def test_a_look_alike_is_ascii(char: str, twin: str) -> None:
    """What is plain itself, or like nothing plain, has none."""
    assert look_alike(char) == twin


def test_a_foreign_character_is_named() -> None:
    """For no terminal shows how it differs from the plain one."""
    assert described("О") == "'О' U+041E cyrillic capital letter o"
    assert described("O") == "'O'"
