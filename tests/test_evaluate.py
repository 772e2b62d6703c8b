"""What was read right: each figure by hand once, and what holds for any samples and readings."""

from __future__ import annotations

import doctest
import json
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope import evaluate
from captchascope.charset import Charset
from captchascope.check import inspection, labels
from captchascope.data import dataset
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.decode import ReadOptions, folded
from captchascope.errors import DatasetError, ImageError
from captchascope.evaluate import (
    Bin,
    Evaluation,
    KindRates,
    Rate,
    evaluate_reader,
    evaluate_readings,
    impossible_labels,
)
from captchascope.reader import load
from captchascope.records import Reading, Sample
from ctc.bars import bars, write_model

Fold: TypeAlias = Callable[[str], str]

FOLDS = st.sampled_from([str, folded])
LABELS = st.text("01aAİß", min_size=1, max_size=5)
TEXTS = st.none() | st.text("01aAİß", max_size=6)
CONFIDENCES = st.floats(0, 1)
READS = st.lists(st.tuples(LABELS, TEXTS, CONFIDENCES), min_size=1, max_size=12)


def sample(label: str, file: str = "1.png", **columns: str) -> Sample:
    """Make a sample without an image."""
    return Sample(file, label, Path(file), columns=columns)


def reading(text: str | None, confidence: float = 0.5) -> Reading:
    """Make a reading without its characters."""
    return Reading(text, confidence)


def compare(*pairs: tuple[str, str | None], fold: Fold = str) -> Evaluation:
    """Evaluate (label, text) pairs, in files called 1.png, 2.png and so on."""
    samples = [sample(label, f"{i}.png") for i, (label, _) in enumerate(pairs, 1)]
    return evaluate_readings(samples, [reading(text) for _, text in pairs], fold)


def of_reads(reads: list[tuple[str, str | None, float]], fold: Fold) -> Evaluation:
    """Evaluate (label, text, confidence) triples, whose first letter is their kind."""
    samples = [sample(label, f"{i}.png", kind=label[0]) for i, (label, _, _) in enumerate(reads)]
    readings = [reading(text, confidence) for _, text, confidence in reads]
    return evaluate_readings(samples, readings, fold)


def as_counts(rate: Rate) -> tuple[int, int]:
    """Return hits and total."""
    return rate.hits, rate.total


def test_exact_match_counts_whole_captchas() -> None:
    """One wrong character makes the captcha wrong; exact match is counted, not estimated."""
    evaluation = compare(("123456", "123456"), ("123456", "123450"), ("123456", None))
    assert as_counts(evaluation.exact_match) == (1, 3)
    assert evaluation.exact_match.value == pytest.approx(1 / 3)


def test_characters_of_equally_long_texts_compare_place_by_place() -> None:
    """A rotated text has no character in place, though two edits would mend it."""
    evaluation = compare(("1234", "2341"))
    assert as_counts(evaluation.character_accuracy) == (0, 4)
    assert evaluation.mistakes[0].distance == 2


def test_characters_of_other_texts_align_by_edits() -> None:
    """A lost first character costs one character, not all; a surplus one costs none."""
    evaluation = compare(("1234", "234"), ("1234", "01234"))
    assert as_counts(evaluation.character_accuracy) == (7, 8)
    assert [as_counts(rate) for rate in evaluation.by_position] == [(1, 2), (2, 2), (2, 2), (2, 2)]
    assert evaluation.confusion[("1", "")] == 1
    assert evaluation.confusion[("", "0")] == 1


def test_a_missing_text_misses_every_character() -> None:
    """No text is wrong at every place, and as far from the label as the label is long."""
    evaluation = compare(("12", None))
    assert as_counts(evaluation.character_accuracy) == (0, 2)
    assert evaluation.confusion == {("1", ""): 1, ("2", ""): 1}
    assert evaluation.mistakes[0].distance == 2


def test_labels_of_different_lengths_have_no_positions() -> None:
    """The third of three characters is not what the third of five is."""
    assert compare(("12", "12"), ("345", "395")).by_position == ()
    evaluation = compare(("312", "12"), ("345", "395"))
    assert [as_counts(rate) for rate in evaluation.by_position] == [(1, 2), (1, 2), (2, 2)]


def test_kinds_are_rated_apart_in_natural_order() -> None:
    """Kinds are sorted by number, and a sample without one belongs to none."""
    samples = [sample("12", kind="10"), sample("34", kind="9"), sample("56"), sample("7", kind="")]
    evaluation = evaluate_readings(
        samples, [reading("12"), reading("39"), reading("56"), reading("7")]
    )
    assert list(evaluation.by_kind) == ["9", "10"]
    assert evaluation.by_kind["9"] == KindRates(Rate(0, 1), Rate(1, 2))
    assert evaluation.by_kind["10"] == KindRates(Rate(1, 1), Rate(2, 2))
    assert compare(("1", "1")).by_kind == {}


def test_calibration_by_hand() -> None:
    """Bins off by 0.2, 0.1 and 0 weigh as many texts as they hold; no text, no weight."""
    samples = [sample("1")] * 5
    readings = [reading("1", 0.7), reading("2", 0.7), reading("1", 0.9), reading("1", 1.0)]
    calibration = evaluate_readings(samples, [*readings, reading(None, 0.1)]).calibration
    assert calibration.bins == (
        Bin(10 / 15, 11 / 15, confidence=0.7, accuracy=0.5, count=2),
        Bin(13 / 15, 14 / 15, confidence=0.9, accuracy=1.0, count=1),
        Bin(14 / 15, 1.0, confidence=1.0, accuracy=1.0, count=1),
    )
    assert calibration.ece == pytest.approx((2 * 0.2 + 0.1 + 0) / 4)


def test_calibration_without_texts_is_unknown() -> None:
    """Nothing read is not a calibration error of zero."""
    calibration = compare(("1", None)).calibration
    assert calibration.ece is None
    assert calibration.bins == ()


def test_failed_abstained_and_answered() -> None:
    """A sample is answered, withheld or failed, and accuracy is also given of the answered."""
    withheld = Reading(None, 0.4, abstained=True)
    failed = Reading(None, 0.0, error=ImageError("4.png", "cannot be decoded"))
    readings = [reading("1"), reading("2"), withheld, failed, reading("")]
    evaluation = evaluate_readings([sample("1")] * 5, readings)
    assert (evaluation.abstained, evaluation.failed) == (1, 1)
    assert as_counts(evaluation.coverage) == (3, 5)
    assert as_counts(evaluation.answered) == (1, 3)
    assert as_counts(evaluation.exact_match) == (1, 5)


def test_the_unfamiliar_are_counted() -> None:
    """Whether they have a text or not."""
    strange = [Reading("1", 0.9, unfamiliar=True), Reading(None, 0.0, unfamiliar=True)]
    assert evaluate_readings([sample("1")] * 3, [*strange, reading("1")]).unfamiliar == 2


def test_edits_per_sample_and_per_character() -> None:
    """One substitution, and an insertion beside a deletion, on six characters."""
    evaluation = compare(("123", "193"), ("456", "564"))
    assert evaluation.mean_edit_distance == 1.5
    assert evaluation.cer == 0.5
    assert compare(("1", "2345")).cer == 4.0


def test_mistakes_are_worst_first() -> None:
    """Distance comes before confidence, and confidence before the natural order of files."""
    rows = [("10.png", "92", 0.9), ("2.png", "92", 0.9), ("a/1.png", "92", 0.95)]
    rows += [("3.png", "99", 0.1), ("4.png", "12", 1.0)]
    samples = [sample("12", file) for file, _, _ in rows]
    mistakes = evaluate_readings(samples, [reading(text, c) for _, text, c in rows]).mistakes
    assert [m.sample.file for m in mistakes] == ["3.png", "a/1.png", "2.png", "10.png"]
    assert [m.distance for m in mistakes] == [2, 1, 1, 1]


def test_case_counts_unless_ignored() -> None:
    """Ignored case is right everywhere, and is counted under the label's own character."""
    assert as_counts(compare(("aB", "Ab")).exact_match) == (0, 1)
    evaluation = compare(("aB", "Ab"), ("aBc", "AC"), fold=folded)
    assert as_counts(evaluation.exact_match) == (1, 2)
    assert evaluation.confusion == {("a", "a"): 2, ("B", "B"): 1, ("B", ""): 1, ("c", "c"): 1}
    assert evaluation.cer == pytest.approx(1 / 5)


def test_wilson_interval_by_hand() -> None:
    """81 of 263 is the worked example of Newcombe (1998), whose table gives 0.2553 to 0.3662."""
    rate = Rate(81, 263)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.2553, 0.3662)
    assert round(Rate(0, 20).high, 4) == 0.1611


def test_a_rate_of_nothing_is_zero_and_unknown() -> None:
    """No division by zero: 0.0, anywhere between 0 and 1."""
    expected = {"value": 0.0, "low": 0.0, "high": 1.0, "hits": 0, "total": 0}
    assert Rate(0, 0).to_json() == expected


@given(st.lists(st.tuples(LABELS, LABELS, st.floats(0, 1)), min_size=1), st.floats(0, 1))
def test_below_a_confidence_there_is_no_answer(
    rows: list[tuple[str, str, float]], below: float
) -> None:
    """Coverage counts the others, and among these the right ones; all is as if not read."""
    samples = [sample(label) for label, _, _ in rows]
    readings = [reading(text, sure) for _, text, sure in rows]
    found = evaluate_readings(samples, readings, min_confidence=below)
    sure = [label == text for label, text, confidence in rows if confidence >= below]
    assert found.coverage == Rate(len(sure), len(rows))
    assert found.answered == Rate(sum(sure), len(sure))
    assert found.exact_match == Rate(sum(sure), len(rows))
    assert (found.abstained, found.failed) == (len(rows) - len(sure), 0)
    named = {row.name for row in found.rows()}
    assert ("right of the answered" in named) == (below > 0)


def test_json_by_hand() -> None:
    """Everything is there, the two headlines by short names, and numpy's numbers are plain ones."""
    failed = Reading(None, 0.0, error=ImageError("2.png", "cannot be decoded"))
    half: Any = np.float32(0.5)
    readings = [reading("13", half), failed]
    data: Any = evaluate_readings(
        [sample("12", kind="1"), sample("3", "2.png")], readings
    ).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == json.loads(json.dumps(data))
    short = {"exact_match": "captcha", "character_accuracy": "character"}
    assert set(data) == {short.get(name, name) for name in Evaluation.__dataclass_fields__}
    assert data["by_kind"] == {
        "1": {"captcha": Rate(0, 1).to_json(), "character": Rate(1, 2).to_json()}
    }
    assert data["confusion"][-1] == {"label": "3", "read": "", "count": 1}
    assert data["calibration"]["ece"] == 0.5
    assert data["mistakes"][1] == {
        "file": "2.png",
        "label": "3",
        "text": None,
        "confidence": 0.0,
        "distance": 1,
        "error": "2.png: cannot be decoded",
    }


@pytest.mark.parametrize(("samples", "readings"), [(0, 0), (1, 0), (0, 1), (2, 1)])
def test_one_reading_for_each_sample(samples: int, readings: int) -> None:
    """Nothing, or not as many of both, is an error that gives both numbers."""
    with pytest.raises(ValueError, match=f"^{readings} readings for {samples} samples$"):
        evaluate_readings([sample("1")] * samples, [reading("1")] * readings)


@pytest.mark.parametrize("confidence", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    """A confidence that could only spoil the figures is an error that names the file."""
    with pytest.raises(ValueError, match=r"^1\.png: .* is not a confidence from 0 to 1$"):
        evaluate_readings([sample("1")], [reading("1", confidence)])


@given(st.lists(LABELS, min_size=1), FOLDS)
def test_reading_the_labels_is_perfect(labels: list[str], fold: Fold) -> None:
    """Every rate is 1 and nothing is left to mend."""
    evaluation = compare(*((label, label) for label in labels), fold=fold)
    rates = [
        evaluation.exact_match,
        evaluation.character_accuracy,
        evaluation.coverage,
        evaluation.answered,
    ]
    assert {rate.value for rate in [*rates, *evaluation.by_position]} == {1.0}
    assert all(label == read for label, read in evaluation.confusion)
    assert (evaluation.cer, evaluation.mean_edit_distance, evaluation.mistakes) == (0.0, 0.0, ())


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_wilson_interval_holds_the_value(a: int, b: int) -> None:
    """The interval lies in 0 to 1, has a width, and is the mirror image for misses."""
    rate = Rate(min(a, b), max(a, b))
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    assert rate.low < rate.high
    assert Rate(rate.total - rate.hits, rate.total).low == pytest.approx(1 - rate.high, abs=1e-12)


@given(READS, FOLDS)
def test_the_figures_agree(reads: list[tuple[str, str | None, float]], fold: Fold) -> None:
    """Positions, kinds and confusion add up to the same characters, the parts to all samples.

    Positions only where all labels have the same.
    """
    evaluation = of_reads(reads, fold)
    characters = evaluation.character_accuracy
    assert characters.total == sum(len(label) for label, _, _ in reads)
    sums = [[rates.character_accuracy for rates in evaluation.by_kind.values()]]
    sums += [list(evaluation.by_position)] if evaluation.by_position else []
    assert bool(evaluation.by_position) == (len({len(label) for label, _, _ in reads}) == 1)
    for rates in sums:
        assert sum(rate.hits for rate in rates) == characters.hits
        assert sum(rate.total for rate in rates) == characters.total
    table = [counts for _, counts in evaluation.confusion_matrix("01aAİß")]
    assert sum(table[i][i] for i in range(6)) == characters.hits
    assert sum(map(sum, table)) == characters.total
    assert evaluation.exact_match.hits + len(evaluation.mistakes) == len(reads)
    assert evaluation.exact_match.hits == evaluation.answered.hits
    assert evaluation.coverage.hits + evaluation.abstained + evaluation.failed == len(reads)


@given(READS)
def test_calibration_is_bounded(reads: list[tuple[str, str | None, float]]) -> None:
    """Every text is in one of fifteen bins, and no gap is wider than 1."""
    evaluation = of_reads(reads, str)
    bins = evaluation.calibration.bins
    assert sum(b.count for b in bins) == evaluation.coverage.hits
    assert all(b.low - 1e-9 <= b.confidence <= b.high + 1e-9 for b in bins)
    assert 0 <= (evaluation.calibration.ece or 0.0) <= 1


@given(READS, FOLDS, st.randoms())
def test_order_does_not_matter(
    reads: list[tuple[str, str | None, float]], fold: Fold, order: random.Random
) -> None:
    """The same samples in another order give the same evaluation, mistakes included."""
    pairs = [
        (sample(label, f"{i}.png", kind=label[0]), reading(text, confidence))
        for i, (label, text, confidence) in enumerate(reads)
    ]
    shuffled = order.sample(pairs, len(pairs))
    before, after = (
        evaluate_readings([s for s, _ in part], [r for _, r in part], fold)
        for part in (pairs, shuffled)
    )
    assert json.dumps(before.to_json()) == json.dumps(after.to_json())


@given(READS, FOLDS)
def test_json_is_strict(reads: list[tuple[str, str | None, float]], fold: Fold) -> None:
    """No NaN gets into the JSON, whatever was read."""
    data = of_reads(reads, fold).to_json()
    assert json.loads(json.dumps(data, allow_nan=False))["captcha"]["total"] == len(reads)


@given(LABELS, LABELS)
def test_ignoring_case_never_hurts(label: str, text: str) -> None:
    """What is right stays right when case is ignored."""
    strict = compare((label, text))
    loose = compare((label, text), fold=folded)
    assert loose.exact_match.hits >= strict.exact_match.hits
    assert loose.cer <= strict.cer


def confusions_compare(*pairs: tuple[str, str | None]) -> Evaluation:
    """Evaluate (label, text) pairs."""
    samples = [Sample("1.png", label, Path("1.png")) for label, _ in pairs]
    return evaluate_readings(samples, [Reading(text, 0.5) for _, text in pairs])


def test_confusion_counts_right_and_wrong_characters() -> None:
    """Each character of a label is counted once, beside what it was read as."""
    evaluation = confusions_compare(("0010", "0O1O"))
    assert evaluation.confusion == {("0", "0"): 1, ("0", "O"): 2, ("1", "1"): 1}


def test_the_confusion_matrix_has_a_column_for_the_rest() -> None:
    """Rows and columns follow the characters asked for; surplus and other labels have no row."""
    evaluation = confusions_compare(("0110", "0170"), ("01", "011"), ("1x", None), ("11", "10"))
    assert evaluation.confusion_matrix("10") == [("1", [3, 1, 2]), ("0", [0, 3, 0])]
    assert evaluation.confusion_matrix("") == []


def test_the_most_frequent_wrong_characters_come_first() -> None:
    """Then by their characters; what is right is not among them, what is missed is."""
    evaluation = confusions_compare(("00", "OO"), ("1l", "l1"), ("a", ""), ("a", "ab"), ("x", "x"))
    wanted = [("0", "O", 2), ("", "b", 1), ("1", "l", 1), ("a", "", 1), ("l", "1", 1)]
    assert evaluation.most_confused(9) == wanted
    assert evaluation.most_confused(2) == wanted[:2]
    assert compare(("1", "1")).most_confused(9) == []


def test_the_rows_of_an_evaluation_say_what_is_part_of_what() -> None:
    """Captchas, characters, each position, and both of every kind: the same rows everywhere."""
    rows = evaluate_readings([sample("12", kind="9")], [reading("13")]).rows()
    assert [(row.name, as_counts(row.rate), row.level) for row in rows] == [
        ("captchas (exact match)", (0, 1), 0),
        ("characters", (1, 2), 0),
        ("position 1", (1, 1), 1),
        ("position 2", (0, 1), 1),
        ("kind 9: captchas", (0, 1), 0),
        ("kind 9: characters", (1, 2), 0),
    ]


def test_a_reader_is_evaluated_on_a_data_set(tmp_path: Path) -> None:
    """An image that cannot be read is a sample missed, and every reading is told in order."""
    data = read_dataset("examples")
    lost = Sample("lost.jpeg", "123456", tmp_path / "lost.jpeg")
    told: list[Reading] = []
    with_lost = Dataset(data.folder, (*data.samples, lost))
    evaluation = evaluate_reader(load("metu"), with_lost, on_reading=told.append)
    assert as_counts(evaluation.exact_match) == (12, 13)
    assert (evaluation.failed, evaluation.mistakes[0].sample) == (1, lost)
    assert [reading.text for reading in told] == [*(s.label for s in data.samples), None]


def test_a_reader_that_ignores_case_is_evaluated_so(tmp_path: Path) -> None:
    """Its texts are in lower case, and labels in capitals are met by them."""
    cv2.imwrite(str(tmp_path / "AB.png"), bars("AB"))
    model = write_model(tmp_path / "bars.onnx")
    data = read_dataset(tmp_path, "names")
    readers = [
        load(model, charset="ab01", ignore_case=True),
        load(model, charset="0-1ab"),
        load(model, charset="ab01", case="keep"),
    ]
    assert [evaluate_reader(reader, data).exact_match.hits for reader in readers] == [1, 1, 0]


def test_a_label_in_the_case_that_is_folded_is_possible(tmp_path: Path) -> None:
    """A model of capitals gives small letters where those are told, and no others."""
    capitals = write_model(tmp_path / "capitals.onnx", charset=Charset("01234ABCD"))
    files = [tmp_path / f"{label}.png" for label in ("AB", "ab", "x")]
    data = Dataset(tmp_path, tuple(Sample(file.name, file.stem, file) for file in files))
    for options, hopeless in (
        (ReadOptions(charset="a-d"), 1),
        (ReadOptions(pattern="[a-d]{2}"), 1),
        (ReadOptions(ignore_case=True), 1),
        (ReadOptions(charset="A-D", case="keep"), 2),
        (ReadOptions(), 2),
    ):
        reader = load(capitals).with_options(options)
        assert len(impossible_labels(reader, data)) == hopeless


def test_what_a_listener_raises_ends_an_evaluation() -> None:
    """So a caller that waits for it can stop it."""

    def stop(_: Reading) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_reader(load("metu"), read_dataset("examples"), on_reading=stop)


def test_without_samples_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(DatasetError, match="has no usable sample"):
        evaluate_reader(load("metu"), Dataset(tmp_path, ()))


@pytest.mark.parametrize("module", [evaluate, dataset, inspection, labels])
def test_the_examples_of_the_docstrings_are_true(module: ModuleType) -> None:
    """They are run as they stand, in the folder of the project."""
    done = doctest.testmod(module)
    assert (done.failed, done.attempted > 1) == (0, True)
