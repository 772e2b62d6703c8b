"""A folder of labelled images: its samples, its problems, and the parts it is split into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from captchascope.charset import Charset
from captchascope.data.formats import AUTO, FORMATS, is_source, read_labels
from captchascope.data.formats.answers import read_answers
from captchascope.data.labels import LabelOptions, Origin, RowError, quoted, shown
from captchascope.data.match import Folder
from captchascope.decode.pattern import folded
from captchascope.errors import DatasetError, SchemeError, UsageError, likeliest
from captchascope.files import StrPath, printable, survey_folder
from captchascope.glyphs.scheme import Scheme
from captchascope.records import Sample


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of a folder in natural file order, and what is wrong with the rest.

    Positions count all images of the folder, 1-based and in natural order, whether they have a
    usable row or not: ``select(1, 4500)`` is the same images however many of them are bad. A
    part of a data set keeps the positions of the whole.

    Attributes:
        folder: Where the images lie.
        samples: The usable rows.
        problems: The rows and images that cannot be used.
        size: The number of images in the folder, which is the last position.
        source: The label file; None where names of files or folders are the labels.
        origin: Where the labels come from, in words, and what was made of them on the way.
        passed_over: How many files of the folder are neither images nor labels, in words.
    """

    folder: Path
    samples: tuple[Sample, ...]
    problems: tuple[DatasetError, ...] = ()
    size: int = 0
    source: Path | None = None
    origin: Origin = field(default_factory=Origin)
    passed_over: str = ""

    def __post_init__(self) -> None:
        last = max((sample.position or 0 for sample in self.samples), default=0)
        object.__setattr__(self, "size", max(self.size, last))

    @property
    def images(self) -> int:
        """How many images of the folder are in this part, with a usable label or without."""
        places = {getattr(problem, "position", None) for problem in self.problems} - {None}
        return len(places - {sample.position for sample in self.samples}) + len(self.samples)

    @property
    def origin_line(self) -> str:
        """Where the labels come from, on one line, with the first of them as an example."""
        example = "".join(f", {shown(s.label)} of {shown(s.file)}" for s in self.samples[:1])
        counts = f"{len(self.samples)} of {self.images} images"
        return f"labels: from {self.origin.what}{example}; {counts}"

    def select(self, first: int | None = None, last: int | None = None) -> Dataset:
        """Return the part between two positions, both included; None is the end of the folder.

        Problems outside it go; those that belong to no image stay.

        Raises:
            UsageError: If the range is empty or not within the folder.
        """
        if first is None and last is None:
            return self
        low = 1 if first is None else first
        high = self.size if last is None else last
        if not 1 <= low <= high <= self.size:
            what = f"has no range of images {low} to {high}"
            remedy = f"choose 1 <= first <= last <= {self.size}"
            raise UsageError(printable(self.folder), what, remedy)
        within = range(low, high + 1)
        samples = (sample for sample in self.samples if sample.position in within)
        places = ((problem, getattr(problem, "position", None)) for problem in self.problems)
        problems = (problem for problem, at in places if at is None or at in within)
        return replace(self, samples=tuple(samples), problems=tuple(problems))

    def take(self, n: int, seed: int) -> Dataset:
        """Return ``n`` samples chosen by ``seed``, still in natural order.

        More samples with the same seed include the fewer, so that a learning curve is nested.

        Raises:
            UsageError: If there are not that many samples, or ``n`` is below 1.
        """
        if not 1 <= n <= len(self.samples):
            what = f"has {len(self.samples)} usable samples, not {n}"
            remedy = f"take 1 to {len(self.samples)}" if self.samples else "label some images"
            raise UsageError(printable(self.folder), what, remedy)
        chosen = _chosen(self.samples, n, f"take {seed}")
        return replace(self, samples=tuple(self.samples[i] for i in sorted(chosen)))

    def hold_out(self, fraction: float = 0.1, *, seed: int) -> tuple[Dataset, Dataset]:
        """Return the samples to train on and those held out for validation, chosen by ``seed``.

        Two or more samples leave at least one on either side; a single one is trained on. The
        problems stay with the first part.

        Raises:
            UsageError: If ``fraction`` is not between 0 and 1.
        """
        if not 0 < fraction < 1:
            what = f"cannot be split at {fraction}"
            raise UsageError(printable(self.folder), what, "choose a fraction between 0 and 1")
        count = min(max(1, round(fraction * len(self.samples))), max(0, len(self.samples) - 1))
        held = _chosen(self.samples, count, f"hold out {seed}")
        train = tuple(s for i, s in enumerate(self.samples) if i not in held)
        validation = tuple(self.samples[i] for i in sorted(held))
        return replace(self, samples=train), replace(self, samples=validation, problems=())

    def ignoring_case(self) -> Dataset:
        """Return the data set with all labels in lower case."""
        samples = (replace(sample, label=folded(sample.label)) for sample in self.samples)
        return replace(self, samples=tuple(samples))

    def require_length(self, fewest: int, most: int | None = None) -> Dataset:
        """Return the data set with samples whose label has another length made problems.

        Without ``most`` there is only one length.
        """
        last = fewest if most is None else most
        wanted = f"{fewest}" if fewest == last else f"{fewest} to {last}"

        def fault(label: str) -> str:
            fits = fewest <= len(label) <= last
            return "" if fits else f"a label of {len(label)} characters, not {wanted}"

        return self._require(fault)

    def require_charset(self, charset: Charset) -> Dataset:
        """Return the data set with samples whose label the charset cannot encode made problems."""

        def fault(label: str) -> str:
            odd = [c for c in label if c not in charset]
            return f"a label with {printable(odd[0])!r}, not in {charset.chars!r}" if odd else ""

        return self._require(fault)

    def require_scheme(self, scheme: Scheme) -> Dataset:
        """Return the data set with the labels that a scheme does not cut made problems.

        They are one problem where they are most of all: then it is the scheme that does not fit.

        Raises:
            SchemeError: If it fits none.
        """
        count, charset = scheme.split.count, Charset(scheme.charset)
        fit = self.require_length(count).require_charset(charset)
        odd = len(self.samples) - len(fit.samples)
        if odd <= len(fit.samples):
            return fit
        kept = {sample.file for sample in fit.samples}
        first = next(sample for sample in self.samples if sample.file not in kept)
        what = f"cuts {count} characters of {charset.chars}, and {quoted(first.label)} is none such"
        remedy = "name its own scheme, or train --method whole, which needs none"
        if not fit.samples:
            what = f"fits none of {odd} labels in {printable(self.folder)}: it {what}"
            raise SchemeError(scheme.name, what, remedy)
        what = f"{odd} of {len(self.samples)} labels are left out: scheme {scheme.name} {what}"
        problem = DatasetError(printable(self.folder), what, remedy)
        return replace(fit, problems=(*self.problems, problem))

    def _require(self, fault: Callable[[str], str]) -> Dataset:
        """Make every sample with a fault a problem."""
        samples: list[Sample] = []
        problems = list(self.problems)
        for sample in self.samples:
            if what := fault(sample.label):
                row = sample.row if self.source is not None else None
                where = printable(sample.path if row is None else self.source or sample.path)
                text, at = f"gives {quoted(sample.file)} {what}", sample.position
                problems.append(RowError(where, text, "correct the label", row=row, position=at))
            else:
                samples.append(sample)
        return replace(self, samples=tuple(samples), problems=tuple(problems))


def _chosen(samples: Sequence[Sample], n: int, salt: str) -> set[int]:
    """Return ``n`` indices by the hash of salt and file name.

    So the choice is the same on every machine, whatever its versions, and a sample more or less
    does not reshuffle the others.
    """

    def order(index: int) -> tuple[bytes, int]:
        text = f"{salt} {samples[index].file}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), index

    return set(sorted(range(len(samples)), key=order)[:n])


def read_dataset(
    folder: StrPath,
    labels_from: str = "auto",
    *,
    answers: StrPath | None = None,
    file_column: str | None = None,
    label_column: str | None = None,
    strip_spaces: bool = False,
    as_written: bool = False,
) -> Dataset:
    """Return the samples of a folder and the problems of its unusable rows and images.

    ``auto`` takes the first that is there: ``labels.csv``, ``labels.txt``, ``labels.jsonl``,
    Label Studio's tasks, a text file for each image, another table that names the images, or file
    names that don't look like mere numbers.

    Args:
        folder: Where the images are.
        labels_from: ``auto``, a name of ``formats.FORMATS``, or the path of a label file.
        answers: A table ``sha256,label``, which labels the images by their bytes instead.
        file_column: The column of a table that names the images, or its number from 1.
        label_column: The one that says what they read; both are found where they are not named.
        strip_spaces: Whether white space within labels is taken out: ``3 + 5`` is ``3+5``.
        as_written: Whether labels are right that look as a spreadsheet leaves numbers and dates.
    Raises:
        DatasetError: If there are no images or no labels, or the label file is unreadable.
        UsageError: If ``labels_from`` is something else.

    Example:
        >>> import captchascope
        >>> dataset = captchascope.read_dataset("examples").select(1, 9)
        >>> len(dataset.samples), dataset.samples[0].label, dataset.problems
        (9, '964490', ())
    """
    if not is_source(labels_from):
        known = AUTO, *FORMATS
        remedy = f"choose one of {', '.join(known)}, or name a label file"
        remedy = likeliest(labels_from, known) + remedy
        raise UsageError("labels_from", f"knows no {quoted(labels_from)}", remedy)
    root = Path(folder)
    found = survey_folder(root)
    asked = LabelOptions(file_column, label_column, strip_spaces, as_written)
    if answers is not None and asked.columns:
        what = "has no meaning for answers, which know images by their bytes"
        raise UsageError(asked.columns[0], what, "leave it away")
    images = Folder.of(root, found.paths, asked)
    matched = (
        read_labels(images, labels_from)
        if answers is None
        else read_answers(images, Path(answers)).settle(strip_spaces=strip_spaces)
    )
    return Dataset(
        folder=root,
        samples=tuple(sorted(matched.samples, key=lambda sample: sample.position or 0)),
        problems=tuple(matched.problems),
        size=len(images.images),
        source=matched.source,
        origin=matched.origin,
        passed_over=found.note,
    )
