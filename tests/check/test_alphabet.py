"""Characters that do not belong to the others."""

from __future__ import annotations

import string

import pytest

from captchascope.charset import Charset
from captchascope.check.alphabet import alphabet_findings

from .made import DIGITS, files, kinds, labelled, ordinary


@pytest.mark.parametrize(
    ("chars", "length", "count"),
    [
        (DIGITS, 4, 30),
        (DIGITS + "abcdef", 4, 100),
        (string.ascii_uppercase + string.digits, 5, 25),
        (string.ascii_letters + string.digits, 6, 500),
        ("АБВГДЕЖКМН" + DIGITS, 5, 300),
        ("汉字水火木金土日月山", 4, 100),
    ],
)
def test_an_ordinary_alphabet_is_no_fault(chars: str, length: int, count: int) -> None:
    """Chance makes none of its characters rare enough."""
    samples = labelled(ordinary(count, chars, length))
    assert alphabet_findings(samples, None) == (frozenset(), [])


def test_an_almost_unseen_character() -> None:
    """It is named with how often it occurs, and so are the labels that hold it."""
    labels = ordinary(300, "ABCDEFGH")
    odd, [finding] = alphabet_findings(labelled(["AQBC", *labels, "DEQF"]), None)
    assert (set(odd), finding.kind, finding.severity) == ({"Q"}, "almost-unseen", "warning")
    assert finding.what == "almost unseen, where others occur 147 times: 'Q' (2 times)"
    assert files(finding) == ["1.png", "302.png"]
    assert finding.files[0].facts == {"label": "AQBC"}


def test_a_character_seen_three_times_is_learnt_from() -> None:
    """Only once or twice is almost never."""
    labels = [*ordinary(300, "ABCDEFGH"), *["AQBC"] * 3]
    assert alphabet_findings(labelled(labels), None) == (frozenset(), [])


def test_few_samples_make_nothing_unseen() -> None:
    """Where all are rare, one that is seen once is not odd."""
    labels = ordinary(10, string.ascii_lowercase)
    assert alphabet_findings(labelled(labels), None) == (frozenset(), [])


@pytest.mark.parametrize(
    ("odd", "usual", "what"),
    [
        ("123O", DIGITS, "Latin capital letters stand alone among digits: 'O' (once)"),
        (
            "aBCd",
            "ABCDEFGH",
            "Latin small letters stand alone among Latin capital letters: 'a' (once), 'd' (once)",
        ),
        ("12.4", DIGITS, "symbols stand alone among digits: '.' (once)"),
    ],
)
def test_a_kind_that_stands_alone(odd: str, usual: str, what: str) -> None:
    """One slip of the keyboard's shift or layout is named as such, not as unseen too."""
    chars, [finding] = alphabet_findings(labelled([*ordinary(300, usual), odd]), None)
    assert (finding.kind, finding.severity, finding.what) == ("odd-kind", "warning", what)
    assert files(finding) == ["301.png"]
    assert len(chars) == what.count("(once)")


def test_a_letter_among_digits_is_found_more_than_twice() -> None:
    """It need not be unseen to be odd."""
    labels = [*ordinary(600), "12O4", "O234", "123O"]
    assert kinds(alphabet_findings(labelled(labels), None)[1]) == ["odd-kind"]


@pytest.mark.parametrize(
    ("odd", "usual", "named"),
    [
        ("12３4", DIGITS, "'３' U+FF13 fullwidth digit three (once) like '3'"),
        ("АBCD", "ABCDEFGH", "'А' U+0410 cyrillic capital letter a (once) like 'A'"),
        ("КBCD", "ABCDEFGH", "'К' U+041A cyrillic capital letter ka (once) like 'K'"),
        ("AБВГ", "АБВГДЕЖЗ", "'A' (once) like 'А'"),
    ],
)
def test_a_look_alike_is_an_error(odd: str, usual: str, named: str) -> None:
    """The rarer of the two is the odd one, whichever is the plain one."""
    _, [finding] = alphabet_findings(labelled([*ordinary(300, usual), odd]), None)
    assert (finding.kind, finding.severity) == ("look-alike", "error")
    assert finding.what == f"drawn like a usual character: {named}"
    assert files(finding) == ["301.png"]


def test_a_charset_says_what_belongs() -> None:
    """All else is an error, however often it is seen, and what is never seen is noted."""
    labels = ordinary(100, "0123456789abc")
    odd, findings = alphabet_findings(labelled(labels), Charset(DIGITS + "x"))
    assert odd == set("abc")
    assert kinds(findings) == ["out-of-alphabet", "never-seen"]
    assert findings[0].severity == "error"
    assert len(findings[0].files) == sum(not label.isdigit() for label in labels)
    assert findings[1].what == "no label holds any of x"


def test_many_odd_characters_are_shown_in_part() -> None:
    """A message does not grow without end; the files are all there."""
    odd, [finding] = alphabet_findings(labelled(["0abcdefghijk"]), Charset("0"))
    assert len(odd) == 11
    assert finding.what.endswith("'h' (once) and 3 more")
