"""Training the general reader, of images that are drawn beside it, in pieces that go on."""

from __future__ import annotations

import json
import os
import string
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from captchascope import __version__
from captchascope.charset import Charset
from captchascope.ctc.inputs import NORMALISATION, CtcSpec, normalise
from captchascope.files import printable
from captchascope.generate.families import PRESETS
from captchascope.generate.typefaces import HAN, SIGNS
from captchascope.model.metadata import FORMAT, Metadata
from captchascope.train.calibrate import text_temperature
from captchascope.train.checkpoint import CHECKPOINT, read_checkpoint, run_folder
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.endless import Drawing, DrawnBatches
from captchascope.train.ctc.finetune import read_weights, take_over
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.ood import WithDistance, familiar, foreign_images
from captchascope.train.ctc.task import CtcTask, Start, Where, fit_task
from captchascope.train.ctc.validate import outputs_of, score
from captchascope.train.distributed import Place
from captchascope.train.export import export_model, round_to_half
from captchascope.train.recipes import CTC_RECIPES
from captchascope.train.schedule import Clock
from captchascope.train.watch import Interrupts, Watch

CHARSET = Charset(string.digits + string.ascii_uppercase + string.ascii_lowercase + SIGNS + HAN)
"""Of the texts that are drawn."""

SPEC = CtcSpec("whole", 40, None, 48, 320, 3, trimmed=True)
"""What the network looks at; an image eight times as wide as high still keeps its shape."""

_SCHEME = "general"
_VALIDATED, _PROBED = 500, 64  # images
_FAMILIAR = 1000  # images of the mix that tell what is in the distribution
_FOREIGN = 60  # of each kind of images that are no captchas
_CALIBRATED = 60  # images of each family that is drawn by itself and not in the mix


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the pieces that a training of the general reader is done in.

    Attributes:
        seconds: How long this one trains.
        total: How long all of them do; the learning rate's one cycle is as long.
        network: A name of ``SIZES``.
        source: A general reader whose weights the first piece begins with; None for none.
        resume: Whether to go on from the piece before.
        seed: Of weights and images.
        processes: How many draw; None for one beside each processor but the first.
    """

    seconds: float
    total: float
    network: str = "general"
    source: Path | None = None
    resume: bool = False
    seed: int = 0
    processes: int | None = None


def train_general(output: Path, piece: Piece, watch: Watch | None = None) -> bytes:
    """Train the general reader for one piece, and return its model file as it is by then.

    Beside ``output`` lies ``MODEL.onnx.run/`` with the log and the checkpoint that the next piece
    goes on from; ``output`` itself is not written.

    Raises:
        TrainingError: If there is nothing to go on from, or training comes to nothing.
        OutputError: If the run folder cannot be made, or another training holds it.
        ModelError: If the model to begin with cannot be used.
        UsageError: If it is of the other method, or the piece before was begun otherwise.
    """
    watch = watch or Watch()
    recipe = replace(CTC_RECIPES["general"], network=piece.network)
    drawing = Drawing(_SCHEME, piece.seed, CHARSET, SPEC, recipe.strength)
    source = "nothing" if piece.source is None else printable(piece.source.name)
    facts = {
        "--network": piece.network,
        "--seed": piece.seed,
        "--total": piece.total,
        "--from": source,
    }
    with run_folder(output) as folder, Interrupts() as interrupted:
        spent = 0.0
        if piece.resume:
            spent = float(read_checkpoint(folder / CHECKPOINT, facts)["seconds"])
        start = _start(piece)
        held = replace(drawing, seed=piece.seed + 1).sample(0, _VALIDATED)
        end = time.monotonic() + min(piece.seconds, piece.total - spent)
        watch = replace(
            watch,
            deadline=time.monotonic() + piece.total - spent,
            stop=lambda: interrupted() or time.monotonic() >= end,
        )
        processes = (os.cpu_count() or 2) - 1 if piece.processes is None else piece.processes
        task = CtcTask(
            DrawnBatches(drawing, recipe.batch, processes),
            TextImages(held.images[:_PROBED], held.targets[:_PROBED]),
            held,
            recipe,
            start,
            Place(),
            watch.stop,
        )
        clock = Clock(recipe.max_steps, watch.deadline)
        where = Where(folder, piece.resume, facts)
        fitted = fit_task(task, clock, recipe, start, where, watch)
    data = {"samples": clock.steps * recipe.batch, "recipe": recipe.name, "from": source}
    return described(fitted.network, held, piece.seed, data)


def _start(piece: Piece) -> Start:
    def fresh(seed: int) -> CtcNet:
        torch.manual_seed(seed)
        return CtcNet(SPEC.channels, CHARSET.num_classes, piece.network)

    network = fresh(piece.seed)
    if piece.source is not None:
        take_over(network, read_weights(piece.source), CHARSET)
    return Start(network, fresh, piece.source is None, piece.seed)


def described(network: CtcNet, held: TextImages, seed: int, data: Mapping[str, object]) -> bytes:
    """Return the model file of a general reader, with what is measured on its rounded weights.

    Its temperature is that of families which it was not trained on: on its own it is surer than on
    those that it will be given.

    Args:
        network: In evaluation mode; its weights are rounded to half precision.
        held: Images of the mix that it was not trained on.
        seed: Of the training, for the metadata.
        data: What it was trained on, likewise.
    """
    round_to_half(network)
    read = score(outputs_of(network, held.images), held.targets)
    own = Drawing(_SCHEME, seed + 2, CHARSET, SPEC, 0.0).sample(0, _FAMILIAR)
    distance, limit = familiar(network, SPEC, own.images, foreign_images(SPEC, _FOREIGN))
    drawn = [Drawing(family, seed, CHARSET, SPEC, 0.0).sample(0, _CALIBRATED) for family in PRESETS]
    images = [image for family in drawn for image in family.images]
    targets = [target for family in drawn for target in family.targets]
    metadata = Metadata(
        format=FORMAT,
        method="whole",
        charset=CHARSET,
        input=asdict(SPEC),
        normalisation=NORMALISATION,
        scheme=None,
        temperature=text_temperature(outputs_of(network, images), targets),
        version=__version__,
        seed=seed,
        data=json.dumps(data),
        metrics={
            "validation_captcha": read.exact,
            "validation_character": read.character,
            "validation_loss": read.loss,
        },
        lengths=None,
        unfamiliar=limit,
    )
    example = torch.from_numpy(normalise([held.images[0]] * 2))
    whole = WithDistance(network, distance)
    return export_model(whole, example, metadata, free_width=True, half=True)
