"""Texts laid over timesteps."""

from __future__ import annotations

import math
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings

from captchascope.decode.alignment import best_alignment, log_weights
from captchascope.decode.automaton import IntArray
from captchascope.records import FloatArray

from .brute import ABC, logits, texts


def laid_out(written: list[str]) -> tuple[IntArray, IntArray]:
    """Return the labels and lengths of texts."""
    lengths = np.array([len(text) for text in written])
    labels = np.zeros((len(written), max(lengths)), np.int64)
    for row, text in zip(labels, written, strict=True):
        row[: len(text)] = ABC.encode(text)
    return labels, lengths


def weights_of(scores: FloatArray) -> FloatArray:
    """Return the weights of logits of shape (B, T, K)."""
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    return np.ascontiguousarray(weights.transpose(2, 0, 1), np.float32)


def paths_of(text: str, timesteps: int) -> list[tuple[int, ...]]:
    """Return every path that gives a text."""
    wanted = ABC.encode(text)
    paths = product(range(ABC.num_classes), repeat=timesteps)
    return [path for path in paths if [k for k, _ in groupby(path) if k] == wanted]


@settings(derandomize=True, deadline=None, max_examples=25)
@given(logits(batch=2))
def test_the_weight_of_a_text_is_the_sum_over_its_paths(scores: FloatArray) -> None:
    """Of every text that there is room for, and none where there is none."""
    weights = weights_of(scores)
    timesteps = scores.shape[1]
    written = list(texts("ab", 3))
    labels, lengths = laid_out(written)
    found = log_weights(weights, labels, lengths, np.ones(len(written), np.int64))
    for text, log in zip(written, found, strict=True):
        chances = [
            math.prod(float(weights[k, 1, t]) for t, k in enumerate(path))
            for path in paths_of(text, timesteps)
        ]
        assert math.exp(log) == pytest.approx(math.fsum(chances), rel=1e-9)


@pytest.mark.parametrize("timesteps", [1, 255, 256, 257, 1500])
def test_many_timesteps_neither_overflow_nor_underflow(timesteps: int) -> None:
    """With all weights 1, the number of paths of a text without repetitions is a binomial."""
    length = min(timesteps, 300)
    labels = np.array([[1, 2] * 150])[:, :length]
    weights = np.ones((3, 1, timesteps), np.float32)
    (found,) = log_weights(weights, labels, np.array([length]), np.array([0]))
    paths = math.comb(timesteps + length, 2 * length)
    assert found == pytest.approx(math.log(paths), rel=1e-12)


def test_a_text_that_weighs_next_to_nothing_is_no_error() -> None:
    """Its weight is nothing."""
    weights = np.full((2, 1, 40), 1e-30, np.float32)
    (found,) = log_weights(weights, np.array([[1] * 15]), np.array([15]), np.array([0]))
    assert found == -math.inf


@settings(derandomize=True, deadline=None, max_examples=25)
@given(logits())
def test_the_best_alignment_is_the_best_path_of_the_text(scores: FloatArray) -> None:
    """No path of the text weighs more than the one that is returned."""
    weights = weights_of(scores)
    timesteps = scores.shape[1]
    written = [text for text in texts("ab", 3) if paths_of(text, timesteps)]
    labels, lengths = laid_out(written)
    spans = best_alignment(weights, labels, lengths, np.zeros(len(written), np.int64))
    for text, span in zip(written, spans, strict=True):
        path = np.zeros(timesteps, np.int64)
        for char, where in zip(ABC.encode(text), span, strict=False):
            path[where] = char
        paths = paths_of(text, timesteps)
        assert tuple(path) in paths
        best = max(math.prod(float(weights[k, 0, t]) for t, k in enumerate(p)) for p in paths)
        assert math.prod(float(weights[k, 0, t]) for t, k in enumerate(path)) == pytest.approx(best)
