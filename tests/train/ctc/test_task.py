"""The loop: what it learns, what it survives, and how it ends."""

from __future__ import annotations

import csv
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tensorboardX.proto.event_pb2 import Event

from captchascope.errors import TrainingError
from captchascope.train.checkpoint import CHECKPOINT, read_checkpoint
from captchascope.train.ctc import task as ctc_task
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.task import Fitted, Start, Where, fit_ctc
from captchascope.train.ctc.validate import outputs_of, score
from captchascope.train.recipes import CtcRecipe
from captchascope.train.watch import Interrupts, Progress, Watch
from train.ctc.tasks import TINY, task


def fresh(seed: int) -> CtcNet:
    """Return an untrained network for four kinds of characters."""
    torch.manual_seed(seed)
    return CtcNet(1, 5, "fast")


def fitted(
    folder: Path,
    plan: CtcRecipe = TINY,
    watch: Watch | None = None,
    resume: bool = False,
    held: TextImages | None = None,
    made: Callable[[int], CtcNet] = fresh,
) -> Fitted:
    """Train on the tiny task."""
    start = Start(made(0), made, True, 0)
    held = task(40, 1) if held is None else held
    return fit_ctc(task(120), held, plan, start, Where(folder, resume, {}), watch or Watch())


def exact(network: CtcNet) -> float:
    """Return the share of new texts that a network reads."""
    unseen = task(100, 2)
    return score(outputs_of(network, unseen.images), unseen.targets).exact


def events(folder: Path) -> list[Event]:
    """Return the events that TensorBoard would read."""
    (path,) = (folder / "tensorboard").iterdir()
    data, found = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:8], "little")
        found.append(Event.FromString(data[12 : 12 + size]))
        data = data[16 + size :]
    return found


def test_it_learns_from_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads new images; the rows are in a table and for TensorBoard; nothing else is left."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    said: list[str] = []
    result = fitted(tmp_path / "run", watch=Watch(say=said.append))
    assert exact(result.network) > 0.9
    assert not result.network.training
    assert not result.stuck
    assert len(said) == len(result.rows) >= 2
    assert result.rows[-1].views == 16 * result.rows[-1].step == 16 * 60
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [row.step for row in result.rows]
    assert float(rows[-1]["exact"]) == result.rows[-1].exact
    told = [(e.step, v.tag) for e in events(tmp_path / "run") for v in e.summary.value]
    assert [step for step, tag in told if tag == "exact"] == [row.step for row in result.rows]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [CHECKPOINT, "log.csv", "tensorboard"]


def test_a_training_taken_up_ends_as_if_it_had_not_been_ended(tmp_path: Path) -> None:
    """Bit for bit, where the steps decide how far it is, as they do without a time limit."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    none = TextImages((), ())
    whole = fitted(tmp_path / "one", held=none)
    stop = Interrupts()
    half = fitted(tmp_path / "two", watch=Watch(stop=stop, progress=_after(0.6, stop)), held=none)
    assert half.rows[-1].step < 60
    result = fitted(tmp_path / "two", resume=True, held=none)
    assert result.rows[-1].step == 60
    steps = [row.step for row in result.rows]
    assert steps == sorted(set(steps))
    wanted, given = whole.network.state_dict(), result.network.state_dict()
    assert result.step == whole.step
    assert all(torch.equal(wanted[name], given[name]) for name in wanted)
    last = [read_checkpoint(tmp_path / name / CHECKPOINT) for name in ("one", "two")]
    for part in ("network", "averaged"):
        one, two = (held[part] for held in last)
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_fine_tuning_leaves_the_running_statistics(tmp_path: Path) -> None:
    """They are known from far more images; the weights alone change."""
    before = fresh(0).state_dict()
    start = Start(fresh(0).eval(), fresh, False, 0)
    plan, where = replace(TINY, most_views=16 * 8), Where(tmp_path, False, {})
    after = fit_ctc(task(120), task(40, 1), plan, start, where, Watch()).network.state_dict()
    same = {name for name, value in after.items() if torch.equal(value, before[name])}
    assert {name for name in after if "running_" in name} <= same
    assert not {name for name in after if name.endswith("weight")} & same


def test_first_weights_that_read_better_than_all_later_ones_are_kept(tmp_path: Path) -> None:
    """A training that only harms gives back what it was given."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    good = fitted(tmp_path / "one").network
    before = {name: value.clone() for name, value in good.state_dict().items()}
    start, where = Start(good, fresh, False, 0), Where(tmp_path / "two", False, {})
    harmful = replace(TINY, rate=0.1, schedule="constant", averaging=None)
    after = fit_ctc(task(120), task(40, 1), harmful, start, where, Watch())
    assert after.step == 0
    assert all(torch.equal(value, before[n]) for n, value in after.network.state_dict().items())


def test_a_wish_to_stop_at_the_first_weights(tmp_path: Path) -> None:
    """They are not validated then, as nothing after them is, and no step is taken to its end."""
    start, where = Start(fresh(0).eval(), fresh, False, 0), Where(tmp_path, False, {})
    before = {name: value.clone() for name, value in start.network.state_dict().items()}
    after = fit_ctc(task(120), task(40, 1), TINY, start, where, Watch(stop=lambda: True))
    assert (after.rows, after.step) == ((), 0)
    assert all(torch.equal(value, before[n]) for n, value in after.network.state_dict().items())


def test_it_learns_in_bfloat16_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights are of single precision all the same."""
    monkeypatch.setattr(ctc_task, "has_fast_bfloat16", lambda device: True)
    network = fitted(tmp_path, replace(TINY, bfloat16=True)).network
    assert exact(network) > 0.9
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_no_bfloat16_where_nobody_knows_of_it() -> None:
    """Such as on a device that computes nothing."""
    assert not ctc_task.has_fast_bfloat16(torch.device("meta"))


def _after(share: float, stop: Interrupts) -> Callable[[Progress], None]:
    """Return what wants to stop once so much is done."""

    def note(now: Progress) -> None:
        if now.share >= share:
            stop.number = signal.SIGINT

    return note


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_step(tmp_path: Path, number: signal.Signals) -> None:
    """Even before there was a round; the handlers are then what they were."""
    before = signal.getsignal(number)

    def tell(now: Progress) -> None:
        if now.share >= 0.05 and stop.number is None:
            os.kill(os.getpid(), number)

    with Interrupts() as stop:
        plan = replace(TINY, validations=1)
        result = fitted(tmp_path, plan, Watch(stop=stop, progress=tell))
    assert stop.number == number
    assert result.rows == ()
    assert 3 <= result.step <= 5
    assert signal.getsignal(number) is before
    assert read_checkpoint(tmp_path / CHECKPOINT)["steps"] == result.step


def test_the_second_signal_ends_it_at_once() -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    with Interrupts() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_first_signal_ends_at_once_what_has_not_begun() -> None:
    """While images are loaded nobody asks whether to stop, and there is nothing to keep."""
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As Ctrl-C is in the background of a shell's script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as stop:
            assert not stop()
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop()
    finally:
        signal.signal(signal.SIGINT, before)


def test_time_that_is_up_ends_it(tmp_path: Path) -> None:
    """The rate has then ended its cycle."""
    plan = replace(TINY, most_views=10**9, max_steps=10**6)
    begun = time.monotonic()
    result = fitted(tmp_path, plan, Watch(deadline=begun + 3))
    assert time.monotonic() - begun > 2.5
    assert result.rows[-1].rate < 0.02 * plan.rate
    with pytest.raises(TrainingError, match="no time was left"):
        fitted(tmp_path, plan, Watch(deadline=time.monotonic()))


class Breaking(CtcNet):
    """A network whose logits are no numbers in some of its steps."""

    broken: frozenset[int] = frozenset()
    steps = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Break."""
        logits: torch.Tensor = super().forward(images)
        if self.training:
            Breaking.steps += 1
            if Breaking.steps in self.broken:
                return logits * math.nan
        return logits


def test_a_loss_that_is_no_number_is_mended_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where all was well, at half the rate, said aloud; the second time it is an error."""
    warned: list[str] = []
    monkeypatch.setattr(Breaking, "steps", 0)
    monkeypatch.setattr(Breaking, "broken", frozenset({25}))
    made = lambda seed: Breaking(1, 5, "fast")  # noqa: E731
    plan = replace(TINY, most_views=16 * 100)
    result = fitted(tmp_path, plan, Watch(warn=warned.append), made=made)
    assert warned == ["the loss is not a number any more: going back, on at half the rate"]
    assert exact(result.network) > 0.5
    monkeypatch.setattr(Breaking, "steps", 0)
    monkeypatch.setattr(Breaking, "broken", frozenset({5, 9}))
    with pytest.raises(TrainingError, match="even at half the rate"):
        fitted(tmp_path, made=made)


class Mute(CtcNet):
    """A network that says nothing at all, if it is among the first that are made."""

    made = 0
    mute = 0
    silence: torch.Tensor

    def __init__(self) -> None:
        super().__init__(1, 5, "fast")
        Mute.made += 1
        self.register_buffer("silence", torch.tensor(1000.0 * (Mute.made <= Mute.mute)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Say nothing but blanks."""
        logits: torch.Tensor = super().forward(images)
        return logits - self.silence * (torch.arange(5) > 0)


@pytest.mark.parametrize("mute", [1, 9])
def test_whoever_says_the_same_of_every_image_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mute: int
) -> None:
    """With other weights, and said aloud, at most twice; if it was in vain, that is told."""
    monkeypatch.setattr(Mute, "made", 0)
    monkeypatch.setattr(Mute, "mute", mute)
    monkeypatch.setattr(ctc_task, "_SEEN", 16 * 8)
    warned: list[str] = []
    plan = replace(TINY, most_views=16 * 240, validations=20)
    result = fitted(tmp_path, plan, Watch(warn=warned.append), made=lambda seed: Mute())
    assert set(warned) == {"the network says the same of every image: it begins anew"}
    assert 1 <= len(warned) <= 2
    assert result.stuck == (mute == 9)
    assert Mute.made == 1 + len(warned)


def test_the_best_is_chosen_by_enough_images_only(tmp_path: Path) -> None:
    """Of few, the last weights are taken."""
    result = fitted(tmp_path, replace(TINY, validations=12), held=task(19, 1))
    assert result.step == 60
    assert [row.exact is not None for row in result.rows] == [True] * len(result.rows)


def test_without_validation_images_there_is_nothing_to_say_of_them(tmp_path: Path) -> None:
    """But of the training images."""
    result = fitted(tmp_path, held=TextImages((), ()))
    assert {(row.exact, row.character, row.validation_loss) for row in result.rows} == {(None,) * 3}
    assert result.rows[-1].trained > 0.9
