"""Validation: how well a network reads images, and whether it is as good as an earlier one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from captchascope.charset import BLANK
from captchascope.ctc.inputs import normalise
from captchascope.records import FloatArray, GrayImage, RgbImage
from captchascope.train.ctc.losses import ctc_loss
from captchascope.train.loop import Interrupted

_PIXELS_AT_ONCE = 400_000  # of a batch: its largest layer then has about 40 MB


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a network on some images.

    Attributes:
        loss: Mean over the images of the CTC loss per character, nats.
        exact: Share of texts that are right.
        character: One less the mean edit distance per character, at least 0.
        distinct: How many different texts were read.
        empty: Share of texts that are empty.
    """

    loss: float
    exact: float
    character: float
    distinct: int
    empty: float


def is_as_good(new: Score, old: Mapping[str, float], by: str, count: int) -> bool:
    """Tell whether to go on with these weights rather than with the last that were kept.

    Later weights have learnt more at a lower rate. So by exact match they are as good as the best
    unless ``count`` images show the difference: by two standard errors of a share (after Breiman
    et al. 1984, who take one), with one right and one wrong text added, as nothing is ever certain.
    """
    if by == "last":
        return True
    if by == "loss":
        return new.loss <= old["loss"]
    share = (old["record"] * count + 1) / (count + 2)
    return new.exact >= old["record"] - 2 * math.sqrt(share * (1 - share) / count)


@torch.no_grad()
def outputs_of(
    network: Callable[[Tensor], Tensor],
    images: Sequence[GrayImage | RgbImage],
    stopped: Callable[[], bool] = lambda: False,
    on: torch.device | None = None,
) -> list[FloatArray]:
    """Return what ``network``, in evaluation mode, gives for each image, in order.

    Raises:
        Interrupted: If ``stopped()`` between two batches.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(images):
        groups.setdefault(image.shape, []).append(index)
    outputs: dict[int, FloatArray] = {}
    for shape, group in groups.items():
        size = max(1, min(128, _PIXELS_AT_ONCE // (shape[0] * shape[1])))
        for begin in range(0, len(group), size):
            if stopped():
                raise Interrupted
            part = group[begin : begin + size]
            batch = torch.from_numpy(normalise([images[i] for i in part])).to(on)
            given = network(batch.contiguous(memory_format=torch.channels_last)).cpu().numpy()
            outputs.update(zip(part, given, strict=True))
    return [outputs[i] for i in range(len(images))]


def best_path(logits: FloatArray) -> NDArray[np.int64]:
    """Return the ids that the best path of logits (T, K) spells."""
    path = logits.argmax(axis=1)
    new = np.concatenate(([True], path[1:] != path[:-1]))
    ids: NDArray[np.int64] = path[new & (path != BLANK)]
    return ids


def score(logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]]) -> Score:
    """Compare what was given for some images, at least one, with their texts."""
    losses, right, characters, texts = [], [], [], []
    for given, target in zip(logits, targets, strict=True):
        wanted = torch.from_numpy(target)
        losses.append(ctc_loss(torch.from_numpy(given)[None], wanted, torch.tensor([len(wanted)])))
        text = best_path(given).tolist()
        texts.append(tuple(text))
        right.append(text == target.tolist())
        characters.append(Levenshtein.distance(text, target.tolist()) / len(target))
    return Score(
        loss=float(torch.cat(losses).mean()),
        exact=float(np.mean(right)),
        character=max(0.0, 1 - float(np.mean(characters))),
        distinct=len(set(texts)),
        empty=float(np.mean([not text for text in texts])),
    )
