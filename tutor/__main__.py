"""`python -m tutor`."""

import os
import sys
from collections.abc import Sequence


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line. Control-C while Python is still reading the program ends it as quietly as later on."""
    # Threads that wait by spinning take the processor from whatever else runs on it, and both take several times as long. Has to be set
    # before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from tutor.cli import main

        return main(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
