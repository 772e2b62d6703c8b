"""How many texts a guess is among, and what people mix up."""

from __future__ import annotations

import math
import random

import pytest

from audit.subjects import of_labels
from captchascope.audit.measure.alphabet import entropy, measure_alphabet
from captchascope.audit.setting import UnmeasuredError
from captchascope.evaluate import Rate


def _drawn(chars: str, length: int, count: int, weights: list[int] | None = None) -> list[str]:
    rng = random.Random(1)
    return ["".join(rng.choices(chars, weights, k=length)) for _ in range(count)]


def test_six_even_digits_have_twenty_bits() -> None:
    """A million texts are 19.93 bits, and so many are measured of labels that are drawn evenly."""
    found = measure_alphabet(of_labels(_drawn("0123456789", 6, 400)))
    assert found.bits == pytest.approx(6 * math.log2(10))
    assert found.measured_bits == pytest.approx(found.bits, abs=0.1)
    assert (found.shortest, found.longest, found.characters) == (6, 6, "0123456789")
    assert found.guess == pytest.approx(1e-6)


def test_characters_that_are_drawn_unevenly_have_fewer_bits() -> None:
    """The skew is significant, and the bits are those of the weights: 0.4690 a character."""
    labels = _drawn("AB", 5, 300, [9, 1])
    found = measure_alphabet(of_labels(labels, charset="AB", length=5))
    assert found.skew is not None
    assert found.skew <= 0.001
    assert found.measured_bits == pytest.approx(5 * 0.469, abs=0.3)


def test_even_characters_are_seldom_called_uneven() -> None:
    """Of forty alphabets that are drawn evenly, no more are than chance has it."""
    rng, low = random.Random(2), 0
    for _ in range(40):
        labels = ["".join(rng.choices("ABCDEF", k=4)) for _ in range(12)]
        skew = measure_alphabet(of_labels(labels, charset="A-F")).skew
        low += skew is not None and skew <= 0.05
    assert low <= 6  # the 99.7 % quantile of a binomial of 40 and 0.05


def test_the_correction_takes_most_of_the_bias_away() -> None:
    """Of 36 characters drawn 200 times the shares alone have 0.13 bits too few on average."""
    rng, sums = random.Random(3), 0.0
    for _ in range(100):
        drawn = rng.choices(range(36), k=200)
        sums += entropy(drawn.count(kind) for kind in range(36))
    assert sums / 100 == pytest.approx(math.log2(36), abs=0.02)


def test_texts_that_all_come_again_are_counted_whole() -> None:
    """Of two words that take turns there is one bit, however many characters they have."""
    found = measure_alphabet(of_labels(["abcdef", "ghijkl"] * 50))
    assert found.measured_bits == pytest.approx(1, abs=0.01)


def test_one_label_of_all_images_has_no_bits() -> None:
    """Nothing is left to be guessed."""
    assert measure_alphabet(of_labels(["7k2f"] * 30)).measured_bits == 0


def test_lengths_are_part_of_a_guess() -> None:
    """The best guess is the shortest text: three of four are of one digit."""
    found = measure_alphabet(of_labels(["1", "2", "3", "12"], charset="0-9"))
    assert found.bits == pytest.approx(math.log2(110))
    assert found.guess == pytest.approx(0.075)


def test_only_look_alikes_that_are_both_used_count() -> None:
    """Which labels have them is counted; 8 without B is none."""
    found = measure_alphabet(of_labels(["0A", "O8", "mA", "rn"]))
    groups = {group.characters: group.texts for group in found.look_alikes}
    assert groups == {"0O": Rate(2, 4), "rn/m": Rate(2, 4)}


def test_cases_that_count_as_one_are_not_mixed_up() -> None:
    """Where case does not matter, C is as right as c."""
    labels = ["cC1", "2cC"]
    assert [g.characters for g in measure_alphabet(of_labels(labels)).look_alikes] == ["Cc"]
    assert not measure_alphabet(of_labels(labels, ignore_case=True)).look_alikes


def test_a_letter_of_another_script_looks_like_the_plain_one() -> None:
    """A Cyrillic A beside a Latin one: no image tells them apart."""
    found = measure_alphabet(of_labels(["AB", "АB"]))
    assert [group.characters for group in found.look_alikes] == ["АA"]


def test_without_labels_what_is_told_counts() -> None:
    """The bits are those of alphabet and lengths; nothing is known of how texts are drawn."""
    found = measure_alphabet(of_labels([], charset="0-9a-f", length="4-5"))
    assert found.bits == pytest.approx(math.log2(16**4 + 16**5))
    assert found.measured_bits is None
    assert found.skew is None
    assert found.guess == pytest.approx(0.5 / 16**4)


@pytest.mark.parametrize(
    ("reading", "missing"),
    [({}, "charset"), ({"length": 4}, "charset"), ({"charset": "ab"}, "length")],
)
def test_nothing_told_is_not_measured(reading: dict[str, object], missing: str) -> None:
    """The reason says what to tell."""
    with pytest.raises(UnmeasuredError, match=missing):
        measure_alphabet(of_labels([], **reading))


def test_what_is_asked_for_of_a_sum_is_its_result() -> None:
    """Of two numbers to 19 there are 37 results; that signs come often is no fault."""
    rng = random.Random(1)
    found = measure_alphabet(
        of_labels([f"{rng.randint(1, 19)}+{rng.randint(1, 19)}" for _ in range(200)])
    )
    assert found.guess == pytest.approx(1 / 37, rel=0.1)
    assert found.bits == pytest.approx(math.log2(37), abs=0.2)
    assert found.skew is None


def test_a_place_that_is_always_the_same_has_no_bits() -> None:
    """A zero and five even digits have those of five."""
    found = measure_alphabet(of_labels(["0" + text for text in _drawn("0123456789", 5, 300)]))
    assert found.measured_bits == pytest.approx(5 * math.log2(10), abs=0.1)
