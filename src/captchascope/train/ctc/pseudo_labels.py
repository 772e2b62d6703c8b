"""Self-training: images without labels, read by the model that the labelled ones gave.

What it reads surely becomes a label (Lee 2013, "Pseudo-label"); the labelled images are repeated
beside them, so that a wrong reading never outweighs what a person has said.
"""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import Path

import numpy as np

from captchascope.ctc.inputs import prepare
from captchascope.decode import Constraints, decode_ctc
from captchascope.errors import ImageError
from captchascope.files import find_images
from captchascope.image import load_image
from captchascope.train.calibrate import text_temperature
from captchascope.train.checkpoint import CHECKPOINT, UNLABELLED, continues
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.task import Fitted, Start, Where, fit_ctc
from captchascope.train.ctc.validate import outputs_of
from captchascope.train.recipes import CtcRecipe
from captchascope.train.watch import Watch

_SURE = 0.9
_AT_ONCE = 256
_SHARE = 3  # one in so many images of a pass is a labelled one, at least


def label_with_network(
    network: CtcNet, validation: TextImages, folder: Path, known: Inferred
) -> TextImages:
    """Return the images of ``folder`` that ``network`` reads surely, with what it reads.

    Args:
        network: In evaluation mode.
        validation: Tells how sure the network may be.
        folder: Its images are found as those of a data set are; any labels are not looked at.
        known: What the images are prepared for, and what their texts may be.
    Returns:
        The sure ones, and as problems those that cannot be decoded.

    Raises:
        DatasetError: If the folder holds no images.
    """
    rule = Constraints(length=known.lengths)
    temperature = text_temperature(outputs_of(network, validation.images), validation.targets)
    images, targets, problems = [], [], []
    rest = iter(find_images(folder))
    while paths := list(islice(rest, _AT_ONCE)):
        loaded = []
        for path in paths:
            try:
                done = known.preprocessing
                image = load_image(path, known.spec.channels, preprocessing=done)
                loaded.append(prepare(image, known.spec))
            except ImageError as error:
                problems.append(error)
        texts = (
            text
            for _, alike in groupby(outputs_of(network, loaded), len)
            for text in decode_ctc(np.stack([*alike]), known.charset, rule, temperature)
        )
        for image, decoded in zip(loaded, texts, strict=True):
            if decoded is not None and decoded.text and decoded.confidence >= _SURE:
                images.append(image)
                targets.append(np.array(known.charset.encode(decoded.text), np.int64))
    return TextImages(tuple(images), tuple(targets), tuple(problems))


def joined(labelled: TextImages, further: TextImages) -> TextImages:
    """Return both, the labelled samples as often as it takes to make a third of the whole."""
    times = max(1, round(len(further) / ((_SHARE - 1) * len(labelled))))
    return TextImages(
        labelled.images * times + further.images,
        labelled.targets * times + further.targets,
        (*labelled.problems, *further.problems),
    )


def self_trained(
    fitted: Fitted,
    train: TextImages,
    validation: TextImages,
    recipe: CtcRecipe,
    where: Where,
    seed: int,
    watch: Watch,
) -> Fitted:
    """Train ``fitted`` on, with what it has read itself among the samples.

    The first process does so alone. Its checkpoint lies beside that of the first training, so
    that either can be gone on from; this one even if by now other texts are read surely.
    """
    assert where.folder is not None
    folder = where.folder / UNLABELLED
    folder.mkdir(exist_ok=True)
    resume = where.resume and continues(folder / CHECKPOINT, where.facts)

    def anew(_: int) -> CtcNet:
        return fitted.network

    start = Start(fitted.network, anew, False, seed)
    again = Where(folder, resume, where.facts)
    return fit_ctc(train, validation, recipe, start, again, watch)
