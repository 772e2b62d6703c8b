"""The command line: one file per command, each parses, calls and prints."""

import os
import signal

UNDONE = "nothing is left half done"
"""What is said after Ctrl-C."""


def main() -> None:
    """Run the command line and exit with its status.

    Until a command begins, Ctrl-C ends the process at once: raised in the middle of an import, it
    would show where that was, or be lost in it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody ignores it
        signal.signal(signal.SIGINT, end_at_once)
    from captchascope.cli.app import main as run

    run()


def end_at_once(number: int, frame: object) -> None:
    """Handle Ctrl-C where there is nothing to undo."""
    try:
        os.write(2, f"\ncaptchascope: interrupted: {UNDONE}\n".encode())
    finally:
        os._exit(130)
