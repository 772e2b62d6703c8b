"""Training the general reader: in pieces, each of which gives a model that reads."""

from __future__ import annotations

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


def test_pieces_go_on_from_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the weights, the steps and the learning rate's cycle, until the total is reached."""
    monkeypatch.setattr(general, "_VALIDATED", 30)
    output = tmp_path / "any.onnx"
    piece = Piece(seconds=3, total=6, network="fast", processes=0)
    first = train_general(output, piece)
    checkpoint = tmp_path / "any.onnx.run" / CHECKPOINT
    before = read_checkpoint(checkpoint)
    assert 3 <= before["seconds"] < 6
    again = Piece(seconds=60, total=6, network="fast", processes=0, resume=True)
    output.write_bytes(train_general(output, again))
    after = read_checkpoint(checkpoint)
    assert after["steps"] > before["steps"] > 0
    assert after["seconds"] >= 6
    assert output.read_bytes() != first
    reader = load(output)
    assert reader.charset == CHARSET
    assert reader.read(draw_captcha("metu", 1, 1).image).error is None
    other = Piece(seconds=1, total=9, network="fast", processes=0, resume=True)
    with pytest.raises(UsageError, match="--total"):
        train_general(output, other)


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
