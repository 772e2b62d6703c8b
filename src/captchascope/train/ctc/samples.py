"""A data set as the arrays that a whole-image network is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.check import narrow_findings, timesteps_needed
from captchascope.ctc.inputs import CtcSpec, fitted_width, prepare
from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, DatasetError, ImageError
from captchascope.image import load_image
from captchascope.records import GrayImage, RgbImage, Sample
from captchascope.train.ctc.network import CtcNet


@dataclass(frozen=True, slots=True, eq=False)
class WholeSet:
    """The images of some samples, and their texts.

    Attributes:
        images: Prepared for the network, each of shape (height, w) or (height, w, 3).
        targets: Of each image the ids of its text's characters.
        problems: The samples that could not be used; they are left out.
    """

    images: tuple[GrayImage | RgbImage, ...]
    targets: tuple[NDArray[np.int64], ...]
    problems: tuple[CaptchascopeError, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def fingerprint(self) -> str:
        """Return a hash of every pixel and text."""
        seen = hashlib.blake2b(digest_size=16)
        for image, target in zip(self.images, self.targets, strict=True):
            seen.update(str((image.shape, target.tolist())).encode())
            seen.update(np.ascontiguousarray(image).data)
        return seen.hexdigest()


def samples_of(
    dataset: Dataset,
    spec: CtcSpec,
    charset: Charset,
    on_sample: Callable[[], None] = lambda: None,
) -> WholeSet:
    """Decode and prepare every sample of ``dataset``.

    Args:
        dataset: Its labels must be within ``charset``.
        spec: What the network looks at.
        charset: The alphabet.
        on_sample: Called after each.
    """
    images, targets, problems = [], [], []
    for sample in dataset.samples:
        got = _loaded(sample, spec)
        if isinstance(got, CaptchascopeError):
            problems.append(got)
        else:
            images.append(got)
            targets.append(np.array(charset.encode(sample.label), np.int64))
        on_sample()
    return WholeSet(tuple(images), tuple(targets), tuple(problems))


def _loaded(sample: Sample, spec: CtcSpec) -> GrayImage | RgbImage | CaptchascopeError:
    try:
        image = load_image(sample.path, spec.channels)
    except ImageError as error:
        return error
    height, width = image.shape[:2]
    fits = CtcNet.timesteps(fitted_width(height, width, spec)) >= timesteps_needed(sample.label)
    if not fits or any(narrow_findings([sample], [(width, height)])):
        what = f"has a label of {len(sample.label)} characters, more than the image can hold"
        return DatasetError(str(sample.path), what, "correct the label, or use larger images")
    return prepare(image, spec)
