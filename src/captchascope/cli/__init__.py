"""The command line: one file per command, each parses, calls and prints."""

from captchascope.cli.app import main

__all__ = ["main"]
