"""What a command says of a data set before it works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from captchascope.cli.output import Console
from captchascope.errors import DatasetError
from captchascope.finding import printable

if TYPE_CHECKING:
    from captchascope.dataset import Dataset

__all__ = ["report_problems"]


def report_problems(console: Console, dataset: Dataset) -> None:
    """Print the problems of ``dataset``.

    Raises:
        DatasetError: If it has nothing else.
    """
    for problem in dataset.problems:
        console.error(problem)
    if not dataset.samples:
        where = printable(dataset.folder)
        raise DatasetError(where, "has no usable sample", "see the problems above")
