"""How Sphinx builds the site: `make docs`. The pages are Markdown that a forge shows as well."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "reference"))

from http_reference import http_reference

from captchascope import __version__

project = "captchascope"
author = "the authors of captchascope"
copyright = author
version = release = __version__
language = "en_GB"
smartquotes = False  # they would make one dash of the two of an option

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["audit/*.html"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "captchascope"
html_favicon = "../src/captchascope/web/static/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False

PAGES = {
    "bench/RESULTS.md": "results.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "src/captchascope/generate/fonts/FONTS.md": "fonts.md",
    "README.md": "index.md",
}
"""Documents from outside this folder that are pages of the site, and their pages."""

GENERATED = "<!-- generated from the OpenAPI description -->"
"""Where the reference of the HTTP API is put."""


def relinked(text: str, folder: Path, page: Path) -> str:
    """Return what stands in ``folder`` with its links as ``page`` has to write them."""

    def link(found: re.Match[str]) -> str:
        target, anchor = found["target"], found["anchor"] or ""
        there = (folder / target).resolve()
        outside = PAGES.get(Path(os.path.relpath(there, HERE.parent)).as_posix())
        if outside:
            there = HERE / outside
        elif folder == page.parent or not there.exists():
            return found[0]
        return f"]({Path(os.path.relpath(there, page.parent)).as_posix()}{anchor})"

    return re.sub(r"\]\((?P<target>[^)#:\s]+)(?P<anchor>#[^)]*)?\)", link, text)


def read_page(app: Any, name: str, text: list[str]) -> None:
    """Point links that lead out of the folder to the pages that hold what they lead to."""
    page = HERE / f"{name}.md"
    text[0] = relinked(text[0], page.parent, page)
    if GENERATED in text[0]:
        text[0] = text[0].replace(GENERATED, http_reference())


def read_included(app: Any, path: Path, name: str, text: list[str]) -> None:
    """Point links that are relative to what is included to where they lead from the page."""
    text[0] = relinked(text[0], (HERE / path).resolve().parent, HERE / f"{name}.md")


def write_literally(app: Any, context: Any, lines: list[str]) -> None:
    """Keep reStructuredText from taking a star of a help text for emphasis."""
    lines[:] = [re.sub(r"(?<!\*)\*(?!\*)", r"\*", line) for line in lines]


def show_examples(app: Any, context: Any, lines: list[str]) -> None:
    """Print the examples of a help text as what is typed."""
    write_literally(app, context, lines)
    if "| Examples:" in lines:
        first = lines.index("| Examples:") + 1
        typed = [line.removeprefix("|").replace("\\", "") for line in lines[first:]]
        lines[first - 1 :] = ["", "Examples::", "", *typed, ""]


def mend_pages(app: Any, error: Exception | None) -> None:
    """Give the theme's captions their level, and let the keyboard reach what moves sideways.

    A page that is not built again is as it was left, and stays so.
    """
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = text.replace('role="heading">', 'role="heading" aria-level="2">')
        for tag, rest in (("pre", ">"), ("div", ' class="table-wrapper')):
            text = text.replace(f"<{tag}{rest}", f'<{tag} tabindex="0"{rest}')
        page.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Connect what is done to a page before it is parsed."""
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    app.connect("build-finished", mend_pages)
    app.connect("sphinx-click-process-description", show_examples)
    app.connect("sphinx-click-process-options", write_literally)
