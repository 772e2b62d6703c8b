"""What attacks cost, by what was measured."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.audit.figures import Abstention, Figures, Reads, Training, Untrained
from captchascope.audit.judge.cost import SECONDS_PER_LABEL, cost_of, measured_seconds_per_label
from captchascope.audit.judge.curve import learning_curve
from captchascope.audit.results import Cost
from captchascope.evaluate import Rate


def reads(hits: int, total: int = 100, sure: tuple[int, int] = (0, 0)) -> Reads:
    """Return a reader, and how many of how many it answers right that it is sure of."""
    points = (
        Abstention(0.0, Rate(total, total), Rate(hits, total)),
        Abstention(0.9, Rate(sure[1], total), Rate(*sure)),
    )
    return Reads(Rate(hits, total), None, 0.5, 0, 0, 36.0, points)


def figures(untold: Reads, *trainings: Training) -> Figures:
    """Return figures with a general reader that is told nothing."""
    return Figures(untrained=Untrained(untold, None, "nothing", None), trainings=trainings)


def costs(
    of: Figures, *, seconds_per_label: float | None = None, measured: float | None = None
) -> Cost:
    """Return what its attacks cost."""
    curve = learning_curve(of.untrained, of.trainings)
    found = cost_of(
        of,
        curve,
        seconds_per_label=seconds_per_label,
        measured=measured,
        price_per_hour=0.5,
    )
    assert found is not None
    return found


def test_what_an_attack_takes() -> None:
    """Labelling, training, computing, and attempts, each in its unit."""
    made = [Training(60, seed, reads(80, sure=(49, 50)), 90.0, "") for seed in range(2)]
    general, trained = costs(figures(reads(20), *made), seconds_per_label=5.0).attacks
    assert (general.name, general.labels) == ("the general reader, told nothing", 0)
    assert (general.labelling_minutes, general.training_minutes) == (0, 0)
    assert general.attempts_per_success == pytest.approx(5)
    assert (trained.labelling_minutes, trained.training_minutes) == (5.0, 1.5)
    assert (trained.exact, trained.milliseconds) == (0.8, 36.0)
    assert trained.price_per_1000 == pytest.approx(0.005)
    assert trained.abstaining == pytest.approx(50 / 49)
    assert trained.images_per_success == pytest.approx(100 / 49)


def test_attempts_before_a_lockout() -> None:
    """More of them make a success likelier, and sessions fewer."""
    (attack,) = costs(figures(reads(50))).attacks
    assert [tried.allowed for tried in attack.lockouts] == [1, 3, 5, 10]
    assert attack.lockouts[1].success == pytest.approx(0.875)
    assert attack.lockouts[1].sessions == pytest.approx(1 / 0.875)


def test_few_answers_that_are_right_by_chance_are_not_counted_on() -> None:
    """Nor are those counted of a reader that answers hardly anything."""
    (attack,) = costs(figures(reads(90, sure=(6, 6)))).attacks
    assert attack.abstaining == pytest.approx(100 / 90)
    (attack,) = costs(figures(reads(10, sure=(4, 4)))).attacks
    assert attack.abstaining == pytest.approx(10)


def test_a_reader_that_reads_nothing() -> None:
    """There is no success, and so nothing that it takes."""
    (attack,) = costs(figures(reads(0))).attacks
    assert (attack.attempts_per_success, attack.abstaining) == (None, None)
    assert attack.images_per_success is None
    assert all((tried.success, tried.sessions) == (0, None) for tried in attack.lockouts)


def test_without_labels_it_is_an_expectation() -> None:
    """Its name says so; where nothing was read there is no cost."""
    (attack,) = costs(figures(Reads(None, None, 0.25, 0, 0, 9.0))).attacks
    assert attack.name.endswith("as it expects itself")
    assert (attack.attempts_per_success, attack.abstaining) == (4, None)
    assert cost_of(Figures(), None, price_per_hour=1) is None


def test_the_time_of_a_label() -> None:
    """As given, else as measured, else as people took in the literature."""
    one = figures(reads(1))
    assert costs(one).seconds_per_label == SECONDS_PER_LABEL
    assert not costs(one).measured
    told = costs(one, measured=4.0)
    assert (told.seconds_per_label, told.measured) == (4.0, True)
    told = costs(one, seconds_per_label=3.0, measured=4.0)
    assert (told.seconds_per_label, told.measured) == (3.0, False)


def test_a_folder_that_was_labelled_tells_how_long_that_took(tmp_path: Path) -> None:
    """The median of labels that stand; nothing is written into the folder."""
    assert measured_seconds_per_label(tmp_path) is None
    schema = pytest.importorskip("captchascope.web.label.schema")
    database = schema.Database(tmp_path / schema.DATABASE)
    rows: list[tuple[int, str | None, float | None, int | None]]
    rows = [(i, "text", 4.0 + i % 3, None) for i in range(12)]
    rows += [(12, None, 99.0, None), (13, "text", 900.0, 20), (14, "text", None, None)]
    with database.changing() as connection:
        connection.execute("INSERT INTO images (id, file) VALUES (1, '1.png')")
        for key, text, seconds, undone in rows:
            connection.execute(
                "INSERT INTO marks (key, image, session, text, final, seconds, undone)"
                " VALUES (?, 1, 'a', ?, 0, ?, ?)",
                (str(key), text, seconds, undone),
            )
    database.close()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert measured_seconds_per_label(tmp_path) == 5.0
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", ["few", "other", "none"])
def test_a_database_that_does_not_tell(tmp_path: Path, content: str) -> None:
    """Too few labels, another program's tables, or no database at all."""
    path = tmp_path / ".captchascope-labels.sqlite"
    if content == "none":
        path.write_bytes(b"no database" * 100)
    else:
        connection = sqlite3.connect(path)
        if content == "few":
            connection.execute("CREATE TABLE marks (text TEXT, seconds REAL, undone INTEGER)")
            connection.execute("INSERT INTO marks VALUES ('a', 2.0, NULL)")
        connection.commit()
        connection.close()
    assert measured_seconds_per_label(tmp_path) is None


@settings(max_examples=20)
@given(st.integers(0, 100), st.integers(0, 100), st.data())
def test_attacks_are_never_impossible(general: int, hits: int, data: st.DataObject) -> None:
    """Whatever was read: a rate that rises costs no more attempts, and chances are chances."""
    right = data.draw(st.integers(0, hits))
    answered = data.draw(st.integers(right, 100 - hits + right))
    made = Training(25, 0, reads(hits, sure=(right, answered)), 60.0, "")
    for attack in costs(figures(reads(general), made)).attacks:
        chances = [tried.success for tried in attack.lockouts]
        assert chances == sorted(chances)
        assert all(0 <= chance <= 1 for chance in chances)
        assert (attack.attempts_per_success is None) == (attack.exact == 0)
        if attack.abstaining is not None and attack.images_per_success is not None:
            assert 1 <= attack.abstaining <= attack.images_per_success
