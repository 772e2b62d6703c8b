"""Tables as people bring them, of known truth: read right, refused or doubted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.data.formats.contents import read_table
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError

CASES = 1000
DIGITS, LOWER, UPPER = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = (DIGITS, DIGITS + "ABCDEF", UPPER, LOWER + DIGITS, LOWER + UPPER + DIGITS, "+-*=?123")
USUAL = (
    *(("file", "label"), ("filename", "words"), ("image_path", "plate_text"), ("image", "text")),
    *(("File Name", "Solution"), ("path", "answer"), ("img", "code"), ("file_name", "text")),
)
FOREIGN = (("Datei", "Lösung"), ("imagen", "texto"), ("a", "b"), ("x1", "x2"), ("файл", "метка"))
UNTITLED = ("", "")
STEMS = ("{}", "{:04}", "img_{}", "captcha-{:03}", "Scan {}", "digest", "token")
PATHS = ("{}.png", "./{}.png", "C:\\captchas\\{}.png", "/home/a/set/{}.png", "{}", "{}.PNG")


@dataclass(slots=True)
class Table:
    """A table: what it says of each image, and how.

    Attributes:
        truth: What each image reads.
        names: What the columns of images and labels are called.
        extra: The further columns.
        text: The table.
    """

    truth: dict[str, str]
    names: tuple[str, str]
    extra: list[str] = field(default_factory=list)
    text: str = ""


def misread(rng: random.Random, text: str) -> str:
    """Return what a bad reader makes of a text: half of them are right."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice([text[at], "8"]) + text[at + 1 :]


EXTRA: dict[str, Callable[[random.Random, int, str], str]] = {
    "id": lambda _, i, __: str(i),
    "width": lambda rng, *_: rng.choice(["150", "160"]),
    "height": lambda *_: "50",
    "split": lambda rng, *_: rng.choice(["train", "val"]),
    "score": lambda rng, *_: f"{rng.random():.3f}",
    "date": lambda _, i, __: f"2024-01-{1 + i % 28:02}",
    "prediction": lambda rng, _, text: misread(rng, text),
    "ocr": lambda rng, _, text: misread(rng, text),
    "session": lambda rng, *_: "".join(rng.choices(LOWER + DIGITS, k=6)),
    "seconds": lambda rng, *_: str(rng.randrange(2, 40)),
    "length": lambda _, __, text: str(len(text)),
    "sha256": lambda rng, *_: rng.randbytes(32).hex(),
    "": lambda *_: "",
}
"""Further columns by name, of which some look like labels."""


def labels_of(rng: random.Random, count: int) -> list[str]:
    """Return random labels of one length, or of several."""
    alphabet, length = rng.choice(ALPHABETS), rng.randrange(3, 8)
    spread = rng.choice([0, 0, 1])
    return ["".join(rng.choices(alphabet, k=length + rng.randint(0, spread))) for _ in range(count)]


def stems_of(rng: random.Random, count: int) -> list[str]:
    """Return names of images, without a suffix, in any order."""
    form, first = rng.choice(STEMS), rng.choice([0, 1, 1, 1, 500])
    made = {"digest": lambda: rng.randbytes(16).hex(), "token": lambda: rng.randbytes(6).hex()}
    stems = [made[form]() if form in made else form.format(first + i) for i in range(count)]
    return rng.sample(stems, count)


def cell_of(rng: random.Random, text: str, mark: str) -> str:
    """Return a label as a spreadsheet or an editor keeps it."""
    forms = {"formula": f'="{text}"', "apostrophe": f"'{text}", "blanks": f" {text} "}
    return forms.get(mark, text) if rng.random() < 0.9 else text


def written(rng: random.Random, rows: list[list[str]], titled: bool) -> str:
    """Return rows as text: with any separator, quoting and end of lines."""
    separator, always = rng.choice(",,;\t|"), rng.random() < 0.2

    def cell(text: str) -> str:
        inside = always or separator in text or '"' in text
        return '"' + text.replace('"', '""') + '"' if inside else text

    lines = [separator.join(map(cell, row)) for row in rows]
    if titled and rng.random() < 0.1:
        lines.insert(0, f"sep={separator}")
    if rng.random() < 0.2:
        lines.insert(rng.randrange(1, len(lines)), separator * (len(rows[0]) - 1))
    text = rng.choice(["\n", "\r\n"]).join([*lines, ""])
    return rng.choice(["", "", "", "\ufeff"]) + text


def brought(seed: int, names: tuple[str, str] | None = None, extra: int | None = None) -> Table:
    """Return a table drawn by a seed: of 3 to 30 images, with its columns in any order."""
    rng = random.Random(seed)
    count = rng.choice([3, 4, 6, 8, 12, 30])
    labels, stems = labels_of(rng, count), stems_of(rng, count)
    table = Table({f"{s}.png": text for s, text in zip(stems, labels, strict=True)}, UNTITLED)
    table.names = names or rng.choice([*USUAL, *FOREIGN, UNTITLED])
    many = rng.choice([0, 0, 1, 2, 4]) if extra is None else extra
    table.extra = rng.sample([*EXTRA], many)
    order = rng.sample(["the file", "the label", *table.extra], many + 2)
    titles = dict(zip(("the file", "the label"), table.names, strict=True))
    path, mark = rng.choice(PATHS), rng.choice(["", "", "formula", "apostrophe", "blanks"])
    titled = table.names != UNTITLED
    rows = [[titles.get(name, name) for name in order]] if titled else []
    for i, (stem, label) in enumerate(zip(stems, labels, strict=True)):
        cells = {name: EXTRA[name](rng, i, label) for name in table.extra}
        cells |= {"the file": path.format(stem), "the label": cell_of(rng, label, mark)}
        rows.append([cells[name] for name in order])
    table.text = written(rng, rows, titled)
    return table


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables lie; of the images nothing is looked at but their names."""
    return tmp_path_factory.mktemp("tables")


def read(place: Path, table: Table) -> Matching:
    """Match a table with its images."""
    source = place / "labels.csv"
    source.write_bytes(table.text.encode())
    folder = Folder.of(place, sorted(place / name for name in table.truth))
    return read_table(folder, source).settle(strip_spaces=False)


def wrong(found: Matching, table: Table) -> Iterator[tuple[str, str, str]]:
    """Yield the file, the label and the truth of each label that is wrong."""
    for sample in found.samples:
        if sample.label != table.truth[sample.file]:
            yield sample.file, sample.label, table.truth[sample.file]


@settings(max_examples=CASES)
@given(st.integers(0, 2**32))
def test_no_label_is_wrong_in_silence(place: Path, seed: int) -> None:
    """Of a thousand tables: no error and no doubt means that every label is right."""
    table = brought(seed)
    try:
        found = read(place, table)
    except DatasetError:
        return
    assert found.doubts or not [*wrong(found, table)], table
    assert found.problems or len(found.samples) == len(table.truth)


@pytest.mark.parametrize("names", [*USUAL, FOREIGN[0], UNTITLED])
def test_two_columns_are_read_whole(place: Path, names: tuple[str, str]) -> None:
    """Whatever they are called, or if they are not, and whatever the images are called."""
    for seed in range(30):
        table = brought(seed, names, extra=0)
        assert {s.file: s.label for s in read(place, table).samples} == table.truth


@pytest.mark.parametrize("names", USUAL[:2])
def test_usual_names_tell_the_columns(place: Path, names: tuple[str, str]) -> None:
    """Whatever else there is, be it like labels too."""
    for seed in range(40):
        table = brought(seed, names, extra=3)
        assert {s.file: s.label for s in read(place, table).samples} == table.truth


def test_further_columns_without_names_are_a_reason_to_ask(place: Path) -> None:
    """Where the columns alone tell, they are read; else the error says how to name them."""
    remedies = []
    for seed in range(40):
        try:
            read(place, brought(seed, UNTITLED, extra=2))
        except DatasetError as error:
            remedies.append(error.remedy)
    assert 20 <= len(remedies) < 40
    assert all("--label-column" in remedy for remedy in remedies)
