"""The entry point of ``python -m captchascope``."""

from captchascope.cli.app import main

main()
