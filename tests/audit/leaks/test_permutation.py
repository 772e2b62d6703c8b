"""Leaks told from chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from captchascope.audit.figures import Leak
from captchascope.audit.leaks.permutation import Known, find_leaks
from captchascope.audit.leaks.places import Place

random = np.random.default_rng(16)


def digits(count: int, length: int = 4) -> list[str]:
    """Return so many numbers."""
    return ["".join(row) for row in random.integers(0, 10, (count, length)).astype(str)]


def leaks_of(answers: Sequence[str], texts: Sequence[str], rest: bool = False) -> list[Leak]:
    """Return what is found where each text stands in the same place."""
    places = [[Place("page", "the page", text, rest)] for text in texts]
    known = [Known(a, lambda p=p: p) for a, p in zip(answers, places, strict=True)]  # type: ignore[misc]
    return list(find_leaks(known, 0))


def test_pages_of_numbers_are_no_leaks() -> None:
    """Each holds every fifth number of four digits, so that many an answer is found there."""
    answers = digits(60)
    texts = [" ".join(digits(2200)) for _ in answers]
    assert sum(answer in text for answer, text in zip(answers, texts, strict=True)) > 3
    assert leaks_of(answers, texts) == []


def test_a_leak_among_chance() -> None:
    """Half of the pages hold the answer, and numbers beside it."""
    answers = digits(60)
    texts = [" ".join([*digits(200), *([a] if i % 2 else [])]) for i, a in enumerate(answers)]
    (leak,) = leaks_of(answers, texts)
    assert leak.found.hits >= 30
    assert 0 < leak.by_chance < 6
    assert leak.found.total == 60


def test_the_same_text_everywhere_is_no_leak() -> None:
    """It holds some of the answers, as a list of words holds words."""
    answers = digits(60)
    assert leaks_of(answers, [" ".join(answers[:20])] * 60) == []


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_few_images(count: int) -> None:
    """They are compared with made-up answers."""
    answers = digits(count)
    (leak,) = leaks_of(answers, [f"Comment: {answer}" for answer in answers])
    assert leak.found.hits == count
    assert leaks_of(answers, [f"Comment: {answer}" for answer in digits(count, 6)]) == []


def test_one_class() -> None:
    """All answers are the same, and so are the places."""
    (leak,) = leaks_of(["7777"] * 30, ["is 7777"] * 30)
    assert leak.found.hits == 30


def test_answers_of_one_character() -> None:
    """They are found in most texts; where they stand alone they are found more often."""
    answers = digits(80, 1)
    assert leaks_of(answers, [" ".join(digits(5)) for _ in answers]) == []
    assert len(leaks_of(answers, [f"{answer}." for answer in answers])) == 1


def test_what_is_explained_is_told_once() -> None:
    """The whole is named only where its parts do not say as much."""
    answers = digits(30)

    def places(answer: str, number: int) -> list[Place]:
        name = "id" if number < 20 else f"id{number}"  # other names, each of which comes once
        whole = f"{name}={answer}"
        return [Place("page", name, answer), Place("page", "the page", whole, rest=True)]

    known = [Known(a, lambda a=a, i=i: places(a, i)) for i, a in enumerate(answers)]  # type: ignore[misc]
    part, whole = sorted(find_leaks(known, 0), key=lambda leak: leak.what)
    assert (part.what, part.found.hits) == ("id", 20)
    assert (whole.what, whole.found.hits) == ("the page", 30)
    assert [leak.what for leak in find_leaks(known[:20], 0)] == ["id"]


def test_examples_are_printable_and_short() -> None:
    """They come from strangers."""
    answers = digits(30)
    (leak,) = leaks_of(answers, [f"\x1b[2J\u202e{'x' * 500}{a}{'y' * 500}" for a in answers])
    assert answers[0] in leak.example
    assert leak.example.isprintable()
    assert len(leak.example) <= 120
