"""What kind of character one is, and what it is drawn like."""

from __future__ import annotations

import string

import pytest

from captchascope.charset import Charset
from captchascope.check import label_findings
from captchascope.check.labels import (
    alphabet_findings,
    amount_findings,
    case_findings,
    character_kind,
    imbalance_findings,
    length_findings,
    look_alike,
    sameness_findings,
    show_char,
)
from captchascope.check.report import Severity
from check.made import DIGITS, files, kinds, labelled, ordinary


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
    assert character_kind(char) == kind


@pytest.mark.parametrize(
    ("char", "twin"), [("О", "O"), ("ο", "o"), ("７", "7"), ("Ａ", "A"), ("O", ""), ("Ж", "")]
)
def test_a_look_alike_is_ascii(char: str, twin: str) -> None:
    """What is plain itself, or like nothing plain, has none."""
    assert look_alike(char) == twin


def test_a_foreign_character_is_named() -> None:
    """For no terminal shows how it differs from the plain one."""
    assert show_char("О") == "'О' U+041E cyrillic capital letter o"
    assert show_char("O") == "'O'"


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


@pytest.mark.parametrize(("count", "found"), [(0, 0), (1, 1), (24, 1), (25, 0)])
def test_fewer_than_25_samples_are_few(count: int, found: int) -> None:
    """It is a note: training goes on all the same."""
    findings = list(amount_findings(labelled(ordinary(count))))
    assert kinds(findings) == ["few-samples"] * found
    assert all(finding.severity == "note" for finding in findings)


def test_a_single_label() -> None:
    """Nothing can be learnt from it; one image alone is merely few."""
    [finding] = sameness_findings(labelled(["1234"] * 5))
    assert (finding.kind, finding.severity) == ("single-label", "error")
    assert not list(sameness_findings(labelled(["1234"])))


def test_a_single_character() -> None:
    """Labels may differ in length alone."""
    [finding] = sameness_findings(labelled(["1", "11", "111"]))
    assert (finding.kind, finding.severity) == ("single-class", "error")


def test_a_label_like_a_placeholder() -> None:
    """The images that have it are named."""
    [finding] = sameness_findings(labelled([*ordinary(90), *["abcd"] * 10]))
    assert (finding.kind, finding.severity) == ("repeated-label", "warning")
    assert "'abcd' labels 10 of 100 images" in finding.what
    assert len(finding.files) == 10


def test_labels_that_recur_by_chance() -> None:
    """Of a hundred possible texts, each comes often."""
    assert not list(sameness_findings(labelled(ordinary(500, length=2))))


@pytest.mark.parametrize(("rare", "severity"), [(5, "warning"), (19, "warning"), (20, "note")])
def test_imbalance_harms_where_a_character_is_rare(rare: int, severity: Severity) -> None:
    """Not by the ratio: twenty examples are enough, however many others have."""
    labels = [*["abab", "baba"] * 200, *["abaq"] * rare]
    [finding] = imbalance_findings(labelled(labels), "")
    assert (finding.kind, finding.severity) == ("imbalance", severity)
    assert finding.what.endswith(f"q:{rare}")


def test_what_is_odd_for_another_reason_is_no_imbalance() -> None:
    """Nothing is said twice of one character."""
    labels = [*["abab", "baba"] * 200, "abaq"]
    assert not list(imbalance_findings(labelled(labels), "q"))


def test_chance_is_no_imbalance() -> None:
    """Few labels have each character a few times."""
    assert not list(imbalance_findings(labelled(ordinary(25, "0123456789abcdefghij")), ""))


@pytest.mark.parametrize("share", [1, 0.96])
@pytest.mark.parametrize(
    "form", ["{}{}+{}{}=?", "{}+{}{}=?", "?{}{}{}{}", "{}{}?{}{}", "{}{}{}{}??"]
)
def test_what_all_labels_share_is_no_measure_of_others(form: str, share: float) -> None:
    """Each digit is a tenth as often as the sign that stands in every label."""
    digits = ordinary(50)
    labels = [form.format(*d).replace("++", "+") for d in digits[: int(share * 50)]]
    labels += [f"{d[0]}{d}" for d in digits[int(share * 50) :]]
    findings = list(imbalance_findings(labelled(labels), ""))
    assert set(kinds(findings)) <= {"constant-character"}


def test_sums_of_one_and_two_digits() -> None:
    """Neither ``=`` nor ``?`` is in one place from the left, and the operators are three."""
    labels = [f"{i * 37 % 91}{'+-×'[i % 3]}{i * 53 % 97}=?" for i in range(200)]
    found = label_findings(labelled(labels))
    assert set(kinds(found)) <= {"constant-character"}


def test_a_rare_character_beside_one_that_all_share() -> None:
    """It is still compared with the others."""
    labels = [f"{label}=?" for label in [*["abab", "baba"] * 200, *["abaq"] * 5]]
    found = [f for f in imbalance_findings(labelled(labels), "") if f.kind == "imbalance"]
    assert [(f.severity, f.what.split(":")[-1]) for f in found] == [("warning", "5")]
    assert "'a' occurs" in found[0].what


def test_a_character_in_half_of_the_labels_is_compared() -> None:
    """It is not shared by all."""
    labels = [*["q" + "1"] * 10, *["1" + "a", "a" + "1"] * 200, *["aa", "bb"] * 150]
    [finding] = imbalance_findings(labelled(labels), "")
    assert finding.what.endswith("q:10")


def test_labels_that_differ_only_in_case() -> None:
    """They are noted with the files; a label twice is none, and neither is one of other letters."""
    labels = ["aB3d", "1234", "Ab3d", "aB3d", "ab3D", "xY", "xZ", "XZ", "1234"]
    [finding] = case_findings(labelled(labels))
    assert (finding.kind, finding.severity) == ("case-only", "note")
    what = "6 labels differ from another only in case, such as 'aB3d' and 'Ab3d'"
    assert finding.what == what
    assert "--ignore-case" in finding.remedy
    assert files(finding) == ["1.png", "3.png", "4.png", "5.png", "7.png", "8.png"]
    assert finding.files[1].facts == {"label": "Ab3d"}


@pytest.mark.parametrize("labels", [[], ["aB", "aB", "ab1", "aB2"], ["12", "12"]])
def test_labels_that_differ_otherwise(labels: list[str]) -> None:
    """Nothing is said of them."""
    assert not list(case_findings(labelled(labels)))


@pytest.mark.parametrize(
    ("place", "what"),
    [(0, "character 1 is always 'A' (40 of 40)"), (2, "character 3 is always 'A' (40 of 40)")],
)
def test_a_constant_character(place: int, what: str) -> None:
    """It is noted with its place, from the left."""
    labels = [label[:place] + "A" + label[place:] for label in ordinary(40)]
    [finding] = imbalance_findings(labelled(labels), "")
    assert (finding.kind, finding.severity, finding.what) == ("constant-character", "note", what)


@pytest.mark.parametrize("odd", ["123", "12345", "1"])
def test_one_label_of_another_length(odd: str) -> None:
    """It is named, with how long it is and what nearly all are."""
    [finding] = length_findings(labelled([*ordinary(60), odd]))
    assert (finding.kind, finding.severity) == ("odd-length", "warning")
    assert finding.what == "1 label has an odd length: nearly all have 4 characters"
    assert files(finding) == ["61.png"]
    assert finding.files[0].facts == {"label": odd, "length": len(odd)}


@pytest.mark.parametrize("tail", [1, 30])
def test_lengths_that_vary_are_no_fault(tail: int) -> None:
    """Rare ones next to the common ones belong to them."""
    labels = [*ordinary(50, length=4), *ordinary(60, length=5), *ordinary(tail, length=6)]
    assert not list(length_findings(labelled(labels)))


def test_a_length_apart_from_those_that_vary() -> None:
    """Nothing has seven characters, so the one of eight is no rare end."""
    labels = [*ordinary(50, length=4), *ordinary(60, length=6), "12345678"]
    [finding] = length_findings(labelled(labels))
    assert finding.what.endswith("nearly all have 4 to 6 characters")
    assert files(finding) == ["111.png"]


def test_of_a_few_labels_none_is_odd() -> None:
    """There is no saying what is usual."""
    assert not list(length_findings(labelled(["1", "1234", "4321", "2222"])))


def test_ordinary_labels_have_no_findings() -> None:
    """Nothing is said where nothing is wrong."""
    assert label_findings(labelled(ordinary(200))) == []


def test_no_labels_have_no_findings() -> None:
    """That there is nothing is said of the folder."""
    assert label_findings([]) == []


def test_every_fault_is_one_finding() -> None:
    """The letter is no imbalance and not unseen, though it is both of them too."""
    labels = [*ordinary(200), "123O", "12"]
    assert kinds(label_findings(labelled(labels))) == ["odd-kind", "odd-length"]


def test_a_finding_reads_like_an_error() -> None:
    """Where, what, and what to do about it: training prints it so."""
    [finding] = label_findings(labelled(ordinary(12)))
    assert str(finding) == (
        "labels: 12 samples: expect a model that often misreads "
        "(label at least 25, better 100 or more)"
    )
