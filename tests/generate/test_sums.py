"""Texts of sums."""

from __future__ import annotations

import re

import numpy as np

from captchascope.generate.sums import as_read, draw_han_sum, draw_sum
from captchascope.generate.typefaces import HAN, SIGNS

SIGNED = [draw_sum(np.random.default_rng([1, seed])) for seed in range(2000)]
WORDED = [draw_han_sum(np.random.default_rng([2, seed])) for seed in range(2000)]

NUMBER = r"(\d+|[零一二三四五六七八九十]+|[零壹贰叁肆伍陆柒捌玖拾]+)"
OPERATOR = "([-+×÷*/]|加|减|乘以?|除以?)"
SUM = re.compile(rf"{NUMBER}{OPERATOR}{NUMBER}({OPERATOR}{NUMBER})?(等于)?=?\??")


def test_every_label_is_a_sum() -> None:
    """A number, an operator, a number, perhaps another, and an end; nothing else."""
    for shown in SIGNED + WORDED:
        assert SUM.fullmatch(as_read(shown)), shown


def test_signs_alone_need_no_chinese() -> None:
    """And all of them occur, but the full stop."""
    assert set("".join(map(as_read, SIGNED))) == set("0123456789" + SIGNS) - {"."}


def test_all_chinese_characters_occur() -> None:
    """In each sum one at least, but where numbers in words are joined by signs."""
    assert set(HAN) <= set("".join(WORDED))
    assert all(set(HAN) & set(shown) for shown in WORDED)


def test_some_are_spaced_and_some_show_an_x() -> None:
    """The label has neither."""
    for sums in (SIGNED, WORDED):
        assert 0.2 < np.mean([" " in shown for shown in sums]) < 0.5
        assert 0 < np.mean(["x" in shown for shown in sums]) < 0.15
    assert as_read("3 x 5 = ?") == "3×5=?"


def test_a_difference_is_hardly_ever_negative_and_a_quotient_hardly_ever_broken() -> None:
    """A person solves it in the head."""
    broken = []
    for shown in SIGNED:
        if match := re.match(r"(\d+) ?([-÷/]) ?(\d+)(?! ?[-+×x*])", shown):
            one, other = int(match[1]), int(match[3])
            broken.append(one < other if match[2] == "-" else one % other > 0)
    assert 0 < np.mean(broken) < 0.15
