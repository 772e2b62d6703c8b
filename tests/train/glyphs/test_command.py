"""captchascope train, from a folder of captchas to a model that reads others."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.generate import write_folder
from captchascope.model.file import open_model
from cli.commands import Cli, Done, one_line, shaped
from train.glyphs.tiny import set_quick

GLYPHS = "--method", "glyphs"


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw sixty captchas."""
    folder = tmp_path_factory.mktemp("data") / "sixty"
    write_folder("metu", folder, 60, 5)
    return folder


def shares(cli: Cli, model: str) -> dict[str, float]:
    """Return how many captchas and characters a model reads of twelve that it has never seen."""
    result = json.loads(cli("test", "captchas", "--model", model, "--format", "json").out)
    return {key: result[key]["value"] for key in ("captcha", "character")}


def row_of(done: Done) -> list[str]:
    """Return the columns of the only row."""
    assert (done.status, len(done.rows)) == (0, 1), done
    return done.rows[0].split("\t")


def test_the_default_recipe(cli: Cli, sixty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty captchas are enough to read digits that were never seen far better than by chance."""
    set_quick(monkeypatch, min_steps=300)
    done = cli("train", sixty, "-o", "mine.onnx", *GLYPHS, "--seed", "3")
    name, samples, seconds, measured, sure = row_of(done)
    assert (name, samples, sure) == ("mine.onnx", "60 samples", "confidence uncalibrated")
    assert re.fullmatch(r"\d+\.\d s", seconds)
    assert re.fullmatch(r"\d+\.\d\d% of 6 validation texts", measured)
    meta = open_model("mine.onnx").metadata
    assert (meta.seed, meta.charset.chars) == (3, "0123456789")
    assert json.loads(meta.data) == {"samples": 60, "recipe": "default"}
    assert meta.input["kind"] == "window"
    assert shares(cli, "mine.onnx")["character"] > 0.6
    log = Path("mine.onnx.run/log.csv").read_text().splitlines()
    assert len(log) == 1 + int(str(meta.metrics["epochs"]))


def test_the_tutorials_recipe(cli: Cli, sixty: Path) -> None:
    """Its twenty epochs are told one by one on stderr, and it reads far better than by chance."""
    done = cli("train", sixty, "-o", "mine.onnx", "--recipe", "tutorial")
    row_of(done)
    assert len(done.errors) == 21
    assert re.fullmatch(r"epoch 20/20  loss 0\.\d{4}  \d+\.\d s", done.errors[-2])
    kept = "kept epoch 20 of 20: the last, as none are held out to choose by"
    assert done.errors[-1] == kept
    meta = open_model("mine.onnx").metadata
    assert json.loads(meta.data) == {"samples": 60, "recipe": "tutorial"}
    assert (meta.input, meta.temperature) == ({"kind": "glyph", "height": 24, "width": 14}, 1)
    assert (meta.metrics["epoch"], meta.metrics["epochs"]) == (20, 20)
    assert shares(cli, "mine.onnx")["character"] > 0.6
    assert cli("explain", "captchas/1.jpeg", "-o", "stages.png", "--model", "mine.onnx").status == 0


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the command of a training that takes a second."""
    set_quick(monkeypatch, "tutorial", epochs=1)
    return ["train", "captchas", "-o", "mine.onnx", "--recipe", "tutorial", "-q"]


def test_ranges_and_labels_choose_the_rows(cli: Cli, brief: list[str]) -> None:
    """Positions first, then so many of them by the seed, as ``Dataset.take`` gives them.

    Any other row would be told, as there is no image in its place.
    """
    data = read_dataset(Path("captchas")).select(2, 9)
    taken = {sample.path for sample in data.take(4, 9).samples}
    for path in Path("captchas").glob("*.jpeg"):
        if path not in taken:
            path.write_bytes(b"")
    row = row_of(cli(*brief, "--first", "2", "--last", "9", "--labels", "4", "--seed", "9"))
    assert row[1] == "4 samples"
    assert json.loads(open_model("mine.onnx").metadata.data)["samples"] == 4


def test_a_scheme_of_ones_own(cli: Cli, brief: list[str]) -> None:
    """The model carries it, so that it can read without the file."""
    shown = cli("schemes", "--show", "metu").out
    Path("mine.toml").write_text(shown.replace('name = "metu"', 'name = "mine"'))
    row_of(cli(*brief, "--scheme", "mine.toml", "--no-repair"))
    Path("mine.toml").unlink()
    scheme = open_model("mine.onnx").metadata.scheme
    assert scheme is not None
    assert (scheme["name"], dict(scheme["repair"])["enabled"]) == ("mine", False)  # type: ignore[call-overload]
    assert len(cli("read", "captchas", "--model", "mine.onnx").rows) == 12


def test_a_time_limit_ends_it_early(cli: Cli, sixty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is done by then, and the model is there."""
    set_quick(monkeypatch, epochs=10**6)
    begun = time.monotonic()
    done = cli("train", sixty, "-o", "mine.onnx", *GLYPHS, "--time-limit", "18s")
    assert time.monotonic() - begun < 18
    row_of(done)
    planned = int(re.findall(r"/(\d+)  loss", done.err)[0])
    assert int(str(open_model("mine.onnx").metadata.metrics["epochs"])) < planned


def test_a_time_limit_that_is_too_short(cli: Cli) -> None:
    """No epoch can be trained: one line, and no model."""
    line = one_line(cli("train", "captchas", "-o", "mine.onnx", *GLYPHS, "--time-limit", "3s"), 1)
    assert line == "train: no time was left for an epoch (give a longer time limit)"
    assert not Path("mine.onnx").exists()


def test_a_loss_that_is_no_number(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and the model that was there stays."""
    set_quick(monkeypatch, "tutorial", rate=float("inf"))
    Path("mine.onnx").write_bytes(b"kept")
    line = one_line(cli("train", "captchas", "-o", "mine.onnx", "--recipe", "tutorial"), 1)
    assert line == "train: the loss is not a number any more (try another seed)"
    assert Path("mine.onnx").read_bytes() == b"kept"


def test_rows_that_cannot_be_used(cli: Cli, brief: list[str]) -> None:
    """One line each, the rest is trained on, and the status tells; no label at all is no fault."""
    rows = Path("captchas/labels.csv").read_text().splitlines()
    rows[1], rows[2] = "1.jpeg,12345a,1", "2.jpeg,98765,1"
    rows[3:5] = [rows[4], rows[4]]  # the third is missing, the fourth twice
    Path("captchas/labels.csv").write_text("\n".join(rows) + "\n")
    Path("captchas/labels.txt").unlink()
    Path("captchas/5.jpeg").write_bytes(b"")
    done = cli(*brief)
    assert (done.status, done.rows[0].split("\t")[0]) == (1, "mine.onnx")
    assert sorted(shaped(line).partition(" (")[0] for line in done.errors) == [
        "captchas/5.jpeg: is empty",
        "captchas/labels.csv:2: gives '1.jpeg' a label with 'a', not in '0123456789'",
        "captchas/labels.csv:3: gives '2.jpeg' a label of 5 characters, not 6",
        "captchas/labels.csv:5: labels '4.jpeg' again, after line 4",
    ]
    assert len(cli("read", "captchas/1.jpeg", "--model", "mine.onnx").rows) == 1


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        (["--labels", "0"], "captchas: has 12 usable samples, not 0 ("),
        (["--labels", "13"], "captchas: has 12 usable samples, not 13 ("),
        (["--first", "13"], "captchas: has no range of images 13 to 12 ("),
        (["--seed", "-1"], "--seed: must be 0 to 2**63 - 1, not -1 ("),
        (["--seed", str(2**63)], "--seed: must be 0 to 2**63 - 1, not "),
        (["--method", "none"], "train: invalid value for '--method'"),
        ([*GLYPHS, "--recipe", "fast"], "--recipe: fast is of --method whole (not of glyphs"),
        (["--method", "whole", "--recipe", "tutorial"], "--recipe: tutorial is of --method gl"),
        ([*GLYPHS, "--from", "none"], "--from: has no meaning for --method glyphs ("),
        (["--recipe", "tutorial", "--resume"], "--resume: has no meaning for --method glyphs ("),
        (["--scheme", "metu"], "--scheme: has no meaning for --method whole ("),
        (["--recipe", "none"], "train: invalid value for '--recipe'"),
    ],
)
def test_wrong_usage(cli: Cli, options: list[str], begins: str) -> None:
    """It is known before anything is trained, and leaves no trace."""
    assert one_line(cli("train", "captchas", "-o", "mine.onnx", *options), 2).startswith(begins)
    assert [path.name for path in Path().iterdir()] == ["captchas"]


def test_nothing_to_train_on(cli: Cli) -> None:
    """No folder, no image, no label, no captcha: one line that says which."""
    Path("empty").mkdir()
    for folder in ("none", "empty"):
        assert one_line(cli("train", folder, "-o", "m.onnx"), 1).startswith(f"{folder}: ")
    for path in Path("captchas").glob("*.jpeg"):
        path.write_bytes(b"")
    line = shaped(cli("train", "captchas", "-o", "m.onnx", "-q").errors[-1])
    assert line.startswith("captchas: no sample can be trained on: captchas/")
    assert line.endswith(": is empty (download or copy it again)")
    assert not Path("m.onnx").exists()
