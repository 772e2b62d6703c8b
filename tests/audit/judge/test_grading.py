"""The grade follows its rule, and what was not measured raises none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.figured import (
    SUBJECT,
    alphabet,
    curve,
    cutting,
    legibility,
    reads,
    strong,
    untrained,
    weak,
)
from captchascope.audit.figures import (
    Denoised,
    Figures,
    Leak,
    Leaks,
    Noise,
    Repeats,
    Training,
    Untrained,
)
from captchascope.audit.judge.grading import (
    MEANING,
    RULES,
    attacks_of,
    labels_doubtful,
    meets,
    verdict_of,
)
from captchascope.audit.results import GRADES, Curve, Grade, Verdict
from captchascope.evaluate import Rate

HELD = curve(l25=0.0, l100=0.0, l500=0.0, l1000=0.0)
"""A curve of a scheme that no training solves."""


def graded(figures: Figures, points: Curve | None = HELD) -> Verdict:
    """Return the verdict on figures."""
    return verdict_of(figures, points, SUBJECT)


LEAKING = Leaks(("headers",), (), (Leak("header", "a header", "X", Rate(20, 500), 0.0),))
BY_CHANCE = Leaks(("pages",), (), (Leak("page", "the page", "7", Rate(20, 500), 18.0),))


@pytest.mark.parametrize(
    ("figures", "points", "grade"),
    [
        (strong(leaks=LEAKING), HELD, "F"),
        (strong(leaks=BY_CHANCE), HELD, "A"),
        (strong(repeats=Repeats(1500, 0, 300, 9, 3000.0, 2500.0, None)), HELD, "F"),
        (strong(repeats=Repeats(1500, 0, 9, 9, 1e5, 6e4, None)), HELD, "A"),
        (strong(untrained=untrained(250)), HELD, "F"),
        (strong(alphabet=alphabet(guess=0.5)), HELD, "F"),
        (strong(untrained=untrained(249)), HELD, "E"),
        (strong(untrained=untrained(5)), HELD, "E"),
        (strong(alphabet=alphabet(guess=0.01)), HELD, "E"),
        (strong(noise=Noise((Denoised("median 3", Rate(11, 500), 0, None),), None)), HELD, "E"),
        (strong(), curve(l25=0.0, l100=0.01, l1000=0.9), "D"),
        (strong(cutting=cutting(5)), HELD, "D"),
        (strong(), curve(l25=0.0, l100=0.009, l1000=0.01), "C"),
        (strong(), HELD, "A"),
        (strong(untrained=untrained(4)), HELD, "B"),
        (strong(), curve(l25=0.0, l100=0.0, l500=0.0), "B"),
        (strong(legibility=legibility(audio=None)), HELD, "B"),
        (strong(legibility=legibility(warnings=("It is small.",))), HELD, "B"),
        (strong(leaks=None), HELD, "B"),
        (weak(), curve(l25=0.9), "F"),
    ],
)
def test_each_line_of_the_rule_holds_from_its_threshold_on(
    figures: Figures, points: Curve, grade: Grade
) -> None:
    """A line gives its grade at the threshold, and another line does just below."""
    assert graded(figures, points).grade == grade


@pytest.mark.parametrize("part", ["untrained", "cutting", "leaks", "repeats", "legibility"])
def test_what_was_not_measured_raises_no_grade(part: str) -> None:
    """Without a part of the figures a scheme that withstands all of it gets no A."""
    changed = {part: None}
    assert graded(replace(strong(), **changed)).grade == "B"  # type: ignore[arg-type]


def test_a_training_that_was_not_tried_makes_the_grade_uncertain() -> None:
    """Without trainings it is B at best, and says so."""
    verdict = graded(strong(), None)
    assert (verdict.grade, verdict.certain) == ("B", False)
    assert verdict.rule.startswith("B at best")
    assert "no training" in verdict.summary


def test_few_labels_tried_make_the_grade_uncertain() -> None:
    """A training on 100 labels does not say what 500 do."""
    verdict = graded(strong(), curve(l25=0.0, l100=0.0))
    assert (verdict.grade, verdict.certain) == ("B", False)
    assert "more than 100 labels" in verdict.summary


def test_few_images_make_the_grade_uncertain() -> None:
    """None of 20 images solved is no proof of less than 1 %."""
    verdict = graded(strong(untrained=untrained(0, 0.01, total=20)))
    assert (verdict.grade, verdict.certain) == ("B", False)
    assert "1 % may be solved where 0 % was" in verdict.summary


def test_what_denoising_adds_must_be_shown() -> None:
    """The best of several ways, on a few images, is better than the rest by chance."""
    lucky = Noise((Denoised("median 3", Rate(1, 100), 0.0, None),), None)
    assert graded(strong(noise=lucky)).grade == "A"


def test_a_pool_that_may_be_large_makes_the_grade_uncertain() -> None:
    """Where a few images came again, there may be many more."""
    few = Repeats(300, 0, 8, 0, 5600.0, 2900.0, None, 13_000.0)
    assert (graded(strong(repeats=few)).grade, graded(strong(repeats=few)).certain) == ("F", False)
    assert graded(strong(repeats=replace(few, pool_high=9000.0))).certain


def test_only_what_leaves_another_grade_open_makes_it_uncertain() -> None:
    """That the answer may leak, too, changes nothing for what has the worst grade already."""
    assert graded(strong(untrained=untrained(450), leaks=None)).certain
    assert not graded(strong(untrained=untrained(50), leaks=None)).certain


def test_an_interval_that_leaves_a_better_grade_open_makes_it_uncertain() -> None:
    """Five of 500 are 1 %, and may be less."""
    assert graded(strong(untrained=untrained(5))).certain is False
    assert graded(strong(untrained=untrained(50))).certain is True


def test_without_labels_the_grade_is_what_the_reader_expects() -> None:
    """It is given, as not certain."""
    verdict = graded(replace(strong(), untrained=untrained(None, 0.8), cutting=None), None)
    assert (verdict.grade, verdict.certain) == ("F", False)
    assert "expects" in verdict.summary


def test_labels_that_contradict_what_is_read_count_for_nothing() -> None:
    """A reader that is sure, and always wrong, makes the grade one that is expected."""
    figures = strong(untrained=untrained(3, 0.97))
    verdict = graded(figures)
    assert labels_doubtful(figures)
    assert (verdict.grade, verdict.certain) == ("F", False)
    assert "contradict" in verdict.summary
    assert {attack.way for attack in attacks_of(figures, HELD)} == {"read", "guess"}


def test_a_few_wrong_images_do_not_contradict_the_labels() -> None:
    """Three images read wrong may be chance."""
    assert not labels_doubtful(strong(untrained=untrained(0, 0.97, total=3)))


def test_labels_of_another_case_do_not_contradict_what_is_read() -> None:
    """Untold the reader is sure of small letters; told the alphabet, it reads what labels say."""
    told = Untrained(reads(0, 0.97), reads(480, 0.96), "26 characters", None)
    assert not labels_doubtful(strong(untrained=told))
    assert graded(strong(untrained=told)).certain


def test_a_training_that_was_cut_short_shows_no_resistance() -> None:
    """What half a training does not solve, a whole one may."""
    short = Training(1000, 0, reads(0, 0.0), 60.0, "", cut_short=True)
    verdict = graded(strong(trainings=(short,)))
    assert (verdict.grade, verdict.certain) == ("B", True)  # by the training on 500
    verdict = graded(strong(trainings=(short, replace(short, labels=500))))
    assert (verdict.grade, verdict.certain) == ("B", False)
    assert "more than 100 labels" in verdict.summary
    whole = replace(short, seed=1, cut_short=False)
    assert graded(strong(trainings=(short, whole))).grade == "A"


def test_nothing_measured_gives_no_grade() -> None:
    """There is no verdict, and the summary says why."""
    verdict = graded(Figures(), None)
    assert (verdict.grade, verdict.certain) == (None, False)
    assert "Too little" in verdict.summary


def test_a_guess_alone_gives_no_grade_but_a_bad_one() -> None:
    """How many texts there are says nothing of how they are drawn."""
    assert graded(Figures(alphabet=alphabet()), None).grade is None
    assert graded(Figures(alphabet=alphabet(guess=0.1)), None).grade == "E"


def test_the_rule_names_every_grade_from_the_worst() -> None:
    """A worse grade is never behind a better one, but for A, which is told from B."""
    order = [rule.grade for rule in RULES]
    assert order == ["F", "F", "F", "E", "D", "D", "C", "A", "B"]
    assert {*order} == {*MEANING} == {*GRADES}


@pytest.mark.parametrize(
    ("grade", "certain", "wanted", "enough"),
    [
        ("A", True, "B", True),
        ("B", True, "B", True),
        ("C", True, "B", False),
        ("B", False, "B", False),
        ("B", False, "C", True),
        ("C", False, "C", True),
        (None, False, "F", False),
    ],
)
def test_a_pipeline_gets_no_grade_that_was_not_shown(
    grade: Grade | None, certain: bool, wanted: Grade, enough: bool
) -> None:
    """A and B have to be certain, where they are asked for."""
    assert meets(Verdict(grade, "", certain, ""), wanted) is enough
