"""The default audit of a scheme, from nothing: when it first answers, and what it measures in time.

    python bench/audit_default.py [SCHEME|DIR] [--time-limit 30m]

Runs the command in a new process with an empty run folder, and times each of its lines. The report
and its JSON stay in build/bench/default.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from running import table
from sets import PLACE


def main() -> None:
    """Run the audit, and print what came when."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", nargs="?", default="metu")
    parser.add_argument("--time-limit", default="30m")
    asked = parser.parse_args()
    folder = PLACE / "default" / Path(asked.subject).name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(asked.subject, asked.time_limit, folder)


def _run(subject: str, limit: str, folder: Path) -> None:
    report = folder / "report.html"
    command = [sys.executable, "-m", "captchascope", "audit", subject, "-o", str(report)]
    command += ["--json", str(folder / "report.json"), "--time-limit", limit, "--progress", "jsonl"]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # which no user has
    begun, first, rows = time.monotonic(), None, []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as audit:
        assert audit.stderr is not None
        for line in audit.stderr:
            now = time.monotonic() - begun
            event = json.loads(line) if line.startswith("{") else {"event": "said", "line": line}
            if event["event"] == "found" and first is None:
                first = now
                print(f"first answer after {now:.1f} s: {event['line']}", flush=True)
            if event["event"] in ("measured", "left_out", "said"):
                told = event.get("title", ""), event["event"], f"{now:.0f} s", event["line"].strip()
                rows.append([*told])
                print(*told, sep="\t", file=sys.stderr, flush=True)
    seconds = time.monotonic() - begun
    print(table(["measurement", "what came of it", "after", "why"], rows))
    size = report.stat().st_size / 1e6
    print(f"status {audit.returncode} after {seconds / 60:.1f} min; the report has {size:.2f} MB")


if __name__ == "__main__":
    main()
