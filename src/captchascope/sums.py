"""The value of a text that is a sum, exactly: of ``3+5=?`` 8, of ``8/3`` 8/3, of ``?+3=8`` 5.

    numbers     digits; 一二 and 壹贰, digit by digit 12; with 十 拾 百 佰, as 二十六, 26
    operators   + 加 加上, - 减 减去, × x X * 乘 乘以, ÷ / 除 除以, with the usual precedence; ( )
    asked for   what = or 等于 leads to, and ? or 几 or 多少 stand for; or a single ? anywhere else

Full-width and traditional characters and other dashes are taken for these, and white space only
parts numbers. An x is times, never an unknown. All else is no sum: a number alone, half a sum, a
division by zero, an equation that is wrong, or has no solution or many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

_LONGEST = 128  # characters; so no text takes long, or nests too deep

_DIGITS = "零一二三四五六七八九"
_SAME = str.maketrans(
    "〇壹贰叁肆伍陆柒捌玖拾佰两兩貳參陸加减減乘除‐‑‒–—−xX✕*∗/∕⁄於几幾",
    "零一二三四五六七八九十百二二二三六+--×÷------×××××÷÷÷于??",
)
_NARROW = "0123456789+-xX*/=?()"
_SAME |= str.maketrans("".join(chr(ord(c) + 0xFEE0) for c in _NARROW), _NARROW.translate(_SAME))
_WORD = re.compile(rf"[0-9]+|[{_DIGITS}十百]+|\+上?|-去?|[×÷]以?|=|等于|\?|多少|[()]")
_SIGNS = {"等": "=", "多": "?"} | {sign: sign for sign in "+-×÷=?()"}  # by what a word begins with
_OPERATORS = frozenset("+-×÷")

_DIGIT = f"([{_DIGITS[1:]}])"
_NUMERAL = re.compile(f"(?:{_DIGIT}百)?(?:零{_DIGIT}|{_DIGIT}?(十){_DIGIT}?)?")

_N = f"([0-9]+|[〇{_DIGITS}十百两壹贰叁肆伍陆柒捌玖拾佰]+)"
_O = r"([+\-−×xX*÷/加减乘除]|加上|减去|乘以|除以)"
_E = "(=|等于)"
_SUM = f"{_N}({_O}{_N})+"
_HOLE = rf"(({_N}{_O})+\?({_O}{_N})*|\?({_O}{_N})+)"
PATTERN = rf"{_SUM}({_E}\??|\?)?|{_HOLE}{_E}{_N}|{_N}{_E}{_HOLE}|\?{_E}{_SUM}"
"""What sums look like in captchas, as ``--pattern`` takes it: no brackets, no minus in front."""

_Token: TypeAlias = int | str  # a number, or one of +-×÷=?()


def value_of(text: str) -> int | Fraction | None:
    """Return the value of a text that is a sum, or of the one unknown of an equation.

    None where the text is neither, or longer than any sum in a captcha.
    """
    plain = text.isascii() and text.isalnum() and "x" not in text.lower()  # as most texts are
    if plain or len(text) > _LONGEST:
        return None
    try:
        return _value(_tokens(text))
    except ValueError:
        return None


def _tokens(text: str) -> list[_Token]:
    """Return what a text is made of.

    Raises:
        ValueError: If anything of it belongs into no sum.
    """
    same = text.translate(_SAME)
    words = _WORD.findall(same)
    if "".join(words) != "".join(same.split()):
        raise ValueError("holds what belongs into no sum")
    return [_SIGNS.get(word[0]) or _number(word) for word in words]


def _number(word: str) -> int:
    """Return the number that digits or numerals say.

    Raises:
        ValueError: If tens and hundreds are not in their places.
    """
    if "十" not in word and "百" not in word:
        return int(word.translate(str.maketrans(_DIGITS, "0123456789")))
    match = _NUMERAL.fullmatch(word)
    if match is None:
        raise ValueError(f"{word} is no number")
    hundreds, alone, tens, ten, ones = match.groups("")
    value = _DIGITS.find  # of no digit it is 0, too
    return 100 * value(hundreds) + 10 * (value(tens) or bool(ten)) + value(alone + ones)


class _Ratio(NamedTuple):
    """The ratio (a + b u) / (c + d u) of whole numbers and an unknown u.

    Whatever two ratios are put together, u is in one of them at most.
    """

    a: int
    b: int = 0
    c: int = 1
    d: int = 0

    def plus(self, other: _Ratio) -> _Ratio:
        (a, b, c, d), (e, f, g, h) = self, other
        return _Ratio(a * g + e * c, a * h + b * g + e * d + f * c, c * g, c * h + d * g)

    def times(self, other: _Ratio) -> _Ratio:
        (a, b, c, d), (e, f, g, h) = self, other
        return _Ratio(a * e, a * f + b * e, c * g, c * h + d * g)

    def minus(self, other: _Ratio) -> _Ratio:
        return self.plus(other.times(_Ratio(-1)))

    def over(self, other: _Ratio) -> _Ratio:
        """Divide; ValueError if that is by zero."""
        a, b, c, d = other
        if a == b == 0:
            raise ValueError("divides by zero")
        return self.times(_Ratio(c, d, a, b))

    def exactly(self) -> int | Fraction:
        """Return the value of a ratio without u."""
        if self.a % self.c == 0:
            return self.a // self.c
        from fractions import Fraction  # takes longer to import than all the rest of this

        return Fraction(self.a, self.c)


@dataclass(slots=True)
class _Parser:
    """Works tokens out from left to right; ``at`` is the next one, and ``unknown`` what ? is.

    Its methods raise ValueError where the tokens are not what they must be.
    """

    tokens: list[_Token]
    unknown: _Ratio
    at: int = 0

    def taken(self, sign: str) -> bool:
        """Go past the next token if it is ``sign``, and tell whether it was."""
        there = self.tokens[self.at : self.at + 1] == [sign]
        self.at += there
        return there

    def sides(self) -> list[_Ratio]:
        """Return the value, or both sides of an equation."""
        found = [self.total()]
        if self.taken("="):
            found.append(self.total())
        if self.at < len(self.tokens):
            raise ValueError("goes on where it should end")
        return found

    def total(self) -> _Ratio:
        found = _Ratio(0).minus(self.product()) if self.taken("-") else self.product()
        while True:
            if self.taken("+"):
                found = found.plus(self.product())
            elif self.taken("-"):
                found = found.minus(self.product())
            else:
                return found

    def product(self) -> _Ratio:
        found = self.operand()
        while True:
            if self.taken("×"):
                found = found.times(self.operand())
            elif self.taken("÷"):
                found = found.over(self.operand())
            else:
                return found

    def operand(self) -> _Ratio:
        if self.taken("?"):
            return self.unknown
        if self.taken("("):
            inner = self.total()
            if not self.taken(")"):
                raise ValueError("has a bracket without end")
            return inner
        if self.at == len(self.tokens) or isinstance(number := self.tokens[self.at], str):
            raise ValueError("has no number where one must be")
        self.at += 1
        return _Ratio(number)


def _value(tokens: list[_Token]) -> int | Fraction | None:
    """Return the value of tokens; None or ValueError where they have none."""
    while len(tokens) > 1 and tokens[-1] == "?" and tokens[-2] not in {*_OPERATORS, "("}:
        tokens = tokens[:-1]  # it only asks
    if tokens[-1:] == ["="]:
        tokens = tokens[:-1]
    between = [b for a, b in pairwise(tokens) if a not in ("=", "(")]
    if _OPERATORS.isdisjoint(between) or tokens.count("?") > 1:
        return None  # a minus in front of a number makes no sum
    left, *right = _Parser(tokens, _Ratio(0, 1)).sides()
    if not right:
        return None if "?" in tokens else left.exactly()
    rest = left.minus(right[0])
    if "?" not in tokens:
        return left.exactly() if rest.a == 0 else None
    if rest.b == 0:
        return None
    found = _Ratio(-rest.a, 0, rest.b)
    _Parser(tokens, found).sides()  # it may divide by zero, which no unknown tells
    return found.exactly()
