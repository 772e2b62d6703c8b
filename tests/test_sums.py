"""Sums: what a text is worth, exactly, whatever it is written in; and that no text does harm."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from captchascope.decode.pattern import Pattern
from captchascope.generate.sums import as_read, draw_han_sum, draw_sum
from captchascope.sums import PATTERN, value_of

PLAIN, FORMAL = "零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"
WORDS = {"+": ["+", "＋", "加", "加上"], "-": ["-", "−", "－", "减", "减去", "減"]}
WORDS |= {"*": [*"×xX*＊", "乘", "乘以"], "/": [*"÷/／", "除", "除以"]}

Tree: TypeAlias = "int | tuple[str, Tree, Tree] | None"
"""A number, the unknown, or an operator between two trees."""

TREES: st.SearchStrategy[Tree] = st.recursive(
    st.integers(0, 999),
    lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner),
    max_leaves=8,
)
SUMS = TREES.filter(lambda tree: isinstance(tree, tuple))


def worth(tree: Tree, unknown: int = 0) -> Fraction:
    """Work a tree out in fractions; ZeroDivisionError where that cannot be."""
    if not isinstance(tree, tuple):
        return Fraction(unknown if tree is None else tree)
    sign, left, right = tree
    one, other = worth(left, unknown), worth(right, unknown)
    if sign == "/":
        return one / other
    return one + other if sign == "+" else one - other if sign == "-" else one * other


def numeral(number: int, digits: str, ten: str, hundred: str) -> str:
    """Return a number below a thousand as it is said in Chinese."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = digits[hundreds] + hundred if hundreds else ""
    if tens:
        said += (digits[tens] if tens > 1 or hundreds else "") + ten
    elif ones and hundreds:
        said += digits[0]
    return said + (digits[ones] if ones or not said else "")


def written(number: int, way: str) -> str:
    """Return a number in one of some ways."""
    return {
        "digits": str(number),
        "full width": "".join(chr(ord(c) + 0xFEE0) for c in str(number)),
        "plain": numeral(number, PLAIN, "十", "百"),
        "formal": numeral(number, FORMAL, "拾", "佰"),
        "positional": "".join(PLAIN[int(c)] for c in str(number)),
        "formal positional": "".join(FORMAL[int(c)] for c in str(number)),
    }[way]


WAYS = st.sampled_from(
    ["digits", "full width", "plain", "formal", "positional", "formal positional"]
)


@st.composite
def rendered(draw: st.DrawFn, tree: Tree, above: int = 0, behind: bool = False) -> str:
    """Write a tree, with no more brackets than its precedence needs.

    ``above`` is 1 within a sum and 2 within a product, ``behind`` tells the right side of it.
    """
    if not isinstance(tree, tuple):
        return "?" if tree is None else written(tree, draw(WAYS))
    sign, left, right = tree
    level = 1 if sign in "+-" else 2
    one, other = draw(rendered(left, level)), draw(rendered(right, level, True))
    text = f"{one}{draw(st.sampled_from(WORDS[sign]))}{other}"
    return f"({text})" if level < above or (level == above and behind) else text


@st.composite
def sums(draw: st.DrawFn) -> tuple[Tree, str]:
    """Return a tree that is a sum, and a text of it that asks in one of some ways, or not."""
    tree = draw(SUMS)
    ends = st.sampled_from(
        ["", "=", "=?", "＝？", "等于", "等于?", "等于几", " = ?", "?", "等于多少"]
    )
    return tree, draw(rendered(tree)) + draw(ends)


@settings(max_examples=400)
@given(sums())
def test_a_sum_is_worth_what_its_tree_is(made: tuple[Tree, str]) -> None:
    """Exactly, in digits and in Chinese; nothing where it divides by zero."""
    tree, text = made
    try:
        wanted = worth(tree)
    except ZeroDivisionError:
        wanted = None
    found = value_of(text) if len(text) <= 128 else wanted
    assert found == wanted
    assert isinstance(found, int) or found is None or found.denominator > 1


@st.composite
def holed(draw: st.DrawFn, tree: Tree) -> tuple[Tree, int]:
    """Return a tree with the unknown in the place of a number, and that number."""
    if not isinstance(tree, tuple):
        assert tree is not None
        return None, tree
    sign, left, right = tree
    if draw(st.booleans()):
        inner, number = draw(holed(left))
        return (sign, inner, right), number
    inner, number = draw(holed(right))
    return (sign, left, inner), number


@st.composite
def equations(draw: st.DrawFn) -> tuple[Tree, int, str]:
    """Return a tree with an unknown, its solution, and the equation of both in either order."""
    tree, number = draw(holed(draw(SUMS)))
    try:
        result = worth(tree, number)
    except ZeroDivisionError:
        assume(False)
    sides = [draw(rendered(tree)), str(result)]
    return tree, number, "=".join(draw(st.permutations(sides)))


@settings(max_examples=400)
@given(equations())
def test_an_unknown_is_found(made: tuple[Tree, int, str]) -> None:
    """It is what was left out; or there is none where any other would do as well."""
    tree, number, text = made
    if len(text) > 128:
        return
    found, others = value_of(text), set()
    for other in range(number + 1, number + 9):
        with suppress(ZeroDivisionError):
            others.add(worth(tree, other))
    assert found == number or (found is None and others <= {worth(tree, number)})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3+5=?", 8),
        ("壹加玖等于", 10),
        ("12-4", 8),
        ("4-12=", -8),
        ("3×4=", 12),
        ("8/3", Fraction(8, 3)),
        ("6/3", 2),
        ("1/3×3", 1),
        ("二十减六等于?", 14),
        ("九十九乘以两百零五", 99 * 205),
        ("9 - 4 = ?", 5),
        ("2+3×4", 14),
        ("20-3-4", 13),
        ("24/4/3", 2),
        ("(2+3)×4=?", 20),
        ("-3+5=?", 2),
        ("9‐8‑7‒6–5—4−3", -24),
        ("6✕4∗2∕3⁄4", 4),
        ("3+5=??", 8),
        ("3+5=8", 8),
    ],
)
def test_sums(text: str, value: int | Fraction) -> None:
    """As captchas have them."""
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("?+3=8", 5),
        ("3+?=8", 5),
        ("8=3+?", 5),
        ("?=3+5", 8),
        ("8-?=10", -2),
        ("？×３＝８", Fraction(8, 3)),
        ("12÷?=4", 3),
        ("二十减几等于六", 14),
        ("2×?+1=3+4", 3),
        ("10-2×(?+1)=0", 4),
    ],
)
def test_the_unknown_of_an_equation_is_what_is_asked_for(text: str, value: int | Fraction) -> None:
    """Wherever it stands, if there is one solution."""
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "?", "=", "=?", "1234", "1234=?", "-5", "-5=?", "(7)", "二十六", "a1b2", "xX"),
        *("3+", "+3", "3+=?", "3++5", "3+-5", "3+5==?", "=3+5", "(3+5", "3+5)", "()+1", "3(5)"),
        *("1 2+3", "1.5+2", "3²+1", "x+3=8", "3x", "3+5=9", "1=2=3", "3+5=8+", "3:5"),
        *("5/0", "5/(3-3)=?", "0/0", "?/0=1", "8/?=0", "0/?=0", "1/(1/?)=0"),
        *("3+?", "?=5", "?+?=8", "0×?=0", "0×?=5", "?×?=4", "3+?=?+3"),
        *("百+1", "一百二+1", "十十+1", "零十+1", "二十三十+1", "一百零二十+1", "1十+2"),
        *("1" * 129 + "+1", "1+" * 64 + "1"),
    ],
)
def test_all_else_is_no_sum(text: str) -> None:
    """A number alone, half a sum, what has no one value, and what is too long."""
    assert value_of(text) is None


SEEN = Pattern.parse(PATTERN)


@given(st.integers(0, 2**32 - 1), st.sampled_from([draw_sum, draw_han_sum]))
def test_every_sum_that_is_drawn_has_a_value(
    seed: int, draw: Callable[[np.random.Generator], str]
) -> None:
    """As it is shown, and as it is read; and it looks like a sum."""
    shown = draw(np.random.default_rng(seed))
    value = value_of(as_read(shown))
    assert value is not None
    assert value_of(shown) == value
    assert SEEN.matches(as_read(shown))


@pytest.mark.parametrize("text", ["?+3=8", "3+?=8", "8=2+?×3", "?=3+5", "二十减?等于六", "1+2×3=?"])
def test_equations_look_like_sums(text: str) -> None:
    """With an unknown wherever it may be."""
    assert SEEN.matches(text)


@given(st.text() | st.text("0123456789+-xX*/=?()×÷零一二十百加减乘除以等于几多少 ", max_size=128))
def test_no_text_raises(text: str) -> None:
    """Whatever a model reads."""
    value = value_of(text)
    assert value is None or isinstance(value, int | Fraction)


@pytest.mark.parametrize(
    "piece", ["(", ")", "9", "9*", "1+", "?", "=", "十", "-", "(1+", " ", "多"]
)
def test_no_text_takes_long(piece: str) -> None:
    """Nor nests too deep, nor holds a number that is too large."""
    assert value_of(piece * 1_000_000) is None
    for text in ((piece * 128)[:128], (piece * 128)[:127] + "1"):
        assert value_of(text) is None or piece in ("9*", "1+", "9")
