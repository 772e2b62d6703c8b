"""Model files as earlier versions wrote them: docs/models.md lists them, and all are still read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from captchascope import __version__, load
from captchascope.model.file import open_model
from captchascope.model.metadata import FORMAT

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[2] / "docs" / "models.md"
ROW = re.compile(r"^\| (\d+) \| `(\S+\.onnx)` \|", re.MULTILINE)
LISTED = {file: int(form) for form, file in ROW.findall(DOCS.read_text(encoding="utf-8"))}


def test_the_table_has_every_file_and_the_format_that_is_written() -> None:
    """With a file of this version, so that a change of what is written is not forgotten."""
    assert LISTED.keys() == {file.name for file in GOLDEN.glob("*.onnx")}
    assert set(LISTED.values()) == set(range(1, FORMAT + 1))
    assert LISTED[f"whole-{__version__}.onnx"] == FORMAT


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_an_earlier_version_wrote_reads_what_it_read(name: str) -> None:
    """A captcha of metu, or the two characters that a small network knows; surely, and as ever."""
    reader = load(GOLDEN / name)
    metadata = reader.model.metadata
    assert (metadata.format, name.partition("-")[0]) == (LISTED[name], metadata.method)
    image, text = (
        ("bars.png", "0101") if metadata.charset.chars == "01" else ("metu.jpeg", "727405")
    )
    reading = reader.read(GOLDEN / image)
    assert (reading.text, reading.unfamiliar) == (text, False)
    assert reading.confidence > 0.5


def test_the_newest_file_has_all_that_this_version_writes() -> None:
    """Else it were none of it: ``make golden`` writes it anew."""
    newest = open_model(GOLDEN / f"whole-{__version__}.onnx").metadata
    props = newest.to_props()
    assert props.keys() == {*newest.__dataclass_fields__}
