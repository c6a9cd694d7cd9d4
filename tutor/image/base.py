"""What an image model is to this project: a name and one method that paints step by step.

`ScriptedPainter` is the fake that ships beside the real ones: plain fields of color that depend on prompt and seed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PIL import Image

MOST_STEPS = 50
MOST_AT_ONCE = 4
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class PaintOptions:
    """How to paint. One picture for each seed; a seed is 0..2**32-1."""

    seeds: tuple[int, ...] = (0,)
    steps: int = 20
    guidance: float = 3.0
    """1 follows the text alone; more moves further away from what would be painted without it, or from `negative`."""
    negative: str = ""


@dataclass(frozen=True, slots=True)
class ImageStep:
    """After step `number` of `steps`: the pictures on their way from noise, and the model's guess of how each ends."""

    number: int
    steps: int
    pictures: tuple[Image.Image, ...]
    guesses: tuple[Image.Image, ...]


@runtime_checkable
class ImageModel(Protocol):
    """A back-end. Closing the iterator of `paint` stops the work within half a second."""

    name: str

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """Yield every step; the pictures of the last one are the result. Raises ModelError."""
        ...


class ScriptedPainter:
    """Paints a plain field of a color that prompt and seed decide, coming out of gray; remembers what it was asked."""

    name = "scripted painter"

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self.asked: list[tuple[str, PaintOptions]] = []

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        self.asked.append((prompt, options))
        final = tuple(self._field(prompt, seed) for seed in options.seeds)
        for number in range(1, options.steps + 1):
            gray = Image.new("RGB", (self._size, self._size), (128, 128, 128))
            yield ImageStep(
                number, options.steps, tuple(Image.blend(gray, f, number / options.steps) for f in final), final
            )

    def _field(self, prompt: str, seed: int) -> Image.Image:
        red, green, blue = hashlib.sha256(f"{prompt}|{seed}".encode()).digest()[:3]
        return Image.new("RGB", (self._size, self._size), (red, green, blue))


def filmstrip(steps: Sequence[ImageStep], side: int = 48) -> Image.Image:
    """The first picture's way from noise, above the guess of how it ends, one column a step."""
    strip = Image.new("RGB", (side * len(steps), 2 * side))
    for column, step in enumerate(steps):
        for row, picture in enumerate((step.pictures[0], step.guesses[0])):
            strip.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (column * side, row * side))
    return strip
