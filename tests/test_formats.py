"""docs/formats.md names what is read and written: no field more, no field less, in its order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from xml.etree import ElementTree

import pytest

from audit.making import rich
from captchascope import __version__
from captchascope.audit.figures import Picture, Reads
from captchascope.audit.report.junit import junit_of
from captchascope.audit.report.sarif import sarif_of
from captchascope.audit.results import Audit
from captchascope.check.report import Finding, Mention, Report
from captchascope.cli.readings import COLUMNS
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.dataset import read_dataset
from captchascope.evaluate import Rate, evaluate_reader
from captchascope.generate import write_folder
from captchascope.glyphs.inputs import InputSpec
from captchascope.glyphs.scheme import Scheme
from captchascope.image import Preprocessing
from captchascope.model.metadata import _OPTIONAL, FORMAT, Metadata
from captchascope.reader import load
from captchascope.records import CharReading, Reading
from shown import ROOT

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")

WORDS = {str: "text", int: "integer", float: "number", bool: "boolean"}


def table(head: str) -> list[list[str]]:
    """Return the cells of the rows below a head; the first without its backticks."""
    found = re.findall(
        rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE
    )
    assert len(found) == 1, head
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in found[0].splitlines()
    ]
    return [[row[0].strip("` "), *row[1:]] for row in rows]


def names(head: str) -> list[str]:
    """Return the names that a table has."""
    return [row[0] for row in table(head)]


def word_of(hint: Any) -> str:
    """Return the type of a value as the page calls it."""
    if get_origin(hint) in (Union, UnionType):
        parts = [word_of(part) for part in get_args(hint) if part is not NoneType]
        return " or ".join(parts + ["null"] * (NoneType in get_args(hint)))
    if get_origin(hint) is Literal:
        return WORDS[type(get_args(hint)[0])]
    if get_origin(hint) is tuple:
        return (
            "list" if is_dataclass(get_args(hint)[0]) else f"list of {word_of(get_args(hint)[0])}s"
        )
    return WORDS.get(hint, "object")


def typed(record: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the type of each field of a record, those of its records among them."""
    hints = get_type_hints(record)
    for field in fields(record):
        hint, path = hints[field.name], prefix + field.name
        inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
        if not is_dataclass(hint):
            yield path, word_of(hint)
        if isinstance(inner, type) and is_dataclass(inner):
            yield from typed(inner, f"{path}[]." if inner is not hint else f"{path}.")


def keys(value: object, free: Sequence[str] = (), prefix: str = "") -> Iterator[str]:
    """Yield the paths of what JSON holds; of an object in ``free`` the names are the user's."""
    if isinstance(value, dict):
        for key, item in value.items():
            path = f"{prefix}{'*' if prefix.rstrip('.') in free else key}"
            if not isinstance(item, dict) or not item or path in free:
                yield path
            yield from keys(item, free, f"{path}.")
    elif isinstance(value, list) and value:
        yield from keys(value[0], free, f"{prefix.rstrip('.')}[].")


def rated(value: object) -> object:
    """Return what JSON holds with a text for each rate."""
    if isinstance(value, dict):
        if value.keys() == Rate(1, 2).to_json().keys():
            return "rate"
        return {key: rated(item) for key, item in value.items()}
    return [rated(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("head", "record"),
    [("`input`, whole", CtcSpec), ("`input`, glyphs", InputSpec), ("key", Scheme)],
)
def test_records_are_described_field_by_field(head: str, record: type) -> None:
    """With their types."""
    assert [(row[0], row[1]) for row in table(head)] == [*typed(record)]


def test_what_collect_writes_is_described() -> None:
    """The columns of its table, and what it keeps of pages."""
    pytest.importorskip("filelock", reason="needs the extra 'collect'")
    from captchascope.collect.kept import KeptPage
    from captchascope.collect.store import Collected

    assert [(row[0], row[1]) for row in table("`collected.csv`")] == [*typed(Collected)]
    assert [(row[0], row[1]) for row in table("`.pages/N.json`")] == [*typed(KeptPage)]


def test_the_metadata_of_model_files_are_described() -> None:
    """All that are written, those that may be missing said so, and the number of the format."""
    rows = {row[0]: row for row in table("metadata")}
    assert [name for name in rows if "." not in name] == [field.name for field in fields(Metadata)]
    missing = {name for name, row in rows.items() if row[2].endswith("may be missing")}
    assert missing == _OPTIONAL
    assert [name for name in rows if "." in name] == [
        f"preprocessing.{field.name}" for field in fields(Preprocessing)
    ]
    assert rows["format"][2] == f"{FORMAT}"


def test_a_reading_is_described() -> None:
    """As JSON, and which of it is a column of csv."""
    row = Reading("8", 0.5, (CharReading("8", 0.5),)).row("1.png")
    assert names("reading") == [*keys(row)]
    columns = [each[0] for each in table("reading") if each[2] in ("yes", "with `--solve`")]
    assert sorted(columns) == sorted([*COLUMNS, "value"])
    assert ", ".join(f"`{column}`" for column in COLUMNS) in PAGE.replace("\n", " ")


def test_what_bulk_writes_is_described() -> None:
    """The columns of a part with the types of Arrow, and the manifest."""
    pytest.importorskip("pyarrow", reason="needs the extra 'bulk'")
    from captchascope.bulk.manifest import VERSION, Counts, Covered, Entry
    from captchascope.bulk.rows import CHARS, READ

    columns = [(field.name, str(field.type)) for field in READ] + [("chars", str(CHARS))]
    assert [(row[0], row[1]) for row in table("column")] == columns
    covered = Covered()
    covered.add("a.parquet", 0, 2)
    entry = json.loads(Entry("part-00000.parquet", 1, 1.0, Counts(2), covered).json())
    assert names("`part-N.json`") == [*keys(entry)]
    assert {row[0]: row[2] for row in table("`part-N.json`")}["version"] == f"{VERSION}"
    summary = ", ".join(f"`{name}`" for name in ["version", *Counts().row()])
    assert f"`summary.json`, at the end, has {summary} and `seconds`" in PAGE


def test_the_figures_of_a_test_are_described(tmp_path: Path) -> None:
    """Of a real one that has mistakes."""
    write_folder("metu", tmp_path / "captchas", count=3, seed=5)
    labels = tmp_path / "captchas" / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(re.sub(r"(?<=,)\d{6}", "000000", text), encoding="utf-8")
    told = evaluate_reader(load("metu-glyphs"), read_dataset(tmp_path / "captchas")).to_json()
    told = json.loads(json.dumps(told))
    assert names("`test --format json`") == [*dict.fromkeys(keys(rated(told), free=("by_kind",)))]
    assert names("rate") == [*Rate(1, 2).to_json()]


def test_the_findings_of_a_check_are_described() -> None:
    """The report, its findings, and the files that these name."""
    finding = Finding("kind", "note", "labels", "what", "remedy", (Mention("1.png"),))
    report = Report(".", "labels.csv", 1, 1, "a", (1, 1), (finding,)).to_json()
    assert names("`check --format json`") == [*keys(report)]


def records(record: type, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield each object of an audit, and its keys; what a reader has read is shown once."""
    yield f"`{path}`" if path else "the whole", [f"`{field.name}`" for field in fields(record)]
    hints = get_type_hints(record)
    for field in fields(record):
        hint = hints[field.name]
        several = get_origin(hint) is tuple
        parts = [part for part in get_args(hint) or (hint,) if is_dataclass(part)]
        below = f"{path}.{field.name}".lstrip(".") + "[]" * several
        for part in parts:
            again = part is Reads and field.name != "untold"
            if part not in (Rate, Picture) and isinstance(part, type) and not again:
                yield from records(part, below)


def test_an_audit_is_described() -> None:
    """As JSON, object by object; and what it adds to SARIF and JUnit."""
    assert [
        (f"`{row[0]}`" if row[0] != "the whole" else row[0], row[1].split(", "))
        for row in table("object")
    ] == [*records(Audit)]
    text = PAGE.replace("\n", " ")
    (told,) = re.findall(r"In the SARIF.*?have (.*?)\. In the JUnit.*?have (.*?)\. ", text)
    audit = replace(rich(), findings=())  # the kinds of these are made up
    (run,) = sarif_of(audit)["runs"]
    wanted = [*run["properties"], *run["properties"]["attacks"][0]]
    assert re.findall(r"`(\w+)`", told[0]) == wanted
    suite = ElementTree.fromstring(junit_of(audit))
    assert re.findall(r"`(\w+)`", told[1]) == [
        each.attrib["name"] for each in suite.iter("property")
    ]


def test_the_log_of_a_training_is_described() -> None:
    """By either method."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    from captchascope.train.ctc.task import Row
    from captchascope.train.glyphs.task import Epoch

    for head, record in (("`log.csv`, whole", Row), ("`log.csv`, glyphs", Epoch)):
        wanted = [(name, word.removesuffix(" or null")) for name, word in typed(record)]
        assert [(row[0], row[1]) for row in table(head)] == wanted


def test_private_files_are_called_so() -> None:
    """The store of labels, whose number a page has; an audit's measurements, a checkpoint."""
    from captchascope.web.label.schema import _FORMAT, DATABASE

    upgrading = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    assert f"{__version__} have format {_FORMAT}" in upgrading
    for name in (DATABASE, "REPORT.html.run/"):
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
        assert "private" in row
    assert "`checkpoint.pt` is private" in PAGE
