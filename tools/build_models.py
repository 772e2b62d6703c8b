"""Rebuild every model that ships, from seeds: ``make models``.

    python tools/build_models.py [metu-glyphs|metu|start ...]

The training images are generated, with a seed that no test, bench or example uses.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_MODELS = Path(__file__).parents[1] / "src" / "captchascope" / "models"
_GLYPHS_COUNT, _GLYPHS_SEED = 20_000, 20261122
_WHOLE_COUNT, _WHOLE_SEED = 40_000, 20261125
_START_COUNT, _START_SEED = 110_000, 20261124


def _captchascope(*arguments: str) -> None:
    command = [sys.executable, "-m", "captchascope", *arguments]
    status = subprocess.run(command, check=False).returncode
    if status not in (0, 1):  # 1: some captcha could not be cut, the rest was done
        sys.exit(f"{' '.join(command)} ended with status {status}")


def _generated(scheme: str, folder: Path, count: int, seed: int) -> Path:
    _captchascope("generate", scheme, str(folder), "--count", str(count), "--seed", str(seed))
    return folder


def _trained(images: Path, name: str, *options: str) -> None:
    model = images.with_name(f"{name}.onnx")
    _captchascope("train", str(images), "-o", str(model), "--seed", "0", *options)
    (_MODELS / model.name).write_bytes(model.read_bytes())


def metu_glyphs(place: Path) -> None:
    """Train the glyphs model of the METU scheme on generated images alone."""
    images = _generated("metu", place / "glyphs", _GLYPHS_COUNT, _GLYPHS_SEED)
    _trained(images, "metu-glyphs", "--method", "glyphs")


def metu(place: Path) -> None:
    """Train the whole-image model of the METU scheme on generated images alone."""
    images = _generated("metu", place / "metu", _WHOLE_COUNT, _WHOLE_SEED)
    _trained(images, "metu", "--recipe", "fast", "--devices", "2", "--time-limit", "10m")


def start(place: Path) -> None:
    """Train the start of other trainings on captchas in as many styles as there are images."""
    images = _generated("varied", place / "varied", _START_COUNT, _START_SEED)
    _trained(images, "start", "--recipe", "start", "--devices", "2", "--time-limit", "50m")


_BUILDERS = {"metu-glyphs": metu_glyphs, "metu": metu, "start": start}


def main(names: list[str]) -> None:
    """Build the models that are named, or all."""
    for name in names or _BUILDERS:
        with tempfile.TemporaryDirectory() as place:
            _BUILDERS[name](Path(place))


if __name__ == "__main__":
    main(sys.argv[1:])
