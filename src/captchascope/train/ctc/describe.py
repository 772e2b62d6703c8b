"""What a trained network's model file says of it: measured once more, on the weights it has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import torch

from captchascope import __version__
from captchascope.ctc.inputs import NORMALISATION
from captchascope.model.metadata import FORMAT, Metadata
from captchascope.records import FloatArray
from captchascope.train.ctc.calibrate import calibrate
from captchascope.train.ctc.export import Exported
from captchascope.train.ctc.familiar import means_of, threshold, whitening
from captchascope.train.ctc.fit import Fitted
from captchascope.train.ctc.measure import outputs_of, score
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.samples import WholeSet
from captchascope.train.ctc.sizing import Inferred

_FAMILIAR = 1000  # training images that tell what is familiar


def described(
    fitted: Fitted,
    train: WholeSet,
    validation: WholeSet,
    known: Inferred,
    seed: int,
    data: Mapping[str, object],
) -> tuple[Metadata, Exported]:
    """Return the metadata of a network, and the network with the distances that it tells.

    Args:
        fitted: The network.
        train: What it was trained on.
        validation: What was held out; may be empty.
        known: What was inferred of both.
        seed: Of the training.
        data: A description of what it was trained on.
    """
    network = fitted.network
    features = outputs_of(network.features, validation.images)
    logits = _logits(network, features)
    steps = fitted.rows[-1].step if fitted.rows else fitted.step
    metrics: dict[str, object] = {"step": fitted.step, "steps": steps}
    if logits:
        held = score(logits, validation.targets)
        metrics |= {
            "validation_captcha": held.exact,
            "validation_character": held.character,
            "validation_loss": held.loss,
        }
    every = -(-len(train) // _FAMILIAR)
    means = means_of(outputs_of(network.features, train.images[::every]))
    mean, whiten = whitening(means)
    unseen = means_of(features) if features else means
    metadata = Metadata(
        format=FORMAT,
        method="whole",
        charset=known.charset,
        input=asdict(known.spec),
        normalisation=NORMALISATION,
        scheme=None,
        temperature=calibrate(logits, validation.targets),
        version=__version__,
        seed=seed,
        data=json.dumps(dict(data)),
        metrics=metrics,
        lengths=known.lengths,
        unfamiliar=threshold(unseen, mean, whiten),
    )
    return metadata, Exported(network, mean, whiten)


@torch.no_grad()
def _logits(network: CtcNet, features: Sequence[FloatArray]) -> list[FloatArray]:
    """Return what the network makes of features: what costs time is behind them."""
    return [network.head(torch.from_numpy(of_image)).numpy() for of_image in features]
