"""What `python -m tutor ask` prints of a turn: one JSON object for programs, or the answer as it grows for people."""

import json
import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text as Styled

from tutor.events import (
    Answered,
    Choices,
    Event,
    Failure,
    Figure,
    Frame,
    Inside,
    Picture,
    Quote,
    Recipe,
    Showing,
    Shown,
    Sources,
    Status,
    Text,
    as_json,
)

if TYPE_CHECKING:
    from tutor.image.base import Defaults
    from tutor.turn import Tutor


def print_json(events: Iterable[Event], question: str) -> int:
    """Print the answer to `question` as one JSON object. Returns the exit code."""
    for event in events:
        if isinstance(event, Answered):
            print(json.dumps(as_json(event.answer), ensure_ascii=False), flush=True)
        elif isinstance(event, Failure):
            return print_failure(event, question)
    return 0


def print_live(events: Iterable[Event], tutor: "Tutor") -> int:
    """Stream to the terminal: the quote, then each sentence once it is checked, then the sources. Returns the exit code."""
    console = Console(highlight=False)
    shown, laid, told, last = 0, 0, "", None
    for event in events:
        if event is last:
            continue  # a sign of life
        last = event
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
            case Picture(recipes=recipes, step=step, steps=steps) if recipes and step == steps:
                command = _repeating(recipes[0], tutor.drawer().painter.defaults)
                console.print(Styled(f"To keep it: {command}", style="cyan"), soft_wrap=True)
            case Inside(parts):
                for part in parts[laid:]:
                    console.print(Styled(f"{part.title}: ", style="bold"), end="")
                    console.print(Styled(f"{part.text}\n"))
                laid = max(laid, len(parts))
            case Figure(file, alt):
                console.print(Styled(f"Figure {file}: {alt}", style="dim"))
            case Showing(title=title):
                console.print(Styled(f"{title}. To keep the frames: python -m tutor demo --help", style="bold"))
            case Frame(caption=caption) if caption != told:
                told = caption
                console.print(Styled(caption))
            case Shown(verdict=verdict):
                console.print(Styled(verdict, style="cyan"))
            case Choices(items) if items:
                console.print(Styled("Next: " + " · ".join(choice.message for choice in items), style="dim"))
            case Answered(answer):
                console.print(Styled(f"{answer.written_by}, {answer.seconds.total:.1f} s", style="dim"))
            case Failure():
                return print_failure(event)
            case _:
                pass
    return 0


def print_failure(failure: Failure, question: str | None = None) -> int:
    """Say what went wrong; for programs also as the object that stands in the place of the answer to `question`. Returns the exit code."""
    print(f"tutor: {failure.message}", file=sys.stderr)
    if question is not None:
        print(json.dumps({"question": question, "error": failure.message}, ensure_ascii=False), flush=True)
    return failure.exit_code


def _repeating(recipe: Recipe, defaults: "Defaults | None") -> str:
    """The command that draws the picture again; steps and guidance only where they are not the painter's own."""
    prompt = shlex.quote(recipe.prompt) if set(recipe.prompt) & set('"$`\\!') else f'"{recipe.prompt}"'
    command = f"python -m tutor paint {prompt} --seed {recipe.seed}"
    if recipe.steps is not None and (defaults is None or recipe.steps != defaults.steps):
        command += f" --steps {recipe.steps}"
    if recipe.guidance is not None and (defaults is None or recipe.guidance != defaults.guidance):
        command += f" --guidance {recipe.guidance:g}"
    return command
