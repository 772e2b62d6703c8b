"""How large the container image is: what its layers would hold, as the Dockerfile builds them.

    debootstrap --variant=minbase trixie ROOT
    chroot ROOT sh -c 'apt-get update && apt-get install -y --no-install-recommends python3-venv
        python-is-python3 ca-certificates && apt-get clean && rm -rf /var/lib/apt/lists/*'
    python bench/image_size.py ROOT

No daemon is needed, but root. ROOT stands for the base image: the Debian and the Python that
`python:3.13-slim` has, though that one's Python is built from source and its documents are left
out, so its size is an estimate. The `RUN` of the Dockerfile's first stage is run in it, and what
that installs, which is the layer of the second stage, is added up file by file. Megabytes are 10^6
bytes, uncompressed, as `docker images` has them. ROOT is left as it was.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).parents[1]
_MOST = 600.0  # MB
_SHOWN = 1.0  # MB; smaller packages are one row
_SOURCE = "source"


def instructions(name: str) -> list[str]:
    """Return what the Dockerfile says by an instruction, each on one line."""
    text = (_PROJECT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def megabytes_in(folder: Path) -> float:
    """Return what the files below a folder hold; what is linked is counted once."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            told = file.stat()
            found[told.st_dev, told.st_ino] = told.st_size
    return sum(found.values()) / 1e6


def build(root: Path) -> Path:
    """Do in a root what the first stage does, and return the folder that the second one copies."""
    (copied,) = (line for line in instructions("COPY") if line.startswith("--from"))
    installed = root / copied.split()[1].lstrip("/")
    if installed.exists():
        sys.exit(f"{installed} is there: remove it, or make another root")
    source = root / _SOURCE
    source.mkdir()
    for line in (line for line in instructions("COPY") if not line.startswith("--from")):
        *names, _ = line.split()
        for name in names:
            if (_PROJECT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(_PROJECT / name, source / name, ignore=ignored)
            else:
                shutil.copy(_PROJECT / name, source / name)
    command = f"cd /{_SOURCE} && {instructions('RUN')[0]}"
    subprocess.run(["chroot", root, "sh", "-c", command], check=True, stdout=sys.stderr)
    shutil.rmtree(source)
    return installed


def packages_in(installed: Path) -> dict[str, float]:
    """Return the megabytes of each package, bytecode among them, by what pip has written down."""
    found = {}
    for record in installed.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            files = [record.parents[1] / row[0] for row in csv.reader(file)]
        name = record.parent.name.removesuffix(".dist-info").replace("-", " ", 1)
        found[name] = sum(file.stat().st_size for file in files if file.exists()) / 1e6
    return found


def main() -> None:
    """Build, print the table, and end with 1 if the image is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("root", type=Path)
    given = parser.parse_args()
    base = megabytes_in(given.root)
    installed = build(given.root)
    try:
        whole, packages = megabytes_in(installed), packages_in(installed)
    finally:
        shutil.rmtree(installed)
    largest = sorted(packages, key=lambda name: -packages[name])
    shown = [name for name in largest if packages[name] >= _SHOWN]
    rest = sum(packages.values()) - sum(packages[name] for name in shown)
    print("| layer | MB |\n|---|---|")
    print(f"| the base, an estimate: Debian and Python | {base:.1f} |")
    print(f"| the virtual environment | {whole:.1f} |")
    for name in shown:
        print(f"| of which {name} | {packages[name]:.1f} |")
    print(f"| of which {len(packages) - len(shown)} smaller packages | {rest:.1f} |")
    print(f"| of which the environment itself | {whole - sum(packages.values()):.1f} |")
    print(f"| together | {base + whole:.1f} |")
    if base + whole > _MOST:
        sys.exit(f"missed: more than {_MOST:.0f} MB")


if __name__ == "__main__":
    main()
