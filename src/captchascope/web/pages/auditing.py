"""Audits in the background: each is a process of its own, and at most one runs at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from captchascope.errors import OutputError
from captchascope.files import printable
from captchascope.web.children import begin_child

REPORT = "report.html"
FIGURES = "report.json"

_STOP: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)  # the one on Windows
_MOST = 200  # lines of what was found, and of what was left out
_LONGEST = 500  # characters of a line
_ENDED = "the audit ended without a report"


@dataclass(frozen=True, slots=True)
class AuditState:
    """How far an audit is.

    Attributes:
        subject: What is audited, as it is shown.
        limit: Seconds that it may take.
        running: Whether it still runs.
        stopping: Whether somebody has told it to end.
        title: What is measured at the moment; "" before that.
        number: Which measurement that is, counted from 1.
        total: Of how many.
        share: What is done of all, 0 to 1.
        ends: When it will probably be done, as ``time.monotonic`` counts; None where nobody knows.
        found: What was found so far, a line each.
        left_out: Measurements that were not made, and why.
        grade: What the scheme was given; "" before that, or where too little could be measured.
        trouble: Why there is no report; "" where there is one.
    """

    subject: str
    limit: float
    running: bool = True
    stopping: bool = False
    title: str = ""
    number: int = 0
    total: int = 0
    share: float = 0.0
    ends: float | None = None
    found: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    grade: str = ""
    trouble: str = ""

    @property
    def seconds_left(self) -> float | None:
        """The seconds that are probably left; None where nobody knows."""
        return None if self.ends is None else max(0.0, self.ends - time.monotonic())

    def told(self, line: str) -> AuditState:
        """Return what a line makes of it that ``audit --progress jsonl`` has said."""
        try:
            event = json.loads(line)
        except ValueError:  # what is wrong; of a crash, the last line says most
            return replace(self, trouble=_shown(line) or self.trouble)
        match event:
            case {"event": "measuring", "title": title, "share": share, "seconds_left": left}:
                ends = time.monotonic() + left
                counted = {name: event[name] for name in ("number", "total")}
                return replace(self, title=_shown(title), share=share, ends=ends, **counted)
            case {"event": "found", "line": found}:
                return replace(self, found=(*self.found, _shown(found))[-_MOST:])
            case {"event": "left_out", "title": title, "line": why}:
                left_out = (*self.left_out, (_shown(title), _shown(why)))
                return replace(self, left_out=left_out[-_MOST:])
            case {"event": "done", "grade": grade}:
                return replace(self, grade=grade or "")
        return self


def _shown(line: object) -> str:
    return printable(str(line).strip())[:_LONGEST]


class Audits:
    """The audits of one server, whose last one is kept. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self.state: AuditState | None = None

    def start(self, subject: str, shown: str, cwd: Path | None, limit: float) -> bool:
        """Begin an audit unless one is running, and say so; the last one's report is removed.

        Args:
            subject: A scheme, or a folder, seen from ``cwd``.
            shown: What it is called on pages.
            cwd: The folder that it is run in; None for one where no folder is called as a scheme.
            limit: Seconds that it may take.
        Raises:
            OutputError: If it cannot be started.
        """
        with self._lock:
            if self._closed or (self.state is not None and self.state.running):
                return False
            try:
                folder = self._emptied()
                command = audit_command(subject, folder, limit)
                process = begin_child(command, subprocess.PIPE, cwd or folder)
            except OSError as error:
                what = f"could not begin: {error.strerror or error}"
                raise OutputError("the audit", what, "free space, and try again") from error
            assert process.stderr is not None
            self._process, self.state = process, AuditState(shown, limit)
            listening = (process, process.stderr, folder)
            self._thread = threading.Thread(target=self._listen, args=listening, daemon=True)
            self._thread.start()
        return True

    def _emptied(self) -> Path:
        """Return the folder of the reports, which is made if it is not there, without any."""
        self._folder = self._folder or TemporaryDirectory(
            prefix="captchascope-audit-", ignore_cleanup_errors=True
        )
        folder = Path(self._folder.name)
        for name in (REPORT, FIGURES):
            (folder / name).unlink(missing_ok=True)
        return folder

    def stop(self) -> None:
        """Tell the audit that runs, if one does, to end with a report on what it has."""
        with self._lock:
            if self._process is not None and self.state is not None and self.state.running:
                self.state = replace(self.state, stopping=True)
                self._process.send_signal(_STOP)

    def report(self, name: str) -> bytes | None:
        """Return the ``REPORT`` or the ``FIGURES`` of the last audit; None while there are none."""
        if self._folder is None or self.state is None or self.state.running:
            return None
        try:
            return Path(self._folder.name, name).read_bytes()
        except OSError:
            return None

    def close(self) -> None:
        """End the audit that runs at once, begin no other, and remove what is left of all."""
        with self._lock:
            self._closed = True
            if self._process is not None and self._process.poll() is None:
                _kill(self._process)
        if self._thread is not None:
            self._thread.join()
        if self._folder is not None:
            self._folder.cleanup()

    def _listen(self, process: subprocess.Popen[bytes], said: IO[bytes], folder: Path) -> None:
        """Take in what an audit says until it ends."""
        with said:
            for line in said:
                with self._lock:
                    assert self.state is not None
                    self.state = self.state.told(line.decode(errors="replace"))
        process.wait()
        with self._lock:
            assert self.state is not None
            there = (folder / REPORT).exists()
            trouble = "" if there else self.state.trouble or _ENDED
            self.state = replace(self.state, running=False, trouble=trouble)


def audit_command(subject: str, folder: Path, limit: float) -> Sequence[str]:
    """Return the command that audits a scheme or a folder into a folder of reports."""
    # -P: no module of the folder that it runs in takes the place of one of ours
    python = [sys.executable, "-P", "-m", "captchascope"]
    report = ["-o", str(folder / REPORT), "--json", str(folder / FIGURES)]
    told = ["--time-limit", f"{limit:.0f}s", "--progress", "jsonl"]
    return [*python, "audit", *report, *told, "--", subject]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process at once, and what it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
