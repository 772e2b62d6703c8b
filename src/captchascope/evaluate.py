"""Evaluation of a reader on labelled samples: exact match, and what explains it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import Levenshtein

from captchascope.charset import Charset
from captchascope.errors import DatasetError, UsageError, counted
from captchascope.files import NaturalKey, natural_key, printable
from captchascope.records import Reading, Sample
from captchascope.sums import value_of

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset
    from captchascope.reader import Reader

_Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution, for intervals of 95 %."""

_BINS = 15


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of a count, and the 95 % interval that the true share is likely in."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0.0 of nothing, whose interval is all of 0 to 1."""
        return self.hits / self.total if self.total else 0.0

    @property
    def low(self) -> float:
        """The lower end of the interval, at most ``value``."""
        return self._wilson()[0]

    @property
    def high(self) -> float:
        """The upper end of the interval, at least ``value``."""
        return self._wilson()[1]

    def _wilson(self) -> tuple[float, float]:
        """Return the score interval of Wilson (1927), "Probable inference", JASA 22, 209-212."""
        if not self.total:
            return 0.0, 1.0
        share, square = self.value, _Z**2 / self.total
        middle = (share + square / 2) / (1 + square)
        half = math.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
        return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))

    def to_json(self) -> dict[str, float | int]:
        """Return the share, its interval, and the counts."""
        return {"value": self.value, "low": self.low, "high": self.high, **asdict(self)}


@dataclass(frozen=True, slots=True)
class KindRates:
    """Exact match and character accuracy of the samples of one kind."""

    exact_match: Rate
    character_accuracy: Rate

    def to_json(self) -> dict[str, object]:
        """Return both under the names that they have in JSON."""
        return {
            "captcha": self.exact_match.to_json(),
            "character": self.character_accuracy.to_json(),
        }


class RateRow(NamedTuple):
    """A rate by its name; ``level`` is 1 where it is a part of the rate above, else 0."""

    name: str
    rate: Rate
    level: int = 0


class Confusion(NamedTuple):
    """A character of the labels, what was read in its place, and how often; "" is none at all."""

    label: str
    read: str
    times: int

    def __str__(self) -> str:
        """Return it as people say it, such as "O read as 0: 12 times"."""
        what = f"{self.label} read as {self.read}" if self.read else f"{self.label} missed"
        what = what if self.label else f"{self.read} read where there is nothing"
        return f"{what}: {self.times} {'time' if self.times == 1 else 'times'}"


@dataclass(frozen=True, slots=True)
class Bin:
    """The mean confidence of the readings from ``low`` to below ``high``, and the share right."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error, None without readings, and the bins that are not empty."""

    ece: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A sample not read exactly, and the edit distance: its length if no text was given."""

    sample: Sample
    reading: Reading
    distance: int

    def to_json(self) -> dict[str, object]:
        """Return the file, what it says, what was read, and why nothing was."""
        return {
            "file": self.sample.file,
            "label": self.sample.label,
            "text": self.reading.text,
            "confidence": float(self.reading.confidence),
            "distance": self.distance,
            "error": None if self.reading.error is None else str(self.reading.error),
        }


@dataclass(frozen=True)
class Evaluation:
    """The figures of one reader on some samples.

    Attributes:
        exact_match: The headline: whole captchas right, as measured; one without a text is wrong.
        character_accuracy: Characters of the labels read right. Texts as long as the
            label are compared place by place, others by a shortest edit script; where there is
            no text, every character is missed.
        by_position: Character accuracy at each place of the label, from the left; none where the
            labels differ in length, for then a place has no meaning of its own.
        by_kind: The rates of each value in the column ``kind``, in natural order.
        confusion: Counts of (character of the label, character read), right ones included; ""
            where one side has none. Characters taken for equal count as the label's.
        calibration: Confidence against exact match, of the texts given, in fifteen equal bins.
        min_confidence: The confidence below which there was no text.
        coverage: Texts given, of all samples.
        answered: Exact match among the texts given.
        abstained: Samples without a text because the reader was not sure enough, or it is no sum.
        failed: Samples without a text for any other reason.
        unfamiliar: Samples that are unlike what the model was trained on, text or no text.
        mean_edit_distance: Edits per sample that turn the text into the label.
        cer: Edits per character of the labels, which may exceed 1.
        mistakes: The samples not read exactly, worst first: by distance, confidence, natural order.
    """

    exact_match: Rate
    character_accuracy: Rate
    by_position: tuple[Rate, ...]
    by_kind: Mapping[str, KindRates]
    confusion: Mapping[tuple[str, str], int]
    calibration: Calibration
    min_confidence: float
    coverage: Rate
    answered: Rate
    abstained: int
    failed: int
    unfamiliar: int
    mean_edit_distance: float
    cer: float
    mistakes: tuple[Mistake, ...]

    def rows(self) -> list[RateRow]:
        """Return every accuracy, in the order and by the names in which they are shown."""
        rows = [RateRow("captchas (exact match)", self.exact_match)]
        if self.min_confidence > 0 or self.abstained:
            rows += [RateRow("coverage: answered", self.coverage, 1)]
            rows += [RateRow("right of the answered", self.answered, 1)]
        rows += [RateRow("characters", self.character_accuracy)]
        rows += [RateRow(f"position {i}", rate, 1) for i, rate in enumerate(self.by_position, 1)]
        for kind, rates in self.by_kind.items():
            rows += [RateRow(f"kind {kind}: captchas", rates.exact_match)]
            rows += [RateRow(f"kind {kind}: characters", rates.character_accuracy)]
        return rows

    def confusion_matrix(self, chars: str) -> list[tuple[str, list[int]]]:
        """Return each of ``chars``, all different, and how often it was read as which.

        The counts are in the order of ``chars``, and the last is of all that was missed or read
        as another character. What was read where there is nothing has no row.
        """
        column = {char: i for i, char in enumerate(chars)}
        matrix = [(char, [0] * (len(chars) + 1)) for char in chars]
        for (label, read), count in self.confusion.items():
            if label in column:
                matrix[column[label]][1][column.get(read, len(chars))] += count
        return matrix

    def most_confused(self, most: int) -> list[Confusion]:
        """Return the most frequent wrong characters; equally frequent ones in their own order."""
        wrong = [Confusion(a, b, count) for (a, b), count in self.confusion.items() if a != b]
        return sorted(wrong, key=lambda pair: (-pair.times, *pair[:2]))[:most]

    def to_json(self) -> dict[str, object]:
        """Return the evaluation as what ``json.dumps(..., allow_nan=False)`` takes."""
        names = ("min_confidence", "abstained", "failed", "unfamiliar", "mean_edit_distance", "cer")
        return {
            **KindRates(self.exact_match, self.character_accuracy).to_json(),
            "coverage": self.coverage.to_json(),
            "answered": self.answered.to_json(),
            **{name: getattr(self, name) for name in names},
            "by_position": [rate.to_json() for rate in self.by_position],
            "by_kind": {kind: rates.to_json() for kind, rates in self.by_kind.items()},
            "confusion": [
                {"label": a, "read": b, "count": n} for (a, b), n in self.confusion.items()
            ],
            "calibration": asdict(self.calibration),
            "mistakes": [mistake.to_json() for mistake in self.mistakes],
        }


def evaluate_reader(
    reader: Reader,
    dataset: Dataset,
    *,
    jobs: int = 1,
    on_reading: Callable[[Reading], object] = lambda reading: None,
) -> Evaluation:
    """Read every sample of a data set, and compare what was read with the labels.

    A sample whose image cannot be read is missed, as is one that the reader abstains from. Upper
    and lower case count as one where the reader takes them for one. Where it solves sums,
    results are compared: a label may be the result, or the sum.

    Args:
        reader: What is measured, with its constraints.
        dataset: Its problems, rows and images that are no samples, do not count.
        jobs: How many processes read.
        on_reading: Called with each reading, in the order of the samples, as soon as it is there.
            What it raises ends the evaluation.
    Raises:
        DatasetError: If there are no samples.
        ModelError: If the network fails.
        UsageError: If ``jobs`` is below 1.

    Example:
        >>> import captchascope
        >>> dataset = captchascope.read_dataset("examples")
        >>> result = captchascope.evaluate_reader(captchascope.load("metu"), dataset)
        >>> f"{result.exact_match.hits} of {result.exact_match.total} read right"
        '12 of 12 read right'
    """
    if not dataset.samples:
        what, remedy = "has no usable sample", "label some captchas"
        raise DatasetError(printable(dataset.folder), what, remedy)
    readings, samples = [], dataset.samples
    paths = [sample.path for sample in dataset.samples]
    for reading in reader.read_many(paths, jobs=jobs, errors="return"):
        readings.append(reading)
        on_reading(reading)
    return evaluate_read(reader, samples, readings)


def evaluate_read(
    reader: Reader, samples: Sequence[Sample], readings: Sequence[Reading]
) -> Evaluation:
    """Compare the labels with what a reader has read already, else as ``evaluate_reader``.

    Raises:
        ValueError: If there are no samples, or not as many readings.
    """
    if reader.options.solve:
        readings = [replace(r, text=r.text and str(r.value)) for r in readings]
        samples = tuple(replace(s, label=_result(s.label)) for s in samples)
    fold = reader.options.constraints.folding(reader.charset.chars)
    return evaluate_readings(samples, readings, fold, reader.options.min_confidence)


def _result(label: str) -> str:
    """Return the result of a label that is a sum; any other is one."""
    value = value_of(label)
    return label if value is None else str(value)


def require_fitting_labels(reader: Reader, dataset: Dataset) -> None:
    """Refuse a length, charset or pattern that no label has: it is what was told that is wrong.

    Of the results of sums nothing is told.

    Raises:
        UsageError: If there are labels, and one of the three fits none.
    """
    rule, told = reader.options.constraints, reader.options
    fold = rule.folding(reader.charset.chars)
    labels = [] if rule.solve else [fold(sample.label) for sample in dataset.samples]
    if not labels:
        return
    none = f"none of {counted(len(labels), 'label')}"
    first = f"correct it: the first is {printable(labels[0])!r}"
    if rule.length is not None:
        fewest, most = min(map(len, labels)), max(map(len, labels))
        if not any(rule.length[0] <= len(label) <= rule.length[1] for label in labels):
            span = f"{fewest}" if fewest == most else f"{fewest}-{most}"
            what = f"{told.length} fits {none}, which {'have' if labels[1:] else 'has'} {span}"
            raise UsageError("length", what, f"say --length {span}")
    if rule.charset is not None:
        chars = set(fold(rule.charset.chars))
        if not any(chars.issuperset(label) for label in labels):
            raise UsageError("charset", f"{none} can be written in it", first)
    if rule.pattern is not None and not any(
        rule.pattern.matches(label, rule.ignore_case) for label in labels
    ):
        raise UsageError("pattern", f"matches {none}", first)


def impossible_labels(reader: Reader, dataset: Dataset) -> Sequence[DatasetError]:
    """Return what is wrong with the labels that a reader can never give; of results nothing is."""
    if reader.options.solve:
        return ()
    known = reader.charset
    fold = reader.options.constraints.folding(known.chars)
    cases = [*known.chars, *(case for c in known.chars for case in (c.lower(), c.upper()))]
    cases = [case for case in cases if len(case) == 1 and fold(case) in fold(known.chars)]
    known = Charset("".join(dict.fromkeys(cases)))
    possible = dataset.require_charset(known)
    if reader.recogniser.lengths is not None:
        possible = possible.require_length(*reader.recogniser.lengths)
    return possible.problems[len(dataset.problems) :]


def evaluate_readings(
    samples: Sequence[Sample],
    readings: Sequence[Reading],
    fold: Callable[[str], str] = str,
    min_confidence: float = 0.0,
) -> Evaluation:
    """Compare the labels with what was read, one reading for each sample in the same order.

    Args:
        samples: What was to be read.
        readings: What was read.
        fold: Texts that this makes equal are equal; it leaves their length.
        min_confidence: A text that is less sure than this is none: the reader abstains.
    Raises:
        ValueError: If there are no samples, not as many readings, or a confidence not in 0 to 1.
    """
    if not samples or len(samples) != len(readings):
        raise ValueError(f"{len(readings)} readings for {len(samples)} samples")
    given = [reading.abstaining(min_confidence) for reading in readings]
    outcomes = [_outcome(*pair, fold) for pair in zip(samples, given, strict=True)]
    answered = [outcome for outcome in outcomes if outcome.reading.text is not None]
    abstained = sum(o.reading.text is None and o.reading.abstained for o in outcomes)
    wrong = [Mistake(o.sample, o.reading, o.distance) for o in outcomes if not o.exact]
    total, edits = _rates(outcomes), sum(mistake.distance for mistake in wrong)
    one_length = len({len(sample.label) for sample in samples}) == 1
    places = zip(*(outcome.hits for outcome in outcomes), strict=True) if one_length else ()
    kinds: defaultdict[str, list[_Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.sample.columns.get("kind", "")].append(outcome)
    return Evaluation(
        exact_match=total.exact_match,
        character_accuracy=total.character_accuracy,
        by_position=tuple(Rate(place.count(True), len(place)) for place in places),
        by_kind={kind: _rates(kinds[kind]) for kind in sorted(kinds, key=natural_key) if kind},
        confusion=dict(sorted(Counter(pair for o in outcomes for pair in o.pairs).items())),
        calibration=_calibration(answered),
        min_confidence=min_confidence,
        coverage=Rate(len(answered), len(outcomes)),
        answered=_rates(answered).exact_match,
        abstained=abstained,
        failed=len(outcomes) - len(answered) - abstained,
        unfamiliar=sum(o.reading.unfamiliar for o in outcomes),
        mean_edit_distance=edits / len(outcomes),
        cer=edits / max(1, total.character_accuracy.total),
        mistakes=tuple(sorted(wrong, key=_severity)),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One sample compared: its aligned characters, as in ``Evaluation.confusion``."""

    sample: Sample
    reading: Reading
    exact: bool
    distance: int
    pairs: tuple[tuple[str, str], ...]

    @property
    def hits(self) -> list[bool]:
        """Whether each character of the label was read, from the left."""
        return [label == read for label, read in self.pairs if label]


def _outcome(sample: Sample, reading: Reading, fold: Callable[[str], str]) -> _Outcome:
    """Compare one reading with its label; "" is where one of them has no character."""
    if not 0 <= reading.confidence <= 1:
        raise ValueError(f"{sample.file}: {reading.confidence} is not a confidence from 0 to 1")
    label, text = sample.label, reading.text or ""
    exact = reading.text is not None and fold(label) == fold(text)
    distance = Levenshtein.distance(fold(label), fold(text))
    parts = [(label, text)]
    if len(label) != len(text):
        ops = Levenshtein.opcodes(fold(label), fold(text))
        parts = [(label[o.src_start : o.src_end], text[o.dest_start : o.dest_end]) for o in ops]
    aligned = (pair for part in parts for pair in zip_longest(*part, fillvalue=""))
    pairs = tuple((a, a) if fold(a) == fold(b) else (a, b) for a, b in aligned)
    return _Outcome(sample, reading, exact, distance, pairs)


def _rates(outcomes: Sequence[_Outcome]) -> KindRates:
    """Return exact match and character accuracy."""
    hits = [hit for outcome in outcomes for hit in outcome.hits]
    exact = sum(outcome.exact for outcome in outcomes)
    return KindRates(Rate(exact, len(outcomes)), Rate(sum(hits), len(hits)))


def _calibration(answered: Sequence[_Outcome]) -> Calibration:
    """Return the expected calibration error (Guo et al. 2017, section 2) and its bins."""
    groups: defaultdict[int, list[_Outcome]] = defaultdict(list)
    for outcome in answered:
        groups[min(int(outcome.reading.confidence * _BINS), _BINS - 1)].append(outcome)
    bins = []
    for i, group in sorted(groups.items()):
        confidence = math.fsum(outcome.reading.confidence for outcome in group) / len(group)
        accuracy = _rates(group).exact_match.value
        bins.append(Bin(i / _BINS, (i + 1) / _BINS, confidence, accuracy, len(group)))
    gaps = math.fsum(b.count * abs(b.accuracy - b.confidence) for b in bins)
    return Calibration(gaps / len(answered) if answered else None, tuple(bins))


def _severity(mistake: Mistake) -> tuple[int, float, list[NaturalKey]]:
    """Return the key that sorts the worst first; see ``Evaluation``."""
    parts = [natural_key(part) for part in mistake.sample.file.split("/")]
    return -mistake.distance, -mistake.reading.confidence, parts
