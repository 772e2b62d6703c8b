"""Validation by folds, where there are too few labels to hold some of them out.

Every labelled image is read by a network that was trained on others of them alone, in a shorter
training than that of the network that is given out, which is trained on all (Stone 1974).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance.Levenshtein import distance

from captchascope.charset import Charset
from captchascope.decode import Constraints, decode_ctc
from captchascope.decode.ctc import log_probabilities
from captchascope.errors import TrainingError
from captchascope.records import FloatArray
from captchascope.train.calibrate import TEMPERATURES, few_temperature
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.finetune import Weights, fine_tuned, moderate
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.task import Start, Where, fit_ctc
from captchascope.train.ctc.validate import outputs_of
from captchascope.train.recipes import CtcRecipe
from captchascope.train.watch import Watch

_FOLDS = 4  # which together are trained for as long as the network that is given out
_NONE = TextImages((), ())


@dataclass(frozen=True, slots=True)
class Folds:
    """The readings of N images by networks that were not trained on them.

    Attributes:
        confidences: Of each reading at each of ``TEMPERATURES``, shape (81, N).
        right: Whether each is right, shape (N,).
        distances: The edit distance per character of each, shape (N,).
        places: Which of the images each is of, shape (N,).
        count: How many networks read them.
    """

    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]
    distances: NDArray[np.float64]
    places: NDArray[np.int64]
    count: int

    def metrics(self) -> dict[str, object]:
        """Return what a model says of them."""
        return {
            "validation_captcha": float(self.right.mean()),
            "validation_character": max(0.0, 1 - float(self.distances.mean())),
            "validation_samples": len(self.right),
            "validation_folds": self.count,
        }

    def temperature(self, source: float) -> float:
        """Return that of a network which began with one of the temperature ``source``."""
        return few_temperature(self.confidences, self.right, source)


def read_by_folds(
    data: TextImages, known: Inferred, weights: Weights, recipe: CtcRecipe, seed: int, watch: Watch
) -> Folds | None:
    """Read each image by a network that was trained on the images of the other folds.

    A network knows the characters of its own images alone: a text with another one is read wrong,
    as such texts will be that come after the training.

    Args:
        data: All that is labelled.
        known: What was inferred of it.
        weights: What the networks begin with.
        recipe: How the network is trained that is given out.
        seed: Decides the folds and the trainings.
        watch: Who is told, and when to stop: what has been read by then is returned.

    Returns:
        None if nothing has, because the time is up, somebody stopped it, or there is one image.
    """
    plan = replace(recipe.shorter(_FOLDS), validations=1)
    places = np.random.default_rng((seed, 2)).permutation(len(data))
    found: list[Folds] = []
    for fold in range(_FOLDS):
        held, rest = places[fold::_FOLDS], np.delete(places, slice(fold, None, _FOLDS))
        now = time.monotonic()
        left = math.inf if watch.deadline is None else watch.deadline - now
        if watch.stop() or left <= 0 or not (len(held) and len(rest)):
            break
        until = None if watch.deadline is None else now + left / (_FOLDS - fold)
        limited = Watch(stop=watch.stop, deadline=until)
        try:
            network, charset = _trained(_part(data, rest), known, weights, plan, seed, limited)
        except TrainingError as error:  # the network that is given out is there all the same
            watch.warn(f"validated by {fold} of {_FOLDS} folds: {error.what}")
            break
        if watch.stop():  # it was trained too little to stand for the others
            break
        found.append(_read(network, charset, data, np.sort(held), known))
        right = found[-1].right
        watch.say(f"fold {fold + 1}/{_FOLDS}  {right.sum()} of {len(right)} other texts right")
    return _joined(found, len(found)) if found else None


def _part(data: TextImages, places: NDArray[np.int64]) -> TextImages:
    chosen = np.sort(places).tolist()
    return TextImages(
        tuple(data.images[place] for place in chosen),
        tuple(data.targets[place] for place in chosen),
    )


def _trained(
    data: TextImages, known: Inferred, weights: Weights, plan: CtcRecipe, seed: int, watch: Watch
) -> tuple[CtcNet, Charset]:
    """Return a network as it comes of some images, and their characters, which are all it knows."""
    used = np.unique(np.concatenate(data.targets))
    charset = Charset(known.charset.decode(used.tolist()))
    own = TextImages(data.images, tuple(np.searchsorted(used, one) + 1 for one in data.targets))

    def begun(_: int) -> CtcNet:
        return fine_tuned(weights, charset, known.spec.channels, own)

    network = begun(0)
    first = deepcopy(network.state_dict())
    start = Start(network, begun, False, seed)
    fitted = fit_ctc(own, _NONE, plan, start, Where(None, False, {}), watch)
    moderate(fitted.network, first, own)
    return fitted.network, charset


def _read(
    network: CtcNet,
    charset: Charset,
    data: TextImages,
    places: NDArray[np.int64],
    known: Inferred,
) -> Folds:
    """Read the images at some places, of any width, those of one width together."""
    part = _part(data, places)
    outputs = outputs_of(network, part.images)
    labels = [known.charset.decode(target.tolist()) for target in part.targets]
    alike: dict[int, list[int]] = {}
    for index, output in enumerate(outputs):
        alike.setdefault(len(output), []).append(index)
    return _joined(
        [
            replace(
                _compared(
                    np.stack([outputs[i] for i in some]), [labels[i] for i in some], charset, known
                ),
                places=places[some],
            )
            for some in alike.values()
        ]
    )


def _compared(logits: FloatArray, labels: list[str], charset: Charset, known: Inferred) -> Folds:
    """Compare what logits, shape (N, T, K), say with N labels, each short enough for T."""
    rule, every = Constraints(length=known.lengths), np.arange(len(labels))
    decoded = decode_ctc(logits, charset, rule)
    texts = [one.text for one in decoded if one is not None]
    assert len(texts) == len(labels)  # where a label fits, so does a text of the fewest characters
    logs = [log_probabilities(logits, charset, rule, texts, every, t) for t in TEMPERATURES]
    pairs = [*zip(texts, labels, strict=True)]
    return Folds(
        np.exp(logs),
        np.array([text == label for text, label in pairs]),
        np.array([distance(text, label) / len(label) for text, label in pairs]),
        every,
        1,
    )


def _joined(parts: Sequence[Folds], count: int = 1) -> Folds:
    """Return the readings of so many networks together."""
    return Folds(
        np.concatenate([part.confidences for part in parts], axis=1),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.distances for part in parts]),
        np.concatenate([part.places for part in parts]),
        count,
    )
