"""The places of characters: where they are expected, and what that is worth."""

from __future__ import annotations

import numpy as np
import torch

from captchascope.ctc.inputs import normalise
from captchascope.train.ctc.losses import aligned_loss, text_span
from train.ctc.tasks import drawn


def within(text: str, left: int, width: int, background: np.ndarray) -> torch.Tensor:
    """Return an image of ``width`` columns with a text from column ``left``."""
    image = np.tile(background.astype(np.uint8), (32, 1))
    piece = drawn(text, np.random.default_rng(0))
    image[:, left : left + piece.shape[1]] = piece
    return torch.from_numpy(normalise([image]))


def test_the_span_is_where_the_strokes_are() -> None:
    """On a plain ground or one that shades off, to within half a character."""
    for background in (np.full(160, 225), np.linspace(120, 255, 160)):
        for left in (0, 40, 100):
            first, last = text_span(within("123", left, 160, background))[0] * 160
            assert abs(float(first) - left - 6) < 9
            assert abs(float(last) - left - 48) < 9


def test_a_line_across_the_image_is_no_text() -> None:
    """It hardly changes from column to column."""
    images = within("123", 60, 160, np.full(160, 225))
    images[:, :, 20:22] = 0
    first, last = text_span(images)[0] * 160
    assert abs(float(first) - 66) < 9
    assert abs(float(last) - 108) < 9


def test_an_empty_image_has_a_span_too() -> None:
    """All of it."""
    span = text_span(torch.ones(1, 3, 32, 100))
    assert span.tolist() == [[0.0, 1.0]]


def test_characters_are_expected_evenly() -> None:
    """Between blanks, within the span, each image by its own."""
    targets, lengths = torch.tensor([1, 2, 3, 3, 1]), torch.tensor([3, 2])
    span = torch.tensor([[0.0, 1.0], [0.5, 1.0]])
    wanted = torch.tensor([[0, 1, 1, 0, 0, 2, 2, 0, 0, 3, 3, 0], [0] * 7 + [3, 0, 0, 1, 0]])
    logits = 20.0 * torch.nn.functional.one_hot(wanted, 4)
    assert float(aligned_loss(logits, targets, lengths, span)) < 1e-4
    assert float(aligned_loss(logits.roll(1, dims=1), targets, lengths, span)) > 5
