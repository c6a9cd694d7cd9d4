"""`python -m tutor demo`: run a live demo and keep its frames, its numbers and its code."""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from tutor.catalogue import checked, checked_seed, defaults, demo_named, demos
from tutor.demo_request import DemoRequest
from tutor.errors import InputError, StorageError, TutorError
from tutor.events import Event, Failure, Frame, Shown, Status
from tutor.turn import Tutor
from tutor.workbench.demo import Demo, Line, Number, Option, Parameter, Switch


def demo_command(options: argparse.Namespace, tutor: "Tutor") -> int:
    """What the command line asks for. Raises TutorError."""
    if options.list:
        rows = [_described(demo) for demo in demos().values()]
        print(json.dumps(rows, ensure_ascii=False) if options.json else "\n".join(map(_line, demos().values())))
        return 0
    if options.name is None:
        raise InputError("Name a demo, such as: python -m tutor demo gan. All of them: python -m tutor demo --list.")
    demo = demo_named(options.name)
    request = DemoRequest(demo, checked(demo, _settings(options.set)))
    if options.seed is not None:
        request = replace(request, seed=checked_seed(options.seed))
    folder = options.out or Path(f"demo-{demo.name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        result = _keep(tutor.run(request, options.dark), folder, request)
        (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}. Choose another place with --out.") from None
    if options.json:
        print(json.dumps(result | {"path": str(folder)}, ensure_ascii=False))
    else:
        print(
            f"{folder}: {len(result['frames'])} frames, demo.gif, code.py, result.json. {result['caption']} {result['verdict']}"
        )
    return 0


def _settings(pairs: Iterable[str]) -> dict[str, object]:
    wanted: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--set takes a name and a value, such as --set steps=100; not {pair[:40]!r}.")
        wanted[name.strip()] = value.strip()
    return wanted


def _keep(events: Iterable[Event], folder: Path, request: DemoRequest) -> dict[str, Any]:
    """Write each frame when it comes, and at the end what sums the run up."""
    frames, last, shown = list[str](), None, None
    with Console(stderr=True).status(f"Running {request.demo.name}") as line:
        for event in events:
            match event:
                case Status("waiting", detail):
                    line.update(f"Waiting: {detail}")
                case Frame(picture=picture) if event is not last:
                    last = event
                    frames.append(f"frame-{len(frames) + 1:03}.png")
                    picture.save(folder / frames[-1])
                    line.update(f"Running {request.demo.name}, {event.share:.0%}")
                case Shown():
                    shown = event
                case Failure(message):
                    raise TutorError(message)
                case _:
                    pass
    assert last is not None
    assert shown is not None
    first, *others = shown.reel
    others = [other.resize(first.size) for other in others]
    first.save(folder / "demo.gif", save_all=True, append_images=others, duration=500, loop=0)
    (folder / "code.py").write_text(shown.script, encoding="utf-8")
    return {
        "demo": request.demo.name,
        "settings": dict(request.values),
        "seed": request.seed,
        "frames": frames,
        "caption": last.caption,
        "alt": last.alt,
        "verdict": shown.verdict,
        "numbers": dict(last.numbers),
        "prepared": last.prepared,
        "milliseconds": round(shown.milliseconds),
    }


def _line(demo: Demo) -> str:
    return f"{demo.name:20} {demo.about}"


def _described(demo: Demo) -> dict[str, object]:
    return {
        "name": demo.name,
        "title": demo.title,
        "lesson": demo.lesson,
        "about": demo.about,
        "parameters": [_parameter(parameter) for parameter in demo.parameters],
        "defaults": defaults(demo),
        "break": dict(demo.breaks.values),
    }


def _parameter(parameter: Parameter) -> Mapping[str, object]:
    common: dict[str, object] = {"name": parameter.name, "title": parameter.title, "default": parameter.default}
    match parameter:
        case Number(low=low, high=high, step=step):
            return common | {"kind": "number", "low": low, "high": high, "step": step}
        case Option(options=options):
            return common | {"kind": "option", "options": list(options)}
        case Switch():
            return common | {"kind": "switch"}
        case Line(longest=longest):
            return common | {"kind": "text", "longest": longest}
