"""The skeletons of letters: what a pen does, as few points as it takes, in forms of our own.

A point is two characters: the column, 0 to 8, and the row, 0 at the top of the capitals, c (12) on
the base line, g (16) below. A comma parts strokes, a bar the forms of a character. Points are those
that a curve is pulled to: cutting the corners makes a curve of them, but for corners with an
exclamation mark, which stay.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

Point: TypeAlias = tuple[float, float, bool]
"""Column and row from the middle of a capital, in heights of one; whether it is a corner."""

Skeleton: TypeAlias = tuple[tuple[Point, ...], ...]
"""The strokes of one character."""

_FORMS = {
    "0": "40 10 1c 7c 70 40|50 20 0b 6c 81 50|40 10 1c 7c 70 40",
    "1": "13 40! 4c|24 40! 4c|13 40! 4c,1c 7c|32 40! 4c,2c 6c|03 50! 5c",
    "2": "03 00 80 86 0c! 8c|02 20 60 83 75 0c! 8c|13 10 70 75 0c! 8c|03 00 80 86 0a 0c! 8c",
    "3": "02 00 80 86 36! 86 8c 0c 0a|00 80! 45! 85 8c 0c 0a|13 10 70 76 36! 86 8c 0c 0a",
    "4": "20 07! 87,63 6c|60 08! 88,60 6c|10 17! 87,64 6c|50 08! 88,50 5c|60 09! 89,60 6c"
    "|30 08! 88,65 6c",
    "5": "80 00! 05! 85 8c 0c 0a|70 10! 05! 24 84 8c 0c 0b|80 10! 16! 86 8c 1c 0b"
    "|80 20! 06! 86 5c 0c",
    "6": "82 80 00 0c 8c 85 05 08|70 17 0c 8c 86 06 09|60 06 0c 8c 85 05 08"
    "|72 70 00 0c 7c 76 06 09",
    "7": "00 80! 3c|00 80! 3c,27 77|02 00! 80! 3c|00 80! 46 4c|00 80! 2c|03 00! 80! 4c,26 76",
    "8": "46 06 00 80 86 46,46 06 0c 8c 86 46|45 15 10 70 75 45,45 05 0c 8c 85 45"
    "|46 16 10 70 76 46,46 16 1c 7c 76 46",
    "9": "0a 0c 8c 80 00 07 87 84|84 87 07 00 80 84! 8c|83 86 06 00 80 85 2c|82 85 05 00 80 87 5c",
    "A": "0c 40! 8c,18 78|0c 40! 8c,27 67|0c 04 40 84 8c,07 87",
    "B": "00 0c,00 70 76 06,06 86 8c 0c|00 0c,00 60 65 05,05 85 8c 0c",
    "C": "82 80 00 0c 8c 8a|71 40 00 0c 4c 7b",
    "D": "00 0c,00 80 8c 0c|00 0c,00 50 82 8a 5c 0c",
    "E": "80 00! 0c! 8c,06 66|70 00! 0c! 7c,06 56",
    "F": "80 00! 0c,06 66|70 00! 0c,06 56",
    "G": "82 80 00 0c 8c 87! 57|71 40 00 0c 8c 88! 48",
    "H": "00 0c,80 8c,06 86",
    "I": "40 4c,20 60,2c 6c|40 4c,10 70,1c 7c|40 4c",
    "J": "70 7c 0c 09|60 6c 0c 09|80 8c 1c 09,50 80",
    "K": "00 0c,80 06! 8c|00 0c,80 07,36 8c",
    "L": "00 0c! 8c|00 0c! 7c",
    "M": "0c 00! 47! 80! 8c|0c 00! 4c! 80! 8c|0c 10! 49! 70! 8c",
    "N": "0c 00! 8c! 80",
    "O": "40 00 0c 8c 80 40",
    "P": "0c 00! 80 87 07|0c 00! 70 76 06",
    "Q": "40 00 0c 8c 80 40,59 8c|40 00 0c 8c 80 40,69 8d",
    "R": "0c 00! 80 87 07,47 8c|0c 00! 70 76 06! 8c",
    "S": "82 80 00 06 86 8c 0c 0a|71 40 00 05 87 8c 4c 0b",
    "T": "00 80,40 4c",
    "U": "00 0c 8c 80",
    "V": "00 4c! 80",
    "W": "00 2c! 45! 6c! 80|00 2c! 40! 6c! 80",
    "X": "00 8c,80 0c",
    "Y": "00 46! 80,46 4c|00 47,80 2c",
    "Z": "00 80! 0c! 8c|00 80! 0c! 8c,26 66",
    "a": "74 04 0c 7c 74,74 7c|05 04 74 7c,78 07 0c 7c 79|76 74 04 0c 7c 7a,74 7c",
    "b": "00 0c,06 04 74 7c 0c 0a|00 0c,04 74 7c 0c",
    "c": "75 74 04 0c 7c 7b|64 04 0c 6c",
    "d": "70 7c,76 74 04 0c 7c 7a|70 7c,74 04 0c 7c",
    "e": "08 78! 74 04 0c 7c 7b|09 77! 74 04 0c 6c",
    "f": "71 70 30 3c,05 65|60 20 2c,05 55",
    "g": "76 74 04 0c 7c 7a,74 7g 0g 0f",
    "h": "00 0c,07 04 74 7c",
    "i": "44 4c,40 40|44 4c,41 42|14 44! 4c,40 41",
    "j": "54 5g 1g 1f,50 50|54 5g 1g 1f,51 52",
    "k": "00 0c,74 08! 7c|00 0c,64 08,39 7c",
    "l": "40 4c|30 3c 6c 6b|20 40! 4c,2c 6c",
    "m": "04 0c,07 04 44 4c,47 44 84 8c",
    "n": "04 0c,07 04 74 7c",
    "o": "34 04 0c 7c 74 34",
    "p": "04 0g,06 04 74 7c 0c 0a",
    "q": "74 7g,76 74 04 0c 7c 7a",
    "r": "04 0c,07 04 64 65",
    "s": "75 74 04 08 78 7c 0c 0b|64 04 07 79 7c 0c",
    "t": "30 3c 7c 7b,04 64|30 3c 6c,14 54",
    "u": "04 0c 7c 74,74 7c",
    "v": "04 3c! 74",
    "w": "04 2c! 46! 6c! 84",
    "x": "04 7c,74 0c",
    "y": "04 3b,74 1g|04 0c 7c 74,74 7g 0g 0f",
    "z": "04 74! 0c! 7c",
    "+": "17 77,44 4a|07 87,43 4b",
    "-": "17 77|07 87",
    "×": "14 7a,74 1a|24 6a,64 2a",
    "÷": "17 77,43 44,4a 4b",
    "*": "41 47,12 76,72 16|42 48,13 77,73 17",
    "/": "80 0c|70 1c",
    "=": "15 75,19 79|06 86,09 89",
    "?": "02 00 80 85 46 49,4b 4c|13 10 70 75 47 49,4b 4c",
    ".": "4b 4c",
}

_SEGMENTS = {
    "0": "00 80! 8c! 0c! 00",
    "1": "80 8c|40 4c",
    "2": "00 80! 86! 06! 0c! 8c",
    "3": "00 80! 8c! 0c,06 86|00 80! 8c! 0c,26 86",
    "4": "00 06! 86,80 8c",
    "5": "80 00! 06! 86! 8c! 0c",
    "6": "80 00! 0c! 8c! 86! 06|00 0c! 8c! 86! 06",
    "7": "00 80! 8c|04 00! 80! 8c",
    "8": "00 80! 8c! 0c! 00,06 86",
    "9": "86 06! 00! 80! 8c! 0c|86 06! 00! 80! 8c",
}
"""Digits of the seven segments that displays have."""


def _parsed(form: str) -> Skeleton:
    return tuple(
        tuple(
            ((int(p[0]) - 4) / 12, (int(p[1], 17) - 6) / 12, p.endswith("!"))
            for p in stroke.split()
        )
        for stroke in form.split(",")
    )


@cache
def forms_of(char: str, *, segments: bool = False) -> tuple[Skeleton, ...]:
    """Return the forms of a digit, a letter or a sign; digits of seven segments if asked for."""
    forms = _SEGMENTS.get(char, _FORMS[char]) if segments else _FORMS[char]
    return tuple(_parsed(form) for form in forms.split("|"))
