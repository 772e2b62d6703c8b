"""Who may import whom, and how large a file may grow; read from the source itself."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "captchascope"
FILES = sorted(SRC.rglob("*.py"))

LONGEST = 500  # lines

ONLY_IN = {
    "torch": {"train"},
    "onnx": {"train"},
    "onnxscript": {"train"},
    "filelock": {"audit", "bulk", "collect", "train"},
    "fsspec": {"bulk"},
    "pyarrow": {"bulk", "data"},
    "ray": {"bulk"},
    "tensorboardX": {"train"},
    "httpx": {"collect", "web"},
    "httpcore": {"collect"},
    "selectolax": {"collect"},
    "protego": {"collect"},
    "stamina": {"collect"},
    "playwright": {"collect"},
    "matplotlib": {"audit"},
    "fastapi": {"practice", "web"},
    "uvicorn": {"practice", "web"},
    "starlette": {"practice", "web"},
    "prometheus_client": {"web"},
    "python_multipart": {"web"},
    "pydantic": {"web"},
    "resvg_py": {"image"},
    "click": {"cli"},
    "rich": {"cli"},
}
"""Packages, and the only parts of captchascope that may import them."""

BASE = {"errors", "records", "charset", "files", "atomic", "jsontext"}
NEEDS_LITTLE = {
    "generate": {"data.labels"},
    "collect": {"image"},
    "practice": {"generate", "listen"},
}
"""Parts that serve without a reader, and what they may import beside the base."""

ROOTS = {"__init__", "__main__"}


def part_of(path: Path) -> str:
    """Return the module or package directly below captchascope that a file belongs to."""
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    """Return the full name of the module in a file."""
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_for_types(node: ast.AST) -> bool:
    """Tell ``if TYPE_CHECKING:``, whose imports never happen."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node: ast.AST, within_functions: bool = True) -> Iterator[str]:
    """Yield the full name of everything that is imported below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports hide who is meant"
            assert child.module is not None
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif is_for_types(child):
            continue
        elif within_functions or not isinstance(child, ast.FunctionDef):
            yield from imports(child, within_functions)


def imported_by(path: Path, within_functions: bool = True) -> set[str]:
    """Return everything that a file imports."""
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), within_functions))


def modules_imported_by(path: Path) -> set[str]:
    """Return the modules of captchascope that a file imports, without its name: ``data.labels``."""
    known = {name_of(file) for file in FILES} - {"captchascope"}
    return {name.removeprefix("captchascope.") for name in imported_by(path) & known}


def drawn_order() -> list[set[str]]:
    """Return the rows of the table in CONTRIBUTING.md: who is in one may import those above."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## The rooms")[2].partition("\nImports point")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return [set(re.findall(r"`(\w+)(?:\.py|/)`", row)) for row in rows]


def test_every_part_has_its_place() -> None:
    """A new module must be given a row in CONTRIBUTING.md."""
    assert {part_of(path) for path in FILES} == set().union(*drawn_order(), ROOTS)


def test_what_is_looked_for_is_there() -> None:
    """CONTRIBUTING.md says where twelve things stand that a newcomer looks for."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## Where is what")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if "`" in row]
    paths = [path for row in rows for path in re.findall(r"`([^`]+)`", row)]
    assert len(rows) == 12
    assert [path for path in paths if not (SRC / path).exists()] == []


def test_imports_point_one_way() -> None:
    """Nothing imports what CONTRIBUTING.md draws below it, not even within a function."""
    allowed: dict[str, set[str]] = {}
    above: set[str] = set()
    for row in drawn_order():
        above |= row
        allowed |= {part: set(above) for part in row}
    offenders = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        if (part := part_of(path)) not in ROOTS
        for module in modules_imported_by(path)
        if module.partition(".")[0] not in allowed[part]
    ]
    assert offenders == []


def test_what_serves_without_a_reader_needs_none() -> None:
    """Captchas are drawn, served and collected with little else of captchascope."""
    offenders = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        if (part := part_of(path)) in NEEDS_LITTLE
        for module in modules_imported_by(path)
        if module != "data"
        and module.partition(".")[0] not in BASE | {part}
        and not any(f"{module}.".startswith(f"{own}.") for own in NEEDS_LITTLE[part])
    ]
    assert offenders == []


def test_large_packages_have_one_importer() -> None:
    """Reading needs no torch, and the library no command line."""
    offenders = [
        f"{name_of(path)} imports {package}"
        for path in FILES
        for package in {name.split(".")[0] for name in imported_by(path)} & ONLY_IN.keys()
        if part_of(path) not in ONLY_IN[package]
    ]
    assert offenders == []


def test_no_file_is_long() -> None:
    """One that is wants to be two."""
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports inside functions count too: they only hide a circle."""
    modules = {name_of(path): path for path in FILES}
    graph = {
        name: (imported_by(path) & modules.keys()) - {name, "captchascope"}
        for name, path in modules.items()
    }
    for name, path in modules.items():  # "from captchascope.draw import x" within captchascope.draw
        if path.name != "__init__.py":
            graph[name] -= {name.rpartition(".")[0]}
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


HEAVY = [
    *("torch", "tensorboardX", "onnx", "onnxscript"),
    *("httpx", "selectolax", "protego", "stamina", "playwright", "uvicorn"),
    *("matplotlib", "fastapi", "prometheus_client", "ray", "pyarrow"),
]

COMMAND = f"""
import json, sys
from captchascope.cli.app import run_command_line
status = run_command_line(sys.argv[1:])
print(json.dumps([status, sorted(set({HEAVY}) & sys.modules.keys())]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "examples/1.jpeg"],
        ["explain", "examples/1.jpeg", "-o", "{}/stages.png"],
        ["generate", "metu", "{}/made", "--count", "1", "-q"],
        ["segment", "examples", "{}/glyphs", "-q"],
        ["convert", "examples", "{}/converted", "--to", "jsonl", "-q"],
        ["test", "examples", "-q"],
        ["check", "examples", "--model", "metu", "-q"],
        ["train", "--help"],
        ["models"],
        ["--help"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_command_but_train_imports_the_extras(tmp_path: Path, arguments: list[str]) -> None:
    """Seen in a fresh process, after the command has done its work."""
    filled = [argument.format(tmp_path) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMMAND, *filled],
        cwd=SRC.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stderr) == [0, []]


def test_nothing_waits_by_a_clock_that_somebody_may_set() -> None:
    """The time of day is told, in a log or by a server's date; what expires counts seconds."""
    told = {
        "captchascope.audit.conditions",
        "captchascope.collect.client",
        "captchascope.collect.store",
        "captchascope.train.log",
    }
    clocks = re.compile(r"\btime\.time\b|\bfrom time import\b|\bdatetime\.(now|utcnow|today)\b")
    users = {name_of(path) for path in FILES if clocks.search(path.read_text(encoding="utf-8"))}
    assert users == told
