"""Characters that are told by their outlines."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.audit.leaks.outlines import outline_leaks

random = np.random.default_rng(5)
CHARACTERS = "ACEHKMX"
SHAPES = {
    char: random.uniform(0, 20, (6 + number, 2)).round(1) for number, char in enumerate(CHARACTERS)
}


def drawing(answer: str, *, jitter: float = 0.0, mixed: bool = False) -> bytes:
    """Return a drawing whose characters stand anywhere, with a line across."""
    paths = []
    for place, char in enumerate(answer):
        shape = random.uniform(0, 20, (9, 2)) if mixed else SHAPES[char]
        points = shape + np.array([25 * place + random.integers(0, 3), random.integers(0, 9)])
        points = points + random.uniform(-jitter, jitter, points.shape)
        lines = " ".join(f"L{x:.1f} {y:.1f}" for x, y in points[1:])
        paths.append(f"<path d='M{points[0, 0]:.1f} {points[0, 1]:.1f} {lines}Z'/>")
    order = random.permutation(len(paths))
    body = "".join(paths[place] for place in order) + "<path d='M0 9 L99 9'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' width='120' height='40'>{body}</svg>".encode()


def answers(count: int) -> list[str]:
    """Return texts of four characters."""
    return ["".join(random.choice(list(CHARACTERS), 4)) for _ in range(count)]


def test_outlines_that_are_moved_alone() -> None:
    """Each character is drawn alike wherever it stands, in whatever order they are drawn."""
    drawn = [(drawing(answer), answer) for answer in answers(40)]
    (leak,) = outline_leaks(drawn, 0)
    assert leak.found.value > 0.9
    assert "drawn alike" in leak.what
    assert leak.by_chance < 4


def test_outlines_that_are_bent() -> None:
    """Their points differ each time, but not how many there are."""
    drawn = [(drawing(answer, jitter=3), answer) for answer in answers(40)]
    (leak,) = outline_leaks(drawn, 0)
    assert leak.found.value > 0.9
    assert "commands" in leak.what


def test_outlines_that_tell_nothing() -> None:
    """Each is another one."""
    assert outline_leaks([(drawing(a, mixed=True), a) for a in answers(40)], 0) == ()


def test_wrong_answers() -> None:
    """What is looked up by them is no better than shuffled."""
    drawn = [
        (drawing(answer), other) for answer, other in zip(answers(40), answers(40), strict=True)
    ]
    assert outline_leaks(drawn, 0) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg",
        b"<svg/>",
        b"<svg><path d='M1e999 -1e999 L.5.5.5'/></svg>",
        b"<svg><path transform='translate(' d='m'/></svg>",
        b"<svg>" + b"<path d='M1 1'/>" * 2000 + b"</svg>",
        b"<svg><path d='" + b"L1 1" * 50_000 + b"'/></svg>",
    ],
)
def test_drawings_that_are_none(data: bytes) -> None:
    """They are passed over."""
    assert outline_leaks([(data, "A")], 0) == ()
