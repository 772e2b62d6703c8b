"""captchascope generate: folders from seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from captchascope.generate import SCHEMES, draw_captcha
from captchascope.generate.style import all_names
from captchascope.image import load_rgb
from cli.commands import Cli, Done, one_line


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


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_can_be_generated(cli: Cli, scheme: str) -> None:
    """Each image can be decoded, and each has a label."""
    assert cli("generate", scheme, "made", "--count", "3").status == 0
    assert len(Path("made/labels.txt").read_text().split()) == 3
    assert all(load_rgb(f"made/{number}.jpeg").std() > 1 for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("options", "knobs"),
    [
        (["--charset", "a-c", "--length", "4-5"], {"charset": "abc", "length": (4, 5)}),
        (["--size", "200x70"], {"size": (70, 200)}),
        (["--font", "mono-01", "--font", "hand-01"], {"fonts": ("mono-01", "hand-01")}),
        (["--rotation", "30", "--overlap", "0.2"], {"rotation": 30, "gap": -0.2}),
        (["--warp", "0", "--fill", "hollow"], {"warp": 0, "fill": "hollow"}),
        (["--colours", "--backdrop", "blobs"], {"colours": True, "backdrop": "blobs"}),
        (["--gray", "--no-colours"], {"gray": True, "colours": False}),
        (["--lines", "2", "--arcs", "1", "--dots", "9"], {"lines": 2, "arcs": 1, "dots": 9}),
        (["--noise", "0.1", "--quality", "20"], {"speckle": 0.1, "quality": 20}),
        ([], {}),
    ],
)
def test_an_option_turns_its_knob(cli: Cli, options: list[str], knobs: dict[str, Any]) -> None:
    """What is written is what the library draws with that knob."""
    assert cli("generate", "wavy", "made", "--count", "2", "--seed", "3", *options).status == 0
    for number in (1, 2):
        drawn = draw_captcha("wavy", 3, number, knobs)
        assert Path(f"made/{number}.jpeg").read_bytes() == drawn.jpeg()


def test_the_fonts_can_be_listed(cli: Cli) -> None:
    """One a line, without a scheme or a folder; each is one that ``--font`` takes."""
    done = cli("generate", "--list-fonts")
    assert (done.status, done.err) == (0, "")
    assert done.rows == list(all_names())


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["metu", "made", "--count", "0"], "--count: must be at least 1, not 0 ("),
        (["metu", "made", "--count", "-5"], "--count: must be at least 1, not -5 ("),
        (["metu", "made", "--seed", "-1"], "--seed: must be at least 0, not -1 ("),
        (["nonsense", "made"], "nonsense: is no scheme that can be generated (choose one of metu"),
        (["no\nscheme", "made"], "no\\nscheme: is no scheme"),
        (["metu", "made", "--lines", "3"], "metu: cannot be changed by --lines ("),
        (["metu", "made", "--no-gray"], "metu: cannot be changed by --gray ("),
        (["wavy", "made", "--charset", "9-0"], "--charset: 9-0 is a range backwards ("),
        (
            ["wavy", "made", "--charset", "äö"],
            "--charset: must be of 0-9, A-Z, a-z, + - × ÷ * / = ? . and",
        ),
        (["wavy", "made", "--length", "x"], "--length: is no length: x (write 6, or 4-6)"),
        (["wavy", "made", "--length", "40"], "--length: must be 1 to 32, the least first, not 40"),
        (["wavy", "made", "--length", "30"], "--size: must be at least 210 pixels wide for 30"),
        (["wavy", "made", "--size", "150"], "--size: is no size: 150 (write width and height: "),
        (["wavy", "made", "--size", "9x9"], "--size: must be 16 to 1000 pixels each way, not 9"),
        (["wavy", "made", "--font", "arial"], "--font: must be of display-01 to "),
        (["wavy", "made", "--warp", "nan"], "--warp: must be 0 to 0.3, not nan ("),
        (["wavy", "made", "--rotation", "-5"], "--rotation: must be 0 to 90, not -5.0 ("),
        (["wavy", "made", "--overlap", "2"], "generate: invalid value for '--overlap"),
        (["wavy", "made", "--fill", "full"], "generate: invalid value for '--fill'"),
        (["varied", "made", "--noise", "2"], "--noise: must be 0 to 1, not 2.0 ("),
        (["varied", "made", "--quality", "0"], "--quality: must be 5 to 100, or None, not 0 ("),
        (["metu", "made", "--count", "many"], "generate: invalid value for '--count'"),
    ],
)
def test_wrong_usage_makes_no_folder(cli: Cli, arguments: list[str], begins: str) -> None:
    """The line names the option or the scheme."""
    assert one_line(cli("generate", *arguments), 2).startswith(begins)
    assert not Path("made").exists()
