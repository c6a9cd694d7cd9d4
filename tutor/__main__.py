"""`python -m tutor`."""

import sys
from collections.abc import Sequence


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line. Control-C while Python is still reading the program ends it as quietly as later on."""
    try:
        from tutor.cli import main

        return main(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
