"""captchascope generate: folders from seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import Cli, Done, one_line


def content(folder: str) -> dict[str, bytes]:
    """Return the bytes of every file."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_folder_holds_images_and_both_label_files(cli: Cli) -> None:
    """They agree with each other; nothing is said on stdout."""
    assert cli("generate", "metu", "made", "--count", "3", "--seed", "1") == Done(
        0, "", "3 captchas of metu in made\n"
    )
    files = content("made")
    assert sorted(files) == ["1.jpeg", "2.jpeg", "3.jpeg", "labels.csv", "labels.txt"]
    assert files["labels.txt"] == b"533665\n649404\n408174\n"
    rows = files["labels.csv"].decode().splitlines()
    assert rows[0] == "file,label,kind"
    assert [row.split(",")[:2] for row in rows[1:]] == [
        ["1.jpeg", "533665"],
        ["2.jpeg", "649404"],
        ["3.jpeg", "408174"],
    ]


def test_the_seed_decides(cli: Cli) -> None:
    """The same gives the same files, another gives others, and more begin with the fewer."""
    for name, count, seed in (("a", 4, 7), ("b", 4, 7), ("c", 4, 8), ("d", 6, 7)):
        assert cli("generate", "metu", name, "--count", count, "--seed", seed).status == 0
    assert content("a") == content("b")
    assert content("a")["1.jpeg"] != content("c")["1.jpeg"]
    assert content("a")["4.jpeg"] == content("d")["4.jpeg"]


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["metu", "made", "--count", "0"], "--count: must be at least 1, not 0 ("),
        (["metu", "made", "--count", "-5"], "--count: must be at least 1, not -5 ("),
        (["metu", "made", "--seed", "-1"], "--seed: must be at least 0, not -1 ("),
        (["nonsense", "made"], "nonsense: is no scheme that can be generated (choose of metu"),
        (["no\nscheme", "made"], "no\\nscheme: is no scheme"),
        (["metu", "made", "--count", "many"], "captchascope generate: invalid value for '--count'"),
    ],
)
def test_wrong_usage_makes_no_folder(cli: Cli, arguments: list[str], begins: str) -> None:
    """The line names the option or the scheme."""
    assert one_line(cli("generate", *arguments), 2).startswith(begins)
    assert not Path("made").exists()
