"""The entry point: finds the command, runs it, and turns what it raises into one line."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module

import click

from captchascope import __version__
from captchascope.cli import UNDONE
from captchascope.cli.output import Console, mute_stdout, unwritable
from captchascope.errors import CaptchascopeError, UsageError, causes_of, likeliest

COMMANDS = {
    "read": "Read captchas.",
    "watch": "Read captchas as they arrive in a folder.",
    "bulk": "Read very many captchas, into parts of Parquet or JSON Lines.",
    "explain": "Draw every stage of reading one captcha.",
    "generate": "Generate labelled captchas.",
    "practice-site": "Serve a made-up registration page to collect captchas from.",
    "collect": "Collect captchas from a page that you may collect from.",
    "label": "Label captchas in a browser, with the model's guesses filled in.",
    "check": "Find what is wrong with labelled captchas, before training.",
    "convert": "Write labelled captchas with their labels in another form.",
    "segment": "Cut labelled captchas into one image per glyph.",
    "train": "Train a model on labelled captchas.",
    "test": "Measure a model on labelled captchas.",
    "audit": "Measure how weak a scheme is, as a report for its owner.",
    "serve": "Serve the app and an HTTP API.",
    "label-studio": "Fill in what captchas read for Label Studio.",
    "schemes": "List the schemes that ship.",
    "models": "List the models that ship.",
}
"""Every command, and what it does; ``cli/NAME.py`` holds NAME_command, a dash as underscore."""

_COMPLETING = "_CAPTCHASCOPE_COMPLETE"  # as click calls it
_FULL = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC)

EXAMPLES = """\
captchascope reads text captchas. Three ways to begin:

  captchascope generate metu captchas --count 12 --seed 1     make twelve captchas, with labels
  captchascope read captchas                                  read a folder of them
  captchascope explain captchas/1.jpeg -o stages.png          see how one is read

All commands: captchascope --help
"""


class Group(click.Group):
    """Imports a command when it is asked for, so that reading never waits for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        if name not in COMMANDS:
            return None
        name = name.replace("-", "_")
        module = import_module(f"captchascope.cli.{name}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, message="captchascope %(version)s", help="Print the version.")
@click.pass_context
def command_line(ctx: click.Context) -> None:
    """Read, train on and measure text captchas, offline."""
    if ctx.invoked_subcommand is None:
        click.echo(EXAMPLES, nl=False)


def main() -> None:
    """Run the command line and exit with its status.

    Everything is written and closed by then, and the large libraries would take a tenth of a cold
    start to dismantle themselves: the process ends at once.
    """
    try:
        status = run_command_line(sys.argv[1:])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # too late
    except KeyboardInterrupt as again:  # while it was said what went wrong
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = _status_of(again, Console())
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def run_command_line(arguments: Sequence[str]) -> int:
    """Run the command line.

    Returns:
        0 if all is well, 1 if anything failed or abstained, 2 for wrong usage, 130 if interrupted.
    """
    console = Console(debug="--debug" in arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal of another encoding shows escapes
            stream.reconfigure(errors="backslashreplace")
    _end_cleanly()
    try:
        status = command_line.main(
            list(arguments), "captchascope", standalone_mode=False, obj=console
        )
        console.flush()
    except (BrokenPipeError, SystemExit) as ended:  # click makes the one of the other
        if isinstance(ended, SystemExit) and _COMPLETING in os.environ:
            return int(ended.code or 0)
        mute_stdout()
        return int(console.failed)
    except BaseException as error:
        return _status_of(error, console)
    return status if isinstance(status, int) else int(console.failed)


class _Ended(BaseException):
    """Somebody asked the process to end; what is half written goes on the way out."""


def _end_cleanly() -> None:
    """Let a termination unwind like Ctrl-C, so that nothing is left half written."""

    def end(number: int, _: object) -> None:
        raise _Ended(number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, end)


def _interrupt_of(error: BaseException) -> BaseException | None:
    """Return the Ctrl-C behind ``error``: compiled modules turn it into an ImportError."""
    return next((one for one in causes_of(error) if isinstance(one, KeyboardInterrupt)), None)


def _status_of(error: BaseException, console: Console) -> int:
    """Say what went wrong in one line, and return the exit status."""
    if console.debug and not isinstance(error, CaptchascopeError | click.exceptions.Exit):
        import traceback

        traceback.print_exception(error)
    status = 1
    match error:
        case _ if interrupt := _interrupt_of(error):
            said, status = CaptchascopeError("interrupted", *(interrupt.args or (UNDONE,))), 130
        case _Ended():
            return 128 + int(error.args[0])
        case click.exceptions.Exit():
            return int(error.exit_code)
        case click.UsageError():
            said, status = _usage_error(error), 2
        case click.ClickException():
            said, status = CaptchascopeError("click", error.format_message()), error.exit_code
        case CaptchascopeError():
            said, status = error, 2 if isinstance(error, UsageError) else 1
        case MemoryError():
            said = CaptchascopeError("memory", "is not enough", "try fewer jobs or smaller images")
        case OSError(filename=None, errno=number) if number in _FULL:
            said = unwritable(error)  # click's own help and version
        case Exception():
            what = f"{type(error).__name__}: {error}".replace("\n", " ")
            remedy = "--debug shows where; please report it"
            said = CaptchascopeError("unexpected", what, remedy)
        case _:
            raise error
    console.error(said)
    return status


def _usage_error(error: click.UsageError) -> UsageError:
    """Return what click says of a command line, with what was probably meant."""
    context = error.ctx
    path = context.command_path if context else "captchascope"
    where = path.removeprefix("captchascope").strip() or "command line"
    what = error.format_message().rstrip(".")
    meant = ""
    match error:
        case click.MissingParameter():  # click lists choices one below the other
            what = re.sub(r"\s*\n\s*", " ", what).replace(". Choose from: ", "; choose one of ")
        case click.NoSuchOption():
            what = f"no such option {error.option_name!r}"
            meant = likeliest(error.option_name, error.possibilities or ())
        case click.BadParameter() if given := re.search("'([^']*)' is not one of (.*)", what):
            meant = likeliest(given[1], re.findall("'([^']*)'", given[2]))
        case _ if given := re.fullmatch("No such command '(.*)'", what, re.DOTALL):
            meant = likeliest(given[1], COMMANDS)
    return UsageError(where, what[:1].lower() + what[1:], f"{meant}see {path} --help")
