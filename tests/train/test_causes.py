"""The likely causes of a training that reads nothing: labels of others, or of nothing, and time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import write_folder
from captchascope.train.causes import Course, likely_causes
from captchascope.train.ctc.infer import alphabet_of, inferred
from captchascope.train.untrained import read_untrained

LONG = Course(losses=(3.0, 1.0, 0.1, 0.1), learnt=0.3, views=100_000, scratch=False)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Draw captchas that the model that reads anything reads."""
    folder = tmp_path_factory.mktemp("causes") / "plain"
    write_folder("plain", folder, 24, 3)
    return read_dataset(folder)


def relabelled(dataset: Dataset, labels: list[str]) -> Dataset:
    """Return the same images with other labels."""
    pairs = zip(dataset.samples, labels, strict=True)
    return replace(dataset, samples=tuple(replace(s, label=label) for s, label in pairs))


def causes(dataset: Dataset, course: Course = LONG) -> list[str]:
    """Return what is found."""
    alphabet = alphabet_of(dataset)
    assert alphabet is not None
    known = inferred(dataset, alphabet)
    untrained = read_untrained(dataset.samples, known)
    return [cause.what for cause in likely_causes(dataset, known, untrained, course)]


def test_right_labels_have_no_fault(plain: Dataset) -> None:
    """Nothing is accused that is as it should be."""
    assert causes(plain) == []


@pytest.mark.parametrize(("shift", "says"), [(1, "image before it"), (-2, "image 2 after it")])
def test_shifted_labels(plain: Dataset, shift: int, says: str) -> None:
    """Each image has the label of another one, always as far away."""
    labels = [sample.label for sample in plain.samples]
    (found,) = causes(relabelled(plain, labels[shift:] + labels[:shift]))
    assert found.startswith("labels are shifted: ")
    assert says in found


def test_shuffled_labels(plain: Dataset) -> None:
    """Each image has the label of some other one."""
    labels = [sample.label for sample in plain.samples]
    (found,) = causes(relabelled(plain, [labels[(i * 7 + 1) % 24] for i in range(24)]))
    assert found.startswith("labels are of other images: ")


def test_labels_that_the_images_do_not_show(plain: Dataset) -> None:
    """Such as a running number."""
    (found,) = causes(relabelled(plain, [f"{i:04}" for i in range(24)]))
    assert found.startswith("labels are not what the images show: any surely reads other texts")


def test_what_is_learnt_by_heart(plain: Dataset) -> None:
    """It is said of labels about which nothing else is known."""
    (found,) = causes(plain, replace(LONG, learnt=0.9))
    assert found.startswith("it has learnt 90% of the training texts by heart")


@pytest.mark.parametrize(
    ("course", "says"),
    [
        (replace(LONG, losses=(3.0, 2.5, 2.0, 1.5)), "the loss was still falling, from 2.00 to"),
        (replace(LONG, scratch=True, views=960), "it has seen 960 images, and began with nothing"),
    ],
)
def test_too_little_time(plain: Dataset, course: Course, says: str) -> None:
    """The loss tells, or how little was seen."""
    (found,) = causes(plain, course)
    assert found.startswith(f"too little time: {says}")
