"""Rebuild every model that ships, from seeds: ``make models``.

    python tools/build_models.py [metu-glyphs|metu ...]

The training images are generated, with a seed that no test, bench or example uses.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import write_folder
from captchascope.train import train_model

_MODELS = Path(__file__).parents[1] / "src" / "captchascope" / "models"
_GLYPHS_COUNT, _GLYPHS_SEED = 20_000, 20261122
_WHOLE_COUNT, _WHOLE_SEED = 40_000, 20261125


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
    """Train the whole-image model of the METU scheme on generated images alone."""
    images = _generated("metu", place / "metu", _WHOLE_COUNT, _WHOLE_SEED)
    _built("metu", images, recipe="fast", devices=2, time_limit=10 * 60.0)


_BUILDERS = {"metu-glyphs": metu_glyphs, "metu": metu}


def main(names: list[str]) -> None:
    """Build the models that are named, or all."""
    for name in names or _BUILDERS:
        with tempfile.TemporaryDirectory() as place:
            _BUILDERS[name](Path(place))


if __name__ == "__main__":
    main(sys.argv[1:])
