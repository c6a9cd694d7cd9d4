"""A picture from a prompt, step by step, with what it takes to repeat it."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from PIL import Image, PngImagePlugin

from tutor.errors import InputError
from tutor.events import Answer, Answered, Choice, Choices, Event, Picture, Recipe, Seconds, Status, Text
from tutor.image.base import ImageModel, ImageStep, PaintOptions, filmstrip
from tutor.request import PictureRequest, checked_prompt, own_seed
from tutor.things import KnownThings, Understood

_KEY = "generative-ai-tutor"
"""The PNG text chunk that holds a picture's recipe, as JSON."""
_YOUNG = "My painter has not learned for long: colors are mostly right, shapes are not yet."
_LARGEST_FILE = 20_000_000


class Drawer:
    """Draws with one image model. `things` is what the built-in painter knows; None for a model that needs no such help."""

    def __init__(self, painter: ImageModel, things: KnownThings | None) -> None:
        self.painter = painter
        self._things = things

    def draw(self, asked: str, request: PictureRequest) -> Iterator[Event]:
        """One turn. Raises InputError, ModelError."""
        start = time.monotonic()
        prompt = checked_prompt(request.prompt)
        read = self._things.read(prompt) if self._things is not None else Understood(prompt)
        yield Status("painting")
        recipes = tuple(
            Recipe(read.prompt, seed, request.steps, request.guidance, self.painter.name) for seed in request.seeds
        )
        options = PaintOptions(request.seeds, request.steps, request.guidance)
        seen: list[ImageStep] = []
        first = 0.0
        with closing(self.painter.paint(read.prompt, options)) as steps:  # type: ignore[type-var]
            for step in steps:
                seen.append(step)
                first = first or time.monotonic() - start
                strip = filmstrip(seen) if step.number == step.steps else None
                yield Picture(step.pictures, recipes, step.number, step.steps, read.prompt, strip)
        text = self._said(read, recipes)
        yield Text(text)
        yield Choices(follow_ups(read.prompt, request))
        total = time.monotonic() - start
        yield Answered(Answer(asked, "picture", False, text, (), (), self.painter.name, Seconds(0.0, first, total)))

    def _said(self, read: Understood, recipes: tuple[Recipe, ...]) -> str:
        seeds = ", ".join(str(recipe.seed) for recipe in recipes)
        many = "Seeds" if len(recipes) > 1 else "Seed"
        text = f"{many} {seeds}, {recipes[0].steps} steps. {_YOUNG}"
        if read.swaps and self._things is not None:
            taken = " and ".join(f"“{swap.taken}” for “{swap.said}”" for swap in read.swaps)
            text = f"The built-in painter knows about {len(self._things):,} things, so I took {taken}. {text}"
        return text


def follow_ups(prompt: str, request: PictureRequest) -> tuple[Choice, ...]:
    """What can be drawn next; each message says all that is needed to draw the same again anywhere."""
    seed = request.seeds[0]
    choices = [
        Choice("Another seed", f"Draw {prompt}, seed {own_seed(prompt, seed)}"),
        Choice("Four variations", "Variations"),
    ]
    if request.steps < 50:
        more = min(50, 2 * request.steps)
        choices.append(Choice("More steps", f"Draw {prompt}, seed {seed}, {more} steps"))
    return tuple(choices)


def as_png(image: Image.Image, recipe: Recipe) -> bytes:
    """The picture as a PNG file whose metadata repeats it."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(_KEY, json.dumps(asdict(recipe), ensure_ascii=False))
    file = BytesIO()
    image.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def read_recipe(path: Path) -> Recipe:
    """The recipe in a PNG file that we wrote. Raises InputError."""
    wrong = f"{path} is not a picture that this tutor drew; it holds no prompt and seed."
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(wrong)
        with Image.open(path, formats=["PNG"]) as image:
            row = json.loads(image.text[_KEY])  # type: ignore[attr-defined]
        return Recipe(
            str(row["prompt"]), int(row["seed"]), int(row["steps"]), float(row["guidance"]), str(row["model"])
        )
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
        raise InputError(wrong) from error
