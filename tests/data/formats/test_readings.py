"""What a model has read is no label, until somebody says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from cli.commands import Cli
from data.formats.made import converted, dumped, folder_of, labels

HEADER = "file,text,confidence,error,abstained,unfamiliar"
READ = {"1.png": "4F7KA", "2.png": "X9QPM", "3.png": "J2VRT"}
TRUTH = READ | {"2.png": "X9QPW"}


def table(separator: str = ",", header: str = HEADER) -> str:
    """Return readings as ``read --format csv`` prints them."""
    rows = [f"{image},{text},0.998744,,false,false" for image, text in READ.items()]
    return "\r\n".join([header, *rows, ""]).replace(",", separator)


def lines(form: str = "{}\t{}\t0.9987\n") -> str:
    """Return readings as ``read`` prints them."""
    return "".join(form.format(*row) for row in READ.items())


@pytest.fixture
def unlabelled(cli: Cli) -> Path:
    """Give a folder of captchas without a label file."""
    for name in ("labels.csv", "labels.txt"):
        Path("captchas", name).unlink(missing_ok=True)
    return Path("captchas")


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("csv", ["readings.csv", "labels.csv", "readings.tsv"]),
        ("jsonl", ["readings.jsonl", "labels.jsonl"]),
        ("text", ["readings.txt", "labels.txt", "labels.csv"]),
        ("table", ["labels.txt"]),
    ],
)
def test_what_read_prints_is_not_taken(
    cli: Cli, unlabelled: Path, form: str, names: list[str]
) -> None:
    """Saved among the images under any name, it is refused, and the error says what to do."""
    printed = cli("read", unlabelled, "--first", "1", "--last", "3", "--format", form).out
    for name in names:
        place = unlabelled / name
        place.write_bytes(printed.encode())
        for command in ("test", "check"):
            done = cli(command, unlabelled)
            assert (done.status, done.out) == (1, "")
            what = f"captchascope: {place}: holds readings of captchascope, which are no labels"
            remedy = f"(correct the texts and say --labels-from {place}, or remove it)"
            assert done.errors == [f"{what} {remedy}"]
        place.unlink()


@pytest.mark.parametrize("form", ["csv", "jsonl", "text"])
def test_what_watch_prints_is_not_taken(cli: Cli, unlabelled: Path, form: str) -> None:
    """Its rows are those of read."""
    done = cli("watch", unlabelled, "--existing", "--count", "3", "--format", form)
    (unlabelled / "labels.csv").write_bytes(done.out.encode())
    with pytest.raises(DatasetError, match="holds readings"):
        read_dataset(unlabelled)


def test_what_serve_answers_is_not_taken(tmp_path: Path) -> None:
    """A list of readings in an object."""
    rows = [
        {"file": file, "text": text, "confidence": 0.9, "abstained": False, "unfamiliar": False}
        for file, text in READ.items()
    ]
    dumped(folder_of(tmp_path, [*READ]) / "a.json", {"model": "any", "readings": rows})
    with pytest.raises(DatasetError, match="holds readings"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    "text", [table(), table(";"), table("\t"), f"sep=;\r\n{table(';')}", lines()]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_however_a_program_has_saved_them(tmp_path: Path, text: str, encoding: str) -> None:
    """A spreadsheet parts columns otherwise, and some shells write UTF-16."""
    (folder_of(tmp_path, [*READ]) / "a.csv").write_bytes(text.encode(encoding))
    with pytest.raises(DatasetError, match="holds readings"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("name", ["readings.csv", "labels.csv", "labels.txt"])
def test_what_is_named_is_taken(tmp_path: Path, name: str) -> None:
    """By its path, or by its form; converted, they are labels as any others."""
    place = folder_of(tmp_path / "in", [*READ]) / name
    place.write_text(table() if name.endswith("csv") else lines())
    sources = [str(place), place.suffix[1:]] if place.stem == "labels" else [str(place)]
    for source in sources:
        dataset = read_dataset(place.parent, source)
        assert labels(dataset) == READ
    dest, _ = converted(dataset, "csv", tmp_path / "out")
    assert labels(read_dataset(dest)) == READ


@pytest.mark.parametrize("read", ["labels.csv", "labels.txt", "readings.csv"])
@pytest.mark.parametrize("true", ["labels.jsonl", "people.jsonl", "1.txt"])
def test_other_labels_go_before_them(tmp_path: Path, read: str, true: str) -> None:
    """They are not even compared with those; what is passed over is said where it was looked at."""
    folder_of(tmp_path, [*READ])
    (tmp_path / read).write_text(table() if read.endswith("csv") else lines())
    if true == "1.txt":
        for image, text in TRUTH.items():
            (tmp_path / image).with_suffix(".txt").write_text(f"{text}\n")
    else:
        rows = [json.dumps({"file": file, "label": text}) for file, text in TRUTH.items()]
        (tmp_path / true).write_text("\n".join(rows))
    found = read_dataset(tmp_path)
    assert labels(found) == TRUTH
    assert found.origin.doubts == ()
    note = (
        f"{tmp_path / read} is passed over: it holds readings of captchascope, which are no labels"
    )
    unseen = read == "readings.csv" and true != "people.jsonl"
    assert [*found.origin.notes] == ([] if unseen else [note])


def test_names_of_files_go_before_them(tmp_path: Path) -> None:
    """They are what somebody has called the images."""
    names = [f"{text}.png" for text in ("4F7KA", "X9QPW", "J2VRT", "8HNWC", "P5BDE", "ZK3YM")]
    folder_of(tmp_path, names)
    rows = "".join(f"{name},XXXXX,0.5,,false,false\n" for name in names)
    (tmp_path / "readings.csv").write_text(f"{HEADER}\n{rows}")
    found = read_dataset(tmp_path)
    assert labels(found) == {name: Path(name).stem for name in names}
    assert any("holds readings" in note for note in found.origin.notes)


def test_labels_above_go_before_them(tmp_path: Path) -> None:
    """A file of readings beside the images hides none."""
    folder = folder_of(tmp_path / "images", [*READ])
    (folder / "readings.csv").write_text(table())
    (tmp_path / "labels.csv").write_text(table())
    with pytest.raises(DatasetError, match="holds readings"):
        read_dataset(folder)
    (tmp_path / "labels.txt").write_text("".join(f"{text}\n" for text in TRUTH.values()))
    assert labels(read_dataset(folder)) == TRUTH


@pytest.mark.parametrize(
    "text",
    [
        table(header="file,label,confidence,error,abstained,unfamiliar"),
        table(header="file,text,confidence,error,user,split"),
        "file,text,confidence\n" + "".join(f"{f},{t},0.9987\n" for f, t in READ.items()),
        "file\ttext\tconfidence\n" + lines(),
        lines("{}\t{}\t99.87\n"),
        lines("{},{},0.9987\n"),
    ],
)
def test_a_table_of_ones_own_may_have_a_confidence(tmp_path: Path, text: str) -> None:
    """Whoever calls a column label means it, and a confidence may be a person's."""
    (folder_of(tmp_path, [*READ]) / "labels.csv").write_text(text)
    assert labels(read_dataset(tmp_path)) == READ
