"""Fine-tuning: from the weights of another model to the first weights of a training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from torch import Tensor

from captchascope.charset import BLANK, Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import Dataset
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.model.file import open_model_bytes
from captchascope.model.onnxwalk import read_model
from captchascope.train.ctc.data import TextImages, text_images
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import SIZES, CtcNet
from captchascope.train.ctc.ood import WITHIN
from captchascope.train.ctc.validate import is_as_good, outputs_of, score

_TRIED = 200  # images that tell upper from lower case
_LOOKED_AT = 24  # images that tell how large they should be
_HEIGHTS = 56, 80, 112  # pixels, as an image may be looked at beside the usual height
_LARGEST = 25_000  # pixels of an image that is looked at so: more take too long to learn from
_GAIN = 0.95  # of the loss that is left at most where a larger image helps
_KNOWN = 0.02  # nats per character: there is nothing to gain
_WORTH = 25  # labels: as much as what a network knew before counts beside them
_LUMA = (0.299, 0.587, 0.114)


class Weights(NamedTuple):
    """The weights of a network, the alphabet of its head, its size, and its temperature."""

    state: dict[str, Tensor]
    charset: Charset
    size: str
    temperature: float = 1.0


class Narrowed(NamedTuple):
    """A network, in evaluation mode, and what it is to look at and to read."""

    network: CtcNet
    known: Inferred


def read_weights(path: Path) -> Weights:
    """Read the weights of a model file that reads without segmentation.

    Raises:
        ModelError: If it cannot be used.
        UsageError: If it is a model of the glyphs method.
    """
    where = printable(path)
    data = read_model(path)
    metadata = open_model_bytes(data, where).metadata
    charset = metadata.charset
    weights = state_of(data)
    for size in SIZES:
        wanted = CtcNet(3, charset.num_classes, size).state_dict()
        fit = (_fits(weights.get(name), value, name) for name, value in wanted.items())
        if weights.keys() <= wanted.keys() and all(fit):
            return Weights(weights, charset, size, metadata.temperature)
    what = f"{where} holds no network of the whole way that this version knows"
    raise UsageError("source", what, "name a model that train --method whole wrote, or none")


def state_of(data: bytes) -> dict[str, Tensor]:
    """Return the weights of the ``CtcNet`` in a model file, named as in its ``state_dict``.

    Only the counters of batches are not in it, which ``load_state_dict`` does not miss. Those in
    half precision are made whole.

    Args:
        data: The whole file, of a ``WithDistance``, already checked by ``open_model_bytes``.
    """
    weights = onnx.load_from_string(data).graph.initializer
    return {
        weight.name.removeprefix(WITHIN): torch.from_numpy(
            onnx.numpy_helper.to_array(weight).astype(np.float32)
        )
        for weight in weights
        if weight.name.startswith(WITHIN)
    }


def _fits(weight: Tensor | None, wanted: Tensor, name: str) -> bool:
    if name.endswith("num_batches_tracked"):
        return True
    if weight is None:
        return False
    first = name == "stem.0.weight"  # which may see one channel or three
    return weight.shape[2 * first :] == wanted.shape[2 * first :]


def best_scaled(source: Weights, dataset: Dataset, known: Inferred) -> Inferred:
    """Return what is known with images as large as a network reads some labelled ones best.

    So a text that is small in its frame is seen larger, but only while that helps, as it takes
    longer to read. Of pablo_big6, whose images are 160 rows high, any reads 62 % at 40 rows, 73 %
    at 56, and 45 % at 80.

    Args:
        source: As ``read_weights`` returns it.
        dataset: What is trained on.
        known: What was inferred of it, with images of the usual height.
    """
    few = dataset.take(min(_LOOKED_AT, len(dataset.samples)), 0)
    best, least = known, math.inf
    for height in (known.spec.height, *_HEIGHTS):
        at = known if height == known.spec.height else known.scaled(dataset, height)
        images = text_images(few, at)
        fits = height == known.spec.height or at.spec.max_width * height <= _LARGEST
        if not len(images) or not fits:
            break
        network = fine_tuned(source, known.charset, at.spec.channels, images)
        loss = score(outputs_of(network, images.images), images.targets).loss
        if loss > _GAIN * least:
            break
        best, least = at, loss
        if loss < _KNOWN:
            break
    return best


def fine_tuned(source: Weights, charset: Charset, channels: int, train: TextImages) -> CtcNet:
    """Return a network that begins with what another one knows.

    It is in evaluation mode, and stays so while it is trained on: the running statistics of
    normalisation are known from far more images than there are now, and nothing drops out.

    Characters that both alphabets have keep what the head knows of them. Labels are often all in
    one case while the images show the other: whichever the samples tell is taken, or the mean of
    both.

    Args:
        source: As ``read_weights`` returns it.
        charset: The alphabet of the new network.
        channels: 1 for gray, 3 for RGB.
        train: Samples of the new task.
    """
    weights, known, size, _ = source
    network = CtcNet(channels, charset.num_classes, size)
    body = {**weights, "stem.0.weight": _seeing(weights["stem.0.weight"], channels)}
    own = network.state_dict()
    tried = train.images[:_TRIED], train.targets[:_TRIED]
    other = any(char.swapcase() != char and char.swapcase() in known for char in charset.chars)
    best: tuple[float, dict[str, Tensor]] | None = None
    for case in ("given", "other", "both") if other else ("given",):
        state = {name: body.get(name, value) for name, value in own.items()}
        for part in ("head.weight", "head.bias"):
            state[part] = _head(weights[part], own[part], charset, known, case)
        network.load_state_dict(state)
        loss = score(outputs_of(network.eval(), tried[0]), tried[1]).loss
        if best is None or loss < best[0]:
            best = loss, state
    assert best is not None
    network.load_state_dict(best[1])
    return network


def narrowed(source: Weights, spec: CtcSpec, dataset: Dataset, known: Inferred) -> Narrowed:
    """Return a general network as it is, but for an alphabet of few, and what it looks at.

    Args:
        source: As ``read_weights`` returns it.
        spec: What it looks at.
        dataset: What the labels tell the alphabet and the case of.
        known: What was inferred of it.
    """
    at = replace(known, spec=spec)
    few = text_images(dataset.take(min(_TRIED, len(dataset.samples)), 0), at)
    return Narrowed(fine_tuned(source, known.charset, spec.channels, few), at)


def moderate(
    network: CtcNet, first: Mapping[str, Tensor], train: TextImages, labels: int | None = None
) -> None:
    """Move the weights of a trained network some way back to those that it began with.

    In between, both what it has learnt and what it has long known hold, and few labels do not
    outweigh many (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). It goes the
    further the fewer labels there are, but not where it then reads clearly fewer of their
    texts.

    Args:
        network: In evaluation mode; it is changed.
        first: The weights that its training began with.
        train: What it was trained on, or some of it.
        labels: How many there were; None for those of ``train``.
    """
    images, targets = train.images[:_TRIED], train.targets[:_TRIED]
    last = {name: value.clone() for name, value in network.state_dict().items()}
    learnt = score(outputs_of(network, images), targets).exact
    count = len(train) if labels is None else labels
    share = count / (count + _WORTH)
    network.load_state_dict(
        {
            name: first[name].lerp(value, share) if value.is_floating_point() else value
            for name, value in last.items()
        }
    )
    between = score(outputs_of(network, images), targets)
    if not is_as_good(between, {"record": learnt}, "exact", len(images)):
        network.load_state_dict(last)


def take_over(network: CtcNet, source: Weights, charset: Charset) -> None:
    """Have an untrained network begin with what a general one of the same layers or more knows.

    Args:
        network: For RGB, of the alphabet ``charset``; layers that it lacks are left out.
        source: As ``read_weights`` returns it.
        charset: Characters that the source does not have keep their untrained rows of the head.
    Raises:
        UsageError: If a layer is of another shape.
    """
    weights, known, size, _ = source
    own = network.state_dict()
    for name, value in own.items():
        if name.startswith("head."):
            own[name] = _head(weights[name], value, charset, known, "given")
        elif name in weights and weights[name].shape == value.shape:
            own[name] = weights[name]
        elif not name.endswith("num_batches_tracked"):
            what = f"has a network of the size {size}, whose layers are others ({name})"
            raise UsageError("source", what, "begin with none")
    network.load_state_dict(own)


def _seeing(weight: Tensor, channels: int) -> Tensor:
    """Return the first convolution for images of one channel or three, shape (F, channels, h, w).

    A gray image is one whose three channels are equal; a colour is as bright as its luma.
    """
    if weight.shape[1] == channels:
        return weight
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    return weight * torch.tensor(_LUMA)[None, :, None, None]


def _head(old: Tensor, new: Tensor, charset: Charset, known: Charset, case: str) -> Tensor:
    """Return one parameter of the head, with the rows of known characters put in."""
    head = new.clone()
    head[BLANK] = old[BLANK]
    for char, row in zip(charset.chars, charset.encode(charset.chars), strict=True):
        forms = {"given": [char], "other": [char.swapcase()], "both": [char, char.swapcase()]}
        rows = [known.encode(form)[0] for form in forms[case] if form in known]
        if not rows and char in known:
            rows = known.encode(char)
        if rows:
            head[row] = old[rows].mean(dim=0)
    return head
