"""Whether labels are right, asked for or refused, over thousands of folders as people bring them.

    python bench/brought.py [--seeds N] [--family NAME] [--seed S] [--worst N]

Every folder is made from its seed, and what its labels truly are is known. A label that is wrong
while nothing warns of it is silently wrong: one such, and the status is 1. The columns:

- right: every image has its label, or none where it has none, and nothing is doubted;
- doubted: the labels are right, and a warning asks to look;
- left out: those that are there are right, and a problem names each of the others;
- refused: an error, and no label; "needless" counts those of plain folders;
- warned: labels are wrong, and a warning says that they were guessed;
- beside: labels are wrong, and the only problems are about other images or rows;
- silent: labels are wrong, or images missing, and nothing says so.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from captchascope import CaptchascopeError, Dataset, read_dataset
from captchascope.data.formats import FORMATS
from folders import PIXEL, Case, Family
from folders_named import FAMILIES as NAMED
from folders_tables import FAMILIES as TABLES
from folders_texts import FAMILIES as TEXTS

FAMILIES: dict[str, Family] = {
    f"{group}: {name}": family
    for group, families in (("names", NAMED), ("tables", TABLES), ("texts", TEXTS))
    for name, family in families.items()
}
COLUMNS = ("right", "doubted", "left out", "refused", "needless", "warned", "beside", "silent")


def case_of(family: str, seed: int) -> Case:
    """Return a family's folder of a seed."""
    return FAMILIES[family](random.Random(f"{family} {seed}"))


def lay(case: Case, root: Path, pixel: Path) -> None:
    """Write the folder below ``root``; its images are links to one."""
    for name in case.truth:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(pixel, path)
    for name, data in case.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _source(case: Case, root: Path) -> str:
    asked = case.labels_from
    return asked if asked == "auto" or asked in FORMATS else str(root / asked)


def wrong_labels(case: Case, root: Path, dataset: Dataset) -> Iterator[str]:
    """Yield each label that is not the one meant, unless a problem names its image."""
    named = " ".join(str(problem) for problem in dataset.problems)
    for sample in dataset.samples:
        name = sample.path.relative_to(root).as_posix()
        meant = case.truth[name]
        right = meant is not None and unicodedata.normalize("NFC", meant) == sample.label
        if not right and f"'{sample.file}'" not in named:
            yield f"{name} is {sample.label!r}, not {meant!r}"


def judge(case: Case, root: Path) -> tuple[str, str]:
    """Return the column of a folder, and what shows it."""
    try:
        dataset = read_dataset(root / case.folder, _source(case, root))
    except CaptchascopeError as error:
        return ("needless" if case.plain else "refused"), str(error).replace(f"{root}/", "")
    doubts, problems = dataset.origin.doubts, [str(problem) for problem in dataset.problems]
    wrong = next(wrong_labels(case, root, dataset), "")
    said = "; ".join([*doubts, *problems][:2]).replace(f"{root}/", "")
    if wrong:
        column = "warned" if doubts else "beside" if problems else "silent"
        return column, f"{wrong}; {said}"
    labelled = sum(text is not None for text in case.truth.values())
    if len(dataset.samples) < labelled:
        return ("left out" if problems else "silent"), said or "images are missing"
    return ("doubted" if doubts else "right"), said


def run(
    family: str, seeds: range, show: frozenset[str], worst: int
) -> tuple[Counter[str], list[str]]:
    """Return how often a family's folders came to what, and the worst of them."""
    counts: Counter[str] = Counter()
    seen: list[str] = []
    with tempfile.TemporaryDirectory(prefix="brought") as scratch:
        pixel = Path(scratch, "pixel")
        pixel.write_bytes(PIXEL)
        for seed in seeds:
            root = Path(scratch, f"seed{seed}", "folder")
            case = case_of(family, seed)
            lay(case, root, pixel)
            try:
                column, said = judge(case, root)
            except Exception as error:  # a crash is a finding as well
                column, said = "silent", f"{type(error).__name__}: {error}"
            counts[column] += 1
            if column in show and len(seen) < worst:
                seen.append(f"{column}: --family {family!r} --seed {seed}: {said}")
    return counts, seen


def main() -> int:
    """Print a row for each family, and the worst; return 1 if a label was silently wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="how many folders of each family")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--family", default="", help="only families with this in their names")
    parser.add_argument("--worst", type=int, default=1, help="how many to show of each family")
    parser.add_argument("--show", default="silent,beside", help="of which columns")
    parser.add_argument("--keep", type=Path, help="write the folder of --seed here, and end")
    args = parser.parse_args()
    warnings.simplefilter("error")
    chosen = [name for name in FAMILIES if args.family in name]
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        pixel = args.keep / ".pixel"
        pixel.write_bytes(PIXEL)
        lay(case_of(chosen[0], args.seed or 0), args.keep, pixel)
        return 0
    seeds = range(args.seeds) if args.seed is None else range(args.seed, args.seed + 1)
    total: Counter[str] = Counter()
    found: list[str] = []
    print(f"| family | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for family in chosen:
        counts, seen = run(family, seeds, frozenset(args.show.split(",")), args.worst)
        print(f"| {family} | {' | '.join(str(counts[c] or '') for c in COLUMNS)} |", flush=True)
        total += counts
        found += seen
    print(f"| all {total.total():,} | {' | '.join(f'{total[c]:,}' for c in COLUMNS)} |")
    print(*found, sep="\n")
    return 1 if total["silent"] else 0


if __name__ == "__main__":
    sys.exit(main())
