"""Sums to be solved, in signs and in Chinese words: their texts, as they are shown and read."""

from __future__ import annotations

import numpy as np

_PLAIN, _FORMAL = "零一二三四五六七八九十", "零壹贰叁肆伍陆柒捌玖拾"
_WORDS = {"+": ("加",), "-": ("减",), "×": ("乘", "乘以"), "÷": ("除", "除以")}
_SIGNS = {"+": "+", "-": "-", "×": "×××*x", "÷": "÷÷÷/"}
"""How each operator is written; an x that is shown is read as the sign that it stands for."""

_ENDS = ("", "", "=", "=", "=?", "=?", "?")
_WORD_ENDS = ("", "等于", "等于", "等于?", "等于?", "=", "=?")
_READ = str.maketrans({" ": None, "x": "×"})
_LONGER = 0.06  # of the sums, which have a third number
_SPACED = 0.35


def draw_sum(rng: np.random.Generator) -> str:
    """Draw a sum in signs, such as ``14+8`` or ``3 x 5 = ?``, as it is shown."""
    numbers, operators = _terms(rng)
    signs = [_one(rng, _SIGNS[operator]) for operator in operators]
    return _joined(rng, [str(number) for number in numbers], signs, _one(rng, _ENDS))


def draw_han_sum(rng: np.random.Generator) -> str:
    """Draw a sum with Chinese words, such as ``壹加玖等于`` or ``3加5=?``, as it is shown."""
    numbers, operators = _terms(rng)
    choice = rng.random()
    if choice < 0.15:
        written = [str(number) for number in numbers]
    else:
        numerals = _PLAIN if choice < 0.55 else _FORMAL
        written = [_in_words(number, numerals) for number in numbers]
        if rng.random() < 0.08:  # one of them in digits
            written[0] = str(numbers[0])
    signed = choice >= 0.15 and rng.random() < 0.15
    words = [_one(rng, (_SIGNS if signed else _WORDS)[operator]) for operator in operators]
    return _joined(rng, written, words, _one(rng, _WORD_ENDS))


def as_read(shown: str) -> str:
    """Return the label of a sum that is shown so: without spaces, and with × where it has an x."""
    return shown.translate(_READ)


def _terms(rng: np.random.Generator) -> tuple[list[int], list[str]]:
    """Return the numbers of a sum that a person can solve in the head, and what joins them."""
    operator = _one(rng, "+++--××÷")
    large = int(rng.choice((10, 10, 30, 100)))
    if operator in "×÷":
        one, other = (int(number) for number in rng.integers(1, min(large, 30), 2))
        if operator == "÷" and rng.random() < 0.9:
            one *= other
    else:
        one, other = (int(number) for number in rng.integers(0, large, 2))
        if operator == "-" and rng.random() < 0.9:
            one, other = max(one, other), min(one, other)
    if rng.random() < _LONGER:
        return [one, other, int(rng.integers(1, 10))], [operator, _one(rng, "+-×")]
    return [one, other], [operator]


def _in_words(number: int, numerals: str) -> str:
    """Write a number in Chinese; one of three digits digit by digit."""
    if number <= 10:
        return numerals[number]
    if number > 99:
        return "".join(numerals[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    return numerals[tens] * (tens > 1) + numerals[10] + numerals[ones] * (ones > 0)


def _joined(rng: np.random.Generator, numbers: list[str], words: list[str], end: str) -> str:
    """Write it all in a line, with or without spaces between."""
    parts = [numbers[0]]
    for word, number in zip(words, numbers[1:], strict=True):
        parts += [word, number]
    if end.startswith("="):
        parts += end
    elif end:
        parts.append(end)
    return (" " * (rng.random() < _SPACED)).join(parts)


def _one(rng: np.random.Generator, choices: str | tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
