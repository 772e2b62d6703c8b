"""Which weights are kept: the latest, unless the validation images show that they are worse."""

from __future__ import annotations

import pytest

from captchascope.train.ctc.measure import Score
from captchascope.train.ctc.rounds import is_as_good


def read(exact: float, loss: float) -> Score:
    """Return what a round gave."""
    return Score(loss=loss, exact=exact, character=exact, distinct=2, empty=0.0)


def good(exact: float, record: float, count: int) -> bool:
    """Judge by right texts."""
    return is_as_good(read(exact, 1.0), {"loss": 0.5, "record": record}, "exact", count)


@pytest.mark.parametrize(
    ("exact", "record", "count", "as_good"),
    [
        (1.0, 0.9, 50, True),
        (0.9, 0.9, 50, True),
        (0.98, 1.0, 50, True),
        (0.92, 1.0, 50, False),
        (0.8, 0.9, 50, False),
        (0.9995, 1.0, 2000, True),
        (0.99, 1.0, 2000, False),
    ],
)
def test_the_latest_is_kept_unless_it_is_worse(
    exact: float, record: float, count: int, as_good: bool
) -> None:
    """One text of fifty less is chance, one in a hundred of two thousand is not."""
    assert good(exact, record, count) is as_good


def test_small_losses_do_not_add_up() -> None:
    """A round is compared with the best that there ever was, not with the one before."""
    assert not is_as_good(read(0.9, 0.5), {"loss": 0.5, "record": 1.0}, "exact", 50)


@pytest.mark.parametrize(("loss", "as_good"), [(0.4, True), (0.5, True), (0.6, False)])
def test_by_loss_the_least_is_kept(loss: float, as_good: bool) -> None:
    """Whatever the texts say."""
    assert is_as_good(read(0.0, loss), {"loss": 0.5, "record": 1.0}, "loss", 50) is as_good
