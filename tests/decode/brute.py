"""What decoding must give, by trying everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, groupby, product

import numpy as np
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.decode.automaton import IntArray
from captchascope.records import FloatArray

ABC = Charset("abc")


def texts(chars: str, longest: int) -> Iterator[str]:
    """Yield every text of at most so many characters."""
    lengths = (product(chars, repeat=length) for length in range(longest + 1))
    return map("".join, chain.from_iterable(lengths))


def chances(
    scores: FloatArray,
    charset: Charset = ABC,
    only: str | None = None,
    fold: Callable[[str], str] = str,
) -> dict[str, float]:
    """Return the probability of every text that logits of shape (T, K) can give.

    Each path is tried; ``only`` are the characters that are left, and those that ``fold`` gives
    one name are one.
    """
    kept = [True, *(only is None or char in only for char in charset.chars)]
    powers = np.where(kept, np.exp(scores.astype(np.float64)), 0.0)
    shares = powers / powers.sum(axis=1, keepdims=True)
    paths, texts, numbers = _paths(len(scores), fold(charset.chars))
    weights = shares[np.arange(len(scores)), paths].prod(axis=1)
    return dict(zip(texts, np.bincount(numbers, weights).tolist(), strict=True))


def divided(chances: dict[str, float]) -> dict[str, float]:
    """Return the confidence of each of the texts that are allowed, given their probabilities."""
    together = max(sum(chances.values()), 1e-9)
    return {text: chance / together for text, chance in chances.items()}


@cache
def _paths(timesteps: int, chars: str) -> tuple[IntArray, list[str], list[int]]:
    """Return all paths, the texts that they give, and for each path the number of its text."""
    paths = list(product(range(len(chars) + 1), repeat=timesteps))
    names = ["", *chars]
    given = ["".join(name for name, _ in groupby(names[k] for k in path)) for path in paths]
    texts = list(dict.fromkeys(given))
    numbers = {text: number for number, text in enumerate(texts)}
    return np.array(paths), texts, [numbers[text] for text in given]


@st.composite
def logits(draw_from: st.DrawFn, batch: int = 1, classes: int = 4) -> FloatArray:
    """Draw shape (batch, T, classes) with T up to 5, ties and large differences included."""
    timesteps = draw_from(st.integers(1, 5))
    size = batch * timesteps * classes
    numbers = st.integers(-6, 6) | st.just(-20)
    drawn = draw_from(st.lists(numbers, min_size=size, max_size=size))
    return np.array(drawn, np.float32).reshape(batch, timesteps, classes) / np.float32(2)


def patterns() -> st.SearchStrategy[str]:
    """Draw a pattern over a few letters, which is one of the module ``re`` too."""
    written = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "[b-bc]", "[^ac]", r"\-"]
    written += [r"\d", r"\w", r"\D", r"\W", r"\S", r"[\d-]", r"[^\w]", r"[^b\W]"]
    times = st.sampled_from(["", "", "", "?", "*", "+", "{1}", "{2}", "{0,2}", "{1,3}", "{2,}"])

    def alternatives(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        sequence = st.lists(st.builds(str.__add__, pieces, times), min_size=1, max_size=3)
        return st.lists(sequence.map("".join), min_size=1, max_size=3).map("|".join)

    def groups(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.builds("{}{})".format, st.sampled_from(["(", "(?:"]), alternatives(pieces))

    return alternatives(st.recursive(st.sampled_from(written), groups, max_leaves=6))
