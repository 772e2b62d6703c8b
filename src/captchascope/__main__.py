"""The entry point of ``python -m captchascope``."""

from captchascope.cli import main

main()
