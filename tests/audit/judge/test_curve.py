"""The learning curve: its points, the labels needed, and the intervals of both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.audit.figures import Reads, Training, Untrained
from captchascope.audit.judge.curve import SHARES, learning_curve
from captchascope.evaluate import Rate

IMAGES = 40


def reads(outcomes: str) -> Reads:
    """Return what was read of images, by which are right."""
    exact = Rate(outcomes.count("1"), len(outcomes))
    return Reads(exact, None, 0.5, 0, 0, 9.0, outcomes=outcomes)


def first(hits: int) -> Reads:
    """Return a reader that reads the first of the images."""
    return reads("1" * hits + "0" * (IMAGES - hits))


def general(hits: int) -> Untrained:
    """Return what the general reader reads."""
    return Untrained(first(hits), None, "nothing", None)


def training(labels: int, read: Reads, seed: int = 0, cut_short: bool = False) -> Training:
    """Return a training."""
    return Training(labels, seed, read, 60.0, "kept", cut_short)


def test_the_points_are_means() -> None:
    """The general reader's comes first, told what anybody sees where it was."""
    untrained = Untrained(first(1), first(4), "10 characters", None)
    made = [training(25, first(10)), training(25, first(20), 1), training(100, first(36))]
    points = learning_curve(untrained, made).points
    assert [(p.labels, p.trainings, p.exact) for p in points] == [
        (0, 0, 0.1),
        (25, 2, 0.375),
        (100, 1, 0.9),
    ]
    assert all(0 <= point.low <= point.exact <= point.high <= 1 for point in points)


def test_the_general_reader_has_the_interval_of_wilson() -> None:
    """To the fineness of the rates that are looked at."""
    point = learning_curve(general(12), []).points[0]
    rate = Rate(12, IMAGES)
    assert (point.low, point.high) == pytest.approx((rate.low, rate.high), abs=2e-3)


def test_one_training_tells_less_than_its_images_say() -> None:
    """Its spread is unknown, and assumed; several that agree narrow the interval."""
    alone = learning_curve(None, [training(25, first(20))]).points[0]
    several = [training(25, first(20), seed) for seed in range(5)]
    agreeing = learning_curve(None, several).points[0]
    wilson = Rate(20, IMAGES)
    assert alone.low < wilson.low < wilson.high < alone.high
    assert alone.low < agreeing.low < agreeing.high < alone.high


def test_trainings_that_differ_are_less_certain_than_those_that_agree() -> None:
    """Whatever their mean."""
    apart = [training(25, first(hits), hits) for hits in (5, 20, 35)]
    alike = [training(25, first(hits), hits) for hits in (19, 20, 21)]
    (wide,), (narrow,) = (learning_curve(None, made).points for made in (apart, alike))
    assert wide.exact == narrow.exact
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_more_trainings_do_not_make_up_for_few_images() -> None:
    """Those that err on the same images tell no more of them than one; others do."""
    rng = np.random.default_rng(0)
    same = [training(25, first(20), seed) for seed in range(5)]
    other = [
        training(25, reads("".join(rng.permutation([*"01" * (IMAGES // 2)]))), seed)
        for seed in range(5)
    ]
    (wide,), (narrow,) = (learning_curve(None, made).points for made in (same, other))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_labels_are_interpolated() -> None:
    """What no label needs, what some need, and what more than were tried would need."""
    made = [training(25, first(16)), training(100, first(26))]
    one, half, most, all_ = learning_curve(general(8), made).needed
    assert tuple(n.share for n in (one, half, most, all_)) == SHARES
    assert (one.labels, one.words) == (0, "none")
    assert half.labels is not None
    assert 25 < half.labels < 100
    assert half.low is not None
    assert half.low < half.labels
    assert half.words.startswith(f"about {int(float(f'{half.labels:.2g}'))} (")
    assert (most.labels, most.high) == (None, None)
    assert all_.words.startswith("more than 100")


def test_without_a_training_what_the_general_reader_does_not_reach_is_unknown() -> None:
    """Nobody tried any label, so that a number of them would mean nothing."""
    words = [needed.words for needed in learning_curve(general(20), []).needed]
    assert words == [
        "none",
        "perhaps none: no training was tried",
        *["unknown: no training was tried"] * 2,
    ]


def test_a_fall_is_taken_for_chance() -> None:
    """Where fewer labels read more, the curve through the points does not fall."""
    made = [training(25, first(30)), training(100, first(24)), training(500, first(38))]
    half = learning_curve(general(4), made).needed[1]
    assert half.labels is not None
    assert 0 < half.labels < 25


def test_who_has_labels_may_still_use_the_general_reader() -> None:
    """No label is needed for what it reads, though trainings make less of some."""
    made = [training(25, first(12)), training(100, first(13))]
    needed = {each.share: each for each in learning_curve(general(24), made).needed}
    assert needed[0.5].labels == 0
    assert needed[0.9].labels is None


def test_a_training_that_was_cut_short_counts_only_where_no_other_does() -> None:
    """It would make the scheme seem stronger than it is."""
    made = [training(25, first(2), cut_short=True), training(25, first(30), 1)]
    assert learning_curve(None, made).points[0].exact == 0.75
    assert learning_curve(None, made[:1]).points[0].exact == 0.05


def test_without_anything_measured_there_is_no_point() -> None:
    """Nor are labels needed for anything."""
    curve = learning_curve(Untrained(Reads(None, None, 0.5, 0, 0, 9.0), None, "", None), [])
    assert (curve.points, curve.needed) == ((), ())


def test_intervals_cover_the_truth() -> None:
    """Of 30 studies of readers that read 70 %, at least 26; bench/audit_intervals.py has more."""
    rng = np.random.default_rng(16)
    covered = 0
    for _ in range(30):
        hard = rng.standard_normal(150)
        made = []
        for seed in range(3):
            odds = 1.032 + 0.3 * rng.standard_normal() + hard  # on average 0.7 of the texts
            right = rng.random(len(hard)) < 1 / (1 + np.exp(-odds))
            made.append(training(100, reads("".join("01"[int(one)] for one in right)), seed))
        point = learning_curve(None, made).points[0]
        covered += point.low <= 0.7 <= point.high
    assert covered >= 26


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from([25, 50, 100, 500]), st.integers(0, IMAGES), st.booleans()),
        max_size=6,
    ),
    st.none() | st.integers(0, IMAGES),
)
def test_intervals_hold_what_they_are_of(
    made: list[tuple[int, int, bool]], hits: int | None
) -> None:
    """Whatever was measured: in order, within bounds, the same again."""
    untrained = None if hits is None else general(hits)
    trainings = [training(n, first(k), i, cut) for i, (n, k, cut) in enumerate(made)]
    curve = learning_curve(untrained, trainings)
    assert curve == learning_curve(untrained, trainings)
    assert [p.labels for p in curve.points] == sorted({p.labels for p in curve.points})
    assert all(0 <= p.low <= p.exact <= p.high <= 1 for p in curve.points)
    infinite = float("inf")
    several = [
        tuple(infinite if value is None else value for value in (one.low, one.labels, one.high))
        for one in curve.needed
    ]
    assert all(low <= labels <= high for low, labels, high in several)
    assert [labels for _, labels, _ in several] == sorted(labels for _, labels, _ in several)
    assert all(one.words for one in curve.needed)
