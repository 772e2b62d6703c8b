"""Rebuild every model that ships, from seeds: ``make models``.

    python tools/build_models.py

The training images are generated, with a seed that no test, bench or example uses.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_MODELS = Path(__file__).parents[1] / "src" / "captchascope" / "models"
_COUNT, _IMAGE_SEED, _TRAINING_SEED = 20_000, 20261122, 0


def _captchascope(*arguments: str) -> None:
    command = [sys.executable, "-m", "captchascope", *arguments]
    status = subprocess.run(command, check=False).returncode
    if status not in (0, 1):  # 1: some captcha could not be cut, the rest was done
        sys.exit(f"{' '.join(command)} ended with status {status}")


def metu_glyphs(images: Path) -> None:
    """Train the glyphs model of the METU scheme on generated images alone."""
    seed, count = str(_IMAGE_SEED), str(_COUNT)
    _captchascope("generate", "metu", str(images), "--count", count, "--seed", seed)
    model = images.with_name("metu-glyphs.onnx")
    options = ["--method", "glyphs", "--seed", str(_TRAINING_SEED)]
    _captchascope("train", str(images), "-o", str(model), *options)
    (_MODELS / model.name).write_bytes(model.read_bytes())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        metu_glyphs(Path(place) / "metu")
