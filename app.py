"""Entry for Hugging Face Spaces and `python app.py`: the same as `python -m tutor chat`."""

import sys

from tutor.__main__ import run

if __name__ == "__main__":
    sys.exit(run(["chat"]))
