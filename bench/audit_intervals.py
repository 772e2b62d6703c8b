"""Do the intervals of an audit cover the truth? A simulated study, of readers that are known.

    python bench/audit_intervals.py [--repeats 200]

An image is as hard by its own nature for all readers, a training is as good by chance for all
images, and the rest is chance, all in log odds. The truth is the mean over all images and trainings
that there could be. In each repeat there are 100 to 500 images, and trainings are spread as widely
as a draw from what the curve takes for usual says, unless a spread is named.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from captchascope.audit.figures import Reads, Training, Untrained
from captchascope.audit.judge.curve import learning_curve
from captchascope.audit.results import LabelsNeeded
from captchascope.evaluate import Rate

RATES = 0.02, 0.3, 0.7, 0.95, 0.99
SEEDS = 1, 3, 5
LABELS = 25, 100, 500
IMAGES = 100, 500
HARDNESS = 1.5  # the standard deviation of what images are by their own nature
USUAL = 0.4  # the scale of the spread of trainings

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


def odds(rate: float) -> float:
    """Return the log odds of a rate."""
    return math.log(rate / (1 - rate))


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rates of log odds."""
    return 1 / (1 + np.exp(-values))


def mean_rate(middle: float, spread: float) -> float:
    """Return the mean solve rate over all images and all trainings around log odds ``middle``."""
    values = logistic(middle + math.hypot(HARDNESS, spread) * _NODES)
    return float(values @ _WEIGHTS / _WEIGHTS.sum())


def solved(function: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Return where a rising function has a value, by bisection."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < wanted else (low, middle)
    return (low + high) / 2


def reads_of(
    rng: np.random.Generator, middle: float, spread: float, images: NDArray[np.float64]
) -> Reads:
    """Return what one reader makes of images that are as hard as they are."""
    right = rng.random(len(images)) < logistic(middle + spread * rng.standard_normal() + images)
    text = "".join("01"[int(one)] for one in right)
    return Reads(Rate(int(right.sum()), len(right)), None, 0.5, 0, 0, 9.0, outcomes=text)


def drawn_images(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how hard some images are."""
    return HARDNESS * rng.standard_normal(int(rng.integers(IMAGES[0], IMAGES[1] + 1)))


def drawn_spread(rng: np.random.Generator, spread: float | None) -> float:
    """Return a spread of trainings."""
    return abs(USUAL * float(rng.standard_normal())) if spread is None else spread


def exact_match(rng: np.random.Generator, rate: float) -> bool:
    """Tell whether the interval of one reader's rate covers the truth."""
    middle = solved(lambda at: mean_rate(at, 0), rate, -30, 30)
    found = reads_of(rng, middle, 0, drawn_images(rng)).exact
    assert found is not None
    return found.low <= rate <= found.high


def point(rng: np.random.Generator, rate: float, seeds: int, spread: float | None) -> bool:
    """Tell whether the interval of a point of the curve covers the truth."""
    spread, images = drawn_spread(rng, spread), drawn_images(rng)
    middle = solved(lambda at: mean_rate(at, spread), rate, -30, 30)
    made = [
        Training(100, seed, reads_of(rng, middle, spread, images), 1.0, "") for seed in range(seeds)
    ]
    found = learning_curve(None, made).points[0]
    return found.low <= rate <= found.high


def steady(labels: float) -> float:
    """Return the log odds after a training that gains as much with each doubling."""
    return -1.0 + 0.9 * math.log1p(labels)


def late(labels: float) -> float:
    """Return those of a scheme that is learnt late, and then quickly."""
    return -4.5 + 9.5 / (1 + math.exp(-1.6 * (math.log1p(labels) - 4)))


def early(labels: float) -> float:
    """Return those of one that is learnt early, and then no further."""
    return -3.0 + 6.5 * (1 - math.exp(-labels / 40))


CURVES = {"steady": steady, "late": late, "early": early}


def needed(
    rng: np.random.Generator, curve: Callable[[float], float], seeds: int, spread: float | None
) -> list[tuple[bool, bool]]:
    """Tell of each share whether it is reached between the fewest and most labels, and covered."""
    spread, images = drawn_spread(rng, spread), drawn_images(rng)
    untrained = Untrained(reads_of(rng, curve(0), 0, images), None, "", None)
    made = [
        Training(labels, seed, reads_of(rng, curve(labels), spread, images), 1.0, "")
        for labels in LABELS
        for seed in range(seeds)
    ]

    def truth(place: float) -> float:
        labels = math.expm1(place)
        return mean_rate(curve(labels), spread if labels > 0.5 else 0)

    found = []
    for one in learning_curve(untrained, made).needed:
        place = solved(truth, one.share, 0, 12)
        labels = 0.0 if truth(0) >= one.share else math.expm1(place)
        found.append((0 < labels <= LABELS[-1], covers(one, labels)))
    return found


def covers(found: LabelsNeeded, labels: float) -> bool:
    """Tell whether an interval of labels covers the truth."""
    low = math.inf if found.low is None else found.low
    high = math.inf if found.high is None else found.high
    if labels > LABELS[-1]:
        return high == math.inf
    return low - 0.5 <= labels <= high + 0.5


def share(covered: list[bool]) -> str:
    """Return a share, with the interval that so many repeats leave."""
    rate = Rate(sum(covered), len(covered))
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"


def main() -> None:
    """Print the coverage of every kind of interval, as tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=200)
    repeats = range(parser.parse_args().repeats)
    rng = np.random.default_rng(16)
    print("| interval | condition | covers |\n|---|---|---|")
    rates = {rate: [exact_match(rng, rate) for _ in repeats] for rate in RATES}
    for rate, covered in rates.items():
        print(f"| exact match | {rate:.0%} | {share(covered)} |")
    print(f"| exact match | all | {share([*chain(*rates.values())])} |")
    for spread in (None, 0.0, 0.8):
        name = "usual" if spread is None else f"{spread:g}"
        for seeds in SEEDS:
            rates = {rate: [point(rng, rate, seeds, spread) for _ in repeats] for rate in RATES}
            several = ", ".join(f"{np.mean(covered):.1%}" for covered in rates.values())
            told = f"trainings: {seeds}, spread {name}"
            print(f"| point | {told}, at each rate | {several} |")
            print(f"| point | {told}, all | {share([*chain(*rates.values())])} |", flush=True)
    for seeds in SEEDS:
        every: list[tuple[bool, bool]] = []
        for name, curve in CURVES.items():
            found = [one for _ in repeats for one in needed(rng, curve, seeds, None)]
            between = [covered for reached, covered in found if reached]
            print(f"| labels needed | trainings: {seeds}, {name} | {share(between)} |")
            every += found
        between = [covered for reached, covered in every if reached]
        rest = [covered for reached, covered in every if not reached]
        print(f"| labels needed | trainings: {seeds}, all | {share(between)} |")
        print(
            f"| labels needed | trainings: {seeds}, none or not tried | {share(rest)} |", flush=True
        )


if __name__ == "__main__":
    main()
