"""What an image model is to this project: a name and one method that paints step by step.

`ScriptedPainter` is the fake that ships beside the real ones: plain fields of color that depend on prompt and seed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PIL import Image

from tutor.errors import InputError

MOST_STEPS = 50
MOST_AT_ONCE = 4
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class PaintOptions:
    """How to paint. One picture for each seed; a seed is 0..2**32-1. Steps or guidance None: as many as suit the model."""

    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    guidance: float | None = None
    """1 follows the text alone; more moves further away from what would be painted without it, or from `negative`."""
    negative: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The steps and the guidance that suit a model."""

    steps: int
    guidance: float


@dataclass(frozen=True, slots=True)
class ImageStep:
    """After step `number` of `steps`: the pictures on their way from noise, and the model's guess of how each ends.

    `blocked` are the places of pictures that the model's safety checker held back: nobody is to see these.
    """

    number: int
    steps: int
    pictures: tuple[Image.Image, ...]
    guesses: tuple[Image.Image, ...]
    blocked: frozenset[int] = frozenset()


@runtime_checkable
class ImageModel(Protocol):
    """A back-end. Closing the iterator of `paint` stops the work within half a second."""

    name: str

    @property
    def defaults(self) -> Defaults | None:
        """What suits the model; None when only its server knows."""
        ...

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """Yield every step; the pictures of the last one are the result. Raises InputError, ModelError.

        A slow model yields its last step again while the next is on its way, number 0 before the first, so that a reader who
        left is noticed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of a prompt before it paints: the tokens that its text encoder reads, those that it cuts off, and the blurred
    picture that follows from the words alone, where there is one."""

    tokens: tuple[str, ...]
    cut: tuple[str, ...] = ()
    sketch: Image.Image | None = None


@runtime_checkable
class Reader(Protocol):
    """An image model that shows how it reads a prompt."""

    def reading(self, prompt: str) -> Reading | None:
        """None where it turns out that it cannot. Raises ModelError."""
        ...


class ScriptedPainter:
    """Paints a plain field of a color that prompt and seed decide, coming out of gray; remembers what it was asked."""

    name = "scripted painter"
    defaults = Defaults(20, 3.0)

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self.asked: list[tuple[str, PaintOptions]] = []

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        self.asked.append((prompt, options))
        steps, _ = settled(options, self.defaults)
        final = tuple(self._field(prompt, seed) for seed in options.seeds)
        for number in range(1, steps + 1):
            gray = Image.new("RGB", (self._size, self._size), (128, 128, 128))
            yield ImageStep(number, steps, tuple(Image.blend(gray, f, number / steps) for f in final), final)

    def _field(self, prompt: str, seed: int) -> Image.Image:
        red, green, blue = hashlib.sha256(f"{prompt}|{seed}".encode()).digest()[:3]
        return Image.new("RGB", (self._size, self._size), (red, green, blue))


def settled(options: PaintOptions, defaults: Defaults) -> tuple[int, float]:
    """The steps and the guidance to paint with. Raises InputError."""
    check(options)
    steps = defaults.steps if options.steps is None else options.steps
    return steps, defaults.guidance if options.guidance is None else options.guidance


def check(options: PaintOptions) -> None:
    """Raises InputError that says what is legal."""
    if options.steps is not None and not 1 <= options.steps <= MOST_STEPS:
        raise InputError(f"{options.steps:,} steps cannot be painted; choose 1 to {MOST_STEPS}.")
    if not 1 <= len(options.seeds) <= MOST_AT_ONCE:
        raise InputError(f"{len(options.seeds)} pictures at once cannot be painted; choose 1 to {MOST_AT_ONCE}.")
    for seed in options.seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise InputError(f"{seed} is not a seed; choose a whole number from 0 to {LARGEST_SEED:,}.")
    if options.guidance is not None and not 0 <= options.guidance <= 20:
        raise InputError(f"Guidance {options.guidance:g} cannot be used; choose 0 to 20.")


def filmstrip(steps: Sequence[ImageStep], side: int = 48) -> Image.Image:
    """The first picture's way from noise, above the guess of how it ends, one column a step."""
    strip = Image.new("RGB", (side * len(steps), 2 * side))
    for column, step in enumerate(steps):
        for row, picture in enumerate((step.pictures[0], step.guesses[0])):
            strip.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (column * side, row * side))
    return strip
