"""The command line: `python -m tutor ask|paint|demo|chat|check|settings`.

Exit codes: 0; 1 for a failure; 2 with one line on standard error for bad input; 130 for Ctrl-C. Never a traceback.
"""

import argparse
import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tutor import __version__
from tutor.cli_answer import print_failure, print_json, print_live
from tutor.errors import InputError, ModelError, StorageError, TutorError
from tutor.events import Failure, Picture, Text
from tutor.settings import Settings, settings, share_processor

if TYPE_CHECKING:
    from tutor.library import Attached
    from tutor.loading import Loader
    from tutor.turn import Tutor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    share_processor()
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk can still be told
        return code
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        if error.errno != errno.EPIPE:  # else whoever read our output has gone
            print(f"tutor: {error.strerror}. Free some space, or send the output to another place.", file=sys.stderr)
        # writing the rest, even at exit, would only fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tutor", description="A tutor of generative AI on your own machine."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ask = commands.add_parser("ask", help="answer a question from the course")
    ask.add_argument("question", nargs="?", help="the question; - reads one a line from standard input")
    ask.add_argument("--json", action="store_true", help="print one JSON object a question")
    ask.add_argument("--lesson-dir", type=Path, metavar="DIR", help="answer from another folder of Markdown lessons")
    ask.add_argument("--file", type=Path, metavar="FILE", help="answer from this Markdown, text or PDF file too")
    ask.set_defaults(run=_ask)
    paint = commands.add_parser("paint", help="draw a picture from a prompt")
    paint.add_argument("prompt", nargs="?", help="what to draw, in English")
    paint.add_argument("--seed", type=int, help="0 to 4294967295; the same seed draws the same picture")
    paint.add_argument("--steps", type=int, help="1 to 50; more take longer")
    paint.add_argument("--guidance", type=float, help="0 to 20; more follows the words more closely")
    paint.add_argument("--out", type=Path, default=Path("picture.png"), metavar="FILE.png", help="where to write it")
    paint.add_argument("--from", dest="source", type=Path, metavar="FILE.png", help="repeat a picture drawn before")
    paint.add_argument("--json", action="store_true", help="print one JSON object")
    paint.set_defaults(run=_paint)
    demo = commands.add_parser("demo", help="run a live demo and keep its frames")
    demo.add_argument("name", nargs="?", metavar="NAME", help="such as gan; --list names all")
    demo.add_argument("--list", action="store_true", help="list the demos")
    demo.add_argument("--out", type=Path, metavar="DIR", help="where to write frames, result.json and code")
    demo.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; may be repeated")
    demo.add_argument("--seed", type=int, help="0 to 4294967295; the same seed gives the same numbers")
    demo.add_argument("--dark", action="store_true", help="draw for a dark page")
    demo.add_argument("--json", action="store_true", help="print one JSON object")
    demo.set_defaults(run=_demo)
    chat = commands.add_parser("chat", help="open the chat page")
    chat.set_defaults(run=_chat)
    check = commands.add_parser("check", help="check the lessons; names file and line of what is broken")
    check.add_argument("--lesson-dir", type=Path, metavar="DIR", help="check another folder")
    check.set_defaults(run=_check)
    show = commands.add_parser("settings", help="print every setting that is in force")
    show.set_defaults(run=_settings)
    return parser


def _ask(options: argparse.Namespace) -> int:
    from tutor.request import explained, requests
    from tutor.turn import checked

    if options.question is None:
        raise InputError('No question. Write it in quotes: python -m tutor ask "What is a GAN?"')
    tutor = _tutor(options.lesson_dir)
    for problem in tutor.course.problems:
        print(f"tutor: {problem}", file=sys.stderr)
    file = _read_file(tutor, options.file) if options.file is not None else None
    code, loaded = 0, set[int]()
    for question in _questions(options.question):
        try:
            checked(question)
        except InputError as error:
            code = max(code, print_failure(Failure(str(error), error.exit_code), question if options.json else None))
            continue
        loader = tutor.painters if requests([question])[-1] or explained(question, ()) else tutor.loader
        if id(loader) not in loaded:
            loaded.add(id(loader))
            _load(loader)
        events = tutor.reply(question, file=file)
        code = max(code, print_json(events, question) if options.json else print_live(events, tutor))
    return code


def _paint(options: argparse.Namespace) -> int:
    from tutor.drawing import as_png, read_recipe
    from tutor.request import PictureRequest, checked_prompt, own_seed

    if (options.prompt is None) == (options.source is None):
        raise InputError('Give a prompt, python -m tutor paint "a red apple", or a picture to repeat, --from FILE.png.')
    old = None
    if options.source is not None:
        old = read_recipe(options.source)
        request = PictureRequest(old.prompt, (old.seed,), old.steps, old.guidance)
    else:
        prompt = checked_prompt(options.prompt)
        request = PictureRequest(prompt, (own_seed(prompt, 0),))
    if options.seed is not None:
        request = replace(request, seeds=(options.seed,))
    if options.steps is not None:
        request = replace(request, steps=options.steps)
    if options.guidance is not None:
        request = replace(request, guidance=options.guidance)
    if options.out.suffix.lower() != ".png":
        raise InputError(f"{options.out} does not end in .png; choose such a name with --out.")
    tutor = _tutor()
    _load(tutor.painters)
    drawer = tutor.drawer()
    if old is not None and old.model != drawer.painter.name:
        raise InputError(f"{options.source} was drawn by {old.model}; set TUTOR_IMAGE_MODEL to that to repeat it.")
    picture, said = None, ""
    for event in drawer.draw(request.prompt, request):
        if isinstance(event, Picture):
            picture = event
        elif isinstance(event, Text):
            said = event.markdown
    if picture is None or not picture.images:
        raise ModelError(said)
    recipe = picture.recipes[0]
    try:
        options.out.write_bytes(as_png(picture.images[0], recipe))
    except OSError as error:
        raise StorageError(
            f"{options.out} cannot be written: {error.strerror}. Choose another place with --out."
        ) from None
    if options.json:
        print(json.dumps({"path": str(options.out), **asdict(recipe), "note": said}, ensure_ascii=False))
    else:
        print(f"{options.out}: {said}")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from tutor.cli_demo import demo_command

    return demo_command(options, _tutor())


def _tutor(lessons: Path | None = None) -> "Tutor":
    from tutor.turn import Tutor

    return Tutor.of(settings().model_copy(update={"content_dir": _lessons(lessons)}))


def _lessons(named: Path | None) -> Path:
    """The folder of lessons. Raises InputError when the one that was named is none."""
    if named is not None and not named.is_dir():
        raise InputError(f"{named} is no folder. Name a folder of Markdown lessons with --lesson-dir.")
    return named or settings().content_dir


def _read_file(tutor: "Tutor", path: Path) -> "Attached":
    """A learner's file, ready to be asked about. Raises InputError."""
    from tutor.document import LARGEST, check, clean_name, too_large
    from tutor.library import Attached

    name = clean_name(path.name)
    try:
        check(name, b"-")  # the wrong kind is told before a large file is read
        if path.stat().st_size > LARGEST:
            raise InputError(too_large(name))
        steps = tutor.add(name, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Name another file with --file.") from None
    with Console(stderr=True).status(f"Reading {name}") as line:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return Attached(end.value)
            line.update(f"Reading {name} {step.detail}")


def _load(loader: "Loader[Any]") -> None:
    """Load what the settings name, and wait for it; on a terminal say how far it is."""
    from tutor.loading import progress

    loader.start()
    with Console(stderr=True).status("Getting ready") as line:
        while (state := loader.wait(0.2)).stage not in ("ready", "failed"):
            line.update(progress(state))
    if state.error is not None:
        print(f"tutor: {state.error}", file=sys.stderr)


def _questions(argument: str) -> Iterator[str]:
    if argument != "-":
        yield argument
        return
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    empty = True
    for line in sys.stdin:
        if line.strip():
            empty = False
            yield line.rstrip("\n")
    if empty:
        raise InputError("No question on the standard input. Write one on each line.")


def _chat(_: argparse.Namespace) -> int:
    from tutor.ui.app import serve

    serve(settings())
    return 0


def _check(options: argparse.Namespace) -> int:
    from tutor.checks.run import check

    chosen = settings()
    report = check(_lessons(options.lesson_dir), chosen.cache_dir)
    for problem in report.problems:
        print(problem, file=sys.stderr)
    if report.left_out:
        print(f"Not checked: {', '.join(report.left_out)}. For these, run: pip install -e '.[check]'", file=sys.stderr)
    print(report)
    return 2 if report.problems else 0


def _settings(_: argparse.Namespace) -> int:
    chosen = settings()
    for name, field in Settings.model_fields.items():
        value = "********" if name.endswith("_key") and getattr(chosen, name) else getattr(chosen, name)
        print(f"TUTOR_{name.upper()}={value if value is not None else ''}  # {field.description}")
    return 0
