"""What attacks cost: people who label, a machine that trains and reads, and wrong answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean, median

from captchascope.audit.figures import Abstention, Figures, Reads, Training
from captchascope.audit.results import Attack, Attempts, Cost, Curve
from captchascope.evaluate import Rate

SECONDS_PER_LABEL = 9.8
"""For one label, where it is not measured: what people take for a captcha that is an image, on
average, by Bursztein et al. (2010), "How good are humans at solving CAPTCHAs? A large scale
evaluation", IEEE Symposium on Security and Privacy."""

ALLOWED = 1, 3, 5, 10
"""Attempts before a lockout."""

_ANSWERED = 0.05  # of the images at least: who skips more of them waits for images
_DATABASE = ".captchascope-labels.sqlite"  # that ``label`` keeps in a folder
_FEWEST = 10  # labels that tell how long one takes


def cost_of(
    figures: Figures,
    curve: Curve | None,
    *,
    seconds_per_label: float | None = None,
    measured: float | None = None,
    price_per_hour: float,
    currency: str = "USD",
) -> Cost | None:
    """Return what attacks cost, those without labels first.

    Where nothing is labelled, the general reader solves as much as it expects itself, and its
    attack is called so.

    Args:
        figures: What was measured.
        curve: The learning curve of that.
        seconds_per_label: As it was given; None where it was not.
        measured: As ``measured_seconds_per_label`` has it, which counts where none is given.
        price_per_hour: Of one processor.
        currency: Of the price.

    Returns:
        None where nothing was read.
    """
    seconds = seconds_per_label or measured or SECONDS_PER_LABEL
    price = price_per_hour / 3600  # of a second
    attacks = [*_general(figures, price), *_trained(figures, curve, seconds, price)]
    if not attacks:
        return None
    is_measured = seconds_per_label is None and measured is not None
    return Cost(seconds, is_measured, price_per_hour, currency, tuple(attacks))


def measured_seconds_per_label(folder: Path) -> float | None:
    """Return how long one label took where a folder was labelled by ``captchascope label``.

    It is the median, which pauses do not move; None where fewer than ten are known to have taken
    how long, or the file cannot be read. Nothing is written beside it.
    """
    path = folder / _DATABASE
    if not path.is_file():
        return None
    query = "SELECT seconds FROM marks WHERE undone IS NULL AND text IS NOT NULL AND seconds > 0"
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            taken = [float(seconds) for (seconds,) in connection.execute(query)]
    except sqlite3.Error:  # it is another program's, or damaged: there is an assumption instead
        return None
    return median(taken) if len(taken) >= _FEWEST else None


def _general(figures: Figures, price: float) -> Iterable[Attack]:
    """Yield the attacks by the general reader: told nothing, and told what anybody sees."""
    if figures.untrained is None:
        return
    ways = ("told nothing", figures.untrained.untold), ("told the alphabet", figures.untrained.told)
    for told, reads in ways:
        if reads is not None:
            exact = reads.expected if reads.exact is None else reads.exact.value
            doubt = ", as it expects itself" if reads.exact is None else ""
            name = f"the general reader, {told}{doubt}"
            yield _attack(name, 0, (0.0, 0.0), exact, [reads], price)


def _trained(
    figures: Figures, curve: Curve | None, seconds: float, price: float
) -> Iterable[Attack]:
    """Yield the attacks by readers that were trained, on few labels first."""
    for point in () if curve is None else curve.points:
        made = [each for each in figures.trainings if each.labels == point.labels]
        made = [each for each in made if not each.cut_short] or made
        if made:
            minutes = point.labels * seconds / 60, _training_minutes(made)
            reads = [each.reads for each in made]
            name = f"trained on {point.labels:,} labels"
            yield _attack(name, point.labels, minutes, point.exact, reads, price)


def _training_minutes(made: Sequence[Training]) -> float:
    return fmean(each.seconds for each in made) / 60


def _attack(
    name: str,
    labels: int,
    minutes: tuple[float, float],
    exact: float,
    reads: Sequence[Reads],
    price: float,
) -> Attack:
    """Return what an attack costs, the mean of several readers'.

    Args:
        name: Of it.
        labels: How many it takes.
        minutes: For labelling and for training.
        exact: The solve rate.
        reads: What each of the readers makes of the images.
        price: Of a processor for a second.
    """
    milliseconds = fmean(each.milliseconds for each in reads)
    sure = _surest(reads)
    return Attack(
        name=name,
        labels=labels,
        labelling_minutes=minutes[0],
        training_minutes=minutes[1],
        exact=exact,
        milliseconds=milliseconds,
        price_per_1000=milliseconds * price,  # a thousand take as many seconds
        attempts_per_success=1 / exact if exact > 0 else None,
        abstaining=None if sure is None else sure.right.total / sure.right.hits,
        images_per_success=None if sure is None else sure.answered.total / sure.right.hits,
        lockouts=tuple(_attempts(allowed, exact) for allowed in ALLOWED),
    )


def _attempts(allowed: int, exact: float) -> Attempts:
    """Return how likely one of some attempts succeeds, each of a new image."""
    success = 1 - (1 - exact) ** allowed
    return Attempts(allowed, success, 1 / success if success > 0 else None)


def _surest(reads: Sequence[Reads]) -> Abstention | None:
    """Return where readers that abstain are most surely right, of what they do answer.

    By the lower end of the interval: of three answers all may be right by chance. None where none
    is right, or nothing is labelled.
    """
    points = [
        Abstention(
            same[0].min_confidence,
            _together([each.answered for each in same]),
            _together([each.right for each in same]),
        )
        for same in zip(*(each.abstention for each in reads), strict=True)
    ]
    enough = [
        point for point in points if point.answered.value >= _ANSWERED and point.right.hits > 0
    ]
    return max(enough, key=lambda point: point.right.low, default=None)


def _together(rates: Sequence[Rate]) -> Rate:
    return Rate(sum(rate.hits for rate in rates), sum(rate.total for rate in rates))
