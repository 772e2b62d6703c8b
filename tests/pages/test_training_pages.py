"""The pages on models and on audits: what is trained and measured there, for seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.generate import draw_captcha
from pages.making import captchas
from pages.walk import Walker, walking


def shards(walker: Walker) -> None:
    """Draw captchas into a folder, and into two Parquet files."""
    import pyarrow as pa
    from pyarrow import parquet

    captchas(count=60)(walker)
    (walker.place / "shards").mkdir()
    for shard in range(2):
        drawn = [draw_captcha("metu", 2, 30 * shard + number) for number in range(1, 31)]
        columns = {"image": [one.jpeg() for one in drawn], "text": [one.label for one in drawn]}
        parquet.write_table(pa.table(columns), walker.place / "shards" / f"train-{shard}.parquet")


def test_models(tmp_path: Path) -> None:
    """The models that ship, training from Python, and from Parquet."""
    for module in ("torch", "pyarrow"):
        pytest.importorskip(module, reason="needs the extras 'train' and 'bulk'")
    with walking(tmp_path) as walker:
        walker.walk("models.md", {"": shards})


def test_audit(tmp_path: Path) -> None:
    """A report, a gate, and the same from Python."""
    for module in ("matplotlib", "filelock"):
        pytest.importorskip(module, reason="needs the extra 'report'")
    with walking(tmp_path) as walker:
        walker.walk("audit.md", {"": captchas()})
