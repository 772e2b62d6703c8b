"""A data set as the arrays that a glyph network is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, ImageError, SegmentationError
from captchascope.glyphs.inputs import InputSpec, prepare_glyphs
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import locate
from captchascope.image import Preprocessing, load_image
from captchascope.records import GrayImage, Sample

_AS_IT_IS = Preprocessing()


@dataclass(frozen=True, slots=True, eq=False)
class GlyphSet:
    """The glyphs of some samples.

    Attributes:
        inputs: Shape (S, N, height + 2 jitter, width + 2 jitter), S samples of N glyphs.
        targets: Shape (S, N): which character of the scheme's charset, from 0.
        problems: The samples that could not be decoded or cut; they are left out.
    """

    inputs: GrayImage
    targets: NDArray[np.int64]
    problems: tuple[CaptchascopeError, ...]


def glyphs_of(
    dataset: Dataset,
    scheme: Scheme,
    spec: InputSpec,
    jitter: int,
    preprocessing: Preprocessing = _AS_IT_IS,
) -> GlyphSet:
    """Cut every sample of ``dataset`` into the glyphs of ``scheme``.

    Args:
        dataset: Labels must have the scheme's length and characters.
        scheme: How to cut.
        spec: What the network looks at.
        jitter: Pixels by which a window is larger than ``spec`` on every side.
        preprocessing: What is done to every image first.
    """
    wide = InputSpec(spec.kind, spec.height + 2 * jitter, spec.width + 2 * jitter)
    inputs, targets, problems = [], [], []
    for sample in dataset.samples:
        cut = _cut(sample, scheme, wide, preprocessing)
        if isinstance(cut, CaptchascopeError):
            problems.append(cut)
        else:
            inputs.append(cut)
            targets.append([scheme.charset.index(char) for char in sample.label])
    shape = (0, scheme.split.count, wide.height, wide.width)
    return GlyphSet(
        np.stack(inputs) if inputs else np.zeros(shape, np.uint8),
        np.array(targets, np.int64).reshape(-1, scheme.split.count),
        tuple(problems),
    )


def _cut(
    sample: Sample, scheme: Scheme, spec: InputSpec, preprocessing: Preprocessing
) -> GrayImage | CaptchascopeError:
    try:
        gray = load_image(sample.path, 1, preprocessing=preprocessing)
        return prepare_glyphs(locate(gray, scheme), scheme, spec)
    except ImageError as error:
        return error
    except SegmentationError as error:
        return SegmentationError(str(sample.path), error.what, error.remedy)
