"""Training the general reader: in pieces, each of which gives a model that reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from captchascope.errors import TrainingError, UsageError
from captchascope.generate import draw_captcha
from captchascope.reader import load, model_path
from captchascope.train.checkpoint import CHECKPOINT, read_checkpoint
from captchascope.train.ctc import general
from captchascope.train.ctc.finetune import read_weights, take_over
from captchascope.train.ctc.general import CHARSET, Piece, train_general
from captchascope.train.ctc.network import CtcNet
from captchascope.train.recipes import CTC_RECIPES


def test_pieces_go_on_from_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the weights and the steps, where all was begun alike; each gives a model."""
    monkeypatch.setattr(general, "_VALIDATED", 30)
    few = replace(CTC_RECIPES["general"], batch=4)  # that are soon drawn
    monkeypatch.setitem(CTC_RECIPES, "general", few)
    output = tmp_path / "any.onnx"
    piece = Piece(seconds=1, total=3600, network="fast", processes=0)
    first = train_general(output, piece)
    before = read_checkpoint(tmp_path / "any.onnx.run" / CHECKPOINT)
    output.write_bytes(train_general(output, replace(piece, resume=True)))
    after = read_checkpoint(tmp_path / "any.onnx.run" / CHECKPOINT)
    assert after["steps"] > before["steps"] > 0
    assert after["seconds"] >= before["seconds"] + 1
    assert output.read_bytes() != first
    reader = load(output)
    assert reader.charset == CHARSET
    assert reader.read(draw_captcha("metu", 1, 1).image).error is None
    with pytest.raises(UsageError, match="--total"):
        train_general(output, replace(piece, total=9, resume=True))


def test_nothing_to_go_on_from(tmp_path: Path) -> None:
    """Which is said before anything is drawn."""
    with pytest.raises(TrainingError, match="nothing to resume"):
        train_general(tmp_path / "any.onnx", Piece(seconds=1, total=1, resume=True))


def test_a_network_begins_with_what_a_larger_one_knows() -> None:
    """Layer by layer; characters that it does not have stay untrained."""
    source = read_weights(model_path("any"))
    network = CtcNet(3, CHARSET.num_classes, "general")
    take_over(network, source, CHARSET)
    state = network.state_dict()
    for name, weight in source.state.items():
        assert torch.equal(state[name], weight)
    with pytest.raises(UsageError, match="begin with none"):
        take_over(CtcNet(3, CHARSET.num_classes, "fast"), source, CHARSET)
