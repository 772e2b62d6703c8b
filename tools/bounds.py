"""Show what two environments have of each package with a lower bound; the first is to be at it.

    python tools/bounds.py web,bulk .venv-lowest .venv-newest

The environments are those of ``make bounds``, where the first has each package at its bound:
else the tests passed with what nobody was promised, or the bound cannot be installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]

HAS = """
import importlib.metadata, json, sys
print(json.dumps([
    "%d.%d.%d" % sys.version_info[:3],
    {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()},
]))
"""


def requirements(project: Mapping[str, Any], extras: Iterable[str]) -> Iterator[Requirement]:
    """Yield what a project needs with some extras, here; extras of its own are followed."""
    listed = [*project["dependencies"]]
    for extra in extras:
        listed += project["optional-dependencies"][extra]
    for line in listed:
        needed = Requirement(line)
        if canonicalize_name(needed.name) == canonicalize_name(project["name"]):
            yield from requirements({**project, "dependencies": []}, needed.extras)
        elif needed.marker is None or needed.marker.evaluate():
            yield needed


def lower_bounds(project: Mapping[str, Any], extras: Iterable[str]) -> dict[str, Version]:
    """Return the lower bound of each package.

    Raises:
        ValueError: If a package has none, or two extras differ: the lower one would not be tried.
    """
    bounds: dict[str, Version] = {}
    for needed in requirements(project, extras):
        name = canonicalize_name(needed.name)
        lowest = [Version(one.version) for one in needed.specifier if one.operator == ">="]
        if not lowest:
            raise ValueError(f"pyproject.toml: {needed} has no lower bound; add >=")
        if bounds.setdefault(name, lowest[0]) != lowest[0]:
            raise ValueError(f"pyproject.toml: {needed}, but also >={bounds[name]}; make it one")
    return bounds


def installed(environment: Path) -> tuple[str, dict[str, Version]]:
    """Return an environment's Python and the version of each of its packages."""
    ask = [str(environment / "bin" / "python"), "-c", HAS]
    done = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=True)
    python, versions = json.loads(done.stdout)
    return python, {canonicalize_name(name): Version(v) for name, v in versions.items()}


def main() -> int:
    """Print the table; return 1 where the first environment is not at the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", help="with commas between them")
    parser.add_argument("lowest", type=Path, help="the environment with the lowest versions")
    parser.add_argument("newest", type=Path, help="the one with the newest")
    asked = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = lower_bounds(project, asked.extras.split(","))
    (old_python, lowest), (new_python, newest) = installed(asked.lowest), installed(asked.newest)
    print("| package | lowest | newest |\n|---|---|---|")
    print(f"| Python | {old_python} | {new_python} |")
    for name in sorted(bounds):
        print(f"| {name} | {lowest.get(name, '-')} | {newest.get(name, '-')} |")
    other = [name for name in sorted(bounds) if lowest.get(name) != bounds[name]]
    for name in other:
        has = f"has {name} {lowest[name]}" if name in lowest else f"lacks {name}"
        what = f"{asked.lowest}: {has}, but pyproject.toml says >={bounds[name]}"
        print(what + "; raise the bound, or make the environment anew", file=sys.stderr)
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
