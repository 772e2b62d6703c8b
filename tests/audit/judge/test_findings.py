"""Findings say what figures mean, the one that weighs most first."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest

from audit.figured import (
    SUBJECT,
    alphabet,
    attack,
    cost,
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
    Knob,
    Noise,
    Repeats,
    Training,
    Turned,
    Untrained,
    WhatIf,
)
from captchascope.audit.judge.findings import KINDS, findings_of
from captchascope.audit.results import SEVERITIES, Cost, Curve, Finding
from captchascope.evaluate import Rate

CHEAP = cost(attack(0, 0.6), attack(100, 0.7))


def found(
    figures: Figures, points: Curve | None = None, costs: Cost | None = None
) -> dict[str, Finding]:
    """Return findings by their kind, in order."""
    return {each.kind: each for each in findings_of(figures, points, costs, SUBJECT)}


def all_of_weak() -> dict[str, Finding]:
    """Return the findings about a scheme with every fault."""
    return found(weak(), curve(l25=0.6, l100=0.9, l500=0.99), CHEAP)


def test_every_fault_is_found() -> None:
    """Of a scheme that has them all."""
    good = {"withstands-training", "withstands-reading", "resists-cutting", "no-leak", "no-repeats"}
    others = {"varied-typefaces", "good-contrast", "labels-doubtful", "what-if-helps"}
    assert set(KINDS) - set(all_of_weak()) == good | others


def test_what_speaks_for_a_scheme_is_said() -> None:
    """Of one that withstands all, nothing else is found."""
    held = curve(l25=0.0, l100=0.0, l500=0.0)
    assert {each.severity for each in found(strong(), held).values()} == {"good"}
    assert set(found(strong(), held)) == {
        "withstands-training",
        "withstands-reading",
        "resists-cutting",
        "no-leak",
        "no-repeats",
        "varied-typefaces",
        "good-contrast",
    }


def test_the_worst_comes_first() -> None:
    """By severity, and by weight among those of one severity."""
    kinds = list(KINDS)
    order = [(SEVERITIES.index(f.severity), kinds.index(f.kind)) for f in all_of_weak().values()]
    assert order == sorted(order)
    assert next(iter(all_of_weak())) == "answer-leaks"


def test_every_finding_is_whole_sentences() -> None:
    """Each begins in upper case and ends in a full stop; a fault has a remedy."""
    for finding in (*all_of_weak().values(), *found(strong(), curve(l500=0.0)).values()):
        for text in (finding.title, finding.what, finding.means, finding.remedy):
            assert not text or (text[0].isupper() or text[0].isdigit() or text[0] in "“f")
            assert not text or text.endswith(".")
            assert "  " not in text
            assert "None" not in text
        assert bool(finding.remedy) is (finding.severity != "good")


def test_nothing_measured_finds_nothing() -> None:
    """No figure, no finding."""
    assert found(Figures()) == {}


@pytest.mark.parametrize("part", [field.name for field in fields(Figures)])
def test_each_part_of_the_figures_may_be_missing(part: str) -> None:
    """What was not measured is not spoken of, and the rest is."""
    empty = () if part == "trainings" else None
    assert found(replace(weak(), **{part: empty}), None, CHEAP)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hits", "severity"), [(450, "critical"), (249, "serious"), (5, "serious"), (4, None)]
)
def test_reading_without_labels_weighs_by_how_much(hits: int, severity: str | None) -> None:
    """Half is critical, the threshold serious, and less is nothing."""
    finding = found(Figures(untrained=untrained(hits))).get("read-without-labels")
    assert (finding.severity if finding else None) == severity


def test_reading_is_told_with_counts_and_interval() -> None:
    """So that the report can be checked."""
    finding = found(Figures(untrained=untrained(450)))["read-without-labels"]
    assert "450 of 500 images (90 %, 95 % interval 87 % to 92 %)" in finding.what
    assert finding.pictures


def test_a_drawn_scheme_may_be_known_to_the_reader() -> None:
    """It was trained on drawn captchas, which the report has to say."""
    drawn = replace(SUBJECT, generated=True)
    (finding,) = findings_of(Figures(untrained=untrained(450)), None, None, drawn)
    assert "trained on" in finding.what


def test_an_expectation_weighs_less_than_a_measurement() -> None:
    """Without labels nobody knows whether the reader is right."""
    finding = found(Figures(untrained=untrained(None, 0.9)))["read-without-labels"]
    assert finding.severity == "serious"
    assert "expects" in finding.what


def test_labels_that_contradict_are_the_first_finding() -> None:
    """And no rate that counts them is spoken of."""
    figures = replace(weak(), untrained=untrained(3, 0.97))
    kinds = found(figures, curve(l25=0.0, l500=0.0), cost(attack(0, 0.006)))
    assert next(iter(kinds)) == "labels-doubtful"
    assert not {"withstands-training", "withstands-reading", "cheap-attack"} & set(kinds)


def test_labels_needed_are_told_where_it_is_broken_as_it_stands() -> None:
    """A scheme whose first percent needs no label has a number for its half."""
    points = curve(l0=0.02, l100=0.6, l500=0.95)
    finding = found(Figures(untrained=untrained(10)), points)["few-labels"]
    assert "about 0 for 1 %; about 100 for 50 %; about 500 for 90 %" in finding.what


def test_what_needs_no_label_at_all_needs_not_few() -> None:
    """Where the general reader reads nine of ten, labels add little."""
    points = curve(l0=0.95, l100=0.99)
    assert "few-labels" not in found(Figures(untrained=untrained(475)), points)


def test_a_training_on_few_labels_that_fails_says_nothing() -> None:
    """Only 500 labels or more show that training does not help."""
    assert "withstands-training" not in found(strong(), curve(l25=0.0, l100=0.0))


def test_an_attack_names_its_price_for_successes() -> None:
    """A reader that is right every tenth time costs ten readings."""
    costs = cost(attack(100, 0.1, price_per_1000=0.02))
    what = found(Figures(), None, costs)["cheap-attack"].what
    assert "0.2 USD of computing for a thousand solved images" in what
    assert what.startswith("A reader trained on 100 labels: 8 minutes of labelling")
    free = found(Figures(untrained=untrained(300)), None, CHEAP)["cheap-attack"]
    assert free.what.startswith("The general reader, told nothing: no labelling")


def test_an_attacker_who_gains_nothing_by_skipping_is_not_spoken_of() -> None:
    """Where almost all is right there is nothing to skip."""
    costs = cost(attack(0, 0.99, abstaining=1.0))
    assert "abstaining-attacker" not in found(Figures(), None, costs)


def test_skipping_that_leaves_many_wrong_answers_is_not_spoken_of() -> None:
    """Five answers for a success instead of fifty are not hardly ever wrong."""
    assert "abstaining-attacker" not in found(Figures(), None, cost(attack(0, 0.02, abstaining=5)))
    assert "abstaining-attacker" in found(Figures(), None, cost(attack(0, 0.02, abstaining=1.1)))


def test_what_falls_apart_does_not_resist_cutting() -> None:
    """Though so few labels do not tell its characters."""
    kinds = found(strong(cutting=cutting(0, 10, counted=9)))
    assert "cut-apart" in kinds
    assert "resists-cutting" not in kinds


def test_without_labels_nothing_is_said_to_be_solved() -> None:
    """The reader only expects to, of denoised and of changed images likewise."""
    noise = Noise(
        (Denoised("as they are", None, 0.6, Rate(1, 9)), Denoised("median", None, 0.8, Rate(9, 9))),
        None,
    )
    turned = Turned("0", None, 0.6, 9.0, None), Turned("12", None, 0.3, 9.0, None)
    changed = WhatIf(9, False, (Knob("lines", turned),))
    kinds = found(strong(untrained=untrained(None), noise=noise, what_if=changed))
    assert "expected to be solved" in kinds["noise-is-weak"].what
    for kind in ("noise-hinders-classical-only", "what-if-helps-little"):
        assert "expects to solve 60 %" in kinds[kind].what


def test_a_training_that_was_cut_short_is_no_praise() -> None:
    """What half a training does not solve, a whole one may."""
    short = Training(500, 0, reads(0, 0.0), 60.0, "", cut_short=True)
    held = curve(l100=0.0, l500=0.0)
    assert "withstands-training" not in found(strong(trainings=(short,)), held)


def test_no_image_twice_in_a_few_is_no_praise() -> None:
    """Ten images that differ say nothing of how many there are."""
    assert "no-repeats" not in found(Figures(repeats=Repeats(10, 0, 0, 0, None, 15.0, None)))


def test_a_pool_of_some_size_weighs_less() -> None:
    """Fifty thousand images are a nuisance to collect."""
    few = found(Figures(repeats=Repeats(1500, 0, 22, 0, 5e4, 3e4, None)))["small-pool"]
    assert few.severity == "moderate"
    assert not found(Figures(repeats=Repeats(1500, 0, 1, 0, 1e6, 2e5, None)))


def test_cutting_that_fails_is_no_praise_of_what_is_read_whole() -> None:
    """Hollow touching letters resist cutting, and are read all the same."""
    figures = Figures(untrained=untrained(450), cutting=cutting(0))
    assert "does not need it" in found(figures)["resists-cutting"].means


def test_a_change_that_stops_the_reader_is_said_with_its_price() -> None:
    """What it costs people stands beside it."""
    settings = (
        Turned("0 lines", Rate(300, 500), 0.6, 9.0, None),
        Turned("30 lines", Rate(0, 500), 0.0, 1.2, None),
    )
    finding = found(Figures(what_if=WhatIf(500, True, (Knob("lines", settings),))))["what-if-helps"]
    assert "60 % at “0 lines”, and 0 % at “30 lines”" in finding.what
    assert "from 9.0 to 1.2" in finding.what


def test_changes_that_were_not_tried_are_not_judged() -> None:
    """Where there was no time for some, or nothing is labelled, no more is said than was seen."""
    settings = Turned("0 lines", None, 0.9, 9.0, None), Turned("9 lines", None, 0.4, 9.0, None)
    what_if = WhatIf(60, False, (Knob("lines", settings),), ("blur",))
    finding = found(Figures(what_if=what_if))["what-if-helps-little"]
    assert finding.title == "No change that was tried stops the reader."
    assert "expects to solve 90 %" in finding.what


def test_small_text_needs_more_contrast() -> None:
    """As WCAG has it."""
    assert "low-contrast" in found(Figures(legibility=legibility(contrast_low=4.0, height=12.0)))
    assert "low-contrast" not in found(Figures(legibility=legibility(contrast_low=4.0)))


def test_nobody_said_whether_there_is_sound() -> None:
    """That is a question, and no fault yet."""
    assert found(Figures(legibility=legibility(audio=None)))["no-audio"].severity == "minor"
    assert found(Figures(legibility=legibility(audio=False)))["no-audio"].severity == "serious"


def test_a_guess_weighs_by_its_chance() -> None:
    """Four digits are few, two are none."""
    few = found(Figures(alphabet=alphabet(guess=1e-4)))["small-keyspace"]
    assert few.severity == "moderate"
    assert "1 in 10,000" in few.what
    assert found(Figures(alphabet=alphabet(guess=0.01)))["small-keyspace"].severity == "critical"
    assert "small-keyspace" not in found(Figures(alphabet=alphabet(guess=9e-5)))


def test_the_better_of_two_readings_is_told() -> None:
    """Telling the reader a wrong alphabet hides nothing."""
    both = Untrained(reads(400), reads(10), "10 characters", None)
    assert "400 of 500" in found(Figures(untrained=both))["read-without-labels"].what


def test_findings_hold_no_control_characters() -> None:
    """They go into HTML, XML and JSON."""
    texts = [str(value) for each in all_of_weak().values() for value in asdict(each).values()]
    assert all(char.isprintable() for text in texts for char in text)
