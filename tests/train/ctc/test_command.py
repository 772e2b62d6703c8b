"""captchascope train, without segmentation, from a folder of images to a model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from captchascope.model.file import open_model
from captchascope.train.checkpoint import CHECKPOINT
from cli.commands import STRICT, TIMEOUT, Cli, one_line, shaped
from train.ctc.tasks import folder_of, tiny

TRAIN = ["train", "digits", "-o", "mine.onnx", "--recipe", "fast", "--from", "none"]
RUN = Path("mine.onnx.run")


def test_what_is_inferred_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr, with a line per round; the result alone is on stdout, and the model reads."""
    tiny(monkeypatch)
    folder_of(Path("digits"), 150)
    folder_of(Path("unseen"), 60, seed=9)
    done = cli(*TRAIN, "--seed", "3")
    assert done.status == 0, done
    assert done.errors[:6] == [
        "alphabet  0123 (4 characters)",
        "length    2",
        "input     40 x 32 pixels, gray",
        "samples   135 to train on, 15 to validate on",
        "untrained any, told alphabet and length, reads 0 of the 15 texts to validate on",
        "from      nothing",
    ]
    rounds = [line for line in done.errors if line.startswith("step ")]
    shape = (
        r"step \d+/60  loss \d\.\d{4}  validation: \d+\.\d\d% of 15 texts, \d+\.\d\d% of characters"
    )
    assert all(re.fullmatch(shape + r"  \d+\.\d s", line) for line in rounds)
    *told, looks, kept = done.errors[6:]
    assert told == rounds
    assert kept == "kept step 60 of 60: the last, as 15 validation texts are too few to choose by"
    assert re.fullmatch(r"looks at  columns 1 to (3[2-9]|40)", looks)  # what it needs is learnt
    measured = r"\d+\.\d\d% of 15 validation texts\tconfidence uncalibrated"
    assert re.fullmatch(rf"mine\.onnx\t150 samples\t\d+\.\d s\t{measured}", done.rows[0])
    meta = open_model("mine.onnx").metadata
    assert (meta.method, meta.charset.chars, meta.lengths) == ("whole", "0123", (2, 2))
    assert json.loads(meta.data) == {"samples": 150, "recipe": "fast", "from": "nothing"}
    assert (meta.seed, meta.metrics["steps"]) == (3, 60)
    assert sorted(path.name for path in RUN.iterdir()) == ["lock", "log.csv", "tensorboard"]
    result = json.loads(cli("test", "unseen", "--model", "mine.onnx", "--format", "json").out)
    assert result["captcha"]["value"] > 0.8


@pytest.mark.parametrize(("count", "marks"), [(12, ["confidence uncalibrated"]), (30, [])])
def test_few_labels_are_all_trained_on_and_validated_by_folds(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, count: int, marks: list[str]
) -> None:
    """Beginning with a model; where fewer than thirty tell, its confidence is uncalibrated."""
    tiny(monkeypatch, batch=8, views=8 * 80)
    folder_of(Path("digits"), count)
    done = cli(*TRAIN[:-1], "metu")
    assert done.status == 0
    assert f"samples   {count} to train on, {count} to validate on by folds" in done.errors
    assert len([line for line in done.errors if line.startswith("fold ")]) == 4
    name, samples, _, measured, *marked = done.rows[0].split("\t")
    assert (name, samples, marked) == ("mine.onnx", f"{count} samples", marks)
    assert measured.endswith(f"% of {count} validation texts")
    metrics = open_model("mine.onnx").metadata.metrics
    assert (metrics["validation_samples"], metrics["validation_folds"]) == (count, 4)
    assert metrics["steps"] == 40  # the folds have the other half


def test_a_time_too_short_for_a_few_labels_is_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is there, and so is a line that it may be better with more time."""
    tiny(monkeypatch, batch=8, views=10**7, most_views=10**7)
    monkeypatch.setattr("captchascope.train.ctc.workflow._AFTERWARDS", 1.0)
    folder_of(Path("digits"), 12)
    done = cli(*TRAIN[:-1], "metu", "--time-limit", "15s", "-q")
    assert done.status in (0, 1)  # few steps on a busy machine teach nothing, which is no success
    assert done.rows
    what = r"warning: the time limit ended the training after \d+ of 40000 steps \(it may read "
    assert any(re.match(what, line) for line in done.errors), done.errors


def test_little_and_odd_data(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three images train a model, with a warning; a bad one among them is told."""
    tiny(monkeypatch, most_views=8 * 100, batch=8)
    folder_of(Path("digits"), 4)
    Path("digits/2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = cli(*TRAIN)
    assert open_model("mine.onnx").metadata.method == "whole"
    assert done.status == 1
    assert done.rows[0].startswith("mine.onnx\t3 samples\t")
    assert any(line.startswith("warning: labels: 4 samples: expect") for line in done.errors)
    told = [line for line in done.errors if line.startswith("captchascope: digits/")]
    assert len(told) == 1
    assert shaped(told[0]).startswith("digits/2.png: ")


def labelled(*labels: str) -> None:
    """Make a folder of equal images with these labels."""
    folder_of(Path("digits"), len(labels))
    rows = [f"{i}.png,{label}" for i, label in enumerate(labels)]
    Path("digits/labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (("12",) * 6, "digits: all 6 labels are '12': there is nothing to tell apart ("),
        (("1", "11", "111"), "digits: the labels hold no character but '1' ("),
        (("12" * 30, "13" * 30), "digits: no sample can be trained on: "),
    ],
)
def test_nothing_to_learn(cli: Cli, labels: tuple[str, ...], says: str) -> None:
    """One line that says why, and no trace."""
    labelled(*labels)
    done = cli(*TRAIN, "-q")
    assert (done.status, done.out) == (1, "")
    assert shaped(done.errors[-1]).startswith(says)
    assert sorted(path.name for path in Path().iterdir()) == ["captchas", "digits"]


def test_no_image_that_can_be_decoded(cli: Cli) -> None:
    """The first of them is named."""
    folder_of(Path("digits"), 3)
    for path in Path("digits").glob("*.png"):
        path.write_bytes(b"")
    line = shaped(cli(*TRAIN, "-q").errors[-1])
    assert line.startswith("digits: no sample can be trained on: digits/0.png: is empty (")


@pytest.fixture
def left_behind(place: Path) -> None:
    """Leave what a training that was ended leaves."""
    folder_of(Path("digits"), 60)
    RUN.mkdir()
    facts = {"--recipe": "fast", "--seed": 0, "--from": "nothing", "samples": "other"}
    torch.save({"facts": facts}, RUN / CHECKPOINT)


@pytest.mark.usefixtures("left_behind")
@pytest.mark.parametrize(
    ("options", "differs"),
    [
        (["--seed", "1"], "--seed 0, not 1"),
        (["--recipe", "default"], "--recipe fast, not default"),
        ([], "other samples"),
    ],
)
def test_another_training_cannot_be_taken_up(cli: Cli, options: list[str], differs: str) -> None:
    """What differs is named; what is there stays."""
    done = cli(*TRAIN, *options, "--resume", "-q")
    assert done.status == 2
    line = f"{RUN / CHECKPOINT}: was made with {differs} "
    assert shaped(done.errors[-1]).startswith(line)
    assert (RUN / CHECKPOINT).exists()


def test_nothing_to_take_up(cli: Cli) -> None:
    """It is said before anything is trained."""
    folder_of(Path("digits"), 60)
    line = one_line(cli(*TRAIN, "--resume", "-q"), 1)
    assert line.startswith(f"{RUN / CHECKPOINT}: is not there: nothing to resume (")
    assert not RUN.exists()


@pytest.mark.usefixtures("left_behind")
def test_what_was_left_is_not_taken_up_unasked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and training begins anew."""
    tiny(monkeypatch)
    done = cli(*TRAIN)
    assert done.status == 0
    assert f"{RUN} held an unfinished training: beginning anew" in done.errors
    assert not (RUN / CHECKPOINT).exists()


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        (["--devices", "0"], "train: invalid value for '--devices'"),
        (["--nodes", "no"], "train: invalid value for '--nodes'"),
        (["--from", "missing.onnx"], "missing.onnx: "),
        (["--time-limit", "1s"], "train: no time was left for a step ("),
    ],
)
def test_what_cannot_be(cli: Cli, options: list[str], begins: str) -> None:
    """One line, and no trace."""
    folder_of(Path("digits"), 30)
    done = cli(*TRAIN, *options, "-q")
    assert done.status in (1, 2)
    assert shaped(done.errors[-1]).startswith(begins)
    assert sorted(path.name for path in Path().iterdir()) == ["captchas", "digits"]


def test_what_is_first_on_screen_needs_nothing(place: Path) -> None:
    """A line is out, and a place that cannot be written refused, before torch is imported."""
    folder_of(place / "digits", 3)
    program = (
        "import sys; from captchascope.cli.app import run_command_line as run\n"
        "def heard(event, what):\n"
        "    if event == 'import' and what[0] == 'torch': print('torch', file=sys.stderr)\n"
        "sys.addaudithook(heard); run([*sys.argv[1:4], 'mine']); run(sys.argv[1:])"
    )
    command = [sys.executable, *STRICT, "-c", program, *TRAIN[:4], "--labels", "3"]
    options = ["--time-limit", "1s"]  # no time for a step
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    said = done.stderr.splitlines()
    assert said[0].startswith("captchascope: mine: is no name of a model")
    assert said[1] == "reading the labels of digits"
    assert "torch" in said[2:]


def test_a_partly_labelled_folder_is_normal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and status 0, whether there is a row without a label, or no row."""
    tiny(monkeypatch)
    folder_of(Path("digits"), 60)
    header, *rows = Path("digits/labels.csv").read_text().splitlines()
    rows = [*rows[:40], *(row.split(",")[0] + "," for row in rows[40:44])]
    Path("digits/labels.csv").write_text("\n".join([header, *rows]) + "\n")
    done = cli(*TRAIN)
    assert done.status == 0, done
    told = [line for line in done.errors if "label:" in line]
    learns = "`--unlabelled DIR` learns from images without labels"
    assert told == [f"20 of 60 images have no label: left out; {learns}"]
    assert done.rows[0].split("\t")[1] == "40 samples"


def test_many_bad_rows_are_told_together(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first few of a kind, then how many more; the status tells."""
    tiny(monkeypatch)
    folder_of(Path("digits"), 60)
    with Path("digits/labels.csv").open("a") as file:
        file.writelines(f"{n}.png,01\n" for n in range(100, 130))
        file.write("1.png,01\n")
    done = cli(*TRAIN)
    assert (done.status, len(done.rows)) == (1, 1)
    told = [shaped(line) for line in done.errors if line.startswith("captchascope: ")]
    assert [line.split(" (")[0] for line in told] == [
        *(
            f"digits/labels.csv:{62 + n}: names '{100 + n}.png', which is not there"
            for n in range(5)
        ),
        "digits/labels.csv: and 25 more like it",
        "digits/labels.csv:92: labels '1.png' again, after line 3",
    ]


def test_labels_whose_case_says_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model knows lower case alone, whatever the labels had."""
    tiny(monkeypatch)
    labelled(*(("aB", "Ab", "ba", "BB", "aA") * 6))
    done = cli(*TRAIN, "--ignore-case")
    assert "alphabet  ab (2 characters)" in done.errors
