"""How soon each demo shows its first picture and its last, at its defaults, and in how much memory, against what is promised: 1 and 20 s.

Each runs in a process of its own, as in the app: torch, matplotlib and, where a demo looks inside it, the language model are loaded before.
"""

import json
import resource
import subprocess
import sys
import time
from typing import Any

from tutor.catalogue import demos
from tutor.settings import ROOT, settings

_FIRST, _LAST = 1.0, 20.0
"""Seconds that are promised."""


def main() -> None:
    print(
        "| demo | first picture, s | of 1 s | last picture, s | of 20 s | pictures | peak memory, MB | of it, the demo's own |"
    )
    print("|---|---|---|---|---|---|---|---|")
    slow = []
    for name in demos():
        found = _apart(name)
        if found["first"] > _FIRST or found["last"] > _LAST:
            slow.append(name)
        times = (
            f"{found['first']:.2f} | {found['first'] / _FIRST:.0%} | {found['last']:.1f} | {found['last'] / _LAST:.0%}"
        )
        print(
            f"| {name} | {times} | {found['frames']} | {found['mb']:.0f} | {found['mb'] - found['before']:.0f} |",
            flush=True,
        )
    print(f"\nLater than promised: {', '.join(slow) or 'none'}.")


def measure(name: str) -> dict[str, Any]:
    """Seconds to the first and the last frame, the number of frames, and memory in MB."""
    import matplotlib.pyplot  # noqa: F401 - loaded before time is taken
    import torch  # noqa: F401

    from tutor.catalogue import checked, demo_named
    from tutor.turn import Tutor
    from tutor.workbench.demo import Values

    tutor = Tutor.of(settings())
    tutor.warm()
    for loader in (tutor.loader, tutor.painters):
        loader.start()
        loader.wait()
    demo = demo_named(name)
    values = Values(checked(demo, {}), tutor.tools)
    before, start, first, frames, last = _peak(), time.perf_counter(), 0.0, 0, None
    for frame in demo.run(values, 0):
        if frame is not last:
            frames += 1
            first = first or time.perf_counter() - start
        last = frame
    return {"first": first, "last": time.perf_counter() - start, "frames": frames, "mb": _peak(), "before": before}


def _apart(name: str) -> dict[str, Any]:
    code = f"import json; from benchmarks.demos import measure; print(json.dumps(measure({name!r})))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
