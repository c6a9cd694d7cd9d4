"""`python -m benchmarks answers|demos|gallery|images|speed`"""

import argparse
import os
import platform
from pathlib import Path

from benchmarks import answers, demos, gallery, images, speed
from training.machine import HALF

_WHAT = {
    "answers": answers.main,
    "demos": demos.main,
    "gallery": gallery.main,
    "images": images.main,
    "speed": speed.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what README claims.")
    parser.add_argument("what", choices=_WHAT)
    options = parser.parse_args()
    half = "" if HALF else " that does not compute bf16"
    print(f"Machine: {_processor()}{half}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    _WHAT[options.what]()


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
