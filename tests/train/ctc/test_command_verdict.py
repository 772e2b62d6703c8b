"""captchascope train where it comes to nothing: it says so, and why, and calls it no success."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from captchascope.generate import write_folder
from captchascope.model.file import open_model
from captchascope.train.recipes import CTC_RECIPES
from cli.commands import Cli, Done, shaped
from train.ctc.tasks import folder_of, tiny

FROM_NOTHING = ["train", "digits", "-o", "mine.onnx", "--recipe", "fast", "--from", "none"]


def told(done: Done) -> list[str]:
    """Return the errors of a training."""
    return [shaped(line) for line in done.errors if line.startswith("captchascope: ")]


def test_what_reads_more_untrained_is_written(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps teach nothing, and the model that reads anything reads these digits."""
    tiny(monkeypatch, most_views=16 * 2)
    folder_of(Path("digits"), 120, shown={})
    folder_of(Path("unseen"), 40, seed=9, shown={})
    done = cli(*FROM_NOTHING)
    assert done.status == 1
    assert any(
        re.fullmatch(r"untrained any, .* reads 1[12] of the 12 texts .*", x) for x in done.errors
    )
    assert re.match(
        r"train: untrained, any reads 1[12] of the 12 validation texts, and", told(done)[0]
    )
    assert "too little time" in told(done)[0]
    assert done.rows[0].split("\t")[-1] == "any untrained, told alphabet and length"
    meta = open_model("mine.onnx").metadata
    assert (meta.charset.chars, meta.lengths, meta.metrics["untrained"]) == ("0123", (2, 2), True)
    assert json.loads(meta.data)["from"] == "any.onnx"
    result = json.loads(cli("test", "unseen", "--model", "mine.onnx", "--format", "json").out)
    assert result["captcha"]["value"] > 0.9


def test_a_network_that_says_the_same_of_all_is_no_model(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are two steps a training where nothing reads the images."""
    tiny(monkeypatch, most_views=16 * 2)
    folder_of(Path("digits"), 120)
    done = cli(*FROM_NOTHING)
    assert (done.status, done.out) == (1, "")
    what = "train: the network did not learn to read: it says the same of every image: "
    assert told(done)[0].startswith(what)
    assert not Path("mine.onnx").exists()


def shuffled_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make 24 captchas whose labels are of others, and a training of two steps."""
    plan = replace(CTC_RECIPES["default"], batch=8, most_views=16, min_steps=2, validations=1)
    monkeypatch.setitem(CTC_RECIPES, "default", plan)
    write_folder("plain", Path("plain"), 24, 3)
    rows = Path("plain/labels.csv").read_text().splitlines()[1:]
    files, labels = zip(*(row.split(",")[:2] for row in rows), strict=True)
    shuffled = [f"{file},{labels[(i * 7 + 1) % 24]}" for i, file in enumerate(files)]
    Path("plain/labels.csv").write_text("\n".join(["file,label", *shuffled]) + "\n")


def test_labels_of_other_images(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is written, and the status and a line tell that it is none to use, and why."""
    shuffled_plain(monkeypatch)
    done = cli("train", "plain", "-o", "mine.onnx", "--from", "metu")
    assert done.status == 1
    assert re.match(
        r"train: it reads none of the \d+ validation texts: labels are of other images: \d+ of 24",
        told(done)[0],
    )
    assert "\t0.00% of " in done.rows[0]
    assert open_model("mine.onnx").metadata.metrics["validation_captcha"] == 0


def test_what_nothing_validated_is_no_success(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the time is up before the folds, the labels are looked at all the same."""
    shuffled_plain(monkeypatch)
    monkeypatch.setattr("captchascope.train.ctc.workflow.read_by_folds", lambda *_: None)
    done = cli("train", "plain", "-o", "mine.onnx", "--from", "metu")
    assert done.status == 1
    what = "train: no time was left to validate it, and untrained any reads none of the texts: "
    assert told(done)[0].startswith(what + "labels are of other images")
    assert "\tvalidated on no text" in done.rows[0]
