"""The request to train by either method, and the product that comes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from captchascope.data.dataset import Dataset
from captchascope.data.shards import ParquetDataset
from captchascope.errors import CaptchascopeError, OutputError, TrainingError, UsageError
from captchascope.files import StrPath, find_images, printable
from captchascope.glyphs.scheme import Scheme
from captchascope.image import Preprocessing
from captchascope.model.metadata import Metadata
from captchascope.model.onnxwalk import read_model, read_props
from captchascope.reader import DEFAULT_MODELS, model_path
from captchascope.train.ctc.infer import alphabet_of
from captchascope.train.recipes import CtcRecipe, GlyphsRecipe

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """How to train, in plain values that another process can be given.

    Attributes:
        dataset: What to train on, all of it usable.
        folder: The run folder.
        recipe: How.
        seed: Of weights, order and validation samples.
        deadline: ``time.monotonic`` by which all must be done; None for no limit.
        scheme: How to cut glyphs; None without segmentation.
        source: The model file to begin with; None for none.
        unlabelled: A folder of further images.
        resume: Whether to go on from the run folder's checkpoint.
        preprocessing: What is done to every image first.
        stream: What ``dataset`` is but a sample of; None where that is all.
        validate: Whether some samples tell how good the model is.
    """

    dataset: Dataset
    folder: Path
    recipe: CtcRecipe | GlyphsRecipe
    seed: int = 0
    deadline: float | None = None
    scheme: Scheme | None = None
    source: Path | None = None
    unlabelled: Path | None = None
    resume: bool = False
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    stream: ParquetDataset | None = None
    validate: bool = True

    @property
    def labels(self) -> int:
        """How many samples there are to train and to validate on."""
        return len(self.dataset.samples) if self.stream is None else self.stream.rows

    @property
    def model(self) -> Path:
        """The model file to write."""
        return self.folder.with_suffix("")

    @property
    def begins_with(self) -> str:
        """The model file as it is told and kept: no path of this machine."""
        return "nothing" if self.source is None else printable(self.source.name)


@dataclass(frozen=True, slots=True)
class Product:
    """A model, and how it came about.

    Attributes:
        data: The model file.
        metadata: What it says about itself.
        samples: How many captchas it was trained and validated on.
        problems: Samples that were left out, and why.
        rows: Every validation, in order.
        kept: Which weights it has, and why.
    """

    data: bytes
    metadata: Metadata
    samples: int
    problems: tuple[CaptchascopeError, ...]
    rows: Sequence[DataclassInstance]
    kept: str


def require_place(model: Path) -> None:
    """Check that a model can be written there, before anything is trained.

    Raises:
        OutputError: If it is a folder, has another suffix, its folder is not there, or either
            cannot be written.
    """
    where, folder = printable(model), model.parent
    if model.is_dir():
        raise OutputError(where, "is a folder", f"name a file: {printable(model / 'model.onnx')}")
    if model.suffix != ".onnx":
        remedy = f"name it {printable(model.with_suffix('.onnx'))}"
        raise OutputError(where, "is no name of a model, which ends in .onnx", remedy)
    if folder.exists() and not folder.is_dir():
        raise OutputError(where, f"lies below {printable(folder)}, a file", "name a folder")
    if not folder.exists():
        what = f"lies in {printable(folder)}, which is not there"
        raise OutputError(where, what, "create the folder first, or choose another place")
    if not os.access(model if model.exists() else folder, os.W_OK):
        raise OutputError(where, "cannot be written: it is read-only", "choose another place")


def rank_of(devices: int, nodes: int) -> int:
    """Return which of all processes this is, from 0, by what its starter has set."""
    env = os.environ
    if devices * nodes == 1 and "TORCHELASTIC_RUN_ID" not in env:  # nor is it one of torchrun's
        return 0
    node, local = env.get("NODE_RANK", env.get("GROUP_RANK", "0")), env.get("LOCAL_RANK", "0")
    return int(env.get("RANK", int(node) * devices + int(local)))


_IN_MEMORY = 4000
"""Rows of Parquet that are trained on as a folder of images is; of more, so many stand for all."""


@contextmanager
def in_memory(
    dataset: Dataset | ParquetDataset, seed: int, unlabelled: bool = False
) -> Iterator[tuple[Dataset, ParquetDataset | None]]:
    """Give samples that fit in memory, and what they are but a part of; None where they are all.

    Rows of Parquet are written to files for as long.

    Args:
        dataset: What to train on.
        seed: Of the choice of rows.
        unlabelled: Whether further images are to be learnt from.

    Raises:
        UsageError: If they are, and there are more rows than that is meant for.
        DatasetError: If no image of any row decodes.
        OutputError: If there is no room for the files.
    """
    if isinstance(dataset, Dataset):
        yield dataset, None
        return
    streamed = dataset.rows > _IN_MEMORY
    if streamed and unlabelled:
        what = f"is for few labels, and there are {dataset.rows:,}"
        raise UsageError("unlabelled", what, "leave it away")
    with TemporaryDirectory(prefix="captchascope-", ignore_cleanup_errors=True) as folder:
        try:
            samples = dataset.sample(_IN_MEMORY, seed, Path(folder))
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise OutputError(folder, what, "free some space, or set TMPDIR") from error
        yield samples, dataset if streamed else None


def not_of_glyphs() -> UsageError:
    """Return the error that the glyphs method cannot be trained on Parquet."""
    what = "glyphs is trained on a folder of images, not on Parquet"
    return UsageError("method", what, "read the whole image instead, or write a folder")


def usable(dataset: Dataset, scheme: Scheme | None = None) -> Dataset:
    """Return ``dataset`` with the labels that cannot be trained on moved to its problems.

    Args:
        dataset: What to train on.
        scheme: How glyphs are cut; None without segmentation.

    Raises:
        SchemeError: If the scheme fits none.
        TrainingError: If nothing is left that could be read without segmentation.
    """
    if scheme is not None:
        return dataset.require_scheme(scheme)
    alphabet = alphabet_of(dataset)
    if alphabet is not None:
        dataset = dataset.require_charset(alphabet)
    if not dataset.samples:
        what = "no sample can be trained on"
        raise TrainingError(printable(dataset.folder), what, "label some captchas")
    return dataset


def preprocessing_of(source: Path | None) -> Preprocessing:
    """Return what was done to the images that the model to start from was trained on.

    Raises:
        ModelError: If its file cannot be used.
    """
    if source is None:
        return Preprocessing()
    where = printable(source)
    return Metadata.from_props(read_props(read_model(source), where), where).preprocessing


def weights_of(
    recipe: CtcRecipe | GlyphsRecipe,
    source: StrPath | None,
    unlabelled: StrPath | None,
    processes: int,
    validate: bool = True,
) -> Path | None:
    """Return the model file to start from; None for none.

    Args:
        recipe: The one that is called default has ``any``, where none is given.
        source: The name or file of a model; ``none`` for nothing.
        unlabelled: A folder of further images, from which one process alone can learn.
        processes: How many there are.
        validate: Whether some samples tell how good the model is.

    Raises:
        DatasetError: If the further images cannot be found, or there are none.
        ModelError: If there is no such model.
        UsageError: If several processes should learn from images without labels, or one that
            cannot tell which of them it reads surely, or the model is ``start``, which released
            versions had.
    """
    if unlabelled is not None and processes > 1:
        what = "is done by one process"
        raise UsageError("unlabelled", what, "leave --devices and --nodes away")
    if unlabelled is not None and not validate:
        what = "needs labels that tell which of these images are read surely"
        raise UsageError("unlabelled", what, "validate, or leave it away")
    if unlabelled is not None:
        find_images(Path(unlabelled))
    if source is None:
        whole = isinstance(recipe, CtcRecipe) and recipe.name == "default"
        source = DEFAULT_MODELS["whole"] if whole else "none"
    if source == "start":
        raise UsageError("source", "start no longer ships", "write any, which knows more")
    return None if source == "none" else model_path(os.fspath(source))
