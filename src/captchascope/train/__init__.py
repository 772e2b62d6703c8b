"""Training: images and their texts in, a model file out; it needs the extra ``train``.

This is the only package that imports torch, and it does so when a training begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from captchascope.atomic import atomic_write
from captchascope.data.dataset import Dataset
from captchascope.data.shards import ParquetDataset
from captchascope.errors import CaptchascopeError, MissingExtraError, OutputError
from captchascope.files import StrPath, printable
from captchascope.glyphs.scheme import Scheme, load_scheme
from captchascope.train.recipes import GlyphsRecipe, chosen_recipe
from captchascope.train.request import (
    TrainRequest,
    in_memory,
    not_of_glyphs,
    preprocessing_of,
    require_place,
    usable,
    weights_of,
)
from captchascope.train.watch import Interrupts, Progress, Watch

if TYPE_CHECKING:
    from captchascope.train.distributed import Place
    from captchascope.train.request import Product

__all__ = ["Progress", "Trained", "train_model"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was trained.

    Attributes:
        model: Its file.
        samples: How many captchas it was trained and validated on.
        metrics: What was measured of the weights that it has, such as ``validation_captcha``, the
            share of the captchas held out that it reads; empty in all processes but the first.
        problems: The samples that were left out, and why; and why the training is no success, where
            it reads no validation text, or less than ``any`` untrained, which is then written.
        interrupted: Whether somebody ended it early: the model is then the best so far.
        kept: Which weights it has, and why.
        resumable: Whether there is a checkpoint to go on from.
    """

    model: Path
    samples: int
    metrics: Mapping[str, object]
    problems: tuple[CaptchascopeError, ...] = ()
    interrupted: bool = False
    kept: str = ""
    resumable: bool = False


def train_model(
    dataset: Dataset | ParquetDataset,
    output: StrPath,
    *,
    method: str | None = None,
    recipe: str = "default",
    seed: int = 0,
    scheme: Scheme | str = "metu",
    source: StrPath | None = None,
    time_limit: float | None = None,
    unlabelled: StrPath | None = None,
    frames: str | int | None = None,
    rows: str | int | None = None,
    ink: str | None = None,
    ignore_case: bool = False,
    validate: bool = True,
    resume: bool = False,
    devices: int = 1,
    nodes: int = 1,
    begun: float | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    on_warning: Callable[[str], None] = lambda line: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """Train a model on ``dataset`` and write its file.

    Beside it lies ``MODEL.onnx.run/`` with the log, and with a checkpoint until all is done. In the
    main thread, Ctrl-C or a termination ends a training without segmentation early, with the best
    model so far.

    >>> from captchascope import load, read_dataset, train_model
    >>> trained = train_model(read_dataset("captchas"), "mine.onnx", time_limit=540)
    >>> load(trained.model).read("captchas/1.jpeg").text
    '321404'

    Rows of Parquet of which there are more than a few thousand stay where they are, and are read
    again in every pass: they need not fit in memory.

    Args:
        dataset: What to train on, as ``read_dataset`` or ``read_parquet`` returns it; samples that
            cannot be are left out.
        output: The model file.
        method: ``whole``, without segmentation, or ``glyphs``; None for the one of the recipe.
        recipe: How: ``default`` or ``fast``, or of glyphs ``default`` or ``tutorial``.
        seed: Of weights, order and validation samples.
        scheme: How to cut glyphs: its name, its file, or itself.
        source: The model to start from, a name or a file; ``none`` for nothing; None for ``any``
            with the recipe ``default``, and nothing with others.
        time_limit: Seconds after which all must be done; None for no limit.
        unlabelled: A folder of further images to learn from.
        frames: Which frame of an animation is looked at: ``auto``, ``merge``, ``last``, ``first``,
            or its number from 1. None, here and below, for what the model to start from was trained
            on.
        rows: In how many rows the text stands.
        ink: Look at what is written in this colour alone: a name such as ``red``, or ``#cc0000``;
            ``all`` for all colours.
        ignore_case: Whether upper and lower case are one: labels, and what is read, are lower case.
        validate: Whether some labels are to tell how good the model is, held out or in turn. If
            not, it is trained on all of them, in half the time where they are few, and the last
            weights are taken; nothing is measured of it, so that it is not compared with ``any``
            either, and its confidences are not calibrated.
        resume: Whether to go on where a training of this model was ended.
        devices: Processes on this machine, each with a GPU of its own where there are any. They
            import the main module, which must begin nothing then (``if __name__ == "__main__":``).
        nodes: Machines, on each of which this is called with ``MASTER_ADDR``, ``MASTER_PORT`` and
            ``NODE_RANK`` in the environment; under ``torchrun``, leave both away.
        begun: ``time.monotonic`` from which the time counts; None for now.
        on_line: Takes a line about what goes on.
        on_warning: Takes a line that should not be missed.
        on_progress: Takes how far the training is, after each step.

    Raises:
        TrainingError: If there is nothing to train on, or training comes to nothing.
        OutputError: If the model cannot be written, which is looked for before anything is trained,
            or another training is writing there. A model that cannot be written in the end is saved
            elsewhere, if anywhere, and the error says where.
        ModelError: If the model to start from cannot be used.
        UsageError: If the options contradict each other, or the checkpoint.
        SchemeError: If the scheme cannot be used.
        MissingExtraError: If the packages of the extra ``train`` are not installed.
        KeyboardInterrupt: If somebody ended it before the first validation, or of glyphs before all
            was done, or did so twice: no model is written then.
    """
    begun = time.monotonic() if begun is None else begun
    output = Path(output)
    require_place(output)
    plan, cut = chosen_recipe(method, recipe), None
    if isinstance(plan, GlyphsRecipe):
        if not isinstance(dataset, Dataset):
            raise not_of_glyphs()
        cut = scheme if isinstance(scheme, Scheme) else load_scheme(scheme)
        plan = plan if validate else replace(plan, validation=0.0)
    weights = weights_of(plan, source, unlabelled, devices * nodes, validate)
    given = len(dataset.problems) if isinstance(dataset, Dataset) else 0
    dataset = dataset.ignoring_case() if ignore_case else dataset
    with in_memory(dataset, seed, unlabelled is not None) as (samples, stream):
        samples = usable(samples, cut)
        request = TrainRequest(
            replace(samples, problems=()),
            output.parent / f"{output.name}.run",
            plan,
            seed,
            None if time_limit is None else begun + time_limit,
            cut,
            weights,
            None if unlabelled is None else Path(unlabelled),
            resume,
            preprocessing_of(weights).told(frames, rows, ink),
            stream,
            validate,
        )
        watch = Watch(on_line, on_warning, on_progress, deadline=request.deadline, begun=begun)
        trained = _trained(request, output, watch, devices, nodes)
    return replace(trained, problems=(*samples.problems[given:], *trained.problems))


def _trained(
    request: TrainRequest, output: Path, watch: Watch, devices: int, nodes: int
) -> Trained:
    """Train alone or with others, in the run folder, and write the model whole."""
    try:
        from captchascope.train import checkpoint, distributed
        from captchascope.train.log import write_log
        from captchascope.train.room import saved_elsewhere
    except ModuleNotFoundError as error:
        raise MissingExtraError("train_model", "train") from error
    glyphs = isinstance(request.recipe, GlyphsRecipe)
    place = distributed.Place() if glyphs else distributed.place_of(devices, nodes)
    with ExitStack() as stack:
        if not glyphs:
            watch = replace(watch, stop=stack.enter_context(Interrupts()))
        if place.rank > 0:
            _product(place, request, Watch(stop=watch.stop, deadline=watch.deadline))
            return Trained(output, 0, {})
        folder = stack.enter_context(checkpoint.run_folder(output))
        if not glyphs and checkpoint.prepare_run(folder, request.resume):
            watch.say(f"{printable(folder)} held an unfinished training: beginning anew")
        try:
            with distributed.launched(place, _product, request):
                product = _product(place, request, watch)
        except KeyboardInterrupt:
            remedy = "--resume goes on" if checkpoint.is_kept(folder) else "train again"
            raise KeyboardInterrupt("no model was written", remedy) from None
        assert product is not None
        try:
            atomic_write(output, product.data)
        except OutputError as error:
            raise saved_elsewhere(error, output, product.data) from error
        if glyphs:
            try:
                write_log(folder, product.rows)
            except OutputError as error:  # the model is there
                watch.warn(str(error))
        elif not watch.stop():
            checkpoint.finish(folder)
        told = product.metadata.metrics, product.problems, watch.stop(), product.kept
        return Trained(output, product.samples, *told, checkpoint.is_kept(folder))


def _product(place: Place, request: TrainRequest, watch: Watch | None = None) -> Product | None:
    """Train as the process of a place; None in all but the first."""
    from captchascope.train.ctc.workflow import train_ctc
    from captchascope.train.glyphs.task import train_glyphs

    watch = watch or Watch(deadline=request.deadline)
    with _few_threads(place.local_world, isinstance(request.recipe, GlyphsRecipe)):
        if isinstance(request.recipe, GlyphsRecipe):
            return train_glyphs(request, watch)
        return train_ctc(request, place, watch)


@contextmanager
def _few_threads(processes: int, single: bool) -> Iterator[None]:
    """Share the processors among the processes, and leave them to the network.

    A glyph network has one: more gain a fifth on an idle machine, and lose tenfold on a busy one.
    OpenCV has one too: an image is too small to be shared among more.
    """
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1 if single else max(1, before[0] // processes))
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
