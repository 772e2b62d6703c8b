"""The Python of the documents: what it imports is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(document: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a document's Python takes from captchascope."""
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    for node in ast.walk(ast.parse("\n".join(blocks))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("captchascope"):
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_what_the_documents_import_is_there() -> None:
    """A name that moves takes them along."""
    offenders = [
        f"{document.name}: from {module} import {name}"
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for module, name in imported(document)
        if not hasattr(import_module(module), name)
    ]
    assert offenders == []
