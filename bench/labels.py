"""The learning curve: exact match at so many labels.

    python bench/labels.py [--sets SET...] [--labels N,N] [--seeds N] [--parallel N]
                           [--from any|none|FILE] [--kept]

Trains on the first rows of each set through the command line with default settings, tests on its
last 500, prints a table and draws docs/figures/labels.png. At 0 labels what they start from reads
as it is, told only the characters and the length. With `--parallel 2` two trainings run side by
side on one core each. What is done is kept (running.py), so that an interrupted run goes on.

Trainings of this version began with another model before there was `any`; to see them beside:

    git show 6120b18:src/captchascope/models/start.onnx > build/start.onnx
    python bench/labels.py --from build/start.onnx --figure build/start.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean

from running import Cell, RunError, Training, cell, is_kept, percent, table
from sets import SETS, available

_FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "labels.png"
_LABELS = "0,25,50,100,200,500,1000"
_ASKED = {
    "henan4": {25: 0.85, 100: 0.95, 500: 0.98},
    "cloud4": {25: 0.75, 100: 0.94, 500: 0.988},
    "captcha": {1000: 0.90},
}
_LONGEST = 600  # seconds that a training may take
_COLOURS = ("#0b62a4", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0f766e")

Curve = dict[int, list[Cell]]
"""The cells of each number of labels, one for each seed."""


def _measured(trainings: Sequence[Training], parallel: int) -> dict[Training, Cell]:
    """Return the cells of those trainings that came to an end, saying each as it does."""
    threads = 1 if parallel > 1 else None

    def one(training: Training) -> Cell | None:
        what = f"{training.name}, {training.labels} labels, seed {training.seed}"
        try:
            found = cell(training, threads)
        except RunError as error:
            print(f"{what}: {error}", file=sys.stderr, flush=True)
            return None
        print(f"{what}: {percent(found.exact)}, {found.seconds:.0f} s", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(parallel) as pool:
        cells = pool.map(one, trainings)
        return {key: found for key, found in zip(trainings, cells, strict=True) if found}


def _curves(cells: dict[Training, Cell]) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for training, found in cells.items():
        curves.setdefault(training.name, {}).setdefault(training.labels, []).append(found)
    return {name: dict(sorted(curve.items())) for name, curve in curves.items()}


def _rows(name: str, curve: Curve) -> list[list[str]]:
    """Return the lines of a set in the table."""
    rows = []
    for labels, cells in curve.items():
        shares = [found.exact.value for found in cells]
        asked = _ASKED.get(name, {}).get(labels)
        wish = "" if asked is None else f"{asked:.1%}"
        if asked is not None and fmean(shares) < asked:
            wish += ", missed"
        slowest = max(found.seconds for found in cells)
        time = f"{slowest:.0f} s" + (", too long" if slowest > _LONGEST else "")
        few = [f"{fmean(shares):.1%}", f"{min(shares):.1%}", str(len(cells)), wish]
        rows.append([name, f"{labels:,}", *few, time if labels else ""])
    return rows


def _draw(curves: dict[str, Curve], file: Path) -> None:
    """Draw the means as lines, the seeds as bands, and what is asked as dashes."""
    from matplotlib.figure import Figure

    counts = sorted({labels for curve in curves.values() for labels in curve})
    figure = Figure(figsize=(8, 4.8), dpi=120, layout="constrained", facecolor="white")
    axes, lowest = figure.add_subplot(), 100.0
    for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        at = [counts.index(labels) for labels in curve]
        shares = [[found.exact.value * 100 for found in cells] for cells in curve.values()]
        title = f"{name}: {SETS[name].title}"
        axes.plot(at, [fmean(s) for s in shares], "o-", color=colour, label=title, linewidth=2)
        low, high = [min(s) for s in shares], [max(s) for s in shares]
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        asked = {n: share for n, share in _ASKED.get(name, {}).items() if n in counts}
        lowest = min(lowest, *low, *(share * 100 for share in asked.values()))
        places, heights = [counts.index(n) for n in asked], [s * 100 for s in asked.values()]
        axes.plot(places, heights, "_", color=colour, markersize=18, markeredgewidth=2)
    axes.set_xticks(range(len(counts)), [f"{n:,}" for n in counts])
    floor = max(0, int(lowest // 10) * 10 - 5)
    axes.set_yticks(range(-(-floor // 10) * 10, 101, 10))
    axes.set(xlabel="labelled images", ylabel="exact match, %", ylim=(floor, 101))
    axes.set_title("How many labels does it take? (dashes: what was asked; bands: seeds)", size=11)
    axes.grid(color="#e5e5e5")
    axes.legend(loc="lower right", framealpha=1)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The learning curve.")
    names = ["henan4", "cloud4", "captcha"]
    parser.add_argument("--sets", nargs="+", default=names, choices=[*SETS], metavar="SET")
    parser.add_argument("--labels", default=_LABELS, help="how many, such as 25,100,500")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (3)")
    parser.add_argument("--parallel", type=int, default=1, choices=[1, 2])
    parser.add_argument("--from", dest="source", default="any", metavar="any|none|FILE")
    parser.add_argument("--kept", action="store_true", help="train nothing, show what is there")
    parser.add_argument("--figure", type=Path, default=_FIGURE)
    return parser.parse_args()


def main() -> None:
    """Do what has not been done, then print all and draw it."""
    options = _options()
    counts = [int(count) for count in options.labels.split(",")]
    names = available(options.sets)
    trainings = [
        Training(name, labels, seed, options.source)
        for seed in range(options.seeds)  # outermost, so that a whole curve is there early
        for name in names
        for labels in counts
        if labels or (seed == 0 and options.source != "none")  # without training, without seeds
    ]
    if options.kept:
        trainings = [training for training in trainings if is_kept(training)]
    cells = _measured(trainings, options.parallel)
    curves = _curves(cells)
    head = ["set", "labels", "exact match, mean", "lowest", "seeds", "asked", "longest training"]
    print(table(head, [row for name, curve in curves.items() for row in _rows(name, curve)]))
    print(f"\nTrained at {', '.join(sorted({found.commit for found in cells.values()}))}.")
    _draw(curves, options.figure)


if __name__ == "__main__":
    main()
