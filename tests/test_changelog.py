"""What changed with each version, in the form that readers and programs know."""

from __future__ import annotations

import re
from datetime import date

from captchascope import __version__
from shown import ROOT

TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")

HEADINGS = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
RELEASES = [found for heading in HEADINGS if (found := RELEASE.fullmatch(heading))]


def sections() -> list[str]:
    """Return the text below each heading of a version."""
    return re.split(r"^## .*\n", TEXT, flags=re.MULTILINE)[1:]


def test_every_version_has_a_number_and_a_day() -> None:
    """But for what is not released yet, which stands first."""
    unreleased = HEADINGS[:1] == ["[Unreleased]"]
    assert len(RELEASES) == len(HEADINGS) - unreleased
    assert len({release[1] for release in RELEASES}) == len(RELEASES)


def test_versions_and_days_go_down() -> None:
    """The newest comes first."""
    versions = [tuple(map(int, release[1].split("."))) for release in RELEASES]
    days = [date.fromisoformat(release[2]) for release in RELEASES]
    assert versions == sorted(versions, reverse=True)
    assert days == sorted(days, reverse=True)


def test_changes_are_in_the_groups_of_keep_a_changelog() -> None:
    """In its order, each once, and none without a change."""
    for section in sections():
        named = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert named == [group for group in GROUPS if group in named]
        for changes in re.split(r"^### .*\n", section, flags=re.MULTILINE)[1:]:
            assert re.match(r"\n- \S", changes)


def test_the_newest_version_is_the_packages_own() -> None:
    """What is released next has its section before the package has its number."""
    assert RELEASES[0][1] == __version__
