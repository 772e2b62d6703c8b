"""Testing models on a folder in the background, and what its page says when that fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import pytest

pytest.importorskip("fastapi")

from captchascope.errors import DatasetError
from captchascope.generate import draw_captcha
from captchascope.reader import Reader, load
from captchascope.web.pages.results import Measured, Measurements, MeasurementState, Measuring
from captchascope.web.settings import Settings
from ctc.bars import bars, write_model
from web.label.folders import fill
from web.serving import TIMEOUT, serving


@contextmanager
def measurements(folder: Path) -> Iterator[Measurements]:
    """Test models on a folder until the block ends."""
    tests = Measurements(folder)
    try:
        yield tests
    finally:
        tests.close()


def ended(tests: Measurements, reader: Reader) -> MeasurementState:
    """Return what came of a test."""
    until = time.monotonic() + TIMEOUT
    while isinstance(state := tests.look("model", reader), Measuring):
        assert time.monotonic() < until
        time.sleep(0.01)
    return state


def test_a_folder_that_cannot_be_used_is_told_until_it_is_mended(tmp_path: Path) -> None:
    """It is looked at again when that is asked for, and not before."""
    folder = tmp_path / "captchas"
    reader = load(write_model(tmp_path / "bars.onnx"))
    with measurements(folder) as tests:
        state = ended(tests, reader)
        assert isinstance(state, DatasetError)
        assert "No such file or directory" in str(state)
        assert state.__traceback__ is None
        fill(folder, 1)
        (folder / "labels.csv").write_text("file,label\n1.png,\n")
        assert ended(tests, reader) is state
        tests.forget("model")
        assert "captchas: has no labelled images" in str(ended(tests, reader))
        cv2.imwrite(str(folder / "1.png"), bars("0Ab"))
        (folder / "labels.csv").write_text("file,label\n1.png,0Ab\n")
        tests.forget("model")
        state = ended(tests, reader)
    assert isinstance(state, Measured)
    assert (len(state.samples), state.result.exact_match.hits) == (1, 1)


def test_a_test_that_runs_ends_with_the_server(tmp_path: Path) -> None:
    """In the middle of its images; it is not begun anew while it runs."""
    drawn = draw_captcha("metu", 990_115, 1)
    for number in range(1000):
        (tmp_path / f"{number}.jpeg").write_bytes(drawn.jpeg())
    rows = [f"{number}.jpeg,{drawn.label}\n" for number in range(1000)]
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(rows))
    reader = load("metu")
    with measurements(tmp_path) as tests:
        until = time.monotonic() + TIMEOUT
        while isinstance(state := tests.look("metu", reader), Measuring) and not state.done:
            assert time.monotonic() < until
            tests.forget("metu")
    state = tests.look("metu", reader)
    assert isinstance(state, Measuring)
    assert 0 < state.done < state.total == 1000


LOG = "views,seconds,loss,exact,character\n640,11.5,1.5,0.0,0.25\n1408,18.0,2.5,0.5,0.75\n"


def test_the_page_says_what_is_wrong_and_how_the_model_was_trained(tmp_path: Path) -> None:
    """The one while the folder cannot be used, the other once there are figures."""
    folder = fill(tmp_path / "captchas", 1)
    model = write_model(tmp_path / "bars.onnx")
    (tmp_path / "bars.onnx.run").mkdir()
    (tmp_path / "bars.onnx.run" / "log.csv").write_text(LOG)
    with serving(Settings(models=(str(model),), data=folder)) as served:
        headers = {"Origin": served.url, "Accept": "text/html"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=TIMEOUT) as client:
            refused = shown(client)
            assert (refused.status_code, "labels" in refused.text) == (422, True)
            (folder / "labels.csv").write_text("file,label\n1.png,0Ab\n")
            assert client.post("/results/bars").status_code == 303
            page = shown(client)
            unsure = client.get("/results/bars?min_confidence=1")
            refused = client.get("/results/bars?min_confidence=2")
    assert page.status_code == 200
    assert "images seen" in page.text
    assert "coverage" not in page.text
    assert "coverage: answered" in unsure.text
    assert "The reader abstained from 1." in unsure.text
    assert refused.status_code == 422


def shown(client: httpx.Client) -> httpx.Response:
    """Return the page of a result, when its test has ended."""
    until = time.monotonic() + TIMEOUT
    while "Testing" in (page := client.get("/results/bars")).text or page.status_code == 404:
        assert time.monotonic() < until
        time.sleep(0.02)
    return page


def test_without_a_folder_there_is_nothing_to_test_on(client: httpx.Client) -> None:
    """The page says how to name one."""
    answer = client.get("/results/metu")
    assert (answer.status_code, "--data DIR names one" in answer.text) == (404, True)
    again = client.post("/results/metu", headers={"Origin": str(client.base_url).rstrip("/")})
    assert again.status_code == 303
