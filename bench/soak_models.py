"""Mutated model files: none may crash, raise what is not captchascope's, or take much memory.

    python bench/soak_models.py [COUNT]

Opens COUNT (1,000 by default) files that ``tests/model/mutants.py`` has changed, of those that ship
and those of earlier versions, in a process of limited memory, and says what became of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

_SEED, _TOLERATED = 990_014, 400  # MB, of which the libraries alone take 90
_ROOT = Path(__file__).parent.parent
_MODELS = (*_ROOT.glob("src/captchascope/models/*.onnx"), *_ROOT.glob("tests/model/golden/*.onnx"))


def main(count: int) -> None:
    """Open them, and compare the peak memory with what is tolerated."""
    models = [str(path) for path in sorted(_MODELS)]
    paths = [str(_ROOT / "src"), str(_ROOT / "tests")]
    done = subprocess.run(
        [sys.executable, "-m", "model.mutants", f"{count}", f"{_SEED}", *models],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit("a mutated model broke the process; its error stands above")
    told = json.loads(done.stdout)
    print(f"{count} mutated models: {told}")
    if told["megabytes"] > _TOLERATED:
        sys.exit(f"more than {_TOLERATED} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
