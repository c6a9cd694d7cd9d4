"""A picture from a prompt, step by step, with what it takes to repeat it."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from PIL import Image, PngImagePlugin
from PIL.PngImagePlugin import PngImageFile

from tutor.errors import InputError
from tutor.events import Answer, Answered, Choice, Choices, Event, Picture, Recipe, Seconds, Status, Text
from tutor.image.base import MOST_STEPS, ImageModel, ImageStep, PaintOptions, filmstrip, settled
from tutor.request import PictureRequest, checked_prompt, own_seed
from tutor.things import KnownThings, Understood

_KEY = "generative-ai-tutor"
"""The PNG text chunk that holds a picture's recipe, as JSON."""
_DESCRIPTION = 0x010E
"""The EXIF tag that holds it in a WebP file."""
HOW = Choice("How did you draw that?", "How did you draw that?")
_HELD = "Try another seed or other words. TUTOR_IMAGE_SAFETY=off turns that check off."
_LARGEST_FILE = 20_000_000


class Drawer:
    """Draws with one image model. `things` is what the built-in painter knows; None for a model that needs no such help."""

    def __init__(self, painter: ImageModel, things: KnownThings | None) -> None:
        self.painter = painter
        self.things = things

    def planned(self, request: PictureRequest) -> tuple[Understood, PaintOptions]:
        """The prompt as the painter gets it, and with what it paints. Raises InputError."""
        prompt = checked_prompt(request.prompt)
        options = self._options(request)
        return (self.things.read(prompt) if self.things is not None else Understood(prompt)), options

    def draw(self, asked: str, request: PictureRequest) -> Iterator[Event]:
        """One turn. While a slow step is on its way its last event comes again, so that a reader who left is noticed.

        Raises InputError, ModelError.
        """
        start = time.monotonic()
        read, options = self.planned(request)
        recipes = tuple(
            Recipe(read.prompt, seed, options.steps, options.guidance, self.painter.name) for seed in options.seeds
        )
        event: Event = Status("painting")
        yield event
        seen: list[ImageStep] = []
        first = 0.0
        with closing(self.painter.paint(read.prompt, options)) as steps:  # type: ignore[type-var]
            for step in steps:
                if step.number > len(seen):
                    seen.append(step)
                    first = first or time.monotonic() - start
                    event = _picture(seen, recipes)
                yield event
        held = len(seen[-1].blocked) if seen else 0
        text = self._said(read, event.recipes if isinstance(event, Picture) else (), held)
        yield Text(text)
        offers = follow_ups(read.prompt, request.seeds[0], options.steps)
        yield Choices((*offers, HOW) if recipes and held < len(recipes) else offers)
        total = time.monotonic() - start
        yield Answered(Answer(asked, "picture", False, text, (), (), self.painter.name, Seconds(0.0, first, total)))

    def _options(self, request: PictureRequest) -> PaintOptions:
        defaults = self.painter.defaults
        options = PaintOptions(request.seeds, request.steps, request.guidance)
        if defaults is not None:
            steps, guidance = settled(options, defaults)
            longer = min(MOST_STEPS, steps * request.longer) if request.steps is None else steps
            return PaintOptions(request.seeds, longer, guidance)
        if request.steps is None and request.longer > 1:
            raise InputError(f"Only the server knows how many steps {self.painter.name} takes. Say a number: 30 steps.")
        return options

    def _said(self, read: Understood, recipes: tuple[Recipe, ...], held: int) -> str:
        said = []
        if held:
            which = "this picture" if held == 1 and not recipes else f"{held} picture{'s' if held > 1 else ''}"
            said.append(f"The model's safety checker held {which} back. {_HELD}")
        if recipes:
            seeds = ", ".join(str(recipe.seed) for recipe in recipes)
            count = recipes[0].steps
            steps = "" if count is None else f", {count} step{'' if count == 1 else 's'}"
            said.append(f"{'Seeds' if len(recipes) > 1 else 'Seed'} {seeds}{steps}.")
        if self.things is not None and read.swaps:
            taken = " and ".join(f"“{swap.taken}” for “{swap.said}”" for swap in read.swaps)
            said.insert(0, f"The built-in painter knows about {len(self.things):,} things, so I took {taken}.")
        return " ".join(said)


def _picture(seen: list[ImageStep], recipes: tuple[Recipe, ...]) -> Picture:
    """The last step as it may be shown; its way too when it is the last of several and the first picture was not held back."""
    step = seen[-1]
    shown = [
        (image, recipe)
        for place, (image, recipe) in enumerate(zip(step.pictures, recipes, strict=True))
        if place not in step.blocked
    ]
    ended = step.number == step.steps and len(seen) > 1 and 0 not in step.blocked
    return Picture(
        tuple(image for image, _ in shown),
        tuple(recipe for _, recipe in shown),
        step.number,
        step.steps,
        recipes[0].prompt,
        filmstrip(seen) if ended else None,
    )


def follow_ups(prompt: str, seed: int, steps: int | None) -> tuple[Choice, ...]:
    """What can be drawn next; each message says all that is needed to draw the same again anywhere."""
    choices = [
        Choice("Another seed", f"Draw {prompt}, seed {own_seed(prompt, seed)}"),
        Choice("Four variations", "Variations"),
    ]
    if steps is not None and steps < MOST_STEPS:
        choices.append(Choice("More steps", f"Draw {prompt}, seed {seed}, {min(MOST_STEPS, 2 * steps)} steps"))
    return tuple(choices)


def as_png(image: Image.Image, recipe: Recipe) -> bytes:
    """The picture as a PNG file whose metadata repeats it."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(_KEY, json.dumps(asdict(recipe), ensure_ascii=False))
    file = BytesIO()
    image.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def as_webp(image: Image.Image, recipe: Recipe, quality: int) -> bytes:
    """The picture as a much smaller file that is not the same to the last bit, but whose metadata repeats it too."""
    exif = Image.Exif()
    exif[_DESCRIPTION] = json.dumps(asdict(recipe))
    file = BytesIO()
    image.save(file, "WEBP", quality=quality, exif=exif)
    return file.getvalue()


def read_recipe(path: Path) -> Recipe:
    """The recipe in a PNG or WebP file that we wrote. Raises InputError."""
    wrong = f"{path} is not a picture that this tutor drew; it holds no prompt and seed."
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(wrong)
        with Image.open(path, formats=["PNG", "WEBP"]) as image:
            row = json.loads(image.text[_KEY] if isinstance(image, PngImageFile) else image.getexif()[_DESCRIPTION])
        steps, guidance = row["steps"], row["guidance"]
        return Recipe(
            str(row["prompt"]),
            int(row["seed"]),
            None if steps is None else int(steps),
            None if guidance is None else float(guidance),
            str(row["model"]),
        )
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
        raise InputError(wrong) from error
