"""The default audit of a scheme, from nothing: when it first answers, and what it measures in time.

    python bench/audit_default.py [SCHEME] [--time-limit 30m] [--report FILE.html]

Runs the command in a new process with an empty run folder, and times each of its lines. The report
and its JSON stay in build/bench/default. `captcha` is what the package of that name draws.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from captchascope.atomic import atomic_folder
from sets import CLEAR, PLACE, captcha, write_rows


def main() -> None:
    """Run the audit, and print what it says and when."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheme", nargs="?", default="metu")
    parser.add_argument("--time-limit", default="30m")
    parser.add_argument("--report", type=Path, help="where the report is copied to")
    asked = parser.parse_args()
    folder, name = PLACE / "default", asked.scheme
    folder.mkdir(parents=True, exist_ok=True)
    if name == "captcha" and not (folder / name).exists():
        with atomic_folder(folder / name) as place:
            write_rows(place, list(captcha(CLEAR)))
    shutil.rmtree(folder / f"{name}.html.run", ignore_errors=True)
    options = ["-o", f"{name}.html", "--json", f"{name}.json", "--time-limit", asked.time_limit]
    command = [sys.executable, "-m", "captchascope", "audit", name, *options, "-v"]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # which no user has
    begun, pipe = time.monotonic(), subprocess.PIPE
    with subprocess.Popen(command, stderr=pipe, text=True, env=environment, cwd=folder) as audit:
        assert audit.stderr is not None
        for line in audit.stderr:
            print(f"{time.monotonic() - begun:7.1f} s  {line.rstrip()}", flush=True)
    seconds, size = time.monotonic() - begun, (folder / f"{name}.html").stat().st_size / 1e6
    print(f"status {audit.returncode} after {seconds / 60:.1f} min; the report has {size:.2f} MB")
    if asked.report is not None:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / f"{name}.html", asked.report)


if __name__ == "__main__":
    main()
