"""What the page for operators says: figures that were measured, sums that come out, and YAML."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shown import ROOT, blocks

OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"


def section(text: str, title: str) -> str:
    """Return what stands below a title of the second or third level, up to the next."""
    (found,) = re.findall(rf"^###? {title}.*?\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return str(found)


def rows(text: str) -> list[str]:
    """Return the lines of all tables."""
    return [line for line in text.splitlines() if line.startswith("|")]


def numbers(text: str) -> set[str]:
    """Return all numbers, as they are written."""
    return set(re.findall(rf"(?<![\w.]){NUMBER}(?![\d.]*\d)", text))


def value(text: str) -> float:
    """Return a number of the page."""
    return float(text.replace(",", ""))


def test_the_figures_of_sizing_are_those_that_were_measured() -> None:
    """Row by row, and to the digit."""
    measured = section(RESULTS, "Sizing")
    assert len(rows(measured)) == 7
    assert rows(section(OPERATING, "How large a machine")) == rows(measured)


def test_the_sums_of_sizing_come_out() -> None:
    """Each is shown with what it is made of; what is no result and no question was measured."""
    text = section(OPERATING, "How large a machine")
    sums = re.findall(rf"({NUMBER}) / ({NUMBER}) = ({NUMBER})( %)?", text)
    assert len(sums) == 5
    for over, under, result, percent in sums:
        exact = value(over) / value(under) * (100 if percent else 1)
        digits = len(result.partition(".")[2])
        assert value(result) == round(exact, digits), f"{over} / {under} = {result}{percent}"
    asked = {"50,000", "5", "60", "1,000,000"}  # of the examples
    machine = {"1", "2", "300"}  # GB and MB, rounded up
    measured = "".join(section(RESULTS, title) for title in ("Sizing", "Workers", "Bulk"))
    prose = re.sub(r"^\|.*\n", "", text, flags=re.MULTILINE)
    derived = {result for _, _, result, _ in sums} | {f"{value('67') / 2}"}
    assert numbers(prose) - asked - machine - derived - numbers(measured) == set()


def test_the_image_is_the_sum_of_its_layers() -> None:
    """Of the base and each package, and within what is asked; docs/serving.md says the same."""
    layers = {
        name: value(size)
        for name, size in re.findall(
            rf"^\| ([^|]+) \| ({NUMBER}) \|$", section(RESULTS, "The container image"), re.MULTILINE
        )
    }
    parts = [size for name, size in layers.items() if name.startswith("of which")]
    base, environment, together = (size for size in layers.values() if size not in parts)
    assert len(parts) > 10
    assert sum(parts) == pytest.approx(environment, abs=0.05 * len(parts))
    assert base + environment == pytest.approx(together, abs=0.1)
    assert together <= 600
    serving = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    assert {f"{size} MB" for size in (base, environment, together)} <= set(
        re.findall(r"[\d.]+ MB", serving)
    )


def loaded() -> list[tuple[str, Any]]:
    """Return the name of the page and what is in each block of YAML."""
    yaml = pytest.importorskip("yaml")
    return [
        (page.name, yaml.safe_load(block))
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"), "yaml")
    ]


def rules() -> list[dict[str, str]]:
    """Return all alerts of the documents."""
    return [
        rule for _, each in loaded() for group in each.get("groups", []) for rule in group["rules"]
    ]


def test_every_block_of_yaml_is_one_that_prometheus_takes() -> None:
    """A scrape config or groups of alerts, with no key that is misspelt."""
    pages = loaded()
    assert len(pages) >= 2
    for page, each in pages:
        assert set(each) in ({"scrape_configs"}, {"groups"}), page
        for job in each.get("scrape_configs", []):
            assert set(job) == {"job_name", "authorization", "static_configs"}
            assert set(job["authorization"]) == {"credentials_file"}
            assert all(
                re.fullmatch(r"[\w.-]+:\d+", at) for at in job["static_configs"][0]["targets"]
            )
        for group in each.get("groups", []):
            assert set(group) == {"name", "rules"}
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 8
    for rule in rules():
        assert {"alert", "expr"} <= set(rule) <= {"alert", "expr", "for"}
        assert re.fullmatch(r"Captchascope[A-Z]\w+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_alerts_ask_for_metrics_and_labels_that_the_server_has() -> None:
    """By the table of metrics, which is compared with a server where its API is tested."""
    table = section((ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), "Metrics")
    labels = {
        name: set(filter(None, within.split(",")))
        for name, within in re.findall(r"`((?:captchascope|process)_\w+)(?:{([^}]*)})?`", table)
    }
    asked = 0
    for rule in rules():
        for name, within in re.findall(r"\b([a-z]+(?:_[a-z]+)+|up)(?:{([^}]*)})?", rule["expr"]):
            if name == "histogram_quantile":
                continue
            asked += 1
            known = {"job"} | labels.get(name.removesuffix("_bucket"), set())
            assert name == "up" or name.removesuffix("_bucket") in labels, name
            assert set(re.findall(r"(\w+)(?:=~|!=|=)", within)) <= known, rule["expr"]
    assert asked >= 10


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
def test_promtool_finds_nothing_in_the_alerts(tmp_path: Path) -> None:
    """It comes with Prometheus, and parses every expression."""
    yaml = import_module("yaml")
    for number, (_, each) in enumerate(loaded()):
        if "groups" in each:
            path = tmp_path / f"{number}.yml"
            path.write_text(yaml.safe_dump(each), encoding="utf-8")
            told = subprocess.run(
                ["promtool", "check", "rules", path], capture_output=True, text=True, check=False
            )
            assert told.returncode == 0, told.stdout + told.stderr
