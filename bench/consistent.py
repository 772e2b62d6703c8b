"""What a reader gains that infers alphabet and length from the images of one scheme themselves.

    python bench/consistent.py MODEL DIR...

For each labelled folder: exact match, with upper and lower case as one, told nothing; with what
``read --consistent`` infers; and told the alphabet and the lengths of the labels.
"""

from __future__ import annotations

import sys
from pathlib import Path

from captchascope.charset import Charset
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.decode import ReadOptions, folded
from captchascope.evaluate import evaluate_readings
from captchascope.reader import Reader, load


def _exact(reader: Reader, dataset: Dataset) -> str:
    paths = [sample.path for sample in dataset.samples]
    readings = [*reader.read_many(paths, errors="return")]
    rate = evaluate_readings(dataset.samples, readings, folded).exact_match
    return f"{rate.value:.1%}"


def _told(dataset: Dataset) -> ReadOptions:
    labels = [folded(sample.label) for sample in dataset.samples]
    low, high = min(map(len, labels)), max(map(len, labels))
    return ReadOptions(Charset.of_labels(labels).written, f"{low}-{high}")


def main(model: str, folders: list[str]) -> None:
    """Print a table row for each folder."""
    reader = load(model)
    print(
        "| set | images | told nothing | consistent | told | inferred |\n|---|---|---|---|---|---|"
    )
    for folder in folders:
        dataset = read_dataset(folder)
        inferred = reader.inferred_options([sample.path for sample in dataset.samples])
        said = (
            "nothing" if inferred is None else f"{inferred.length} of {inferred.charset or 'all'}"
        )
        untold = _exact(reader, dataset)
        consistent = _exact(reader.with_options(inferred), dataset) if inferred else untold
        told = _exact(reader.with_options(_told(dataset)), dataset)
        name = Path(folder).name
        count = len(dataset.samples)
        row = f"| {name} | {count} | {untold} | {consistent} | {told} | {said} |"
        print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
