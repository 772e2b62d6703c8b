"""The size of the house: lines and files under src, and how much of them is not yet code.

python bench/house.py
"""

from __future__ import annotations

import ast
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "src"


def _is_head(node: ast.stmt, first: bool) -> bool:
    """Tell the docstring of a module, its imports and ``__all__`` from all else."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return first
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case (
            ast.Assign(targets=[ast.Name(id="__all__")])
            | ast.AugAssign(target=ast.Name(id="__all__"))
        ):
            return True
        case _:
            return False


def _head_of(text: str) -> int:
    """Return how many lines of a module are docstring, imports and ``__all__``."""
    body = ast.parse(text).body
    heads = [node for i, node in enumerate(body) if _is_head(node, i == 0)]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in heads)


def main() -> None:
    """Print the figures."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_SOURCE.rglob("*.py"))]
    lines = sum(text.count("\n") for text in texts)
    heads = sum(map(_head_of, texts))
    print(f"{lines:,} lines in {len(texts)} files (asked: at most 22,500 in 150)")
    print(
        f"{heads / lines:.1%} of them module docstrings, imports and __all__ (asked: at most 10 %)"
    )


if __name__ == "__main__":
    main()
