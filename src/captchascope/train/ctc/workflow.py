"""Training without segmentation as a whole: a data set in, the bytes of a model file out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace

import torch

from captchascope import __version__
from captchascope.charset import Charset
from captchascope.check import label_findings, layout_findings
from captchascope.ctc.inputs import NORMALISATION, CtcSpec, normalise
from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, TrainingError, UsageError
from captchascope.files import printable
from captchascope.model.metadata import FEWEST_CALIBRATING, FORMAT, Metadata
from captchascope.reader import model_path
from captchascope.train.calibrate import text_temperature
from captchascope.train.causes import UNKNOWN, Course, likely_causes
from captchascope.train.ctc.crop import cropped_spec, within
from captchascope.train.ctc.data import TextImages, text_images
from captchascope.train.ctc.finetune import (
    Weights,
    best_scaled,
    fine_tuned,
    moderate,
    narrowed,
    read_weights,
)
from captchascope.train.ctc.folds import Folds, read_by_folds
from captchascope.train.ctc.infer import Inferred, alphabet_of, inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.ood import WithDistance, familiar
from captchascope.train.ctc.pseudo_labels import joined, label_with_network, self_trained
from captchascope.train.ctc.stream import StreamedBatches
from captchascope.train.ctc.task import FEWEST, Fitted, Start, Where, fit_ctc
from captchascope.train.ctc.validate import outputs_of, score
from captchascope.train.distributed import Place
from captchascope.train.export import export_model, round_to_half
from captchascope.train.recipes import CtcRecipe
from captchascope.train.request import Product, TrainRequest
from captchascope.train.room import require_room
from captchascope.train.untrained import NAME, Untrained, is_better, read_untrained, right_by
from captchascope.train.watch import Watch

_AFTERWARDS = 20.0  # seconds kept free at the end of a time limit, on a machine of its own
_EXPORT = 8.0  # of them, for the export alone
_HELD_OUT = 0.1
_MOST_HELD_OUT = 2000  # samples: they tell the exact match to a fifth of a percent
_FAMILIAR = 500  # images that tell what is in the distribution
_ENOUGH = 0.7  # of the planned steps: with 0.6 of them 94 and 96 of 100 were read, with all 98
_FAR = 0.25  # of the texts: training above validation by more is learning by heart


def train_ctc(request: TrainRequest, place: Place, watch: Watch) -> Product | None:
    """Train a network that reads without segmentation, and export it.

    Args:
        request: How; its data set is as ``usable`` returns it.
        place: Which of the processes this is.
        watch: Who is told, and who may end it: what is best so far is given out even then.

    Returns:
        None in all processes of a training but the first.

    Raises:
        TrainingError: If there is nothing to train on, or training comes to nothing.
        UsageError: If the checkpoint to go on from was made with something else.
        OutputError: If there is no room for the model.
        KeyboardInterrupt: If somebody ended it before the first validation.
    """
    dataset, recipe = request.dataset, request.recipe
    assert isinstance(recipe, CtcRecipe)
    for line in _advice(dataset):
        watch.warn(line)
    if place.rank == 0:
        for finding in layout_findings(dataset, request.preprocessing):
            watch.warn(str(finding))
    charset, lengths = alphabet_of(dataset), None
    if request.stream is not None:  # of whose labels the samples may lack some
        charset, lengths = Charset(request.stream.chars), request.stream.lengths
    assert charset is not None
    weights = None if request.source is None else read_weights(request.source)
    try:
        known = inferred(dataset, charset, recipe.height, request.preprocessing, lengths)
        if weights is not None and recipe.height is not None:
            known = best_scaled(weights, dataset, known)
    except CaptchascopeError as error:
        raise _nothing(dataset, error) from error
    for line in known.lines():
        watch.say(line)
    few = weights is not None and request.unlabelled is None and _are_few(request)
    folded = few and request.validate
    train, held = _sets(request, known, folded)
    stream = _stream(request, known, held, place)
    count = len(train) if stream is None else stream.samples
    by = "to validate on by folds" if folded else "to validate on"
    watch.say(f"samples   {count} to train on, {len(train if folded else held)} {by}")
    untrained = None
    if place.rank == 0 and request.validate:
        untrained = read_untrained((train if folded else held).samples, known)
    if untrained is not None:
        watch.say(untrained.line())
    start = _start(weights, known, request, train)
    watch.say(f"from      {request.begins_with}")
    if place.rank == 0:
        require_room(request.model, start.network, recipe.half, request.folder, watch)
    facts: dict[str, object] = {
        "--recipe": recipe.name,
        "--seed": request.seed,
        "--from": request.begins_with,
        "samples": f"{train.fingerprint()} {held.fingerprint()}",
    }
    if stream is not None:
        facts["rows"] = count
    where = Where(request.folder, request.resume, facts, place)
    limited = _with_reserve(watch)
    first = limited
    follows = folded or request.unlabelled is not None
    if follows and limited.deadline is not None:  # half is for what follows
        first = replace(limited, deadline=(time.monotonic() + limited.deadline) / 2)
    begun = deepcopy(start.network.state_dict())
    if few:  # what that leaves of the time is for the folds
        recipe = recipe.for_labels(len(train))
    fitted = fit_ctc(train, held, recipe, start, where, first, stream)
    if place.rank > 0:
        return None
    if watch.stop() and not fitted.rows:
        raise KeyboardInterrupt
    if few and not watch.stop():
        _warn_if_cut_short(fitted, recipe.steps(count, start.scratch), watch)
    if not start.scratch and not fitted.restarted:
        moderate(fitted.network, begun, train, count)
    if request.unlabelled is not None and not watch.stop():
        further = label_with_network(fitted.network, held, request.unlabelled, known)
        watch.say(f"learns from {len(further)} images without labels, which it reads surely")
        more, seed = joined(train, further), request.seed + 1
        fitted = self_trained(fitted, more, held, recipe, where, seed, limited)
    folds = None
    if folded and weights is not None:
        folds = read_by_folds(train, known, weights, recipe, request.seed, limited)
    _warn(fitted, len(held), watch)
    validation = _Validation(held, folds, 1.0 if weights is None else weights.temperature)
    product = _product(fitted, known, train, validation, request, watch)
    if watch.stop():  # somebody waits for what there is
        return product
    own, other = validation.compared(product, untrained)
    if untrained is not None and is_better(other, own):
        told = f"{sum(other)} of the {len(other)} validation texts, and what was trained {sum(own)}"
        kept = f"untrained, {NAME} reads {told}"
        fitted = replace(fitted, step=0, stuck=False, untrained=True, kept=f"kept {NAME}: {kept}")
        product = _as_it_is(untrained, fitted, known, folded, request, watch)
    if stream is not None:
        product = replace(product, problems=(*product.problems, *stream.problems))
    return _judged(product, fitted, known, untrained, request)


@dataclass(frozen=True, slots=True)
class _Validation:
    """What tells how well a network reads what it was not trained on.

    Attributes:
        held: The samples held out; none where there are folds.
        folds: What other networks read; None where samples are held out, or no time was left.
        source: The temperature of the network that it began with; 1 where it began with none.
    """

    held: TextImages
    folds: Folds | None
    source: float

    def of(self, network: CtcNet) -> tuple[dict[str, object], float]:
        """Return the metrics of a network, and its temperature."""
        if self.folds is not None:
            return self.folds.metrics(), self.folds.temperature(self.source)
        logits = outputs_of(network, self.held.images)
        metrics: dict[str, object] = {"validation_samples": len(logits)}
        if logits:
            read = score(logits, self.held.targets)
            metrics |= {
                "validation_captcha": read.exact,
                "validation_character": read.character,
                "validation_loss": read.loss,
            }
        return metrics, text_temperature(logits, self.held.targets, self.source)

    def compared(
        self, product: Product, untrained: Untrained | None
    ) -> tuple[Sequence[bool], Sequence[bool]]:
        """Tell of each text whether a product reads it, and whether an untrained model does."""
        if untrained is None or (self.folds is None and not self.held.samples):
            return [], []
        if self.folds is None:
            return right_by(product.data, untrained.samples), untrained.right
        return self.folds.right.tolist(), [untrained.right[i] for i in self.folds.places]


def _advice(dataset: Dataset) -> list[str]:
    """Return what in the labels will harm the training.

    Raises:
        TrainingError: If nothing can be learned from them.
    """
    lines = []
    for finding in label_findings(dataset.samples):
        if finding.severity == "error":
            raise TrainingError(printable(dataset.folder), finding.what, finding.remedy)
        if finding.severity == "warning" or finding.kind == "few-samples":
            lines.append(str(finding))
    return lines


def _nothing(dataset: Dataset, first: CaptchascopeError) -> TrainingError:
    what = f"no sample can be trained on: {first.where}: {first.what}"
    return TrainingError(printable(dataset.folder), what, first.remedy)


def _are_few(request: TrainRequest) -> bool:
    """Tell whether too few samples would be held out to tell how good a network is."""
    return round(_HELD_OUT * request.labels) < FEWEST_CALIBRATING


def _sets(request: TrainRequest, known: Inferred, folded: bool) -> tuple[TextImages, TextImages]:
    """Load the samples to train on and those held out: none where folds validate, or nothing does.

    Of what is streamed, the former are a part that stands for all.
    """
    dataset, count = request.dataset, len(request.dataset.samples)
    wanted = min(_HELD_OUT * request.labels, _MOST_HELD_OUT, count / 2)
    rest, held = dataset.hold_out(wanted / count, seed=request.seed)
    if folded or not request.validate:
        rest, held = dataset, replace(held, samples=())
    train = text_images(rest, known)
    if not len(train):
        raise _nothing(dataset, train.problems[0])
    return train, text_images(held, known)


def _stream(
    request: TrainRequest, known: Inferred, held: TextImages, place: Place
) -> StreamedBatches | None:
    """Return what gives the batches of a process, where not all is in memory."""
    data, recipe = request.stream, request.recipe
    if data is None:
        return None
    assert isinstance(recipe, CtcRecipe)
    size, own = recipe.share_of_batch(place.world), (place.rank, place.world)
    rows = [sample.row for sample in held.samples if sample.row is not None]
    return StreamedBatches(data, known, size, recipe.strength, request.seed, rows, own)


def _start(
    weights: Weights | None, known: Inferred, request: TrainRequest, train: TextImages
) -> Start:
    channels, classes = known.spec.channels, known.charset.num_classes
    recipe = request.recipe
    assert isinstance(recipe, CtcRecipe)
    size = recipe.network if weights is None else weights.size

    def fresh(seed: int) -> CtcNet:
        torch.manual_seed(seed)
        return CtcNet(channels, classes, size)

    network = fresh(request.seed)
    if weights is None:
        return Start(network, fresh, True, request.seed)
    if size != recipe.network and recipe.name == "fast":
        what = f"{request.begins_with} is not as small as the recipe fast has it"
        raise UsageError("source", what, "leave the recipe away, or start from none")
    network = fine_tuned(weights, known.charset, channels, train)
    return Start(network, fresh, False, request.seed)


def _with_reserve(watch: Watch) -> Watch:
    """Keep time free for what comes after the training.

    That takes a few seconds of a processor; a busy machine, where importing and loading have taken
    far longer than their work, needs as much longer for it.
    """
    if watch.deadline is None:
        return watch
    left = watch.deadline - time.monotonic()
    reserve = min(_AFTERWARDS * _slowness(watch), max(left * 2 / 3, _AFTERWARDS))
    return replace(watch, deadline=watch.deadline - reserve)


def _slowness(watch: Watch) -> float:
    """Return how many times longer than its work all has taken so far."""
    gone = max(time.monotonic() - watch.begun, 1e-9)
    return max(1.0, gone / max(time.process_time(), 1e-9))


def _measured_until(watch: Watch) -> float | None:
    """Return when the export must begin; at once, where somebody waits for it."""
    if watch.stop():
        return time.monotonic()
    return None if watch.deadline is None else watch.deadline - _EXPORT * _slowness(watch)


def _warn_if_cut_short(fitted: Fitted, planned: int, watch: Watch) -> None:
    """Warn of a training on a few labels that had too little time; one on many uses all it has."""
    done = fitted.rows[-1].step if fitted.rows else 0
    if done < _ENOUGH * planned:
        watch.warn(
            f"the time limit ended the training after {done} of {planned} steps "
            "(it may read better with more, such as --time-limit 30m)"
        )


def _warn(fitted: Fitted, held_out: int, watch: Watch) -> None:
    """Warn of a network that has learnt by heart."""
    row = fitted.rows[-1] if fitted.rows else None
    if row is None or row.exact is None or held_out < FEWEST or row.trained - row.exact <= _FAR:
        return
    watch.warn(
        f"it overfits: it reads {row.trained:.0%} of the training texts, but {row.exact:.0%} of "
        "those held out (more labels would help)"
    )


def _as_it_is(
    untrained: Untrained,
    fitted: Fitted,
    known: Inferred,
    folded: bool,
    request: TrainRequest,
    watch: Watch,
) -> Product:
    """Export the model that reads anything, told the alphabet and the lengths of the labels."""
    path, spec = model_path(NAME), untrained.reader.recogniser.spec
    assert isinstance(spec, CtcSpec)
    assert isinstance(request.recipe, CtcRecipe)
    weights = read_weights(path)
    network, at = narrowed(weights, spec, request.dataset, known)
    train, held = _sets(request, at, folded)
    if folded:  # it was trained on none of them
        train, held = held, train
    recipe = replace(request.recipe, cropped=False, half=True)
    request = replace(request, recipe=recipe, source=path)
    validation = _Validation(held, None, weights.temperature)
    return _product(replace(fitted, network=network), at, train, validation, request, watch)


def _judged(
    product: Product,
    fitted: Fitted,
    known: Inferred,
    untrained: Untrained | None,
    request: TrainRequest,
) -> Product:
    """Return a model with why it is no success, where it is none.

    Raises:
        TrainingError: If it says the same of every image.
    """
    metrics, what = product.metadata.metrics, ""
    if fitted.untrained:
        what = fitted.kept.removeprefix(f"kept {NAME}: ")
    elif fitted.stuck:
        what = "the network did not learn to read: it says the same of every image"
    elif metrics.get("validation_captcha") == 0:
        what = f"it reads none of the {metrics['validation_samples']} validation texts"
    elif untrained and "validation_captcha" not in metrics and not any(untrained.right):
        what = f"no time was left to validate it, and untrained {NAME} reads none of the texts"
    if not what:
        return product
    rows, scratch = fitted.rows, request.source is None
    learnt, views = (rows[-1].trained, rows[-1].views) if rows else (0.0, 0)
    course = Course([row.loss for row in rows], learnt, views, scratch)
    causes = likely_causes(request.dataset, known, untrained, course) or [UNKNOWN]
    first, *others = (TrainingError("train", f"{what}: {c.what}", c.remedy) for c in causes)
    if fitted.stuck:
        raise first
    return replace(product, problems=(*product.problems, first, *others))


def _product(
    fitted: Fitted,
    known: Inferred,
    train: TextImages,
    validation: _Validation,
    request: TrainRequest,
    watch: Watch,
) -> Product:
    """Export the network, with what there is to say of it."""
    held = validation.held
    problems, recipe = (*train.problems, *held.problems), request.recipe
    assert isinstance(recipe, CtcRecipe)
    if recipe.cropped and not watch.stop():  # it takes long, and somebody waits
        known = replace(known, spec=cropped_spec(fitted.network, known.spec, train, held))
        watch.say(f"looks at  {known.columns()}")
        train, held = within(known.spec, train), within(known.spec, held)
        validation = replace(validation, held=held)
    if recipe.half:  # before anything is measured
        round_to_half(fitted.network)
    metadata, network = _described(
        fitted, known, train, validation, request, _measured_until(watch)
    )
    example = torch.from_numpy(normalise([(train.images or held.images)[0]] * 2))
    free = known.spec.width is None
    file = export_model(network, example, metadata, free_width=free, half=recipe.half)
    samples = _used(fitted, train, held, request)
    return Product(file, metadata, samples, problems, fitted.rows, fitted.kept)


def _used(fitted: Fitted, train: TextImages, held: TextImages, request: TrainRequest) -> int:
    """Return how many samples a network was trained and validated on."""
    if request.stream is None:
        return len(train) + len(held)
    seen = fitted.rows[-1].views if fitted.rows else 0
    return min(seen, request.stream.rows - len(held)) + len(held)


def _described(
    fitted: Fitted,
    known: Inferred,
    train: TextImages,
    validation: _Validation,
    request: TrainRequest,
    until: float | None,
) -> tuple[Metadata, WithDistance]:
    """Return what the file says, measured on the weights that it has, and what tells distances."""
    network, held = fitted.network, validation.held
    measured, temperature = validation.of(network)
    steps = fitted.rows[-1].step if fitted.rows else fitted.step
    metrics = {"step": fitted.step, "steps": steps, **measured}
    if fitted.untrained:
        metrics["untrained"] = True
    own = (*held.images, *train.images)
    own = own[:: -(-len(own) // _FAMILIAR)]
    distance, limit = familiar(network, known.spec, own, until=until)
    samples = _used(fitted, train, held, request)
    data = {"samples": samples, "recipe": request.recipe.name, "from": request.begins_with}
    metadata = Metadata(
        format=FORMAT,
        method="whole",
        charset=known.charset,
        input=asdict(known.spec),
        normalisation=NORMALISATION,
        scheme=None,
        temperature=temperature,
        version=__version__,
        seed=request.seed,
        data=json.dumps(data),
        metrics=metrics,
        lengths=known.lengths,
        unfamiliar=limit,
        preprocessing=known.preprocessing,
    )
    return metadata, WithDistance(network, distance)
