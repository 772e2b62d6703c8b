"""So that ``python -m captchascope`` works too."""

from captchascope.cli.app import main

main()
