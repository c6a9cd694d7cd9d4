"""Take the code: the core of a demo as a script that runs by itself."""

import inspect
from collections.abc import Mapping
from string import Template

from tutor.workbench.demo import Demo, Value

LONGEST = 60
"""Lines."""


def script(demo: Demo, values: Mapping[str, Value], seed: int) -> str:
    """Imports, the demo's own functions as they stand, and a few lines that run them with these values."""
    parts = [inspect.getsource(part).rstrip() for part in demo.script.parts]  # type: ignore[arg-type]
    told = {name: repr(value) for name, value in values.items()} | {"seed": repr(seed)}
    main = Template(demo.script.main.strip()).safe_substitute(told)
    head = f'"""{demo.title}: {demo.about}"""\n\n{demo.script.imports.strip()}'
    return "\n\n\n".join([head, *parts, main]) + "\n"
