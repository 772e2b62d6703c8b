"""Rebuild every model that ships, from seeds: ``make models``.

    python tools/build_models.py [metu-glyphs|metu|any ...] [--minutes M] [--total M] [--resume]

The training images are generated, with a seed that no test, bench or example uses. ``any`` asks for
half an hour of a GPU, of which each call may do a part: ``any --minutes 10``, then twice the same
with ``--resume``. ``any --network large`` makes a larger one in build/, that reads more slowly and
that another training can begin with (``--from``).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import write_folder
from captchascope.train import train_model
from captchascope.train.ctc.endless import Drawing, DrawnBatches
from captchascope.train.ctc.general import CHARSET, SPEC, Piece, train_general
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.task import CtcTask, Start
from captchascope.train.distributed import Place
from captchascope.train.loop import Training
from captchascope.train.recipes import CTC_RECIPES
from captchascope.train.schedule import Clock, Curriculum
from captchascope.train.watch import Watch

_ROOT = Path(__file__).parents[1]
_MODELS, _BUILD = _ROOT / "src" / "captchascope" / "models", _ROOT / "build"
_GENERAL_SEED = 20261126
_GLYPHS_COUNT, _GLYPHS_SEED = 20_000, 20261122
_WHOLE_COUNT, _WHOLE_SEED = 40_000, 20261126


def _generated(scheme: str, folder: Path, count: int, seed: int) -> Dataset:
    write_folder(scheme, folder, count, seed)
    return read_dataset(folder)


def _built(name: str, images: Dataset, **how: Any) -> None:
    """Train a model and put it where it ships; a captcha that could not be cut is said."""
    trained = train_model(images, images.folder.with_name(f"{name}.onnx"), on_line=_say, **how)
    for problem in trained.problems:
        _say(str(problem))
    (_MODELS / trained.model.name).write_bytes(trained.model.read_bytes())


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def metu_glyphs(place: Path) -> None:
    """Train the glyphs model of the METU scheme on generated images alone."""
    images = _generated("metu", place / "glyphs", _GLYPHS_COUNT, _GLYPHS_SEED)
    _built("metu-glyphs", images, method="glyphs")


def metu(place: Path) -> None:
    """Train the whole-image model of the METU scheme, on a wide relative of its images."""
    images = _generated("metu-wide", place / "metu", _WHOLE_COUNT, _WHOLE_SEED)
    _built("metu", images, recipe="fast", devices=2, time_limit=20 * 60.0)


_BUILDERS = {"metu-glyphs": metu_glyphs, "metu": metu}


def general(given: argparse.Namespace) -> None:
    """Train the general reader for one piece, in build/, and put it where it ships."""
    folder = _BUILD / given.network
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "any.onnx"
    piece = Piece(
        seconds=60 * given.minutes,
        total=60 * given.total,
        network=given.network,
        source=given.source,
        resume=given.resume,
        seed=_GENERAL_SEED,
    )
    output.write_bytes(train_general(output, piece, Watch(_say, _say)))
    if given.network == "general":
        (_MODELS / "any.onnx").write_bytes(output.read_bytes())


def _estimate() -> str:
    """Return how long this machine would take for what half an hour of a GPU gives."""
    recipe = CTC_RECIPES["general"]
    drawing = Drawing("general", 0, CHARSET, SPEC, recipe.strength)
    network = CtcNet(SPEC.channels, CHARSET.num_classes, recipe.network)
    start = Start(network, lambda seed: network, True, 0)
    held = drawing.sample(0, 1)
    task = CtcTask(DrawnBatches(drawing, 16, 0), held, held, recipe, start, Place(), bool)
    training = Training(network, recipe, Clock(1), Curriculum(), Place())
    batch = next(task.batches(0))
    for _ in range(2):  # the first also prepares
        begun = time.monotonic()
        loss = task.loss(network, batch, training)[0]
        loss.backward()  # type: ignore[no-untyped-call]
    hours = (time.monotonic() - begun) / 16 * recipe.views / 3600
    return f"any is kept: without a GPU it would take {hours:.0f} hours; ask for it by its name"


def main() -> None:
    """Build the models that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="else all")
    parser.add_argument("--minutes", type=float, default=30, help="of this piece of any")
    parser.add_argument("--total", type=float, default=30, help="minutes of all its pieces")
    parser.add_argument("--resume", action="store_true", help="go on from the piece before")
    parser.add_argument("--from", dest="source", type=Path, help="a general reader to begin with")
    parser.add_argument("--network", choices=("general", "large"), default="general")
    given = parser.parse_args()
    if unknown := set(given.names).difference(_BUILDERS, ["any"]):
        parser.error(f"there is no {min(unknown)}: name {', '.join(_BUILDERS)} or any")
    for name in given.names or [*_BUILDERS, "any"]:
        if name in _BUILDERS:
            with tempfile.TemporaryDirectory() as place:
                _BUILDERS[name](Path(place))
        elif given.names or torch.cuda.is_available():
            general(given)
        else:
            _say(_estimate())


if __name__ == "__main__":
    main()
