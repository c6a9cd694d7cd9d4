"""The command line: `python -m tutor ask|paint|chat|check|settings`.

Exit codes: 0; 1 for a failure; 2 with one line on standard error for bad input; 130 for Ctrl-C. Never a traceback.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text as Styled

from tutor import __version__
from tutor.course import load_course
from tutor.errors import InputError, StorageError, TutorError
from tutor.events import Answered, Choices, Event, Failure, Picture, Quote, Sources, Status, Text, as_json
from tutor.settings import Settings, settings

_WAIT = 600.0
"""Seconds to wait for the language model: the first start converts it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; writing the rest, even at exit, would only fail again
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
    ask.set_defaults(run=_ask)
    paint = commands.add_parser("paint", help="draw a picture from a prompt")
    paint.add_argument("prompt", nargs="?", help="what to draw, in English")
    paint.add_argument("--seed", type=int, help="0 to 4294967295; the same seed draws the same picture")
    paint.add_argument("--steps", type=int, help="1 to 50; more take longer")
    paint.add_argument("--out", type=Path, default=Path("picture.png"), metavar="FILE.png", help="where to write it")
    paint.add_argument("--from", dest="source", type=Path, metavar="FILE.png", help="repeat a picture drawn before")
    paint.add_argument("--json", action="store_true", help="print one JSON object")
    paint.set_defaults(run=_paint)
    chat = commands.add_parser("chat", help="open the chat page")
    chat.set_defaults(run=_chat)
    check = commands.add_parser("check", help="check the lessons; names file and line of what is broken")
    check.add_argument("--lesson-dir", type=Path, metavar="DIR", help="check another folder")
    check.set_defaults(run=_check)
    show = commands.add_parser("settings", help="print every setting that is in force")
    show.set_defaults(run=_settings)
    return parser


def _ask(options: argparse.Namespace) -> int:
    from tutor.text.loading import Loader
    from tutor.turn import Tutor, checked

    if options.question is None:
        raise InputError('No question. Write it in quotes: python -m tutor ask "What is a GAN?"')
    chosen = settings()
    tutor = Tutor(options.lesson_dir or chosen.content_dir, chosen.cache_dir, Loader(chosen))
    for problem in tutor.course.problems:
        print(f"tutor: {problem}", file=sys.stderr)
    code, started = 0, False
    for question in _questions(options.question):
        try:
            checked(question)
        except InputError as error:
            print(f"tutor: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
            continue
        if not started:
            started = True
            tutor.loader.start()
            if (failed := tutor.loader.wait(_WAIT).error) is not None:
                print(f"tutor: {failed}", file=sys.stderr)
        events = tutor.reply(question)
        code = max(code, _print_json(events) if options.json else _print_live(events))
    return code


def _paint(options: argparse.Namespace) -> int:
    from tutor.drawing import as_png, read_recipe
    from tutor.request import DEFAULT_STEPS, PictureRequest, checked_prompt, own_seed
    from tutor.text.loading import Loader
    from tutor.turn import Tutor

    if (options.prompt is None) == (options.source is None):
        raise InputError('Give a prompt, python -m tutor paint "a red apple", or a picture to repeat, --from FILE.png.')
    if options.source is not None:
        old = read_recipe(options.source)
        request = PictureRequest(old.prompt, (old.seed,), old.steps, old.guidance)
    else:
        prompt = checked_prompt(options.prompt)
        request = PictureRequest(prompt, (own_seed(prompt, 0),), DEFAULT_STEPS)
    if options.seed is not None:
        request = replace(request, seeds=(options.seed,))
    if options.steps is not None:
        request = replace(request, steps=options.steps)
    if options.out.suffix.lower() != ".png":
        raise InputError(f"{options.out} does not end in .png; choose such a name with --out.")
    chosen = settings()
    tutor = Tutor(chosen.content_dir, chosen.cache_dir, Loader(chosen))
    picture, said = None, ""
    for event in tutor.drawer().draw(request.prompt, request):
        if isinstance(event, Picture):
            picture = event
        elif isinstance(event, Text):
            said = event.markdown
    if picture is None:
        raise InputError("Nothing was drawn.")
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


def _questions(argument: str) -> Iterable[str]:
    if argument != "-":
        return [argument]
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    return (line.rstrip("\n") for line in sys.stdin if line.strip())


def _print_json(events: Iterable[Event]) -> int:
    for event in events:
        if isinstance(event, Answered):
            print(json.dumps(as_json(event.answer), ensure_ascii=False), flush=True)
        elif isinstance(event, Failure):
            print(f"tutor: {event.message}", file=sys.stderr)
            return event.exit_code
    return 0


def _print_live(events: Iterable[Event]) -> int:
    """Stream to the terminal: the quote, then each sentence once it is checked, then the sources."""
    console = Console(highlight=False)
    shown = 0
    for event in events:
        match event:
            case Status(stage):
                console.print(Styled(f"{stage} …", style="dim"))
            case Quote(source):
                console.print(Styled(f"“{source.quote}”", style="cyan"))
                console.print(Styled(f"— {source.lesson}: {source.section}\n", style="dim"))
            case Text(_, sentences) if sentences:
                for sentence in sentences[shown:]:
                    console.print(Styled(f"{sentence.text} "), end="")
                shown = max(shown, len(sentences))
            case Text(markdown, _, pending) if markdown and not pending:
                console.print(Markdown(markdown))
            case Sources(items) if items:
                console.print("\n")
                for number, source in enumerate(items, 1):
                    console.print(Styled(f"[{number}] {source.lesson}: {source.section}  ({source.id})", style="cyan"))
            case Picture(recipes=recipes, strip=strip) if strip is not None:
                prompt, seed = recipes[0].prompt, recipes[0].seed
                console.print(Styled(f'To keep it: python -m tutor paint "{prompt}" --seed {seed}', style="cyan"))
            case Choices(items) if items:
                console.print(Styled("Next: " + " · ".join(choice.message for choice in items), style="dim"))
            case Answered(answer):
                console.print(Styled(f"{answer.written_by}, {answer.seconds.total:.1f} s", style="dim"))
            case Failure(message, exit_code):
                print(f"tutor: {message}", file=sys.stderr)
                return exit_code
            case _:
                pass
    return 0


def _chat(_: argparse.Namespace) -> int:
    from tutor.ui.app import serve

    serve(settings())
    return 0


def _check(options: argparse.Namespace) -> int:
    course = load_course(options.lesson_dir or settings().content_dir)
    for problem in course.problems:
        print(problem, file=sys.stderr)
    print(f"{len(course.lessons)} lessons, {len(course.passages)} passages, {len(course.problems)} problems")
    return 2 if course.problems else 0


def _settings(_: argparse.Namespace) -> int:
    chosen = settings()
    for name, field in Settings.model_fields.items():
        value = "********" if name.endswith("_key") and getattr(chosen, name) else getattr(chosen, name)
        print(f"TUTOR_{name.upper()}={value if value is not None else ''}  # {field.description}")
    return 0
