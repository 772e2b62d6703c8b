"""Self-training: what is read surely becomes a label, and never outweighs the given ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.errors import DatasetError
from captchascope.generate import write_folder
from captchascope.reader import model_path
from captchascope.train.checkpoint import CHECKPOINT, UNLABELLED
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.finetune import read_weights
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.pseudo_labels import joined, label_with_network, self_trained
from captchascope.train.ctc.task import Start, Where, fit_ctc
from captchascope.train.watch import Watch
from train.ctc.tasks import TINY, task

NOTHING = TextImages((), ())
METU = Inferred(Charset("0123456789"), (6, 6), CtcSpec("whole", 50, 150, 150, 150, 1))


def metu() -> CtcNet:
    """Return the network of the model that ships."""
    network = CtcNet(1, 11, "fast")
    network.load_state_dict(read_weights(model_path("metu"))[0], strict=False)
    return network.eval()


def test_sure_readings_become_labels(tmp_path: Path) -> None:
    """Nearly all of what metu reads, and all of that right."""
    write_folder("metu", tmp_path / "images", 40, 11)
    found = label_with_network(metu(), NOTHING, tmp_path / "images", METU)
    texts = {METU.charset.decode(target.tolist()) for target in found.targets}
    labels = set((tmp_path / "images" / "labels.txt").read_text().split())
    assert len(found) >= 30
    assert texts <= labels


def test_what_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    """And nothing else is lost by it."""
    write_folder("metu", tmp_path / "images", 5, 11)
    (tmp_path / "images" / "3.jpeg").write_bytes(b"no image")
    found = label_with_network(metu(), NOTHING, tmp_path / "images", METU)
    assert [Path(problem.where).name for problem in found.problems] == ["3.jpeg"]
    assert len(found) >= 3


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Somebody has named the wrong one."""
    with pytest.raises(DatasetError):
        label_with_network(metu(), NOTHING, tmp_path, METU)


def test_what_was_trained_learns_on_from_its_own_readings(tmp_path: Path) -> None:
    """Its checkpoint lies beside that of the first training."""
    torch.manual_seed(0)
    begun = Start(CtcNet(1, 5, "fast"), lambda seed: CtcNet(1, 5, "fast"), True, 0)
    where = Where(tmp_path, False, {})
    first = fit_ctc(task(120), task(40, 1), TINY, begun, where, Watch())
    before = {name: value.clone() for name, value in first.network.state_dict().items()}
    second = self_trained(first, task(120), task(40, 1), TINY, where, 1, Watch())
    assert second.rows[-1].step == 60
    after = second.network.state_dict()
    assert not all(torch.equal(value, before[name]) for name, value in after.items())
    assert (tmp_path / UNLABELLED / CHECKPOINT).exists()


@pytest.mark.parametrize(("labelled", "further"), [(10, 100), (10, 3), (100, 100)])
def test_labelled_images_make_a_third(labelled: int, further: int) -> None:
    """However many there are without labels."""

    def blank(count: int, target: int) -> TextImages:
        image = np.zeros((40, 80), np.uint8)
        return TextImages((image,) * count, (np.array([target]),) * count)

    both = joined(blank(labelled, 1), blank(further, 2))
    share = sum(int(target[0]) == 1 for target in both.targets) / len(both)
    assert share > 0.3
