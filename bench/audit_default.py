"""The default audit of a scheme, from nothing: when it first answers, and what it measures in time.

    python bench/audit_default.py [SCHEME] [--time-limit 30m] [-o REPORT.html] [--json FILE]

Runs the command in a new process with an empty run folder, and times each of its lines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running import table


def main() -> None:
    """Run the audit, and print what came when."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheme", nargs="?", default="metu")
    parser.add_argument("--time-limit", default="30m")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        document = Path(folder) / "report.json"
        _run(asked.scheme, asked.time_limit, report, document)
        for source, wanted in ((report, asked.output), (document, asked.json)):
            if wanted is not None:
                wanted.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, wanted)


def _run(scheme: str, limit: str, report: Path, document: Path) -> None:
    command = [sys.executable, "-m", "captchascope", "audit", scheme, "-o", report.name]
    command += ["--json", document.name, "--time-limit", limit, "--progress", "jsonl"]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # which no user has
    begun, first, rows = time.monotonic(), None, []
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=report.parent, env=environment
    ) as audit:
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
