"""Which trainings an audit makes, and how far it says it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captchascope.audit.plan import Pace, trainings_of


def test_one_training_of_each_size_comes_first() -> None:
    """So that whatever the time allows says the most."""
    wanted = trainings_of(1000, 4, full=False)
    assert wanted[:3] == [(25, 4), (100, 4), (500, 4)]
    assert len(wanted) == 9


def test_no_training_has_more_labels_than_there_are() -> None:
    """Sizes that the folder cannot give are not planned."""
    assert {n for n, _ in trainings_of(130, 0, full=True)} == {25, 50, 100}
    assert trainings_of(24, 0, full=False) == []


_STEPS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100), st.booleans()), min_size=1)


@given(_STEPS)
def test_the_share_only_grows_to_one(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever measurements take, and whichever are left out."""
    pace = Pace({str(i): expected for i, (expected, _, _) in enumerate(steps)})
    for i, (_, taken, made) in enumerate(steps):
        assert 0 <= pace.share(str(i), 0.0) <= pace.share(str(i), 0.5) <= 1
        if made:
            pace.make(str(i), taken)
        else:
            pace.skip(str(i))
    assert pace.left("", 0.0) == 0


def test_what_is_made_counts_once() -> None:
    """Also where it is told as done once more."""
    pace = Pace({"a": 10.0, "b": 30.0})
    pace.make("a", 10.0)
    assert pace.share("a", 1.0) == pace.share("b", 0.0) == 0.25


def test_the_time_left_follows_the_time_taken() -> None:
    """A machine that took twice as long as expected will do so again."""
    pace = Pace({"a": 10.0, "b": 30.0})
    pace.make("a", 20.0)
    assert pace.left("b", 0.5) == 30.0
