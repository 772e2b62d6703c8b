"""Label files as people bring them, on the command line: read, noted, doubted or refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from check.made import noise
from cli.commands import Cli, one_line

CODES = ["0115", "2449", "3909", "2668", "5878", "0034"]
SUMS = ["3-1=?", "6-2=?", "1+0=?", "2+4=?", "9-5=?", "7+8=?"]


@pytest.fixture
def images(place: Path) -> Path:
    """Make a folder of six images that are all different."""
    folder = place / "images"
    folder.mkdir()
    for n in range(1, len(CODES) + 1):
        noise(n).save(folder / f"{n}.png")
    return folder


def rows(labels: list[str], form: str = "{n}.png,{label}\n", head: str = "file,label\n") -> str:
    """Return a table of labels."""
    return head + "".join(form.format(n=n, label=label) for n, label in enumerate(labels, 1))


def written(folder: Path) -> list[str]:
    """Return the labels that ``convert`` has written, by the numbers of the images."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        found = {row["file"]: row["label"] for row in csv.DictReader(file)}
    return [found[f"{n}.png"] for n in range(1, len(found) + 1)]


READ = {
    "lines with tabs": ("labels.txt", rows(CODES, "{n}.png\t{label}\n", "")),
    "lines with commas": ("comma.txt", rows(CODES, "{n}.png,{label}\n", "")),
    "numbered lines": ("labels.txt", rows(CODES, "{label}\n", "")),
    "EasyOCR": ("labels.csv", rows(CODES, head="filename,words\n")),
    "fast-plate-ocr": ("train.csv", rows(CODES, head="image_path,plate_text\n")),
    "no header": ("labels.csv", rows(CODES, head="")),
    "no suffix": ("labels.csv", rows(CODES, "{n},{label}\n")),
    "capitals": ("labels.csv", rows(CODES, "{n}.PNG,{label}\n")),
    "Windows": ("labels.csv", rows(CODES, "C:\\captchas\\{n}.png,{label}\n")),
    "formulas": ("labels.csv", rows(CODES, '{n}.png,="{label}"\n')),
    "apostrophes": ("labels.csv", rows(CODES, "{n}.png,'{label}\n")),
    "sep=": ("labels.csv", rows(CODES, "{n}.png;{label}\r\n", "\ufeffsep=;\r\nfile;label\r\n")),
    "blanks": ("labels.csv", rows(CODES, "{n}.png, {label}\n", "file, label\n")),
    "JSON": ("labels.json", "{" + rows(CODES, '"{n}.png": "{label}",', "")[:-1] + "}"),
}


@pytest.mark.parametrize("kind", READ)
def test_what_can_be_read_is_read(cli: Cli, images: Path, kind: str) -> None:
    """The line says from where, ``check`` finds no fault in that, and all is converted."""
    file, text = READ[kind]
    (images / file).write_text(text, encoding="utf-8", newline="")
    done = cli("check", "images")
    assert done.status == 0, done
    assert f"labels: from images/{file}" in done.err
    assert "`0115` of `1.png`; 6 of 6 images" in done.err
    assert cli("convert", "images", "new", "--to", "csv").status == 0
    assert written(Path("new")) == CODES


@pytest.mark.parametrize("ending", [".txt", ".gt.txt"])
def test_text_files_beside_images(cli: Cli, images: Path, ending: str) -> None:
    """Nothing need be said to have them read, or written."""
    for n, label in enumerate(CODES, 1):
        (images / f"{n}{ending}").write_text(f"{label}\n")
    done = cli("convert", "images", "new", "--to", "csv")
    assert (done.status, written(Path("new"))) == (0, CODES)
    assert "labels: from a text file beside each image" in done.err
    assert cli("convert", "new", "again", "--to", "sidecar").status == 0
    assert (Path("again") / "6.gt.txt").read_text() == "0034\n"


FULL = ["7954", "2205", "8791", "5890", "6034"]
REFUSED = {
    "lost zeros": (
        ("labels.csv", rows([*FULL, "42"])),
        "images/labels.csv:7: has 5 labels of 4 digits, none of which begins with 0, and 1 shorter",
        "--as-written",
    ),
    "decimals": (
        ("labels.csv", rows([f"{code}.0" for code in FULL])),
        "images/labels.csv:2: has 5 labels of 5 that a spreadsheet has changed, such as '7954.0'",
        "format the column as text",
    ),
    "two texts": (
        ("labels.csv", rows(CODES, "{n}.png,{label},x{n}z{n}\n", "file,one,other\n")),
        "images/labels.csv:1: has several columns that could be the label; it has 'file' ('1.png'",
        "--label-column",
    ),
    "other images": (
        ("labels.csv", rows(CODES, "captcha_{n}.png,{label}\n")),
        "images/labels.csv:2: names no image of images: the first is 'captcha_1.png'",
        "'1.png'",
    ),
    "blanks": (
        ("labels.csv", rows([" ".join(text) for text in SUMS])),
        "images/labels.csv:2: has 6 labels with white space, such as '3 - 1 = ?'",
        "--strip-spaces",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_wrong_is_one_line(cli: Cli, images: Path, kind: str) -> None:
    """It says where and what to do about it, and nothing is written."""
    (file, text), begins, remedy = REFUSED[kind]
    (images / file).write_text(text, encoding="utf-8")
    line = one_line(cli("convert", "images", "new", "--to", "csv"), 1)
    assert line.startswith(begins)
    assert remedy in line[line.index(" (") :]
    assert not Path("new").exists()


def test_lines_from_one_beside_images_from_zero(cli: Cli, images: Path) -> None:
    """Nothing is read: every label would be of the image before."""
    (images / "6.png").rename(images / "0.png")
    (images / "labels.txt").write_text("".join(f"{code}\n" for code in CODES))
    line = one_line(cli("convert", "images", "new", "--to", "csv"), 1)
    assert line.startswith("images/labels.txt: begins with line 1, and the images with '0.png'")


def test_columns_are_named_by_flags(cli: Cli, images: Path) -> None:
    """As the error of a table with two texts asks for."""
    (images / "labels.csv").write_text(
        rows(CODES, "x{n}z{n},{label},{n}.png\n", "one,other,which\n"), encoding="utf-8"
    )
    named = ["--file-column", "which", "--label-column", "2"]
    assert cli("convert", "images", "new", "--to", "csv", *named).status == 0
    assert written(Path("new")) == CODES


def test_a_guess_ends_check_with_1(cli: Cli, images: Path) -> None:
    """The warning says which column was taken, and -q does not silence it."""
    text = rows(CODES, "{n}.png,{label},15{n}\n", "image,x9,width\n")
    (images / "labels.csv").write_text(text, encoding="utf-8")
    done = cli("check", "images", "-q")
    assert done.status == 1
    assert "'x9' is taken for the label, as no other column is" in done.out + done.err


def test_spaced_sums(cli: Cli, images: Path) -> None:
    """The flag that the error names takes the blanks out, and says so."""
    (images / "labels.csv").write_text(rows([" ".join(text) for text in SUMS]), encoding="utf-8")
    done = cli("convert", "images", "new", "--to", "csv", "--strip-spaces")
    assert (done.status, written(Path("new"))) == (0, SUMS)
    assert "white space is taken out of 6 labels" in done.err


def test_two_minuses_in_sums(cli: Cli, images: Path) -> None:
    """They become one, with a note; ``check`` ends with 0."""
    (images / "labels.csv").write_text(rows(["3−1=?", *SUMS[1:]]), encoding="utf-8")
    done = cli("check", "images")
    assert done.status == 0, done
    assert "'−' U+2212 to '-'" in done.err + done.out
    assert cli("convert", "images", "new", "--to", "csv").status == 0
    assert written(Path("new")) == SUMS


@pytest.mark.parametrize("labels_from", ["auto", "export.csv"])
def test_an_export_of_label_studio(cli: Cli, images: Path, labels_from: str) -> None:
    """A table of addresses and labels, with what else Label Studio tells."""
    form = "{n},1,2026-01-01T00:00:00Z,{n},/data/upload/1/0000000{n}-{n}.png,{label},2.1\n"
    head = "annotation_id,annotator,created_at,id,image,label,lead_time\n"
    where = images if labels_from == "auto" else Path()
    (where / "export.csv").write_text(rows(CODES, form, head), encoding="utf-8")
    done = cli("convert", "images", "new", "--to", "csv", "--labels-from", labels_from)
    assert (done.status, written(Path("new"))) == (0, CODES)
