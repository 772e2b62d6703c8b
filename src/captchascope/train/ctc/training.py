"""Train the whole way: a data set in, the bytes of a model file out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from captchascope.ctc.inputs import normalise
from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, TrainingError, UsageError
from captchascope.files import printable
from captchascope.model.metadata import Metadata
from captchascope.train.ctc.advice import about_labels, about_rows
from captchascope.train.ctc.columns import narrowed, within
from captchascope.train.ctc.describe import described
from captchascope.train.ctc.fit import Fitted, Start, Where, fit
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.plan import PLANS, Plan
from captchascope.train.ctc.rounds import FEWEST
from captchascope.train.ctc.samples import WholeSet, samples_of
from captchascope.train.ctc.sizing import Inferred, alphabet_of, inferred
from captchascope.train.ctc.start import begun_with, read_weights
from captchascope.train.ctc.state import CHECKPOINT, check_facts, read_checkpoint
from captchascope.train.ctc.together import rank_of
from captchascope.train.ctc.unlabelled import believed, by_half_time, joined, taught_by_itself
from captchascope.train.ctc.watch import Watch
from captchascope.train.export import export

_AFTERWARDS = 12.0  # seconds kept free at the end of a time limit, on a machine of its own
_HELD_OUT = 0.1
_MOST_HELD_OUT = 2000  # samples: they tell the exact match to a fifth of a percent


@dataclass(frozen=True, slots=True)
class Request:
    """How to train.

    Attributes:
        folder: The run folder.
        recipe: A name of ``PLANS``.
        seed: Of weights, order and validation samples.
        source: The model file whose weights to start from; None for none.
        unlabelled: A folder of further images.
        resume: Whether to go on from the run folder's checkpoint.
        devices: Processes on this machine.
        nodes: Machines.
    """

    folder: Path
    recipe: str = "default"
    seed: int = 0
    source: Path | None = None
    unlabelled: Path | None = None
    resume: bool = False
    devices: int = 1
    nodes: int = 1


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and how it came about.

    Attributes:
        data: The model file.
        metadata: What it says about itself.
        samples: How many captchas it was trained and validated on.
        problems: Samples that were left out, and why.
    """

    data: bytes
    metadata: Metadata
    samples: int
    problems: tuple[CaptchascopeError, ...]


def named(source: Path | None) -> str:
    """Return what a training starts from as it is told and kept: no path of this machine."""
    return "nothing" if source is None else printable(source.name)


def readable(dataset: Dataset) -> Dataset:
    """Return ``dataset`` with the labels that no model can have moved to its problems.

    Raises:
        TrainingError: If nothing is left.
    """
    where = printable(dataset.folder)
    charset = alphabet_of(dataset)
    if charset is not None:
        dataset = dataset.require_charset(charset)
    if not dataset.samples:
        raise TrainingError(where, "no sample can be trained on", "label some captchas")
    return dataset


def train_whole(dataset: Dataset, request: Request, watch: Watch) -> Trained | None:
    """Train a whole-image network on ``dataset`` and export it.

    Args:
        dataset: As ``readable`` returns it.
        request: How.
        watch: Who is told, and who may end it: what is best so far is given out even then.

    Returns:
        None in all processes of a training but the first.

    Raises:
        TrainingError: If there is nothing to train on, or training comes to nothing.
        UsageError: If the checkpoint to go on from was made with something else.
    """
    plan = PLANS[request.recipe]
    for line in about_labels(dataset.samples, printable(dataset.folder)):
        watch.warn(line)
    known = _inferred(dataset, plan)
    for line in known.lines():
        watch.say(line)
    train, validation = _sets(dataset, known, request.seed)
    watch.say(f"samples   {len(train)} to train on, {len(validation)} to validate on")
    start = _start(known, plan, request, train)
    watch.say(f"from      {named(request.source)}")
    where = _where(train, validation, request)
    if request.resume:
        path = request.folder / CHECKPOINT
        check_facts(read_checkpoint(path)["facts"], where.facts, printable(path))
    limited = _with_reserve(watch)
    first = limited if request.unlabelled is None else by_half_time(limited)
    fitted = fit(train, validation, plan, start, where, first)
    if rank_of(request.devices) > 0:
        return None
    if request.unlabelled is not None and not watch.stop():
        further = believed(fitted.network, validation, request.unlabelled, known)
        watch.say(f"learns from {len(further)} images without labels, which it reads surely")
        more, seed = joined(train, further), request.seed + 1
        fitted = taught_by_itself(fitted, more, validation, plan, where, seed, limited)
    _check(fitted, len(validation), watch)
    file, metadata = _file(fitted, known, train, validation, request, watch)
    problems = (*train.problems, *validation.problems)
    return Trained(file, metadata, len(train) + len(validation), problems)


def _file(
    fitted: Fitted,
    known: Inferred,
    train: WholeSet,
    validation: WholeSet,
    request: Request,
    watch: Watch,
) -> tuple[bytes, Metadata]:
    """Export the network, with what there is to say of it."""
    if PLANS[request.recipe].narrow:
        known = replace(known, spec=narrowed(fitted.network, known.spec, train, validation))
        watch.say(f"looks at  {known.columns()}")
        train, validation = within(known.spec, train), within(known.spec, validation)
    data = {
        "samples": len(train) + len(validation),
        "recipe": request.recipe,
        "from": named(request.source),
    }
    metadata, exported = described(fitted, train, validation, known, request.seed, data)
    example = torch.from_numpy(normalise([train.images[0]] * 2))
    free_width = known.spec.width is None
    return export(exported, example, metadata, free_width=free_width), metadata


def _with_reserve(watch: Watch) -> Watch:
    """Keep time free for what comes after the training.

    That takes a few seconds of a processor; a busy machine, where importing and loading have taken
    far longer than their work, needs as much longer for it.
    """
    if watch.deadline is None:
        return watch
    left = watch.deadline - time.monotonic()
    gone = max(time.monotonic() - watch.begun, 1e-9)
    slowness = max(1.0, gone / max(time.process_time(), 1e-9))
    reserve = min(_AFTERWARDS * slowness, max(left / 3, _AFTERWARDS))
    return replace(watch, deadline=watch.deadline - reserve)


def _check(fitted: Fitted, held_out: int, watch: Watch) -> None:
    """Tell how it went, where it did not go well.

    Raises:
        TrainingError: If it came to nothing, and nobody ended it early.
    """
    if fitted.stuck and not watch.stop():
        what = "the network did not learn to read: it says the same of every image"
        raise TrainingError("train", what, "give it more time, more labels, or another seed")
    if fitted.rows:
        for line in about_rows(fitted.rows[-1], held_out, FEWEST):
            watch.warn(line)


def _inferred(dataset: Dataset, plan: Plan) -> Inferred:
    charset = alphabet_of(dataset)
    assert charset is not None
    try:
        return inferred(dataset, charset, plan.height)
    except CaptchascopeError as error:
        raise _nothing(dataset, error) from error


def _nothing(dataset: Dataset, first: CaptchascopeError) -> TrainingError:
    what = f"no sample can be trained on: {first.where}: {first.what}"
    return TrainingError(printable(dataset.folder), what, first.remedy)


def _sets(dataset: Dataset, known: Inferred, seed: int) -> tuple[WholeSet, WholeSet]:
    """Load the samples to train on and those held out."""
    share = min(_HELD_OUT, _MOST_HELD_OUT / len(dataset.samples))
    rest, held = dataset.hold_out(share, seed=seed)
    train = samples_of(rest, known.spec, known.charset)
    if not len(train):
        raise _nothing(dataset, train.problems[0])
    return train, samples_of(held, known.spec, known.charset)


def _start(known: Inferred, plan: Plan, request: Request, train: WholeSet) -> Start:
    channels, classes = known.spec.channels, known.charset.num_classes

    def fresh(seed: int) -> CtcNet:
        torch.manual_seed(seed)
        return CtcNet(channels, classes, plan.size)

    network = fresh(request.seed)
    if request.source is None:
        return Start(network, fresh, True, request.seed)
    weights = read_weights(request.source)
    if weights[2] != plan.size and plan.name == "fast":
        what = f"{named(request.source)} is not as small as the recipe fast has it"
        raise UsageError("source", what, "leave the recipe away, or start from none")
    network = begun_with(weights, known.charset, channels, train)
    return Start(network, fresh, False, request.seed)


def _where(train: WholeSet, validation: WholeSet, request: Request) -> Where:
    facts = {
        "--recipe": request.recipe,
        "--seed": request.seed,
        "--from": named(request.source),
        "samples": f"{train.fingerprint()} {validation.fingerprint()}",
    }
    return Where(request.folder, request.resume, facts, request.devices, request.nodes)
